package dev.parley.client;

import static dev.parley.client.TestServer.USER;
import static dev.parley.client.TestServer.await;
import static dev.parley.client.Wait.BACK_OFF;
import static dev.parley.client.Wait.BACK_OFF_MAX;
import static dev.parley.client.Wait.LINGER;
import static dev.parley.client.Wait.LOOK_MAX;
import static dev.parley.client.Wait.LOOK_MIN;
import static dev.parley.client.Wait.OVERLAP;
import static dev.parley.client.Wait.PING;
import static dev.parley.client.Wait.PING_MAX;
import static dev.parley.client.Wait.PROBE;
import static dev.parley.client.Wait.RENEW_MAX;
import static dev.parley.client.Wait.RENEW_MIN;
import static dev.parley.client.Wait.REPAIR_MAX;
import static dev.parley.client.Wait.REPAIR_MIN;
import static dev.parley.client.Wait.RESEND_MAX;
import static dev.parley.client.Wait.SETTLE;
import static java.util.Map.entry;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// A client, its rooms and its sends, over real sockets.
class ClientTest {
  private static final String SECRET = "q1Zk8-3nXb_0RtYw7LmPaS";
  private static final long NEVER = 3_600_000;

  /// Quick to repeat and to repair, but nothing happens by itself for an hour.
  private static final Waits QUICK =
      Waits.DEFAULT.with(
          Map.ofEntries(
              entry(REPAIR_MIN, 1L),
              entry(REPAIR_MAX, 2L),
              entry(SETTLE, NEVER),
              entry(LOOK_MIN, NEVER),
              entry(LOOK_MAX, NEVER),
              entry(PING, NEVER),
              entry(PING_MAX, NEVER),
              entry(BACK_OFF, 5L),
              entry(BACK_OFF_MAX, 20L),
              entry(LINGER, 50L)));

  private final TestServer server;
  private final Outbox outbox = new Outbox();
  private Client client;

  ClientTest() throws IOException {
    server = new TestServer();
    client = client(QUICK);
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    server.close();
  }

  @Test
  void aRoomShowsItsNewestPageAndWhatIsHandedOut() throws Exception {
    server.setHead("r", server.write("r", "one"));
    join("r");
    assertEquals(List.of("one"), texts("r"));
    assertTrue(
        server
            .peers()
            .getFirst()
            .target()
            .endsWith("?batch=true&name=Ada&guest=" + SECRET + "&rooms=r"));

    server.handOut("r", server.write("r", "two"));

    await("the event", () -> texts("r").equals(List.of("one", "two")));
    assertEquals(List.of(), server.received("history"));
  }

  @Test
  void whoIsTakenOutOfARoomDoesNotComeBackByItself() throws Exception {
    join("r");
    join("s");
    server.peers().getFirst().send(removed("r", "kicked"));

    await("the end", () -> client.removed().equals(Map.of("r", "kicked")));
    await("the quit", () -> server.received("quit").size() == 1);
    int joins = server.received("join").size();
    server.peers().getFirst().close();
    await("another connection", () -> server.received("join").size() > joins);

    assertEquals(Set.of("s"), client.shown().keySet());
    assertEquals("s", server.received("join").getLast().path("room").asText());
    join("r");
    assertEquals(Map.of(), client.removed());
  }

  @Test
  void aRefusalTellsOfARemovalOfWhichNothingWasHeard() throws Exception {
    assertEquals(1, joinsUntilTheRoomEnds("removed"));
  }

  @Test
  void aPrivateRoomThatCannotBeJoinedAgainEnds() throws Exception {
    assertEquals(2, joinsUntilTheRoomEnds("no_such_room"));
  }

  private int joinsUntilTheRoomEnds(String code) throws InterruptedException {
    join("r");
    server.answer("sendMessage", (peer, frame) -> TestServer.error(code));
    server.answer("join", (peer, frame) -> TestServer.error("no_such_room"));

    client.send("r", "hello");

    await(code, () -> client.removed().equals(Map.of("r", code)));
    return server.received("join").size();
  }

  private static JsonNode removed(String room, String reason) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("type", "removed")
        .put("room", room)
        .put("reason", reason);
  }

  @Test
  void aRoomWhoseJoinIsNotAnsweredDelaysNoOther() throws Exception {
    TestServer.Answer usual = server.usual("join");
    server.answer(
        "join",
        (peer, frame) -> frame.path("room").asText().equals("slow") ? null : usual.to(peer, frame));
    client.join("slow");
    join("r");
    client.send("r", "hello");

    await("the answer", () -> outbox.waiting() == 0);
    assertEquals(Set.of("r"), client.shown().keySet());
  }

  @Test
  void aMessageIsReportedUntilTheServerAnswers() throws Exception {
    long said = server.write("r", "spam");
    join("r");
    AtomicInteger asked = new AtomicInteger();
    server.answer(
        "report",
        (peer, frame) -> {
          JsonNode timestamp = frame.path("timestamp");
          if (asked.incrementAndGet() == 1) {
            peer.close();
            return null;
          }
          return timestamp.asLong() == said
              ? JsonNodeFactory.instance.objectNode().put("type", "reported")
              : JsonNodeFactory.instance
                  .objectNode()
                  .put("type", "error")
                  .put("code", "no_such_message");
        });

    assertTrue(client.report("r", said, "An advertisement."));
    assertFalse(client.report("r", said + 1, "Why not?"));

    assertEquals("An advertisement.", server.received("report").getFirst().path("why").asText());
    assertEquals(3, asked.get());
  }

  @Test
  void aClosedConnectionIsReplacedAndTheRoomCatchesUp() throws Exception {
    long first = server.write("r", "one");
    join("r");
    awaitPong();
    server.write("r", "two");
    server.peers().getFirst().close();

    await("the catch-up", () -> texts("r").equals(List.of("one", "two")));

    assertEquals(2, server.peers().size());
    JsonNode again = server.received("join").getLast();
    assertEquals(first - QUICK.ms(OVERLAP) * 1_000, again.path("after").asLong());
  }

  @Test
  void anotherConnectionIsOpenedBesideOneThatIsTooOld() throws Exception {
    begin(QUICK.with(Map.of(RENEW_MIN, 300L, RENEW_MAX, 300L)));
    join("r");

    await("the second one", () -> server.peers().size() > 1);
    await("the end of the first one", () -> !server.peers().getFirst().isOpen());
    await("a join on each", () -> server.received("join").size() >= 2);
  }

  @Test
  void aHintGivesUpAConnectionThatDoesNotAnswer() throws Exception {
    begin(QUICK.with(Map.of(PROBE, 100L)));
    TestServer.Answer usual = server.usual("ping");
    AtomicInteger pings = new AtomicInteger();
    server.answer(
        "ping", (peer, frame) -> pings.getAndIncrement() == 0 ? usual.to(peer, frame) : null);
    join("r");
    await("the first ping", () -> pings.get() == 1);

    client.hint();

    await("another connection", () -> server.peers().size() >= 2);
  }

  @Test
  void aSendIsRepeatedWithTheSameIdUntilItIsAnswered() throws Exception {
    join("r");
    TestServer.Answer usual = server.usual("sendMessage");
    AtomicInteger failures = new AtomicInteger(2);
    server.answer(
        "sendMessage",
        (peer, frame) ->
            failures.getAndDecrement() > 0 ? TestServer.failure() : usual.to(peer, frame));

    String id = client.send("r", " hello ");

    await("the answer", () -> outbox.waiting() == 0);
    assertEquals(List.of("hello"), server.texts("r"));
    assertEquals(Set.of(id), outbox.sent().keySet());
    assertEquals(List.of(id, id, id), ids());
  }

  @Test
  void sendsOfARoomGoOneAfterTheOther() throws Exception {
    join("r");
    AtomicInteger outstanding = new AtomicInteger();
    TestServer.Answer usual = server.usual("sendMessage");
    server.answer(
        "sendMessage",
        (peer, frame) -> {
          assertEquals(1, outstanding.incrementAndGet());
          outstanding.decrementAndGet();
          return usual.to(peer, frame);
        });
    for (int i = 0; i < 10; i++) {
      client.send("r", "m" + i);
    }

    await("the answers", () -> outbox.waiting() == 0);

    assertEquals(
        List.of("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"), server.texts("r"));
    List<JsonNode> sends = server.received("sendMessage");
    for (int i = 1; i < sends.size(); i++) {
      long before = outbox.sent().getOrDefault(sends.get(i - 1).path("id").asText(), 0L);
      assertEquals(before, sends.get(i).path("after").asLong(), "each comes after the one before");
    }
  }

  @Test
  void theNextClientSendsWhatIsInTheOutbox() throws Exception {
    TestServer.Answer usual = server.usual("sendMessage");
    server.answer("sendMessage", (peer, frame) -> null);
    join("r");
    String id = client.send("r", "hello");
    await("an attempt", () -> !server.received("sendMessage").isEmpty());
    client.close();
    server.answer("sendMessage", usual);

    client = client(QUICK);

    await("the answer", () -> outbox.waiting() == 0);
    assertEquals(Set.of(id), new HashSet<>(ids()));
    assertEquals(Map.of(), client.shown(), "the new client has joined no room");
  }

  @Test
  void aSendThatTheServerRefusesHasFailed() throws Exception {
    server.answer("sendMessage", (peer, frame) -> TestServer.error("id_reused"));
    join("r");

    String id = client.send("r", "hello");

    await("the answer", () -> outbox.waiting() == 0);
    assertEquals(Map.of(id, "id_reused"), outbox.failed());
  }

  @Test
  void aSendThatTheServerMayHaveForgottenIsLookedUpAndNotRepeated() throws Exception {
    String found = attemptedLongAgo("found");
    String missing = attemptedLongAgo("missing");
    server.write("r", found, USER, "found");
    begin(QUICK.with(Map.of(PING, 20L)));
    join("r");

    await("the answers", () -> outbox.waiting() == 0);

    assertEquals(Set.of(found), outbox.sent().keySet());
    assertEquals(Map.of(missing, "unanswered"), outbox.failed());
    assertEquals(List.of(), server.received("sendMessage"));
  }

  @Test
  void aQuitWaitsForTheSendsWithoutAnAnswer() throws Exception {
    join("r");
    AtomicInteger attempts = new AtomicInteger();
    TestServer.Answer usual = server.usual("sendMessage");
    server.answer(
        "sendMessage",
        (peer, frame) ->
            attempts.incrementAndGet() < 3 ? TestServer.failure() : usual.to(peer, frame));
    client.send("r", "hello");
    client.quit("r");

    await("the quit", () -> !server.received("quit").isEmpty());

    assertEquals(List.of("hello"), server.texts("r"));
    assertEquals(3, attempts.get());
    assertEquals(Map.of(), client.shown());
  }

  @Test
  void anEventOfARoomThatWasQuitIsNotShown() throws Exception {
    long one = server.write("r", "one");
    join("r");
    join("s");
    client.quit("r");
    await("the quit", () -> !server.received("quit").isEmpty());
    server.push("r", one, null);
    server.handOut("s", server.write("s", "two"));

    await("the later event", () -> texts("s").equals(List.of("two")));
    assertEquals(Set.of("s"), client.shown().keySet());
  }

  @Test
  void aRoomThatCannotBeJoinedIsTriedAgainOnlyWhenAskedFor() throws Exception {
    TestServer.Answer usual = server.usual("join");
    server.answer(
        "join",
        (peer, frame) ->
            frame.path("room").asText().equals("full")
                ? TestServer.error("too_many_rooms")
                : usual.to(peer, frame));
    client.join("full");
    await("the refusal", () -> joins("full") == 1);
    join("r");
    assertEquals(1, joins("full"));
    server.answer("join", usual);

    join("full");

    assertEquals(2, joins("full"));
  }

  @Test
  void aGapIsRepairedByARead() throws Exception {
    long one = server.write("r", "one");
    join("r");
    awaitPong();
    long lost = server.write("r", "lost");
    server.push("r", server.write("r", "three"), lost);

    await("the repair", () -> texts("r").equals(List.of("one", "lost", "three")));

    long after = server.received("history").getFirst().path("after").asLong();
    assertTrue(one - QUICK.ms(OVERLAP) * 1_000 <= after && after < lost, "after " + after);
  }

  @Test
  void aGapThatClosesByItselfIsNotRepaired() throws Exception {
    begin(QUICK.with(Map.of(REPAIR_MIN, NEVER, REPAIR_MAX, NEVER)));
    long one = server.write("r", "one");
    join("r");
    long late = server.write("r", "late");
    long three = server.write("r", "three");
    server.push("r", three, late);
    server.push("r", late, one);
    server.push("r", server.write("r", "four"), three);

    await("all", () -> texts("r").equals(List.of("one", "late", "three", "four")));
    assertEquals(List.of(), server.received("history"));
  }

  @Test
  void aHeadThatWasNotSeenIsFetched() throws Exception {
    begin(QUICK.with(Map.of(SETTLE, 20L)));
    TestServer.Answer usual = server.usual("ping");
    server.answer(
        "ping",
        (peer, frame) -> {
          if (names(frame, "r") && server.texts("r").isEmpty()) {
            server.setHead("r", server.write("r", "lost"));
          }
          return usual.to(peer, frame);
        });
    join("r");

    await("the message", () -> texts("r").equals(List.of("lost")));
  }

  @Test
  void aPushThatIsLostAfterAMessageIsFound() throws Exception {
    begin(QUICK.with(Map.of(SETTLE, 0L, LOOK_MIN, 20L, LOOK_MAX, 30L)));
    join("r");
    await("the look after the join", () -> looksAt("r") == 1);
    long heard = server.write("r", "heard");
    server.setHead("r", server.write("r", "lost"));
    server.push("r", heard, null);

    await("the message", () -> texts("r").equals(List.of("heard", "lost")));
  }

  @Test
  void aPingNamesTheRoomsThatAreDue() throws Exception {
    begin(QUICK.with(Map.of(SETTLE, 100L, LOOK_MIN, 20L, LOOK_MAX, 30L)));
    join("quiet");
    join("r");
    await("the looks after the joins", () -> looksAt("quiet") > 0 && looksAt("r") > 0);
    long before = looksAt("quiet");

    for (int i = 0; i < 3; i++) {
      long looks = looksAt("r");
      server.handOut("r", server.write("r", "m" + i));
      await("a look", () -> looksAt("r") > looks);
    }

    assertEquals(before, looksAt("quiet"));
  }

  @Test
  void aPingWithoutAnAnswerIsRepeated() throws Exception {
    begin(QUICK.with(Map.of(SETTLE, 0L)));
    TestServer.Answer usual = server.usual("ping");
    AtomicInteger failures = new AtomicInteger(3);
    server.answer(
        "ping",
        (peer, frame) ->
            switch (names(frame, "r") ? failures.getAndDecrement() : 0) {
              case 3 -> TestServer.failure();
              case 2 -> TestServer.error("unavailable");
              case 1 -> {
                server.setHead("r", server.write("r", "lost"));
                yield JsonNodeFactory.instance.objectNode().put("type", "pong");
              }
              default -> usual.to(peer, frame);
            });
    join("r");

    await("the message", () -> texts("r").equals(List.of("lost")));
    assertEquals(1, server.peers().size());
  }

  @Test
  void aMembershipThatTheServerHasForgottenIsRenewed() throws Exception {
    join("r");
    awaitPong();
    server.peers().getFirst().forget();
    server.write("r", "lost");

    client.hint();

    await("the message", () -> texts("r").equals(List.of("lost")));
    assertEquals(2, joins("r"));
    assertEquals(1, server.peers().size());
  }

  @Test
  void olderPagesAreAddedOnDemand() throws Exception {
    for (int i = 0; i < 150; i++) {
      server.write("r", "m" + i);
    }
    join("r");
    assertEquals(100, texts("r").size());

    assertTrue(client.older("r"));
    assertEquals(server.texts("r"), texts("r"));
    assertFalse(client.older("r"));
  }

  /// At four fifths of a second.
  @Test
  void anotherTokenIsSentBeforeTheOneBeforeExpiresAndNoRoomIsLost() throws Exception {
    server.answer("join", you(server.usual("join"), 1_000));
    server.answer("auth", (peer, frame) -> authenticated(600_000));
    signIn(new AtomicInteger());

    join("r");
    await("a token", () -> !server.received("auth").isEmpty());
    server.handOut("r", server.write("r", "later"));
    await("the message", () -> texts("r").equals(List.of("later")));

    assertEquals("token1", server.peers().getFirst().token());
    assertEquals(
        List.of("token2"),
        server.received("auth").stream().map(f -> f.path("token").asText()).toList());
    assertEquals(1, server.peers().size());
    assertEquals(1, joins("r"));
    assertFalse(server.peers().getFirst().target().contains("guest="));
  }

  @Test
  void aTokenThatIsRefusedIsFollowedByAnother() throws Exception {
    AtomicInteger refused = new AtomicInteger();
    server.answer("join", you(server.usual("join"), 1_000));
    server.answer(
        "auth",
        (peer, frame) ->
            refused.getAndIncrement() < 2
                ? TestServer.error("invalid_token")
                : authenticated(600_000));
    signIn(new AtomicInteger());

    join("r");

    await("three tokens", () -> server.received("auth").size() == 3);
    assertEquals(1, server.peers().size());
  }

  @Test
  void aTokenThatComesTooOftenIsSentAgainWhenItMayBe() throws Exception {
    List<Long> atMs = new CopyOnWriteArrayList<>();
    server.answer("join", you(server.usual("join"), 1_000));
    server.answer(
        "auth",
        (peer, frame) -> {
          atMs.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
          return atMs.size() < 3 ? tooOften(300) : authenticated(600_000);
        });
    signIn(new AtomicInteger());

    join("r");

    await("three tokens", () -> atMs.size() == 3);
    assertTrue(atMs.get(1) - atMs.get(0) >= 299, atMs.toString());
    assertTrue(atMs.get(2) - atMs.get(1) >= 299, atMs.toString());
  }

  /// The server serves one join in 100 ms, and tells all others to come back when the next may.
  @Test
  void whatIsRefusedTooOftenIsRepeatedOneAfterTheOther() throws Exception {
    Set<String> rooms = Set.of("a", "b", "c", "d", "e", "f", "g", "h");
    AtomicInteger refused = new AtomicInteger();
    AtomicLong nextNs = new AtomicLong(System.nanoTime());
    TestServer.Answer usual = server.usual("join");
    server.answer(
        "join",
        (peer, frame) -> {
          long leftNs = nextNs.get() - System.nanoTime();
          if (leftNs > 0) {
            refused.incrementAndGet();
            return tooOften(TimeUnit.NANOSECONDS.toMillis(leftNs) + 1);
          }
          nextNs.set(System.nanoTime() + 100_000_000);
          return usual.to(peer, frame);
        });

    rooms.forEach(client::join);

    await("all are joined", () -> client.shown().keySet().equals(rooms));
    // All at once are 7 + 6 + 5 + 4 + 3 + 2 + 1.
    assertTrue(refused.get() <= 2 * rooms.size(), refused.get() + " were refused");
  }

  private static ObjectNode tooOften(long retryAfterMs) {
    return TestServer.error("rate_limited").put("retryAfterMs", retryAfterMs);
  }

  @Test
  void afterATokenHasExpiredTheClientConnectsByAnother() throws Exception {
    AtomicInteger given = new AtomicInteger();
    signIn(given);
    join("r");
    given.set(7);
    server.setHead("r", server.write("r", "unheard"));
    TestServer.Answer usual = server.usual("ping");
    server.answer(
        "ping",
        (peer, frame) ->
            peer == server.peers().getFirst()
                ? TestServer.error("not_connected")
                : usual.to(peer, frame));

    client.hint();

    await("the message", () -> texts("r").equals(List.of("unheard")));
    assertEquals("token8", server.peers().getLast().token());
  }

  @Test
  void aSourceThatFailsIsAskedAgain() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    client.close();
    client =
        new Client(
            server.url(),
            () -> {
              if (asked.incrementAndGet() < 3) {
                throw new IOException("the issuer is down");
              }
              return "token";
            },
            QUICK,
            outbox);

    join("r");

    assertEquals(1, server.peers().size());
    assertEquals("token", server.peers().getFirst().token());
  }

  private void signIn(AtomicInteger given) {
    client.close();
    client = new Client(server.url(), () -> "token" + given.incrementAndGet(), QUICK, outbox);
  }

  /// As usual, with a token that expires after a while.
  private static TestServer.Answer you(TestServer.Answer usual, long lifeMs) {
    return (peer, frame) -> {
      ObjectNode reply = requireNonNull(usual.to(peer, frame));
      reply.withObject("you").put("expires", (System.currentTimeMillis() + lifeMs) * 1_000);
      return reply;
    };
  }

  private static ObjectNode authenticated(long lifeMs) {
    long nowMs = System.currentTimeMillis();
    ObjectNode reply = JsonNodeFactory.instance.objectNode().put("type", "authenticated");
    reply.put("time", nowMs * 1_000).putObject("you").put("expires", (nowMs + lifeMs) * 1_000);
    return reply;
  }

  @Test
  void aNameOrATextThatShowsNothingIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Client(server.url(), "\u200b ", SECRET, QUICK, outbox).close());
    assertThrows(IllegalArgumentException.class, () -> client.send("r", " \u3164"));
  }

  /// Begins anew, with other waits.
  private void begin(Waits waits) {
    client.close();
    client = client(waits);
  }

  private Client client(Waits waits) {
    return new Client(server.url(), "Ada", SECRET, waits, outbox);
  }

  /// Leaves a send in the outbox that an earlier client has attempted too long ago to repeat it.
  private String attemptedLongAgo(String text) {
    String id = outbox.add("r", text);
    long longAgoMs = System.currentTimeMillis() - 2 * QUICK.ms(RESEND_MAX);
    outbox.attempt(new Outbox.Send("r", id, text, 0, 0), longAgoMs, 0);
    return id;
  }

  private void join(String room) throws InterruptedException {
    client.join(room);
    await(room + " is joined", () -> client.shown().containsKey(room));
  }

  /// Waits until the server's time is known, and with it a watermark: a second ping is sent when
  /// the first one has been answered.
  private void awaitPong() throws InterruptedException {
    await("a ping", () -> !server.received("ping").isEmpty());
    client.hint();
    await("a second ping", () -> server.received("ping").size() >= 2);
  }

  private List<String> texts(String room) {
    Stretch shown = client.shown().get(room);
    return shown == null ? List.of() : shown.messages().stream().map(Message::text).toList();
  }

  private List<String> ids() {
    return server.received("sendMessage").stream().map(f -> f.path("id").asText()).toList();
  }

  /// How many pings have named a room.
  private long looksAt(String room) {
    return server.received("ping").stream().filter(frame -> names(frame, room)).count();
  }

  private static boolean names(JsonNode ping, String room) {
    return ping.path("rooms").toString().contains('"' + room + '"');
  }

  private long joins(String room) {
    return server.received("join").stream()
        .filter(frame -> frame.path("room").asText().equals(room))
        .count();
  }
}
