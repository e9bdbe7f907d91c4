package dev.parley.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.platform.Ticker;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportTest {
  private static final String ADA = "guest:ada";

  private final TestStack stack = new TestStack();
  private final Privacy privacy =
      new Privacy(
          stack.dynamoDb(),
          stack.settings(),
          connection -> {},
          Ticker.SYSTEM,
          Duration.ZERO,
          Duration.ZERO,
          3);

  @AfterEach
  void close() {
    stack.close();
  }

  private void fill(long seed) {
    Random random = new Random(seed);
    for (String user : List.of(ADA, "guest:adam", "guest:a#guest:ada#a", "guest:ben")) {
      stack.fill(random, user, 5);
    }
  }

  @Test
  void anExportHoldsAllThatIsTheUsersAndNothingOfOthers() throws Exception {
    fill(1);
    List<String> lines = new ArrayList<>();

    Map<Store, Privacy.Count> counts =
        privacy.export(ADA, Place.beginning(), lines::add, place -> {});

    Map<String, Integer> found = new TreeMap<>();
    for (String text : lines) {
      JsonNode line = new ObjectMapper().readTree(text);
      assertEquals(2, line.size());
      found.merge(line.path("table").asText(), 1, Integer::sum);
      assertTrue(text.contains("\"" + ADA + "\"") || text.contains("#" + ADA + "#id"), text);
      assertFalse(text.contains("slot") || text.contains("salt"), text);
    }
    assertEquals(
        Map.of(
            "ChatConnections", 10,
            "ChatMessages", 5,
            "ChatRooms", 5,
            "ChatSends", 5,
            "ChatSessions", 5),
        found);
    assertEquals(new Privacy.Count(20, 5), counts.get(Store.MESSAGES));
  }

  @Test
  void aRowIsGivenUnderTheNamesOfTheTable() {
    stack.put("ChatMessages", TestStack.message("lobby", 7, ADA));
    List<String> lines = new ArrayList<>();

    privacy.export(ADA, Place.beginning(), lines::add, place -> {});

    assertEquals(
        List.of(
            "{\"table\":\"ChatMessages\",\"row\":{\"room_id\":\"lobby\",\"timestamp\":7,"
                + "\"user\":\"guest:ada\",\"id\":\"id7\",\"sender\":\"Name of guest:ada\","
                + "\"message\":\"Hello\",\"expires_at\":4102444800}}"),
        lines);
  }

  @Test
  void anExportThatStopsGoesOnWhereItEnded() {
    fill(2);
    List<String> whole = new ArrayList<>();
    List<Place> places = new ArrayList<>();
    List<Integer> given = new ArrayList<>();
    privacy.export(
        ADA,
        Place.beginning(),
        whole::add,
        place -> {
          places.add(place);
          given.add(whole.size());
        });

    assertTrue(places.size() > 20, places.toString());
    for (int i = 0; i < places.size(); i++) {
      List<String> rest = new ArrayList<>();
      privacy.export(ADA, Place.parse(places.get(i).toString()), rest::add, place -> {});
      Set<String> both = new HashSet<>(whole.subList(0, given.get(i)));
      both.addAll(rest);
      assertEquals(new HashSet<>(whole), both, places.get(i).toString());
    }
  }

  @Test
  void theCommandWritesAFileAndSaysHowMuch(@TempDir Path folder) throws Exception {
    fill(3);
    Path file = folder.resolve("ada.jsonl");

    Told told = run("export", "privacy.file", file.toString());

    assertEquals(0, told.status(), told.text());
    assertEquals(30, Files.readAllLines(file).size());
    assertTrue(told.text().contains("ChatMessages: 5 of 20 rows exported"), told.text());
  }

  @Test
  void whatIsWrongWithAnOptionIsSaidInOneLineAndNothingIsDone() {
    fill(4);
    Map<String, List<String>> before = stack.rows();

    assertWrong("privacy.file is missing: say -Dprivacy.file=", run("export"));
    assertWrong("privacy: expected export or erase", run("forget"));
    assertWrong("a user id is 1 to 128 printable ASCII", run("erase", "privacy.user", "a b"));
    assertWrong("privacy.days: expected 1.0 to 3650.0", run("erase", "privacy.days", "0"));
    assertWrong("privacy.pages: expected 0.1 to 1000.0", run("erase", "privacy.pages", "many"));
    assertWrong("expected a place", run("erase", "privacy.from", "MESSAGES"));
    assertWrong("privacy.tables: expected ChatMessages=", run("erase", "privacy.tables", "all"));
    assertWrong(
        "privacy.tables: does not say how ChatConnections is called",
        run("erase", "privacy.endpoint", ""));
    assertEquals(before, stack.rows());
  }

  @Test
  void anExportThatCannotGoOnSaysFromWhere(@TempDir Path folder) {
    String file = folder.resolve("ada.jsonl").toString();

    Told told = run("export", "privacy.file", file, "privacy.tables", "ChatMessages=NoSuchTable");

    assertEquals(1, told.status(), told.text());
    assertTrue(told.text().contains("go on with -Dprivacy.from=SENDS:e30"), told.text());
  }

  private static void assertWrong(String expected, Told told) {
    assertEquals(2, told.status(), told.text());
    assertTrue(told.text().startsWith(expected), told.text());
    assertEquals(1, told.text().lines().count(), told.text());
  }

  /// What the command says.
  private record Told(int status, String text) {}

  private Told run(String what, String... options) {
    Properties all = new Properties();
    all.putAll(Map.of("privacy", what, "privacy.user", ADA, "privacy.endpoint", stack.endpoint()));
    for (int i = 0; i < options.length; i += 2) {
      all.setProperty(options[i], options[i + 1]);
    }
    ByteArrayOutputStream told = new ByteArrayOutputStream();
    int status = Main.run(all, Map.of(), new PrintStream(told, true, StandardCharsets.UTF_8));
    return new Told(status, told.toString(StandardCharsets.UTF_8));
  }
}
