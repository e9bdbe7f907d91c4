package dev.parley.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/// The cases and ranges that the server and the page are tested with too.
class TextTest {
  private final JsonNode shared;

  TextTest() throws IOException {
    shared = Connection.JSON.readTree(Path.of("..", "..", "web", "test", "text.json").toFile());
  }

  @Test
  void everyCodePointIsWhatTheServerTakesItFor() {
    assertEquals(shared.path("space").asText(), ranges(text -> Text.trim(text).isEmpty()));
    assertEquals(shared.path("invisible").asText(), ranges(Text::isBlank));
  }

  @Test
  void namesAreCleanedAsByTheServer() {
    for (JsonNode given : shared.path("names")) {
      String what = given.path("what").asText();
      assertEquals(given.path("name").asText(), Text.cleanName(given.path("text").asText()), what);
    }
  }

  @Test
  void messagesAreTrimmedAndBlankAsForTheServer() {
    for (JsonNode given : shared.path("messages")) {
      String what = given.path("what").asText();
      String trimmed = Text.trim(given.path("text").asText());
      assertEquals(given.path("trimmed").asText(), trimmed, what);
      assertEquals(given.path("blank").asBoolean(), Text.isBlank(trimmed), what);
    }
  }

  /// The code points of which something holds, for example `0009-000D 0020`.
  private static String ranges(Predicate<String> holds) {
    List<String> ranges = new ArrayList<>();
    int from = -1;
    for (int c = 0; c <= Character.MAX_CODE_POINT + 1; c++) {
      boolean inside = c <= Character.MAX_CODE_POINT && holds.test(Character.toString(c));
      if (inside && from < 0) {
        from = c;
      } else if (!inside && from >= 0) {
        ranges.add(from == c - 1 ? "%04X".formatted(from) : "%04X-%04X".formatted(from, c - 1));
        from = -1;
      }
    }
    return String.join(" ", ranges);
  }
}
