package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.AriaRole;
import dev.parley.local.LocalCloud;
import dev.parley.local.Options;
import dev.parley.local.StartException;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.FaultPlan;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// The examples as their READMEs start them, through their front doors: by `wss`, and by their
/// pages. What a README says that its example loses is lost here. An example is skipped where this
/// machine lacks its language or the AWS SDK for it.
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(Together.PAGES)
class ExamplesTest {
  private static final Path EXAMPLES = Path.of("..", "..", "examples");
  private static final Path TLS = Path.of("target", "tls");
  private static final int PATIENCE_SECONDS = 60;
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Map<String, LocalCloud> clouds = new HashMap<>();
  private static @Nullable HttpClient http;
  private static @Nullable Playwright playwright;
  private static @Nullable Browser browser;

  @AfterAll
  static void stop() {
    clouds.values().forEach(LocalCloud::close);
    if (playwright != null) {
      playwright.close();
    }
  }

  // ---- Relay ----------------------------------------------------------------------------------

  @Test
  void aRelayAnswersAMisspeltFrameAsAGoodOneAndNobodyElseHearsIt() throws Exception {
    LocalCloud cloud = cloud("relay");
    try (Client ada = new Client(cloud);
        Client ben = new Client(cloud)) {
      for (String frame :
          List.of(
              "{\"actionn\": \"sendMessage\", \"data\": \"hi\"}",
              "{\"action\": \"sendMessage\", \"data\": \"hi\"}",
              "no \"JSON\" \\ \t\u0001 ä €")) {
        ada.send(frame);
        JsonNode answer = json(ada.receive());
        assertEquals("$default", answer.path("route").asText());
        assertEquals(frame, answer.path("frame").asText());
      }

      ben.send("mine");
      assertEquals("mine", json(ben.receive()).path("frame").asText());
    }
  }

  @Test
  void thePageOfTheRelayOpensSendsAndCloses() throws Exception {
    try (Page page = page("relay")) {
      press(page, "Open");
      press(page, "Misspell it");
      press(page, "Send");
      assertThat(line(page, "{\"actionn\": \"sendMessage\", \"data\": \"hi\"}")).isVisible();

      press(page, "Close");
      assertThat(page.locator("#state")).hasText("Closed with 1000");
    }
  }

  // ---- Saved chat -----------------------------------------------------------------------------

  @Test
  void aSavedChatIsHeardByEverybodyAndKept() throws Exception {
    LocalCloud cloud = cloud("saved-chat");
    try (Client ada = new Client(cloud);
        Client ben = new Client(cloud)) {
      ada.send(saying("Student", "Hello AWS"));

      for (Client client : List.of(ada, ben)) {
        assertEquals(
            "{\"sender\":\"Student\",\"message\":\"Hello AWS\"}",
            json(client.receive()).toString());
      }
      assertTrue(texts(cloud, "Messages", "message").contains("Hello AWS"));
    }
  }

  /// One burst is enough, unless the machine takes a second for each message.
  @Test
  void ofSendsInOneSecondASavedChatKeepsTheLast() throws Exception {
    LocalCloud cloud = cloud("saved-chat");
    try (Client ada = new Client(cloud)) {
      int sent = 0;
      do {
        for (int end = sent + 5; sent < end; sent++) {
          ada.send(saying("Burst", "said " + sent));
        }
        for (int i = 0; i < 5; i++) {
          assertEquals("Burst", json(ada.receive()).path("sender").asText());
        }
      } while (texts(cloud, "Messages", "sender").stream().filter("Burst"::equals).count() == sent);
    }
  }

  @Test
  void aSavedChatForgetsWhoIsThrottledAndNobodyIsTold() throws Exception {
    LocalCloud cloud = cloud("saved-chat");
    try (Client ada = new Client(cloud)) {
      List<String> before = texts(cloud, "Connections", "connection_id");
      try (Client ben = new Client(cloud)) {
        List<String> ofBen = texts(cloud, "Connections", "connection_id");
        ofBen.removeAll(before);
        cloud.faults().throttle(Set.copyOf(ofBen));
        ada.send(saying("Ada", "one"));
        ada.receive(text -> text.contains("one"));
        until(() -> !texts(cloud, "Connections", "connection_id").containsAll(ofBen));
        cloud.faults().throttle(Set.of());

        ben.send(saying("Ben", "I am still here"));
        ada.receive(text -> text.contains("I am still here"));
        assertNull(ben.received.poll());
      }
    }
  }

  @Test
  void thePageOfTheSavedChatShowsSenderAndMessage() throws Exception {
    try (Page page = page("saved-chat");
        Client ada = new Client(cloud("saved-chat"))) {
      page.getByLabel("Name").fill("Grace");
      page.getByLabel("Message", exactly()).fill("<b>Hi</b>");
      press(page, "Send");
      ada.receive(text -> text.contains("Grace"));
      assertThat(line(page, "Grace <b>Hi</b>")).isVisible();
    }
  }

  private static String saying(String sender, String message) {
    return "{\"action\":\"sendMessage\",\"sender\":\"%s\",\"message\":\"%s\"}"
        .formatted(sender, message);
  }

  // ---- Sessions -------------------------------------------------------------------------------

  @Test
  void othersAreToldWhoComesAndGoesAndASessionBecomesHistory() throws Exception {
    LocalCloud cloud = cloud("sessions");
    try (Client ada = new Client(cloud)) {
      String id;
      try (Client ben = new Client(cloud)) {
        ada.receive(text -> text.contains("A new user has joined"));
        id = session(ben).path("connection_id").asText();
      }
      ada.receive(text -> text.contains("A user has left"));

      until(() -> texts(cloud, "SessionHistory", "connection_id").contains(id));
      assertFalse(texts(cloud, "ActiveConnections", "connection_id").contains(id));
    }
  }

  @Test
  void aMessageIsKeptAndAHeartbeatOnlyAnswered() throws Exception {
    LocalCloud cloud = cloud("sessions");
    try (Client ada = new Client(cloud);
        Client ben = new Client(cloud)) {
      ada.send("{\"action\":\"sendmessage\",\"message\":\"ping\"}");
      assertEquals(
          "{\"message\":\"pong\"}", json(ada.receive(text -> text.contains("pong"))).toString());
      ada.send("{\"action\":\"sendmessage\",\"message\":\"hello\"}");

      JsonNode heard = json(ben.receive(text -> text.contains("sent_at")));
      assertEquals("hello", heard.path("message").asText());
      assertTrue(texts(cloud, "MessageHistory", "message").contains("hello"));
      assertFalse(texts(cloud, "MessageHistory", "message").contains("ping"));
    }
  }

  @Test
  void aSessionShowsTwentyOfAllMessages() throws Exception {
    LocalCloud cloud = cloud("sessions");
    try (Client ada = new Client(cloud)) {
      for (int i = 0; i < 25; i++) {
        ada.send("{\"action\":\"sendmessage\",\"message\":\"many\"}");
      }
      for (int i = 0; i < 25; i++) {
        ada.receive(text -> text.contains("many"));
      }

      assertEquals(20, session(ada).path("history").size());
      assertTrue(texts(cloud, "MessageHistory", "message").size() >= 25);
    }
  }

  @Test
  void whoseEndIsNotToldNeverLeaves() throws Exception {
    Options options = options("sessions").withFaults(FaultPlan.parse("disconnect.lost=1"));
    try (LocalCloud cloud = start(options)) {
      String id;
      try (Client ada = new Client(cloud)) {
        id = session(ada).path("connection_id").asText();
      }
      until(() -> cloud.faults().injected(Fault.DISCONNECT_LOST) == 1);

      assertEquals(List.of(id), texts(cloud, "ActiveConnections", "connection_id"));
      assertEquals(List.of(), texts(cloud, "SessionHistory", "connection_id"));
    }
  }

  @Test
  void thePageOfSessionsConnectsAgainWhenItIsLoadedAgain() throws Exception {
    try (Page page = page("sessions")) {
      press(page, "Connect");
      assertThat(page.locator("#id")).hasText(Pattern.compile(".{10,}="));
      page.getByLabel("Message", exactly()).fill("from the page");
      press(page, "Send");
      assertThat(line(page, ": from the page")).isVisible();

      page.reload();
      assertThat(page.locator("#state")).hasText("Connected");
      press(page, "Disconnect");
      assertThat(page.locator("#state")).hasText("Disconnected with 1000");
      page.reload();
      assertThat(page.locator("#state")).hasText("Disconnected");
    }
  }

  /// What a client is told of itself, and of what was said.
  private static JsonNode session(Client client) throws Exception {
    client.send("{\"action\":\"session\"}");
    return json(client.receive(text -> text.contains("history")));
  }

  // ---- wscat chat -----------------------------------------------------------------------------

  @Test
  void aMessageGoesToAllOthersAndAnyOtherLineIsAnswered() throws Exception {
    LocalCloud cloud = cloud("wscat-chat");
    try (Client ada = new Client(cloud)) {
      String id;
      try (Client ben = new Client(cloud)) {
        ada.send("{\"action\": \"sendmessage\", \"message\": \"hello, everyone!\"}");
        assertEquals("hello, everyone!", ben.receive());

        ben.send("who am I?");
        id = json(ben.receive()).path("connectionId").asText();
        assertTrue(texts(cloud, "Connected", "connectionId").contains(id));
      }
      until(() -> !texts(cloud, "Connected", "connectionId").contains(id));

      ada.send("{\"action\": \"sendmessage\"}");
      assertEquals("127.0.0.1", json(ada.receive()).path("sourceIp").asText());
    }
  }

  @Test
  void aSenderIsToldOfAFailureAlthoughOthersHaveHeard() throws Exception {
    LocalCloud cloud = cloud("wscat-chat");
    try (Client ada = new Client(cloud);
        Client ben = new Client(cloud);
        Client cara = new Client(cloud)) {
      cara.send("who am I?");
      cloud.faults().throttle(Set.of(json(cara.receive()).path("connectionId").asText()));

      ada.send("{\"action\": \"sendmessage\", \"message\": \"hello?\"}");
      assertEquals("hello?", ben.receive());
      assertEquals("Internal server error", json(ada.receive()).path("message").asText());
      cloud.faults().throttle(Set.of());
    }
  }

  // ---- Clouds ---------------------------------------------------------------------------------

  /// The cloud of an example, the same for all its tests.
  private static LocalCloud cloud(String example) throws Exception {
    LocalCloud running = clouds.get(example);
    if (running == null) {
      running = start(options(example));
      clouds.put(example, running);
    }
    return running;
  }

  /// @throws org.opentest4j.TestAbortedException where this machine cannot run the example
  private static Options options(String example) throws IOException, InterruptedException {
    switch (example) {
      case "saved-chat", "sessions" -> requirePython();
      case "wscat-chat" -> requireNode();
      default -> {}
    }
    Path folder = EXAMPLES.resolve(example);
    Path page = folder.resolve("page");
    return Options.inMemory(folder.resolve("template.yaml"))
        .withSigv4(true)
        .withSite(Files.isDirectory(page) ? page : null)
        .withTls(TLS)
        .withInProcesses(true);
  }

  private static LocalCloud start(Options options) throws Exception {
    try {
      LocalCloud cloud = LocalCloud.start(options);
      http = http == null ? trusting(TLS.resolve("localhost.pem")) : http;
      return cloud;
    } catch (StartException e) {
      if (String.valueOf(e.getMessage()).endsWith(": install it")) {
        return abort(String.valueOf(e.getMessage()));
      }
      throw e;
    }
  }

  /// Which Python runs the examples is the local cloud's choice: the first of these.
  private static void requirePython() throws IOException, InterruptedException {
    for (String python : List.of("python3.13", "python3", "python")) {
      if (status(EXAMPLES, python, "-c", "") == 0) {
        if (status(EXAMPLES, python, "-c", "import boto3") != 0) {
          abort(python + " has no boto3: pip install boto3");
        }
        return;
      }
    }
  }

  private static void requireNode() throws IOException, InterruptedException {
    String sdk = "import '@aws-sdk/client-apigatewaymanagementapi'; import '@aws-sdk/lib-dynamodb'";
    Path function = EXAMPLES.resolve("wscat-chat/function");
    if (status(function, "node", "--input-type=module", "-e", sdk) != 0) {
      abort("Node.js does not find the AWS SDK: npm install --prefix examples/wscat-chat");
    }
  }

  /// The status of a command, which is -1 where there is none.
  private static int status(Path folder, String... command)
      throws IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectInput(new File("/dev/null"))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException _) {
      return -1;
    }
    try {
      return process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) ? process.exitValue() : -1;
    } finally {
      process.destroyForcibly();
    }
  }

  /// A client that takes the certificate of the local cloud for that of `localhost`, and no other.
  private static HttpClient trusting(Path pem) throws GeneralSecurityException, IOException {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    try (InputStream in = Files.newInputStream(pem)) {
      trusted.setCertificateEntry(
          "localhost", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return HttpClient.newBuilder().sslContext(context).build();
  }

  // ---- Pages, tables, frames ------------------------------------------------------------------

  /// The page of an example, which fails the test by whatever goes wrong in it.
  private static Page page(String example) throws Exception {
    LocalCloud cloud = cloud(example);
    if (browser == null) {
      PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_SECONDS * 1_000);
      playwright = TestBrowser.playwright();
      browser = TestBrowser.launch(playwright);
    }
    Page page = browser.newContext().newPage();
    page.navigate("http://localhost:%d/".formatted(cloud.port()));
    page.evaluate(AccessibilityTest.AXE);
    assertEquals(List.of(), page.evaluate(AccessibilityTest.FINDINGS));
    return page;
  }

  private static void press(Page page, String button) {
    page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName(button).setExact(true))
        .click();
  }

  private static Locator line(Page page, String text) {
    return page.getByRole(AriaRole.LISTITEM).filter(new Locator.FilterOptions().setHasText(text));
  }

  private static Page.GetByLabelOptions exactly() {
    return new Page.GetByLabelOptions().setExact(true);
  }

  /// An attribute of all rows of a table.
  private static List<String> texts(LocalCloud cloud, String table, String attribute) {
    return cloud
        .dynamoDb()
        .client()
        .scanPaginator(scan -> scan.tableName(table).consistentRead(true))
        .items()
        .stream()
        .map(row -> requireNonNull(row.get(attribute), attribute))
        .map(AttributeValue::s)
        .collect(Collectors.toCollection(ArrayList::new));
  }

  private static JsonNode json(String text) throws JsonProcessingException {
    return JSON.readTree(text);
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, "it has not come");
      Thread.sleep(20);
    }
  }

  /// A client by `wss`, which keeps what it is sent until it is asked for.
  private static final class Client implements WebSocket.Listener, AutoCloseable {
    private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
    private final StringBuilder text = new StringBuilder();
    private final WebSocket socket;

    Client(LocalCloud cloud) {
      String address = cloud.webSocketUrl().toString().replaceFirst("^ws:", "wss:");
      socket =
          requireNonNull(http).newWebSocketBuilder().buildAsync(URI.create(address), this).join();
    }

    void send(String frame) {
      socket.sendText(frame, true).join();
    }

    /// The next frame.
    String receive() throws InterruptedException {
      return receive(_ -> true);
    }

    /// The next of those frames that are meant; those before it are dropped.
    String receive(Predicate<String> meant) throws InterruptedException {
      while (true) {
        String frame = received.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (frame == null) {
          throw new AssertionError("no such frame has come");
        }
        if (meant.test(frame)) {
          return frame;
        }
      }
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        received.add(text.toString());
        text.setLength(0);
      }
      from.request(1);
      return null;
    }

    @Override
    public void close() {
      socket.sendClose(WebSocket.NORMAL_CLOSURE, "").exceptionally(_ -> socket).join();
    }
  }
}
