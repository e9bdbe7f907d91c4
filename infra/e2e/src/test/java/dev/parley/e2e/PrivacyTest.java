package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.client.Client;
import dev.parley.client.Outbox;
import dev.parley.client.Waits;
import dev.parley.identity.GuestSecret;
import dev.parley.identity.Identity;
import dev.parley.local.LocalCloud;
import dev.parley.privacy.Main;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// What is kept of a user is in one table of docs/OPERATIONS.md, is exported, and is gone after an
/// erasure, although the user's pages go on connecting, joining and sending all the while.
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(value = Together.CALLS, mode = ResourceAccessMode.READ)
@Timeout(240)
class PrivacyTest {
  private static final Path DOCUMENT = Path.of("..", "..", "docs", "OPERATIONS.md");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SECRET = "q1Zk8-3nXb_0RtYw7LmPaS";
  private static final String NAME = "Ada-xq7";
  private static final String ALIAS = "Countess-xq7";
  private static final String ADA = Identity.guest(new GuestSecret(SECRET), NAME).user();

  /// `| table | of whom | attributes | withheld | kept |`.
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `(Chat\\w+)` \\| [^|]+ \\| ([^|]+) \\|([^|]*)\\| [^|]+ \\|$");

  @Test
  void nothingIsLeftOfAUserWhosePagesGoOnWhileItIsErased(@TempDir Path folder) throws Exception {
    long seed = 41;
    try (LocalCloud cloud = TestCloud.start();
        TestClient ben = TestClient.connect(cloud.webSocketUrl(), "?name=Ben&rooms=attic,cellar")) {
      everythingIsDone(cloud, ben);
      anExportHoldsAllThatNamesTheUser(cloud, folder);

      try (Pages pages = new Pages(cloud, seed)) {
        pages.awaitLetIn();
        Said said = command(cloud, "erase", Map.of());
        assertEquals(0, said.status(), said.text());
        pages.awaitRefused();
      }

      Map<String, Set<String>> attributes = new TreeMap<>();
      for (var row : rows(cloud).entrySet()) {
        for (Map<String, AttributeValue> item : row.getValue()) {
          attributes.computeIfAbsent(row.getKey(), t -> new TreeSet<>()).addAll(item.keySet());
          assertFalse(
              List.of(ADA, NAME, ALIAS).stream().anyMatch(item.toString()::contains),
              () -> "seed " + seed + ": " + row.getKey() + " has " + item);
        }
      }
      assertTrue(attributes.containsKey("ChatErasures"));
      allAttributesAreDocumented(attributes);
      othersReadOn(cloud, ben);
      whoComesBackLaterIsANewUser(cloud);
    }
  }

  /// By Ada, whatever there is to do, and by Ben beside her.
  private static void everythingIsDone(LocalCloud cloud, TestClient ben) throws Exception {
    ben.request("sendMessage", "\"room\":\"attic\",\"message\":\"Of Ben\"");
    try (TestClient ada = connect(cloud, "attic,cellar")) {
      assertEquals(ADA, ada.user());
      ada.request("join", "\"room\":\"adas\"");
      JsonNode sent =
          ada.request("sendMessage", "\"room\":\"attic\",\"message\":\"One\",\"id\":\"one\"");
      ada.request(
          "sendMessage",
          "\"room\":\"attic\",\"message\":\"Two\",\"sender\":\"%s\"".formatted(ALIAS));
      ada.request(
          "report", "\"room\":\"attic\",\"why\":\"Mine\",\"timestamp\":" + sent.path("timestamp"));
      ada.request("history", "\"room\":\"attic\"");
      ada.request("members", "\"room\":\"attic\"");
      ada.request("rooms", "");
      ada.request("ping", "\"rooms\":[\"attic\"]");
      ada.request("createRoom", "\"title\":\"Club\"");
      ada.request("createRoom", "\"user\":\"%s\"".formatted(ben.user()));
      ada.request("join", "\"room\":\"hall\"");
      ada.request("quit", "\"room\":\"hall\"");
      ben.awaitMessage("Two");
    }
    ben.awaitPresence(ADA, "out");
    TestClient stays = connect(cloud, "attic");
    stays.cut();
  }

  private static void anExportHoldsAllThatNamesTheUser(LocalCloud cloud, Path folder)
      throws Exception {
    Path file = folder.resolve("ada.jsonl");
    // Those that the cut connection leaves may come and go meanwhile.
    Said said = command(cloud, "export", Map.of("privacy.file", file.toString()));
    assertEquals(0, said.status(), said.text());
    Map<String, Integer> exported = new TreeMap<>();
    Map<String, Set<String>> documented = documented(3);
    Map<String, Set<String>> withheld = documented(4);
    for (String text : Files.readAllLines(file)) {
      JsonNode line = JSON.readTree(text);
      String table = line.path("table").asText();
      exported.merge(table, 1, Integer::sum);
      Set<String> given = RawTemplate.fields(line.path("row")).keySet();
      assertTrue(documented.getOrDefault(table, Set.of()).containsAll(given), text);
      if (!table.equals("ChatRooms")) {
        assertTrue(
            withheld.getOrDefault(table, Set.of()).stream().noneMatch(given::contains), text);
      } else {
        assertTrue(Set.of("room_id", "created_by", "created_at", "title").containsAll(given), text);
      }
    }
    Map<String, Integer> found = new TreeMap<>();
    rows(cloud)
        .forEach(
            (table, rows) -> {
              int count = (int) rows.stream().filter(row -> row.toString().contains(ADA)).count();
              if (count > 0) {
                found.put(table, count);
              }
            });
    // Ben's direct room is Ben's.
    found.merge("ChatRoles", -1, Integer::sum);
    found.remove("ChatConnections");
    exported.remove("ChatConnections");
    assertEquals(found, exported);
    assertEquals(
        Set.of("ChatMessages", "ChatRoles", "ChatRooms", "ChatSends", "ChatSessions"),
        exported.keySet());
  }

  /// In both ways: what the document names is there, too, but what only failures write.
  private static void allAttributesAreDocumented(Map<String, Set<String>> attributes)
      throws IOException {
    Map<String, Set<String>> documented = documented(3);
    assertEquals(
        new TreeSet<>(RawTemplate.read().ofType(RawTemplate.TABLE).keySet()),
        new TreeSet<>(documented.keySet()));
    attributes.forEach(
        (table, names) -> {
          Set<String> more = new TreeSet<>(names);
          more.removeAll(documented.getOrDefault(table, Set.of()));
          assertEquals(Set.of(), more, table + " has what the document does not name");
        });
    Set<String> architecture = new TreeSet<>();
    Matcher name =
        Pattern.compile("`([a-z_]+)`")
            .matcher(Files.readString(DOCUMENT.resolveSibling("ARCHITECTURE.md")));
    while (name.find()) {
      architecture.add(name.group(1));
    }
    documented.forEach(
        (table, names) ->
            names.stream()
                .filter(attribute -> !attribute.equals("void"))
                .forEach(
                    attribute -> assertTrue(architecture.contains(attribute), table + attribute)));
  }

  /// Names in a column of the table of what is kept, by table.
  private static Map<String, Set<String>> documented(int column) throws IOException {
    Map<String, Set<String>> documented = new TreeMap<>();
    Matcher row = ROW.matcher(Files.readString(DOCUMENT));
    while (row.find()) {
      Set<String> names =
          Pattern.compile("`([a-z_]+)`")
              .matcher(row.group(column - 1))
              .results()
              .map(found -> found.group(1))
              .collect(Collectors.toCollection(TreeSet::new));
      documented.put(row.group(1), names);
    }
    return documented;
  }

  /// Heads and pages are as before, with places where Ada has spoken.
  private static void othersReadOn(LocalCloud cloud, TestClient ben) {
    JsonNode sent = ben.request("sendMessage", "\"room\":\"attic\",\"message\":\"Still here\"");
    ben.awaitMessage("Still here");
    List<String> texts = new ArrayList<>();
    int unreadable = 0;
    String after = "0";
    JsonNode page;
    do {
      page = ben.request("history", "\"room\":\"attic\",\"limit\":100,\"after\":" + after);
      for (JsonNode entry : page.path("messages")) {
        after = entry.path("timestamp").asText();
        if (entry.path("unreadable").asBoolean()) {
          unreadable++;
        } else {
          texts.add(entry.path("message").asText());
        }
      }
    } while (page.path("more").asBoolean());
    assertEquals(List.of("Of Ben", "Still here"), texts);
    assertTrue(unreadable >= 2, unreadable + " places");
    assertEquals(sent.path("timestamp").asText(), after);
    assertEquals(403, TestClient.refusal(cloud.webSocketUrl(), query("attic")));
  }

  private static void whoComesBackLaterIsANewUser(LocalCloud cloud) {
    for (Map<String, AttributeValue> mark : rows(cloud).getOrDefault("ChatErasures", List.of())) {
      cloud
          .dynamoDb()
          .client()
          .deleteItem(
              delete ->
                  delete
                      .tableName("ChatErasures")
                      .key(Map.of("user_digest", mark.getOrDefault("user_digest", n()))));
    }
    try (TestClient ada = connect(cloud, "attic")) {
      assertEquals(ADA, ada.user());
      JsonNode sent =
          ada.request("sendMessage", "\"room\":\"attic\",\"message\":\"One\",\"id\":\"one\"");
      assertEquals("sent", sent.path("type").asText(), sent.toString());
    }
  }

  private static AttributeValue n() {
    return AttributeValue.fromNul(true);
  }

  private static String query(String rooms) {
    return "?name=%s&guest=%s&rooms=%s".formatted(NAME, SECRET, rooms);
  }

  private static TestClient connect(LocalCloud cloud, String rooms) {
    return TestClient.connect(cloud.webSocketUrl(), query(rooms));
  }

  private static Map<String, List<Map<String, AttributeValue>>> rows(LocalCloud cloud) {
    Map<String, List<Map<String, AttributeValue>>> rows = new TreeMap<>();
    var client = cloud.dynamoDb().client();
    for (String table : RawTemplate.read().ofType(RawTemplate.TABLE).keySet()) {
      rows.put(
          table,
          client.scanPaginator(scan -> scan.tableName(table).consistentRead(true)).items().stream()
              .toList());
    }
    return rows;
  }

  /// What the command said.
  private record Said(int status, String text) {}

  private static Said command(LocalCloud cloud, String what, Map<String, String> more) {
    Properties options = new Properties();
    options.putAll(
        Map.of(
            "privacy",
            what,
            "privacy.user",
            ADA,
            "privacy.endpoint",
            cloud.dynamoDb().environment().getOrDefault("AWS_ENDPOINT_URL_DYNAMODB", ""),
            "privacy.gateway",
            "http://127.0.0.1:%d/%s".formatted(cloud.port(), cloud.stage())));
    options.putAll(more);
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    int status = Main.run(options, Map.of(), new PrintStream(said, true, StandardCharsets.UTF_8));
    return new Said(status, said.toString(StandardCharsets.UTF_8));
  }

  /// Pages of Ada that nobody has told: one that keeps to the protocol, and others that connect,
  /// join rooms that there are and rooms that are new, send, and begin again.
  private static final class Pages implements AutoCloseable {
    private final LocalCloud cloud;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Client client;

    /// How many connects in a row were refused, of each page; and that one was let in.
    private final Map<Integer, Integer> refused = new TreeMap<>();

    private int letIn;

    Pages(LocalCloud cloud, long seed) {
      this.cloud = cloud;
      this.client = new Client(cloud.webSocketUrl(), NAME, SECRET, Waits.DEFAULT, new Outbox());
      client.join("attic");
      client.join("cellar");
      threads.execute(
          () -> {
            for (int i = 0; !Thread.currentThread().isInterrupted(); i++) {
              client.send(i % 2 == 0 ? "attic" : "cellar", "By the library " + i);
              pause(50);
            }
          });
      for (int page = 0; page < 3; page++) {
        int number = page;
        threads.execute(() -> goOn(number, new Random(seed + number)));
      }
    }

    private void goOn(int page, Random random) {
      while (!Thread.currentThread().isInterrupted()) {
        try (TestClient ada = connect(cloud, "attic,new" + random.nextInt(1_000))) {
          count(page, true);
          for (int i = random.nextInt(10); i > 0; i--) {
            ada.send(frame(random));
            pause(random.nextInt(20));
          }
        } catch (RuntimeException | AssertionError e) {
          count(page, false); // it was refused, or closed
        }
        pause(random.nextInt(50));
      }
    }

    private static String frame(Random random) {
      String said = "{\"action\":\"sendMessage\",\"room\":\"attic\",\"message\":\"x\"";
      return switch (random.nextInt(3)) {
        case 0 -> "{\"action\":\"join\",\"room\":\"r%d\"}".formatted(random.nextInt(99));
        case 1 -> said + "}";
        default -> said + ",\"id\":\"x%d\"}".formatted(random.nextInt(9));
      };
    }

    private synchronized void count(int page, boolean connected) {
      if (connected) {
        letIn++;
        refused.put(page, 0);
      } else {
        refused.merge(page, 1, Integer::sum);
      }
      notifyAll();
    }

    synchronized void awaitLetIn() throws InterruptedException {
      while (letIn < 10) {
        wait();
      }
    }

    /// Each page has tried again and again.
    synchronized void awaitRefused() throws InterruptedException {
      refused.replaceAll((page, times) -> 0);
      while (refused.values().stream().anyMatch(times -> times < 5)) {
        wait();
      }
    }

    private static void pause(long ms) {
      try {
        Thread.sleep(ms);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void close() {
      threads.shutdownNow();
      client.close();
      threads.close();
    }
  }
}
