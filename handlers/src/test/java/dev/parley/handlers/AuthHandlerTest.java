package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.parley.Limits;
import dev.parley.TestTables;
import dev.parley.connection.ConnectionTable;
import dev.parley.room.Timestamp;
import dev.parley.token.TestIssuer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AuthHandlerTest {
  private final TestIssuer issuer = new TestIssuer();
  private final Instant now = Instant.ofEpochSecond(Instant.now().getEpochSecond());
  private final Instant soon = now.plusSeconds(60);
  private final Instant later = now.plusSeconds(600);
  private final String user = fresh("ada");
  private final String room = fresh("room");

  @AfterEach
  void close() {
    issuer.close();
  }

  private AuthHandler auth(Instant at) {
    return new AuthHandler(
        TestTables.environment("AuthFunction", issuer.settings()), InstantSource.fixed(at));
  }

  private static <H> H at(Instant at, Making<H> making) {
    return making.of(TestTables.environment("AuthFunction", Map.of()), InstantSource.fixed(at));
  }

  @FunctionalInterface
  private interface Making<H> {
    H of(Map<String, String> environment, InstantSource clock);
  }

  private String frame(String subject, Instant expires) {
    return "{\"action\":\"auth\",\"token\":\"%s\"}"
        .formatted(
            TestIssuer.sign(
                TestIssuer.claims(now).subject(subject).expirationTime(Date.from(expires))));
  }

  @Test
  void anotherTokenOfTheSameUserKeepsTheConnectionInItsRooms() {
    TestConnection ada = TestConnection.open(user, soon, room);

    JsonNode reply = ada.send(auth(now), frame(user, later));

    assertEquals("authenticated", reply.path("type").asText());
    assertEquals(user, reply.path("you").path("user").asText());
    assertEquals(micros(later), reply.path("you").path("expires").asLong());
    assertEquals(micros(now), reply.path("time").asLong());
    JsonNode joined =
        ada.send(at(soon.plusSeconds(1), JoinHandler::new), "{\"room\":\"%s\"}".formatted(room));
    assertEquals(micros(later), joined.path("you").path("expires").asLong());
    JsonNode pong =
        ada.send(at(soon.plusSeconds(1), PingHandler::new), "{\"rooms\":[\"%s\"]}".formatted(room));
    assertEquals(micros(later), pong.path("you").path("expires").asLong());
    assertEquals(0, pong.path("rooms").path(room).asLong(-1));
  }

  @Test
  void repliesTellTheAdminRoleOfTheTokenThatTheConnectionLivesBy() {
    TestConnection ada = TestConnection.open(user, soon, room);
    String join = "{\"room\":\"%s\"}".formatted(room);
    assertTrue(ada.send(at(now, JoinHandler::new), join).path("you").path("admin").isMissingNode());
    assertTrue(ada.send(at(now, PingHandler::new), "{}").path("you").path("admin").isMissingNode());

    ada.asAdmin();

    for (String in : List.of(join, "{\"room\":\"%s-2\"}".formatted(room))) {
      assertTrue(ada.send(at(now, JoinHandler::new), in).path("you").path("admin").asBoolean(), in);
    }
    assertTrue(ada.send(at(now, PingHandler::new), "{}").path("you").path("admin").asBoolean());
    JsonNode early = ada.send(auth(now), frame(user, soon));
    assertTrue(early.path("you").path("admin").asBoolean(), "it lives by the other one");
    JsonNode renewed = ada.send(auth(now), frame(user, later));
    assertTrue(renewed.path("you").path("admin").isMissingNode());
  }

  @Test
  void aTokenOfSomebodyElseOrNoneAtAllIsRefusedAndChangesNothing() {
    TestConnection ada = TestConnection.open(user, soon, room);
    TestConnection guest = TestConnection.open(room);

    assertEquals("invalid_token", ada.refusal(auth(now), frame("eve", later)));
    assertEquals("invalid_token", ada.refusal(auth(now), frame(user, now)));
    assertEquals("invalid_token", guest.refusal(auth(now), frame(user, later)));
    assertEquals("invalid_token", guest.refusal(auth(now), frame(guest.user(), later)));
    for (String none :
        List.of("{}", "{\"token\":7}", "{\"token\":\"\"}", "{\"token\":\"a.b.c\"}")) {
      assertEquals("invalid_token", ada.refusal(auth(now), none));
    }

    assertEquals(soon, ends(ada));
  }

  private static Instant ends(TestConnection connection) {
    return new ConnectionTable(TestTables.dynamoDb(), TestTables.settings())
        .get(connection.id(), Instant.now())
        .orElseThrow()
        .expiresAt();
  }

  @Test
  void whereThereIsNoIssuerNoTokenIsTaken() {
    assertEquals(
        "invalid_token",
        TestConnection.open(user, soon, room)
            .refusal(at(now, AuthHandler::new), frame(user, later)));
  }

  /// The client gets the gateway's own error, and tries again.
  @Test
  void whereTheIssuerCannotBeAskedNothingIsKnownOfTheToken() {
    TestConnection ada = TestConnection.open(user, soon, room);
    issuer.close();

    assertThrows(UncheckedIOException.class, () -> ada.send(auth(now), frame(user, later)));
    assertEquals(soon, ends(ada));
  }

  @Test
  void afterItsTokenHasExpiredEveryFrameIsAnsweredNotConnected() {
    TestConnection ada = TestConnection.open(user, soon, room);
    String frame = "{\"room\":\"%s\",\"message\":\"late\",\"token\":\"e30\"}".formatted(room);
    Map<String, FrameHandler> before = handlers(soon.minusSeconds(1));
    Map<String, FrameHandler> after = handlers(soon);

    // Without the two that would change something of it.
    for (String name : Set.of("history", "members", "rooms", "ping")) {
      assertEquals(
          name.equals("ping") ? "pong" : name,
          ada.send(requireNonNull(before.get(name)), frame).path("type").asText());
    }
    after.forEach(
        (name, handler) -> assertEquals("not_connected", ada.refusal(handler, frame), name));
    assertEquals("not_connected", ada.refusal(auth(soon), frame(user, later)));
  }

  private static Map<String, FrameHandler> handlers(Instant at) {
    return Map.of(
        "join", at(at, JoinHandler::new),
        "quit", at(at, QuitHandler::new),
        "sendMessage", at(at, SendMessageHandler::new),
        "history", at(at, HistoryHandler::new),
        "members", at(at, MembersHandler::new),
        "rooms", at(at, RoomsHandler::new),
        "ping", at(at, PingHandler::new),
        "auth", at(at, AuthHandler::new),
        "dance", at(at, DefaultHandler::new));
  }

  /// DynamoDB deletes its rows some time later.
  @Test
  void whatIsLeftOfAConnectionThatHasExpiredMakesNoDifference() {
    TestConnection ada = TestConnection.open(user, soon, room);
    new ConnectionTable(TestTables.dynamoDb(), TestTables.settings()).forget(ada.id());

    handlers(soon)
        .forEach(
            (name, handler) ->
                assertEquals(
                    "not_connected",
                    ada.refusal(handler, "{\"room\":\"%s\",\"message\":\"late\"}".formatted(room)),
                    name));
  }

  /// It could send at any rate: there is nothing to charge it to.
  @Test
  void whoGoesOnForAMinuteAfterTheTokenHasExpiredIsClosed() throws Exception {
    TestConnection ada = TestConnection.open(user, soon, room);
    Instant grace = soon.plus(Limits.UNCHARGED_MAX);

    assertEquals(List.of(), closedBy(ada, soon));
    assertEquals(List.of(), closedBy(ada, grace));
    assertEquals(List.of(ada.id().value()), closedBy(ada, grace.plusMillis(1)));
  }

  @Test
  void whoGoesOnWithAnotherTokenIsClosedByNobody() throws Exception {
    TestConnection ada = TestConnection.open(user, soon, room);
    ada.send(auth(now), frame(user, later));

    assertEquals(List.of(), closedBy(ada, later.minusSeconds(1)));
    assertEquals(List.of(ada.id().value()), closedBy(ada, later));
  }

  /// Its row was removed by a prune, or by an erasure.
  @Test
  void whoGoesOnWithoutARowIsClosed() throws Exception {
    TestConnection guest = TestConnection.open(room);
    TestConnection signedIn = TestConnection.open(user, later, room);
    for (TestConnection connection : List.of(guest, signedIn)) {
      Instant grace = connection.connectedAt().plus(Limits.UNCHARGED_MAX);
      assertEquals(List.of(), closedBy(connection, grace.plusMillis(1)));
      new ConnectionTable(TestTables.dynamoDb(), TestTables.settings()).forget(connection.id());

      assertEquals(List.of(), closedBy(connection, grace));
      assertEquals(List.of(connection.id().value()), closedBy(connection, grace.plusMillis(1)));
    }
  }

  /// The connections that are closed by a ping of one.
  private static List<String> closedBy(TestConnection connection, Instant at) throws IOException {
    List<String> closed = new CopyOnWriteArrayList<>();
    HttpServer gateway =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    String path = "/production/@connections/";
    gateway.createContext(
        path,
        exchange -> {
          closed.add(
              exchange.getRequestMethod().equals("DELETE")
                  ? exchange.getRequestURI().getPath().substring(path.length())
                  : exchange.getRequestMethod());
          exchange.sendResponseHeaders(204, -1);
          exchange.close();
        });
    gateway.start();
    try {
      String url = "http://127.0.0.1:" + gateway.getAddress().getPort() + "/production";
      connection.send(
          new PingHandler(
              TestTables.environment(
                  "PingFunction", Map.of("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", url)),
              InstantSource.fixed(at)),
          "{}");
    } finally {
      gateway.stop(0);
    }
    return closed;
  }

  @Test
  void aGuestHasNoExpiry() {
    TestConnection guest = TestConnection.open(room);

    JsonNode pong = guest.send(at(now, PingHandler::new), "{}");

    assertTrue(pong.path("you").path("expires").isMissingNode());
  }

  private static long micros(Instant moment) {
    return Timestamp.of(moment).micros();
  }
}
