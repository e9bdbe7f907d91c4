package dev.parley.identity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdentityTest {
  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a b", "\u00e4", "a\n", "\u007f"})
  void aUserIsPrintableAscii(String user) {
    assertThrows(IllegalArgumentException.class, () -> new Identity(user, "Ada"));
    assertThrows(IllegalArgumentException.class, () -> new Identity("u".repeat(129), "Ada"));
    assertEquals("!~", new Identity("!~", "Ada").user());
    assertEquals(128, new Identity("u".repeat(128), "Ada").user().length());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " Ada", "\u3164", "A\u202eda", "Ada\u2028", "A\u00a0B"})
  void aNameThatCleaningWouldChangeIsRefused(String sender) {
    assertThrows(IllegalArgumentException.class, () -> new Identity("guest:1", sender));
  }

  @Test
  void aNameStoredUnderEarlierRulesIsCleaned() {
    assertEquals("Ada L", Identity.stored("guest:1", "\u202eAda\u00a0 L\uffff").sender());
    assertEquals("?", Identity.stored("guest:1", "\u3164").sender());
    assertEquals("?", Identity.stored("guest:1", "").sender());
  }

  @Test
  void aGuestWithoutASecretIsAnotherUserOnEachConnection() {
    Identity one = Identity.guest("connection-1", "Ada");

    assertEquals("Ada", one.sender());
    assertTrue(one.isGuest());
    assertNotEquals(one.user(), Identity.guest("connection-2", "Ada").user());
  }
}
