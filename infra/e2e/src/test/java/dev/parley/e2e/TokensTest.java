package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import dev.parley.client.Client;
import dev.parley.client.Message;
import dev.parley.client.Outbox;
import dev.parley.client.Stretch;
import dev.parley.client.TextSocket;
import dev.parley.client.Waits;
import dev.parley.local.LocalCloud;
import dev.parley.local.StartException;
import dev.parley.table.Row;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Users who sign in, by tokens of the local issuer, through the front door.
class TokensTest {

  /// Expired rows go with the next sweep, which comes the later the slower the machine is.
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static LocalCloud cloud;

  @BeforeAll
  static void start() throws StartException {
    cloud =
        LocalCloud.start(
            TestCloud.options(TestCloud.TEMPLATE, Map.of("PresenceOutSeconds", "1"))
                .withIssuer(true)
                .withMetered(true));
  }

  @AfterAll
  static void stop() {
    cloud.close();
  }

  private static String token(String user, int seconds) throws Exception {
    return LocalTokens.of(cloud, user, seconds, "");
  }

  private static TestClient connect(String token, String rooms) {
    return TestClient.connect(cloud.webSocketUrl(), "?rooms=" + rooms, token);
  }

  @Test
  void aTokenComesBySubprotocolOrInTheAddressAndTellsWhoItsBearerIs() throws Exception {
    String token = LocalTokens.of(cloud, "ada", 600, "&name=Ada%20L.");
    try (TestClient ada = connect(token, "one");
        TestClient again =
            TestClient.connect(cloud.webSocketUrl(), "?rooms=one&name=Eve&token=" + token)) {
      assertEquals("parley.v1", ada.subprotocol());
      assertEquals("", again.subprotocol());
      for (TestClient client : List.of(ada, again)) {
        JsonNode you = client.request("join", "\"room\":\"one\"").path("you");
        assertEquals("ada", you.path("user").asText());
        assertEquals("Ada L.", you.path("sender").asText());
        long leftUs =
            you.path("expires").asLong() - client.request("ping", "").path("time").asLong();
        assertTrue(leftUs > 540_000_000L && leftUs <= 600_000_000L, leftUs + " µs");
      }
      ada.request("sendMessage", "\"room\":\"one\",\"message\":\"by Ada\"");
      assertEquals("ada", again.awaitMessage("by Ada").path("user").asText());
      assertEquals(
          "invalid_sender",
          ada.request("sendMessage", "\"room\":\"one\",\"message\":\"x\",\"sender\":\"Eve\"")
              .path("code")
              .asText());
    }
  }

  @Test
  void aTokenThatDoesNotHoldIs401() throws Exception {
    String token = token("ada", 600);
    String forged = token.substring(0, token.length() - 4) + "AAAA";
    for (String bad : List.of("x", forged, token + "." + token)) {
      assertEquals(401, TestClient.refusal(cloud.webSocketUrl(), "?token=" + bad), bad);
      assertThrows(Exception.class, () -> connect(bad, "one"));
    }
    String short_ = token("ada", 1);
    await("it has expired", () -> isExpired(short_));
  }

  private static boolean isExpired(String token) {
    return TextSocket.handshake(
            URI.create(cloud.webSocketUrl() + "?rooms=none&token=" + token), Map.of())
        == 401;
  }

  @Test
  void theAdminRoleIsInTheConnectionsRowAndToldToItsClientOnly() throws Exception {
    try (TestClient admin =
            TestClient.connect(
                cloud.webSocketUrl(),
                "?rooms=two",
                LocalTokens.of(cloud, "root", 600, "&roles=staff,chat-admin"));
        TestClient user = connect(token("user", 600), "two")) {
      assertEquals("root", admin.user());
      for (String action : List.of("join", "ping")) {
        assertTrue(you(admin, action).path("admin").asBoolean(), action);
        assertTrue(you(user, action).path("admin").isMissingNode(), action);
      }
      assertTrue(own("root").orElseThrow().is("admin"));
      assertFalse(own("user").orElseThrow().is("admin"));
    }
  }

  private static JsonNode you(TestClient client, String action) throws Exception {
    return client.request(action, "\"room\":\"two\"").path("you");
  }

  private static Optional<Row> own(String user) {
    return rows(user).stream()
        .filter(row -> row.string("room_id").equals("$connection"))
        .findFirst();
  }

  private static List<Row> rows(String user) {
    return cloud
        .dynamoDb()
        .client()
        .scanPaginator(scan -> scan.tableName("ChatConnections").consistentRead(true))
        .items()
        .stream()
        .map(Row::new)
        .filter(row -> user.equals(row.optionalString("user")))
        .toList();
  }

  @Test
  void anotherTokenOfTheSameUserKeepsTheConnectionInItsRooms() throws Exception {
    String ofAnother = token("eve", 600);
    String second = token("renewing", 600);
    try (TestClient ben = connect(token("ben", 600), "three");
        TestClient ada = connect(token("renewing", 8), "three,four")) {
      Instant began = Instant.now();
      JsonNode refused = ada.request("auth", "\"token\":\"" + ofAnother + "\"");
      assertEquals("invalid_token", refused.path("code").asText());

      JsonNode renewed = ada.request("auth", "\"token\":\"" + second + "\"");

      assertEquals("authenticated", renewed.path("type").asText());
      assertEquals("renewing", renewed.path("you").path("user").asText());
      await("the first token has expired", () -> Instant.now().isAfter(began.plusSeconds(10)));
      ben.request("sendMessage", "\"room\":\"three\",\"message\":\"still there?\"");
      ada.awaitMessage("still there?");
      JsonNode pong = ada.request("ping", "\"rooms\":[\"three\",\"four\"]");
      assertTrue(pong.path("rooms").path("four").isNumber(), pong.toString());
      assertEquals(renewed.path("you").path("expires"), pong.path("you").path("expires"));
      assertEquals(
          "sent",
          ada.request("sendMessage", "\"room\":\"four\",\"message\":\"yes\"")
              .path("type")
              .asText());
    }
  }

  @Test
  void afterItsTokenHasExpiredAConnectionIsAnsweredNotConnectedAndHearsNothing() throws Exception {
    try (TestClient ben = heard("ben5", "five");
        TestClient late = connect(token("late", 10), "five")) {
      ben.request("sendMessage", "\"room\":\"five\",\"message\":\"before\"");
      late.awaitMessage("before");
      await(
          "it has expired",
          () -> late.request("rooms", "").path("code").asText().equals("not_connected"));

      ben.request("sendMessage", "\"room\":\"five\",\"message\":\"after\"");
      ben.awaitMessage("after");

      for (String action : List.of("join", "quit", "history", "members", "sendMessage", "dance")) {
        assertEquals(
            "not_connected",
            late.request(action, "\"room\":\"five\",\"message\":\"x\"").path("code").asText(),
            action);
      }
      assertEquals("not_connected", late.request("ping", "").path("code").asText());
      assertEquals(
          "not_connected",
          late.request("auth", "\"token\":\"" + token("late", 600) + "\"").path("code").asText());
      assertEquals(
          List.of("before"),
          late.messages("five").stream().map(m -> m.path("message").asText()).toList());
      await("its rows are gone", () -> rows("late").isEmpty());
      Row session = session("late");
      await("its session is closed", () -> session("late").optionalString("reason") != null);
      assertEquals("expired", session("late").string("reason"));
      long seconds = session("late").number("duration_seconds");
      assertTrue(seconds <= 10, session + ": until its token expired, not until that was found");
    }
  }

  /// Somebody whose message has come back: the functions have started then.
  private static TestClient heard(String user, String room) throws Exception {
    TestClient client = connect(token(user, 600), room);
    client.request("sendMessage", "\"room\":\"%s\",\"message\":\"heard\"".formatted(room));
    client.awaitMessage("heard");
    return client;
  }

  private static Row session(String user) {
    return cloud
        .dynamoDb()
        .client()
        .scanPaginator(scan -> scan.tableName("ChatSessions").consistentRead(true))
        .items()
        .stream()
        .map(Row::new)
        .filter(row -> user.equals(row.optionalString("user")))
        .findFirst()
        .orElseThrow();
  }

  /// The user is there by another connection.
  @Test
  void whoseTokenExpiresWhileAnotherConnectionIsThereHasNotLeft() throws Exception {
    try (TestClient ben = connect(token("ben6", 600), "six");
        TestClient _ = connect(token("twice", 10), "six")) {
      ben.awaitPresence("twice", "in");
      try (TestClient second = connect(token("twice", 600), "six")) {
        await("the first one's rows are gone", () -> rows("twice").size() == 2);
        second.request("sendMessage", "\"room\":\"six\",\"message\":\"here\"");
        ben.awaitMessage("here");
      }
      ben.awaitPresence("twice", "out");
      assertEquals(
          1,
          ben.received().stream()
              .filter(event -> event.path("user").asText().equals("twice"))
              .filter(event -> event.path("state").asText().equals("out"))
              .count());
    }
  }

  /// One write unit for the connection, for each membership one of the table and one of its index,
  /// and two to charge it, before and after the memberships are known.
  @Test
  void aRenewalTakesThreeWriteUnitsAndTwoForEachRoom() throws Exception {
    String rooms = "u1,u2,u3,u4,u5";
    try (LocalCloud quiet =
            LocalCloud.start(
                TestCloud.options(TestCloud.TEMPLATE, Map.of("PresenceMax", "0"))
                    .withIssuer(true)
                    .withMetered(true));
        TestClient ada =
            TestClient.connect(
                quiet.webSocketUrl(), "?rooms=" + rooms, LocalTokens.of(quiet, "ada", 60, ""))) {
      LocalMetrics before = LocalMetrics.await(quiet, m -> written(m) > 0);

      ada.request("auth", "\"token\":\"" + LocalTokens.of(quiet, "ada", 600, "") + "\"");

      LocalMetrics after = LocalMetrics.await(quiet, m -> written(m) >= written(before) + 13);
      assertEquals(13, written(after) - written(before));
      ada.request("auth", "\"token\":\"" + LocalTokens.of(quiet, "ada", 300, "") + "\"");
      // A condition that does not hold costs a unit, too; a charge in a burst takes two.
      assertEquals(16, written(LocalMetrics.await(quiet, m -> true)) - written(before));
    }
  }

  private static double written(LocalMetrics metrics) {
    return metrics.sum("ConsumedWriteCapacityUnits", "ChatConnections");
  }

  @Test
  void withoutGuestsOnlyTokensComeIn() throws Exception {
    try (LocalCloud closed =
        LocalCloud.start(
            TestCloud.options(TestCloud.TEMPLATE, Map.of("AllowGuests", "false"))
                .withIssuer(true))) {
      assertEquals(401, TestClient.refusal(closed.webSocketUrl(), "?name=Ada"));
      try (TestClient ada =
          TestClient.connect(
              closed.webSocketUrl(), "?rooms=a", LocalTokens.of(closed, "ada", 600, ""))) {
        assertEquals("ada", ada.user());
      }
    }
    StartException refusal =
        assertThrows(
            StartException.class,
            () -> TestCloud.start(TestCloud.TEMPLATE, Map.of("AllowGuests", "false")).close());
    assertTrue(
        String.valueOf(refusal.getMessage()).contains("AllowGuests false needs TokenIssuer"),
        refusal.getMessage());
  }

  /// As the JavaScript client does in `web/test/tokens.test.js`.
  @Test
  void theJavaClientRenewsAndKeepsItsRooms() throws Exception {
    Client ada =
        new Client(
            cloud.webSocketUrl(),
            () -> {
              try {
                return token("java", 15);
              } catch (Exception e) {
                throw new java.io.IOException(e);
              }
            },
            Waits.DEFAULT,
            new Outbox());
    try (ada;
        TestClient ben = connect(token("ben7", 600), "seven")) {
      ada.join("seven");
      await("it is in the room", () -> ada.shown().containsKey("seven"));
      String connection = own("java").orElseThrow().string("connection_id");
      Instant began = Instant.now();
      await("three tokens later", () -> Instant.now().isAfter(began.plusSeconds(39)));

      ben.request("sendMessage", "\"room\":\"seven\",\"message\":\"still there?\"");

      await("the message", () -> texts(ada).equals(List.of("still there?")));
      assertEquals(connection, own("java").orElseThrow().string("connection_id"));
    }
  }

  private static List<String> texts(Client client) {
    Stretch shown = client.shown().get("seven");
    return shown == null ? List.of() : shown.messages().stream().map(Message::text).toList();
  }

  @Test
  void thePageSignsInAtTheIssuersAndComesBack() throws Exception {
    try (Playwright playwright = TestBrowser.playwright();
        Browser browser = TestBrowser.launch(playwright)) {
      TestPage page = TestPage.open(cloud, browser.newContext(), "signed");
      page.element("sign-in").click();
      Page issuer = page.page();
      issuer.getByLabel("User").fill("grace");
      issuer.getByLabel("Name").fill("Grace H.");
      issuer.getByText("Sign in", new Page.GetByTextOptions().setExact(true)).last().click();

      page.awaitConnected();
      assertThat(page.element("name")).isDisabled();
      assertThat(page.element("name")).hasValue("Grace H.");
      assertFalse(issuer.url().contains("token"), issuer.url());
      page.say("signed in");
      assertThat(page.texts()).hasText(new String[] {"signed in"});
      assertTrue(own("grace").isPresent());

      page.element("sign-out").click();
      assertThat(page.element("sign-in")).isVisible();
      assertThat(page.element("name")).isEnabled();
    }
  }

  private static void await(String what, BooleanSupplier condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, what);
      Thread.sleep(50);
    }
  }
}
