package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.client.Client;
import dev.parley.client.Outbox;
import dev.parley.client.Waits;
import dev.parley.local.LocalCloud;
import dev.parley.local.faults.FaultPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Who is in a room, as its members see it.
class PresenceTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration SETTLE = Duration.ofSeconds(2);
  private static final int USERS = 6;
  private static final int TABS_MAX = 3;
  private static final int STEPS = 40;

  /// Of a room that is renewed or reloaded: `-Dparley.members=100` for the largest.
  private static final int MEMBERS = Integer.getInteger("parley.members", 20);

  private static LocalCloud cloud;

  @BeforeAll
  static void start() throws Exception {
    cloud =
        TestCloud.start(
            TestCloud.TEMPLATE, Map.of("PresenceOutSeconds", "1", "PushesPerSecond", "1000000"));
  }

  @AfterAll
  static void stop() {
    cloud.close();
  }

  /// A user's connections, in the order in which they were opened.
  private record User(String name, String secret, List<Client> tabs) {
    User(int number) {
      this("User " + number, "presence-of-user-number-" + number, new ArrayList<>());
    }
  }

  @Test
  void whatEachClientShowsIsWhoIsThereAfterComingsAndGoings() throws Exception {
    comeAndGo(cloud);
  }

  /// What the index shows, and what it does not, is as old as half a second.
  @Test
  void aLaggingIndexOfMembersHidesNobodyAndKeepsNobody() throws Exception {
    try (LocalCloud lagging =
        TestCloud.start(
            TestCloud.TEMPLATE,
            Map.of("PresenceOutSeconds", "1"),
            FaultPlan.parse("seed=7,index.lag=0.3/50-500ms"))) {
      comeAndGo(lagging);
    }
  }

  private static void comeAndGo(LocalCloud cloud) throws Exception {
    long seed = Long.getLong("parley.seed", 7);
    Random random = new Random(seed);
    List<User> users = new ArrayList<>();
    for (int i = 0; i < USERS; i++) {
      users.add(new User(i));
    }
    open(cloud, users.getFirst());
    for (int step = 0; step < STEPS; step++) {
      User user = users.get(random.nextInt(USERS));
      boolean last = users.stream().filter(u -> !u.tabs().isEmpty()).count() == 1;
      switch (random.nextInt(5)) {
        case 0, 1 -> {
          if (user.tabs().size() < TABS_MAX) {
            open(cloud, user);
          }
        }
        case 2 -> { // planned renewal
          if (!user.tabs().isEmpty()) {
            open(cloud, user);
            user.tabs().removeFirst().close();
          }
        }
        case 3 -> { // reload
          if (!user.tabs().isEmpty()) {
            user.tabs().removeFirst().close();
            open(cloud, user);
          }
        }
        default -> { // all at once
          if (!last) {
            user.tabs().forEach(Client::close);
            user.tabs().clear();
          }
        }
      }
      Thread.sleep(random.nextInt(400));
    }

    Map<String, Integer> names = new TreeMap<>();
    users.stream().filter(u -> !u.tabs().isEmpty()).forEach(u -> names.put(u.name(), 1));
    for (User user : users) {
      for (Client tab : user.tabs()) {
        await(
            () -> names.equals(shown(tab)),
            () -> "seed %d: %s shows %s, not %s".formatted(seed, user, shown(tab), names));
      }
    }
    users.forEach(user -> user.tabs().forEach(Client::close));
  }

  private static Map<String, Integer> shown(Client client) {
    Map<String, Integer> names = new TreeMap<>();
    client.people("presence").values().forEach(name -> names.merge(name, 1, Integer::sum));
    return names;
  }

  /// As the page does: it lists the members once it has joined, and when the index surely has it.
  private static void open(LocalCloud cloud, User user) throws InterruptedException {
    Client tab =
        new Client(cloud.webSocketUrl(), user.name(), user.secret(), Waits.DEFAULT, new Outbox());
    tab.join("presence");
    await(() -> tab.shown().containsKey("presence"), () -> user + " is not in the room");
    tab.listMembers("presence");
    Thread.startVirtualThread(
        () -> {
          try {
            Thread.sleep(SETTLE);
            tab.listMembers("presence");
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    user.tabs().add(tab);
  }

  @Test
  void theRenewalOfEveryMemberOfAnIdleRoomIsPushedToNobody() {
    List<TestClient> members = join(cloud, "renewed", MEMBERS);
    settled(cloud, "renewed-marker");

    List<TestClient> renewed = new ArrayList<>();
    for (int i = 0; i < members.size(); i++) {
      renewed.add(member(cloud, "renewed", i));
    }
    settled(cloud, "renewed-marker");
    members.forEach(TestClient::close);
    settled(cloud, "renewed-marker");

    renewed.forEach(
        member -> assertEquals(0, presences(member).size(), presences(member).toString()));
    members.forEach(member -> assertTrue(presences(member).stream().noneMatch(isState("out"))));
    renewed.forEach(TestClient::close);
  }

  /// Who reloads has 10 s to be back, so that a slow machine is no leaving.
  @Test
  void aReloadIsToldOnceAtMostAndNeverAsALeaving() throws Exception {
    try (LocalCloud patient =
        TestCloud.start(
            TestCloud.TEMPLATE, Map.of("PresenceOutSeconds", "10", "PushesPerSecond", "1000000"))) {
      int size = MEMBERS;
      List<TestClient> members = join(patient, "reloaded", size);
      settled(patient, "reloaded-marker");
      int told = members.stream().mapToInt(member -> presences(member).size()).sum();
      assertTrue(told > 0, "who came first was told of the others");

      for (int i = 0; i < size; i++) {
        members.get(i).close();
        members.add(member(patient, "reloaded", i));
      }
      settled(patient, "reloaded-marker");

      int now = members.stream().mapToInt(member -> presences(member).size()).sum();
      assertTrue(now - told <= size * size, now - told + " events");
      members.forEach(member -> assertTrue(presences(member).stream().noneMatch(isState("out"))));
      members.forEach(TestClient::close);
    }
  }

  private static List<TestClient> join(LocalCloud cloud, String room, int size) {
    List<TestClient> members = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      members.add(member(cloud, room, i));
    }
    return members;
  }

  private static TestClient member(LocalCloud cloud, String room, int number) {
    return TestClient.connect(
        cloud.webSocketUrl(),
        "?name=M%d&rooms=%s&guest=member-of-a-room-%010d-x".formatted(number, room, number));
  }

  /// Waits until what happened before is told: somebody comes and goes elsewhere, which is told
  /// after it, in the stream and in the queue.
  private static void settled(LocalCloud cloud, String marker) {
    try (TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=" + marker)) {
      String user;
      try (TestClient ben = TestClient.connect(cloud.webSocketUrl(), "?name=Ben&rooms=" + marker)) {
        user = ben.user();
        ada.awaitPresence(user, "in");
      }
      ada.awaitPresence(user, "out");
    }
  }

  private static List<JsonNode> presences(TestClient client) {
    return client.received().stream()
        .filter(event -> event.path("type").asText().equals("presence"))
        .toList();
  }

  private static Predicate<JsonNode> isState(String state) {
    return event -> event.path("state").asText().equals(state);
  }

  private static void await(BooleanSupplier condition, Supplier<String> otherwise)
      throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(otherwise.get());
      }
      Thread.sleep(20);
    }
  }
}
