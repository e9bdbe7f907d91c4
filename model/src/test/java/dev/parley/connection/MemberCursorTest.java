package dev.parley.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MemberCursorTest {
  @Test
  void aCursorIsReadInItsOwnRoomOnlyAndTellsNothing() {
    String cursor = MemberCursor.encode("salt", "00ff8a11");

    assertEquals(43, cursor.length());
    assertFalse(cursor.contains("00ff8a11"));
    assertEquals(Optional.of("00ff8a11"), MemberCursor.decode("salt", cursor));
    assertEquals(Optional.empty(), MemberCursor.decode("another", cursor));
    assertNotEquals(cursor, MemberCursor.encode("salt", "00ff8a11"), "never twice the same");
  }

  @Test
  void whatIsNoCursorIsNone() {
    String cursor = MemberCursor.encode("salt", "00ff8a11");
    String changed = (cursor.charAt(0) == 'A' ? 'B' : 'A') + cursor.substring(1);

    for (String text : List.of("", "a", "00ff8a11", "A".repeat(43), "A".repeat(64), changed)) {
      assertEquals(Optional.empty(), MemberCursor.decode("salt", text), text);
    }
  }
}
