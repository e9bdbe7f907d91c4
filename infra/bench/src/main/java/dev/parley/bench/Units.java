package dev.parley.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.Limits;
import dev.parley.client.Wait;
import dev.parley.client.Waits;
import dev.parley.connection.Framing;
import dev.parley.identity.Identity;
import dev.parley.message.Message;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.wire.Event;
import dev.parley.wire.Events;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// What AWS would charge for each action: every one goes through the real functions of a local
/// cloud that meters, and what is counted from its first frame until nothing more happens is its
/// own.
///
/// Where it matters how many are in the room, it is measured in one that grows. A row counts all of
/// them, the one who acts among them.
///
/// Durations are this machine's, of instances that are warm, with pushes that take 10 ms: CPUs and
/// tables are others on AWS, and the cost of that time is a column of its own in `docs/COST.md`.
final class Units {
  private static final String COMMAND = "mvn -q -pl infra/bench -am process-classes -Dbench=units";

  private static final String ROOM = "units";
  private static final int RUNS = 3;
  private static final int WARM_UPS = 20;

  /// Longer than a poll of a stream and the window of presence together.
  private static final int QUIET_MS = 3_000;

  private static final int QUIET_MAX_MS = 180_000;
  private static final String TEXT =
      "Good morning! Has anybody seen the minutes of the call on Tuesday?";

  /// A page has as many messages as the web client asks for.
  private static final int PAGE = 50;

  /// A page of `rooms` is full with so many, of which one connection can join half.
  private static final int ROOMS = Limits.PAGE_ROOMS_MAX;

  /// A run that something else has disturbed is repeated so often at most.
  private static final int ATTEMPTS_MAX = 5;

  private final Cloud cloud;
  private final Report report;
  private final FunctionLog log;
  private final JsonMapper json = new JsonMapper();
  private final ObjectNode root = json.createObjectNode();
  private final ArrayNode actions;

  Units(Cloud cloud, Report report, FunctionLog log) {
    this.cloud = cloud;
    this.report = report;
    this.log = log;
    root.put("command", COMMAND);
    root.put("time", Instant.now().toString());
    root.set("measured", report.origin());
    root.put("eventBytes", eventBytes());
    actions = root.putArray("actions");
  }

  /// Of the message that everybody says here.
  private static int eventBytes() {
    Message message =
        new Message(
            new RoomId(ROOM),
            new Timestamp(1_800_000_000_000_000L),
            UUID.randomUUID().toString(),
            new Identity("guest:00112233445566778899aabbccddeeff", "Ada"),
            TEXT,
            null);
    Event event = Event.message(message, new Timestamp(1_799_999_999_999_999L));
    return Events.of(List.of(event)).frames(Framing.SINGLE).getFirst().json().length;
  }

  /// Something that is done to a cloud.
  @FunctionalInterface
  private interface Action {
    void run() throws Exception;
  }

  /// @param sizes how many members the room has, ascending
  void run(List<Integer> sizes, Path file) throws Exception {
    try (MembersProcess members = MembersProcess.start(cloud.webSocketUrl(), ROOM)) {
      warmUp();
      alone();
      for (int size : sizes) {
        members.grow(size - 1);
        settle();
        inRoomOf(size);
      }
    }
    Files.writeString(file, json.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
  }

  private void warmUp() throws Exception {
    for (int i = 0; i < WARM_UPS; i++) {
      try (Speaker speaker = Speaker.connect(cloud.webSocketUrl(), secret(), "warm")) {
        speaker.request("{'action': 'join', 'room': 'warm'}");
        speaker.request("{'action': 'join', 'room': 'warm-too'}");
        send(speaker, "warm", true);
        send(speaker, "warm", false);
        speaker.request("{'action': 'ping', 'rooms': ['warm']}");
        speaker.request("{'action': 'history', 'room': 'warm', 'limit': 50}");
        speaker.request("{'action': 'members', 'room': 'warm'}");
        speaker.request("{'action': 'rooms'}");
        speaker.request("{'action': 'quit', 'room': 'warm-too'}");
      }
    }
    settle();
    if (log.bytes() == 0) {
      throw new IllegalStateException("no line of a function's log was counted");
    }
  }

  /// What does not depend on the size of a room, or is done where nobody else is.
  private void alone() throws Exception {
    try (Speaker speaker = Speaker.connect(cloud.webSocketUrl(), secret(), "alone")) {
      speaker.request("{'action': 'join', 'room': 'alone'}");
      settle();
      measure("send with `id`", 1, RUNS, () -> send(speaker, "alone", true));
      measure("send without `id`", 1, RUNS, () -> send(speaker, "alone", false));
      measure("ping", 1, RUNS, () -> speaker.request("{'action': 'ping', 'rooms': ['alone']}"));
      for (int i = 0; i < PAGE; i++) {
        send(speaker, "alone", false);
      }
      settle();
      measure(
          "history page",
          1,
          RUNS,
          () -> speaker.request("{'action': 'history', 'room': 'alone', 'limit': 50}"));
      measure("join", 1, 1, () -> speaker.request("{'action': 'join', 'room': 'alone-too'}"));
      measure("quit", 1, 1, () -> speaker.request("{'action': 'quit', 'room': 'alone-too'}"));
    }
    listOfRooms();
    attacks();
  }

  /// What somebody does who wants it to be dear ([DenialOfWallet]).
  private void attacks() throws Exception {
    String largest = "\ud83d\ude00".repeat(Limits.MESSAGE_CHARACTERS_MAX);
    try (Speaker speaker = Speaker.connect(cloud.webSocketUrl(), secret(), "attack")) {
      for (int i = 1; i < Limits.ROOMS_PER_CONNECTION_MAX; i++) {
        speaker.request("{'action': 'join', 'room': 'attack-%d'}".formatted(i));
      }
      settle();
      String fields = "{'action': 'sendMessage', 'room': 'attack', 'message': '%s'}";
      measure("largest send", 1, RUNS, () -> speaker.request(fields.formatted(largest)));
      for (int i = 0; i < PAGE / 10; i++) {
        speaker.request(fields.formatted(largest));
      }
      settle();
      measure(
          "fat page",
          1,
          RUNS,
          () -> speaker.request("{'action': 'history', 'room': 'attack', 'limit': 100}"));
      String rooms =
          IntStream.range(0, Limits.ROOMS_PER_CONNECTION_MAX)
              .mapToObj(i -> i == 0 ? "'attack'" : "'attack-" + i + "'")
              .collect(Collectors.joining(", "));
      measure(
          "large ping",
          1,
          RUNS,
          () -> speaker.request("{'action': 'ping', 'rooms': [%s]}".formatted(rooms)));
      measure("unknown action", 1, RUNS, () -> speaker.refused("{'action': 'attack'}"));
      measure(
          "refused `auth`",
          1,
          RUNS,
          () -> speaker.refused("{'action': 'auth', 'token': 'e30.e30.attack'}"));
      measure(
          "refused `kick`",
          1,
          RUNS,
          () -> speaker.refused("{'action': 'kick', 'room': 'attack', 'user': 'nobody'}"));
      measure(
          "private room",
          1,
          RUNS,
          () -> speaker.request("{'action': 'createRoom', 'title': 'Attack'}"));
      long timestamp = send(speaker, "attack", false);
      settle();
      measure(
          "report",
          1,
          RUNS,
          () ->
              speaker.request(
                  "{'action': 'report', 'room': 'attack', 'why': 'Attack', 'timestamp': %d}"
                      .formatted(timestamp)));
      measure(
          "refused frame",
          1,
          RUNS,
          () -> {
            cloud.exhaustConnections();
            speaker.refused("{'action': 'ping'}");
          });
    }
    settle();
    measure(
        "refused connect",
        1,
        RUNS,
        () -> {
          cloud.exhaustAddress();
          Speaker.connectInVain(cloud.webSocketUrl(), secret(), "attack");
        });
    cloud.relieveAddress();
  }

  private void listOfRooms() throws Exception {
    try (Speaker one = Speaker.connect(cloud.webSocketUrl(), secret(), "rooms-0");
        Speaker other = Speaker.connect(cloud.webSocketUrl(), secret(), "rooms-1")) {
      for (int i = 2; i < ROOMS; i++) {
        Speaker speaker = i % 2 == 0 ? one : other;
        speaker.request("{'action': 'join', 'room': 'rooms-%d'}".formatted(i));
        send(speaker, "rooms-" + i, false);
      }
      settle();
      measure("rooms page", 1, RUNS, () -> one.request("{'action': 'rooms'}"));
    }
    settle();
  }

  private void inRoomOf(int size) throws Exception {
    String guest = secret();
    Speaker[] speaker = new Speaker[1];
    measure("connect", size, 1, () -> speaker[0] = connect(guest));
    measure("first page", size, 1, () -> firstPage(speaker[0]));
    long[] newest = new long[1];
    measure(
        "members page",
        size,
        RUNS,
        () -> speaker[0].request("{'action': 'members', 'room': '%s'}".formatted(ROOM)));
    measureMessage(size, () -> newest[0] = send(speaker[0], ROOM, true));
    measure("renewal", size, 1, () -> speaker[0] = renew(speaker[0], guest, newest[0]));
    measure("disconnect", size, 1, () -> speaker[0].close());
  }

  /// @throws IllegalStateException where somebody is pushed to twice, however often it is tried
  private void measureMessage(int members, Action send) throws Exception {
    for (int i = 0; i < ATTEMPTS_MAX; i++) {
      Usage used = used(RUNS, send);
      if (used.amount("messages", "pushed") == members
          && used.amount("queueRequests", "PushRetries") == 0) {
        add("message", members, used);
        return;
      }
    }
    throw new IllegalStateException(
        "a message to %d members was pushed to some of them twice, or not at all, %d times"
            .formatted(members, ATTEMPTS_MAX));
  }

  private Speaker connect(String guest) throws Exception {
    return Speaker.connect(cloud.webSocketUrl(), guest, ROOM);
  }

  private static void firstPage(Speaker speaker) throws Exception {
    speaker.request("{'action': 'join', 'room': '%s', 'limit': %d}".formatted(ROOM, PAGE));
  }

  /// As PROTOCOL.md says: the new socket first, then what came since the last message and the ping
  /// that looks once more, and the end of the old one when it was listened to a little longer.
  private Speaker renew(Speaker old, String guest, long newest) throws Exception {
    Speaker renewed = connect(guest);
    renewed.request("{'action': 'join', 'room': '%s', 'after': %d}".formatted(ROOM, newest));
    Thread.sleep(Waits.DEFAULT.ms(Wait.LINGER));
    renewed.request("{'action': 'ping', 'rooms': ['%s']}".formatted(ROOM));
    old.close();
    return renewed;
  }

  /// @return the timestamp of the message
  private static long send(Speaker speaker, String room, boolean withId) throws Exception {
    String fields =
        "{'action': 'sendMessage', 'room': '%s', 'message': '%s'%s}"
            .formatted(room, TEXT, withId ? ", 'id': '" + UUID.randomUUID() + "'" : "");
    return speaker.request(fields).path("timestamp").asLong();
  }

  private static String secret() {
    return (UUID.randomUUID().toString() + UUID.randomUUID()).replace("-", "");
  }

  private void measure(String action, int members, int runs, Action run) throws Exception {
    add(action, members, used(runs, run));
  }

  /// @return the mean
  private Usage used(int runs, Action run) throws Exception {
    Usage before = usage();
    for (int i = 0; i < runs; i++) {
      run.run();
      settle(); // each message has a batch of its own
    }
    return usage().since(before).dividedBy(runs);
  }

  private void add(String action, int members, Usage each) {
    ObjectNode node = actions.addObject().put("action", action).put("members", members);
    each.write(node.putObject("usage"));
    Map<String, Double> row = new LinkedHashMap<>();
    row.put("frames", each.amount("messages", "received"));
    row.put("replies", each.amount("messages", "replied"));
    row.put("pushes", each.amount("messages", "pushed"));
    row.put("invoked", each.sum("invocations"));
    row.put("GB-ms", each.sum("gbSeconds") * 1_000);
    row.put("writes", each.sum("writeUnits"));
    row.put("reads", each.sum("readUnits"));
    row.put("queues", each.sum("queueRequests"));
    row.put("log bytes", each.sum("logBytes"));
    report.row(action + ", " + members, row);
  }

  private Usage usage() {
    return cloud.usage().with("logBytes", "lines", (double) log.bytes());
  }

  /// Waits until nothing is charged for any more, and nothing waits to be.
  private void settle() throws InterruptedException, IOException {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(QUIET_MAX_MS);
    Usage seen;
    do {
      seen = usage();
      Thread.sleep(QUIET_MS);
      if (System.nanoTime() > until) {
        throw new IllegalStateException("it does not become quiet: " + usage().since(seen));
      }
    } while (cloud.messagesInQueues() > 0 || !usage().since(seen).isNothing());
  }
}
