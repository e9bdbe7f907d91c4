package dev.parley;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/// The cases and ranges that the clients are tested with too.
class TextTest {
  private final JsonNode shared;

  TextTest() throws IOException {
    shared = new ObjectMapper().readTree(Path.of("..", "web", "test", "text.json").toFile());
  }

  @Test
  void clientsClassifyEveryCodePointAlike() {
    assertEquals(shared.path("space").asText(), ranges(text -> Text.trim(text).isEmpty()));
    assertEquals(shared.path("invisible").asText(), ranges(Text::isBlank));
  }

  @Test
  void namesAreCleaned() {
    for (JsonNode given : shared.path("names")) {
      String what = given.path("what").asText();
      assertEquals(given.path("name").asText(), Text.cleanName(given.path("text").asText()), what);
    }
  }

  @Test
  void onlyACleanNameIsAName() {
    for (JsonNode given : shared.path("names")) {
      String what = given.path("what").asText();
      String text = given.path("text").asText();
      String name = given.path("name").asText();
      assertEquals(text.equals(name) && !name.isEmpty(), Text.isName(text), what);
      assertEquals(!name.isEmpty(), Text.isName(name), what);
    }
  }

  @Test
  void messagesAreTrimmedAndBlankOnesAreRecognized() {
    for (JsonNode given : shared.path("messages")) {
      String what = given.path("what").asText();
      String trimmed = Text.trim(given.path("text").asText());
      assertEquals(given.path("trimmed").asText(), trimmed, what);
      assertEquals(given.path("blank").asBoolean(), Text.isBlank(trimmed), what);
    }
  }

  @Test
  void halfOfASurrogatePairIsNotWellFormed() {
    assertTrue(Text.isWellFormed("\ud83d\ude00"));
    assertFalse(Text.isWellFormed("half \ud83d a pair"));
  }

  /// What else a name may hold was decided by cases; that cleaning ends at once holds for all.
  @Test
  void cleaningACleanNameChangesNothing() {
    List<Integer> pool = new ArrayList<>();
    shared.path("names").forEach(n -> n.path("text").asText().codePoints().forEach(pool::add));
    for (long seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      StringBuilder drawn = new StringBuilder();
      for (int i = random.nextInt(90); i >= 0; i--) {
        drawn.appendCodePoint(pool.get(random.nextInt(pool.size())));
      }

      String name = Text.cleanName(drawn.toString());

      assertEquals(name, Text.cleanName(name), "seed " + seed);
      assertEquals(name, Text.trim(name), "seed " + seed);
      assertTrue(Text.codePoints(name) <= Limits.SENDER_CHARACTERS_MAX, "seed " + seed);
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
