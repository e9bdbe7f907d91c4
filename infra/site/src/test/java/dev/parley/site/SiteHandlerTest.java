package dev.parley.site;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.TestContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SiteHandlerTest {
  private static final String URL = "wss://abc.execute-api.eu-west-1.amazonaws.com/production";
  private static final String INVALIDATION =
      "cloudfront:CreateInvalidation on arn:aws:cloudfront::000000000000:distribution/E2EXAMPLE";
  private static final Map<String, Object> CONFIG = Map.of("webSocketUrl", URL);
  private static final Set<String> KEYS =
      Set.of("index.html", "app.js", "client/client.js", "config.json");

  @TempDir private Path root;
  private TestAws aws;
  private SiteHandler handler;

  @BeforeEach
  void start() throws IOException {
    aws = new TestAws();
    handler = new SiteHandler(aws.environment(root.toString()));
    write("index.html", "<p>");
    write("app.js", "1");
    write("client/client.js", "2");
  }

  @AfterEach
  void stop() {
    aws.close();
  }

  private void write(String file, String content) {
    try {
      Path path = root.resolve("site").resolve(file);
      Files.createDirectories(requireNonNull(path.getParent()));
      Files.writeString(path, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ---- Create ---------------------------------------------------------------------------------

  @Test
  void aCreationPutsTheFilesAndTheConfiguration() throws Exception {
    JsonNode answer = ask("Create", properties());

    assertEquals("SUCCESS", answer.path("Status").asText(), answer.toString());
    assertEquals(TestAws.BUCKET, answer.path("PhysicalResourceId").asText());
    assertEquals("stack", answer.path("StackId").asText());
    assertEquals("SiteContent", answer.path("LogicalResourceId").asText());
    assertEquals(KEYS, aws.objects().keySet());
    assertEquals("1", content("app.js"));
    assertEquals("{\"webSocketUrl\":\"" + URL + "\"}", content("config.json"));
    assertEquals("text/javascript; charset=utf-8", type("client/client.js"));
    assertEquals("text/html; charset=utf-8", type("index.html"));
    assertEquals("application/json", type("config.json"));
    assertEquals(
        "s3:PutObject on arn:aws:s3:::page-bucket/index.html",
        aws.calls().getLast(),
        "what leads to the others comes last");
    assertEquals(List.of(), aws.invalidations(), "CloudFront has nothing yet");
  }

  @Test
  void aScriptComesWithoutItsCommentsAndEveryLineKeepsItsNumber() throws Exception {
    String script =
        """
        /**
         * What
         * it is.
         */
        const a = '/**'; // stays
          // goes
        /** @type {X} */ (c);
        /** goes, too */
        b(`*/`);
        """;
    write("app.js", script);
    write("lib/other.js", script);

    ask("Create", properties());

    assertEquals(
        """




        const a = '/**'; // stays

        /** @type {X} */ (c);

        b(`*/`);
        """,
        content("app.js"));
    assertEquals(script, content("lib/other.js"), "others' scripts are theirs");
  }

  @Test
  void everyFieldOfTheConfigurationIsWritten() throws Exception {
    Map<String, Object> config =
        Map.of(
            "webSocketUrl", "/production",
            "traceUrl", "https://traces.example/{trace}",
            "issuer", "https://login.example/pool",
            "clientId", "3n4b5",
            "guests", "false");

    assertSucceeds(ask("Create", properties("Config", config)));

    assertEquals(
        new ObjectMapper()
            .readTree(
                """
                {"webSocketUrl": "/production", "traceUrl": "https://traces.example/{trace}",
                 "issuer": "https://login.example/pool", "clientId": "3n4b5", "guests": false}
                """),
        new ObjectMapper().readTree(content("config.json")));
  }

  @Test
  void aRoleThatIsNotKnownEverywhereYetIsWaitedFor() throws Exception {
    aws.fail("403", "403");

    assertSucceeds(ask("Create", properties()));

    assertEquals(KEYS, aws.objects().keySet());
  }

  // ---- Update ---------------------------------------------------------------------------------

  @Test
  void anUpdatePutsWhatHasChangedAndTellsCloudFront() throws Exception {
    ask("Create", properties());
    write("app.js", "changed");
    write("new.css", "p {}");
    Files.delete(root.resolve("site/client/client.js"));
    int before = aws.calls().size();

    JsonNode answer = ask("Update", properties("Version", "2"));

    assertSucceeds(answer);
    assertEquals("2 of 4 files put, 1 removed, CloudFront told", answer.path("Reason").asText());
    assertEquals(
        List.of(
            "s3:ListBucket on arn:aws:s3:::page-bucket",
            "s3:PutObject on arn:aws:s3:::page-bucket/app.js",
            "s3:PutObject on arn:aws:s3:::page-bucket/new.css",
            "s3:DeleteObject on arn:aws:s3:::page-bucket/client/client.js",
            INVALIDATION),
        aws.calls().subList(before, aws.calls().size()));
    assertEquals("changed", content("app.js"));
    assertEquals(1, aws.invalidations().size());
  }

  @Test
  void anUpdateWithoutAChangePutsNothing() throws Exception {
    ask("Create", properties());
    int before = aws.calls().size();

    assertSucceeds(ask("Update", properties("Version", "2")));

    assertEquals(
        List.of("s3:ListBucket on arn:aws:s3:::page-bucket", INVALIDATION),
        aws.calls().subList(before, aws.calls().size()));
  }

  @Test
  void anotherConfigurationIsAChange() throws Exception {
    ask("Create", properties());

    assertSucceeds(ask("Update", properties("Config", Map.of("webSocketUrl", "/test"))));

    assertEquals("{\"webSocketUrl\":\"/test\"}", content("config.json"));
    assertEquals(1, aws.invalidations().size());
  }

  @Test
  void anotherBucketIsAnotherResource() throws Exception {
    Map<String, Object> event = event("Update", properties());
    event.put("PhysicalResourceId", "bucket-before");

    handler.handleRequest(event, context());

    assertEquals(TestAws.BUCKET, aws.answer().path("PhysicalResourceId").asText());
  }

  @Test
  void manyFilesAreSeenPageByPage() throws Exception {
    for (int i = 0; i < 25; i++) {
      write("client/part" + i + ".js", "part " + i);
    }
    ask("Create", properties());

    JsonNode answer = ask("Update", properties());

    assertEquals("0 of 29 files put, 0 removed, CloudFront told", answer.path("Reason").asText());
  }

  // ---- Delete ---------------------------------------------------------------------------------

  @Test
  void aDeletionEmptiesTheBucketWhateverIsInIt() throws Exception {
    ask("Create", properties());
    for (int i = 0; i < 25; i++) {
      aws.objects().put("by hand " + i, new TestAws.Stored(new byte[1], "text/plain"));
    }

    JsonNode answer = ask("Delete", properties());

    assertSucceeds(answer);
    assertEquals(Set.of(), aws.objects().keySet());
    assertEquals(TestAws.BUCKET, answer.path("PhysicalResourceId").asText());
    assertEquals(List.of(), aws.invalidations());
  }

  @Test
  void aDeletionSucceedsWhereThereIsNothingToDelete() throws Exception {
    assertSucceeds(ask("Delete", properties()));
    assertSucceeds(ask("Delete", Map.of("ServiceToken", "arn")));
    assertSucceeds(ask("Delete", properties("Files", "unknown")));
    aws.deleteBucket();
    assertSucceeds(ask("Delete", properties()));
  }

  // ---- What goes wrong ------------------------------------------------------------------------

  @Test
  void theSameEventAgainChangesNothingMore() throws Exception {
    ask("Create", properties());
    write("app.js", "changed");
    Map<String, Object> event = event("Update", properties());
    handler.handleRequest(event, context());
    Map<String, TestAws.Stored> after = new HashMap<>(aws.objects());

    handler.handleRequest(event, context());

    assertSucceeds(aws.answer());
    assertSucceeds(aws.answer());
    assertEquals(after, new HashMap<>(aws.objects()));
    assertEquals(List.of(requireNonNull(event.get("RequestId"))), aws.invalidations());
  }

  /// Otherwise the files would be there, and CloudFront would go on serving those before.
  @Test
  void anUpdateThatCouldNotTellCloudFrontIsMadeUpForByTheNext() throws Exception {
    ask("Create", properties());
    write("app.js", "changed");
    aws.fail("", "", "400");

    JsonNode first = ask("Update", properties("Version", "2"));
    JsonNode second = ask("Update", properties("Version", "3"));

    assertFails(first, "CloudFront answered 400: <Error><Code>Fault</Code></Error>");
    assertEquals("0 of 4 files put, 0 removed, CloudFront told", second.path("Reason").asText());
    assertEquals(1, aws.invalidations().size());
  }

  @Test
  void whatPassesIsTriedAgain() throws Exception {
    ask("Create", properties());
    write("app.js", "changed");
    aws.fail("503", "", "", "503", "429");

    assertSucceeds(ask("Update", properties()));

    assertEquals("changed", content("app.js"));
    assertEquals(1, aws.invalidations().size());
  }

  @Test
  void aDistributionThatIsNotThereIsAFailure() throws Exception {
    assertFails(ask("Update", properties("Distribution", "ENONE")), "CloudFront answered 404");
  }

  @Test
  void aPropertyThatIsNotKnownIsRefusedAndNothingIsDone() throws Exception {
    assertFails(
        ask("Create", properties("Files", "x")),
        "there is no property Files, only ServiceToken, ServiceTimeout, Bucket, Distribution,"
            + " Version, Config");
    assertFails(
        ask("Create", properties("Config", Map.of("webSocketUrl", URL, "webSocket", URL))),
        "there is no Config.webSocket, only clientId, guests, issuer, signInUrl, traceUrl,"
            + " webSocketUrl");
    assertFails(
        ask("Update", properties("Config", Map.of("webSocketUrl", "ws://plain.example"))),
        "Config.webSocketUrl: expected wss://");
    assertFails(
        ask("Create", properties("Config", Map.of("webSocketUrl", URL, "guests", "no"))),
        "Config.guests: expected true|false, not no");
    assertFails(ask("Create", properties("Config", Map.of())), "Config.webSocketUrl is missing");
    assertFails(ask("Create", properties("Bucket", "")), "the property Bucket is missing");
    assertFails(ask("Rename", properties()), "there is no RequestType Rename");

    assertEquals(List.of(), aws.calls());
  }

  @Test
  void aFailureIsAnsweredWithItsReason() throws Exception {
    aws.deleteBucket();

    JsonNode answer = ask("Create", properties());

    assertFails(answer, "NoSuchBucket");
    assertEquals(TestAws.BUCKET, answer.path("PhysicalResourceId").asText());
  }

  @Test
  void whatIsNeverAllowedIsAnsweredBeforeTheTimeIsOver() throws Exception {
    aws.forbid();

    JsonNode answer = ask("Create", properties(), Duration.ofSeconds(26));

    assertFails(answer, "AccessDenied");
  }

  @Test
  void anAnswerComesInTimeThoughNothingElseDoes() throws Exception {
    aws.fail("hangs", "hangs");

    JsonNode answer = ask("Update", properties(), Duration.ofMillis(13_500));

    assertFails(answer, "not done within 1 s");
    assertEquals("known", answer.path("PhysicalResourceId").asText());
  }

  @Test
  void theAnswerIsSentAgainWhereItDoesNotArrive() throws Exception {
    Map<String, Object> event = event("Delete", Map.of());
    aws.fail("500", "503");

    handler.handleRequest(event, context());

    assertSucceeds(aws.answer());
    assertFalse(aws.isAnswered());
  }

  /// Else Lambda would end the function in the middle of it, and nothing would be in the log.
  @Test
  void anAnswerThatNeverArrivesEndsBeforeTheFunctionsTime() {
    aws.fail("hangs", "stalls", "hangs", "stalls");
    TestContext context = new TestContext("SiteFunction", Duration.ofSeconds(20));

    assertThrows(
        UncheckedIOException.class,
        () -> handler.handleRequest(event("Delete", Map.of()), context));

    assertTrue(context.getRemainingTimeInMillis() > 0);
  }

  /// Lambda tries such an event again.
  @Test
  void anEventThatCannotBeAnsweredFailsTheInvocation() {
    Map<String, Object> event = event("Create", properties());
    event.remove("ResponseURL");

    assertEquals(
        "the event has no ResponseURL",
        assertThrows(IllegalArgumentException.class, () -> handler.handleRequest(event, context()))
            .getMessage());
  }

  @Test
  void aReasonFitsTheAnswer() throws Exception {
    JsonNode answer =
        ask("Create", properties("Config", Map.of("webSocketUrl", "\u4e2d".repeat(9_000))));

    assertTrue(answer.toString().getBytes(UTF_8).length < 4_096, answer.toString());
    assertFails(answer, "Config.webSocketUrl: expected");
  }

  // ---- The document ---------------------------------------------------------------------------

  @Test
  void theFieldsOfTheConfigurationAreDocumented() throws Exception {
    String document = Files.readString(Path.of("..", "..", "docs", "OPERATIONS.md"));
    String table = document.replaceFirst("(?s).*\n\\| field \\| \\| \\|\n", "").split("\n\n", 2)[0];

    assertEquals(
        new TreeSet<>(Config.FIELDS.keySet()),
        Pattern.compile("(?m)^\\| `(\\w+)` \\|")
            .matcher(table)
            .results()
            .map(row -> row.group(1))
            .collect(Collectors.toCollection(TreeSet::new)));
  }

  // ---- The package ----------------------------------------------------------------------------

  /// What the page needs is in the package, each file with its type, and its tests are not.
  @Test
  void thePackageCarriesThePage() throws Exception {
    var source = requireNonNull(SiteHandler.class.getProtectionDomain().getCodeSource());
    Path classes = Path.of(source.getLocation().toURI());
    List<SiteFile> files = SiteFile.of(classes.resolve("site"), Config.of(CONFIG));

    assertTrue(files.size() > 30, files.size() + " files");
    assertEquals("index.html", files.getLast().key());
    for (SiteFile file : files) {
      assertFalse(file.key().matches("test/.*|jsconfig\\.json"), file.key());
      assertFalse(file.contentType().equals("application/octet-stream"), file.key());
    }
  }

  // ---- Tools ----------------------------------------------------------------------------------

  private JsonNode ask(String type, Map<String, Object> properties) throws InterruptedException {
    return ask(type, properties, Duration.ofSeconds(40));
  }

  private JsonNode ask(String type, Map<String, Object> properties, Duration time)
      throws InterruptedException {
    Map<String, Object> event = event(type, properties);
    if (type.equals("Update")) {
      event.put("PhysicalResourceId", "known");
    }
    handler.handleRequest(event, new TestContext("SiteFunction", time));
    JsonNode answer = aws.answer();
    assertEquals(event.get("RequestId"), answer.path("RequestId").asText());
    return answer;
  }

  private static TestContext context() {
    return new TestContext("SiteFunction", Duration.ofSeconds(40));
  }

  private int requests;

  private Map<String, Object> event(String type, Map<String, Object> properties) {
    return new HashMap<>(
        Map.of(
            "RequestType",
            type,
            "ResponseURL",
            aws.responseUrl(),
            "StackId",
            "stack",
            "RequestId",
            "request-" + requests++,
            "ResourceType",
            "Custom::SiteContent",
            "LogicalResourceId",
            "SiteContent",
            "ResourceProperties",
            properties));
  }

  private static Map<String, Object> properties() {
    return Map.of(
        "ServiceToken",
        "arn:aws:lambda:eu-west-1:000000000000:function:site",
        "ServiceTimeout",
        "600",
        "Bucket",
        TestAws.BUCKET,
        "Distribution",
        TestAws.DISTRIBUTION,
        "Version",
        "1",
        "Config",
        CONFIG);
  }

  private static Map<String, Object> properties(String name, Object value) {
    Map<String, Object> properties = new HashMap<>(properties());
    properties.put(name, value);
    return properties;
  }

  private static void assertSucceeds(JsonNode answer) {
    assertEquals("SUCCESS", answer.path("Status").asText(), answer.toString());
  }

  private static void assertFails(JsonNode answer, String reason) {
    assertEquals("FAILED", answer.path("Status").asText(), answer.toString());
    assertTrue(answer.path("Reason").asText().contains(reason), answer.toString());
  }

  private String content(String key) {
    return new String(stored(key).content(), UTF_8);
  }

  private String type(String key) {
    return stored(key).contentType();
  }

  private TestAws.Stored stored(String key) {
    return requireNonNull(aws.objects().get(key), key);
  }
}
