package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import dev.parley.local.gateway.Client;
import dev.parley.local.template.FunctionResource;
import dev.parley.local.template.QueueMappingResource;
import dev.parley.local.template.Route;
import dev.parley.local.template.StreamMappingResource;
import dev.parley.local.template.TableResource;
import dev.parley.local.template.Template;
import dev.parley.local.template.TemplateException;
import dev.parley.local.template.WebSocketApi;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Templates in the shapes that people write, and tools make: all are read, and those whose
/// functions are Java run.
final class CorpusTest {
  private static final Path CORPUS = Path.of("src/test/resources/dev/parley/local/corpus");

  @TempDir private Path folder = Path.of("");

  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final BlockingQueue<String> GONE = new LinkedBlockingQueue<>();

  @BeforeEach
  void forget() {
    GONE.clear();
  }

  /// Pushes what it is called for to its caller.
  public static final class Push
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    private final Map<String, String> environment;

    /// As the local cloud makes it.
    public Push(Map<String, String> environment) {
      this.environment = environment;
    }

    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      if (!(event.get("requestContext") instanceof Map<?, ?> of)) {
        throw new IllegalArgumentException("no event of a WebSocket API: " + event);
      }
      String route = String.valueOf(of.get("routeKey"));
      String text = "%s of %s/%s".formatted(route, of.get("apiId"), of.get("stage"));
      if (event.get("stageVariables") instanceof Map<?, ?> variables) {
        text += " " + new TreeMap<>(variables);
      }
      switch (route) {
        case "$connect" -> {}
        case "$disconnect" -> GONE.add(text);
        default -> post(String.valueOf(of.get("connectionId")), text);
      }
      return Map.of("statusCode", 200);
    }

    private void post(String connectionId, String text) {
      URI uri =
          URI.create(
              environment.get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI")
                  + "/@connections/"
                  + URLEncoder.encode(connectionId, StandardCharsets.UTF_8));
      HttpRequest request =
          HttpRequest.newBuilder(uri)
              .header(
                  "Authorization",
                  "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=d")
              .POST(HttpRequest.BodyPublishers.ofString(text))
              .build();
      try {
        HTTP.send(request, HttpResponse.BodyHandlers.discarding());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /// Admits everybody.
  public static final class Admit
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      Map<String, Object> statement =
          Map.of(
              "Effect",
              "Allow",
              "Action",
              "execute-api:Invoke",
              "Resource",
              event.get("methodArn"));
      return Map.of("principalId", "me", "policyDocument", Map.of("Statement", List.of(statement)));
    }
  }

  // ---- They run -------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "chat.yaml         | ''      | {\"message\": \"sendmessage\"} | sendmessage of local/Prod",
        "plain.json        | ''      | hello                       | $default of local/dev",
        "cdk.template.json | ''      | {\"action\": \"sendmessage\"}  | sendmessage of local/dev",
        "websocketapi.yaml | ?user=1 | {\"action\": \"say\"}          | say of local/live"
            + " {color=blue, size=small}",
        "conditions.yaml   | ''      | {\"action\": \"say\"}          | say of local/dev",
        "mappings.yaml     | ''      | hello                       | $default of local/test"
            + " {color=green}"
      })
  void aClientConnectsSendsAndDisconnects(String file, String query, String frame, String pushed)
      throws Exception {
    try (LocalCloud cloud = start(file)) {
      Client client = Client.connect(HTTP, URI.create(cloud.webSocketUrl() + query));
      client.send(frame);
      assertEquals(pushed, client.receive());

      client.close();
      assertEquals(pushed.replaceFirst("^\\S+", "\\$disconnect"), GONE.poll(20, TimeUnit.SECONDS));
    }
  }

  private static LocalCloud start(String file) throws StartException {
    return LocalCloud.start(Options.inMemory(CORPUS.resolve(file)));
  }

  @Test
  void aMockIsAnsweredByTheGateway() throws Exception {
    try (LocalCloud cloud = start("mock.yaml")) {
      Client client = Client.connect(HTTP, cloud.webSocketUrl());
      client.send("{\"action\": \"ping\"}");
      assertEquals("{\"pong\": \"ping test 127.0.0.1\"}", client.receive());

      client.send("{\"action\": \"sing\"}");
      assertTrue(client.receive().startsWith("{\"message\": \"Forbidden\""));
    }
    try (LocalCloud cloud = start("cdk.template.json")) {
      Client client = Client.connect(HTTP, cloud.webSocketUrl());
      client.send("{\"action\": \"sing\"}");
      assertEquals("{\"no\": \"$default\"}", client.receive());
    }
  }

  @Test
  void eachOfSeveralApisHasItsPortItsIdAndItsConnections() throws Exception {
    try (LocalCloud cloud = start("apis.yaml")) {
      assertEquals(
          List.of("Players", "Watchers"),
          cloud.apis().stream().map(LocalCloud.Api::logicalId).toList());
      Client player = Client.connect(HTTP, cloud.apis().getFirst().webSocketUrl());
      Client watcher = Client.connect(HTTP, cloud.apis().getLast().webSocketUrl());

      player.send("{\"type\": \"watch\"}");
      assertEquals("$default of local/play", player.receive());
      watcher.send("{\"type\": \"watch\"}");
      assertEquals("watch of local2/watch", watcher.receive());

      watcher.close();
      assertEquals("$disconnect of local2/watch", GONE.poll(20, TimeUnit.SECONDS));
      player.close();
      assertEquals("$disconnect of local/play", GONE.poll(20, TimeUnit.SECONDS));
    }
  }

  // ---- They are read --------------------------------------------------------------------------

  @Test
  void aDeploymentIsAsGoodAsAutoDeploy() {
    Template template = read("chat.yaml");

    WebSocketApi api = Objects.requireNonNull(template.api());
    assertEquals("Prod", api.stage());
    assertEquals("SendMessage", route(api, "sendmessage").function());
    assertEquals(50, Objects.requireNonNull(route(api, "$connect").throttling()).perSecond());
    assertEquals("chat_connections", template.tables().getFirst().name());
    assertTrue(
        template
            .withoutEffect()
            .containsAll(
                List.of(
                    "AWS::Lambda::Permission",
                    "AWS::Logs::LogGroup",
                    "AWS::ApiGatewayV2::Route: OperationName")),
        template.withoutEffect().toString());
  }

  @Test
  void aPlainFunctionHasItsNameAndItsCode() {
    FunctionResource handler = function(read("plain.json"), "Handler");

    assertEquals("chat-handler", handler.name());
    assertEquals("target/chat.jar", handler.codeUri());
    assertTrue(handler.tracing());
    assertEquals(Map.of("ROLE", "arn:aws:iam::000000000000:role/Role"), handler.environment());
  }

  @Test
  void aSynthesizedAppHasItsCodeInAssets() {
    FunctionResource handler = function(read("cdk.template.json"), "HandlerE5F60718");

    assertEquals("asset." + "0123456789abcdef".repeat(4), handler.codeUri());
    assertEquals(
        Map.of("ENDPOINT", "https://local.execute-api.us-east-1.amazonaws.com/dev"),
        handler.environment());
  }

  @Test
  void globalsAreMergedIntoSamsApi() {
    Template template = read("websocketapi.yaml");

    WebSocketApi api = Objects.requireNonNull(template.api());
    assertEquals(Map.of("color", "blue", "size", "small"), api.stageVariables());
    assertEquals("Admit", api.authorizerFunction());
    assertEquals(10, Objects.requireNonNull(route(api, "say").throttling()).perSecond());
    assertEquals(100, Objects.requireNonNull(route(api, "$connect").throttling()).perSecond());
    assertEquals(List.of("layers/shared"), function(template, "Answer").layers());
    assertEquals(
        Map.of("ROWS", "Rows", "STAGE", "live", "SAME", "live"),
        function(template, "Answer").environment());
    assertEquals(
        new TableResource(
            "Rows",
            "Rows",
            new TableResource.Key("user", null),
            Map.of("user", "N"),
            List.of(),
            null,
            null),
        template.tables().getFirst());
  }

  @Test
  void conditionsAndMappingsDecideWhatIsThere() {
    Template dev = read("conditions.yaml");

    FunctionResource answer = function(dev, "Answer");
    assertEquals(256, answer.memorySizeMb());
    assertEquals(
        Map.of("TOPIC", "none", "PARTS", "a|dev|c", "TOKEN", "ZGV2"), answer.environment());
    String refused =
        assertThrows(
                TemplateException.class,
                () ->
                    Template.read(CORPUS.resolve("conditions.yaml"), Map.of("Environment", "prod")))
            .getMessage();
    assertTrue(
        String.valueOf(refused).startsWith("Topic.Type: the local cloud does not honour"), refused);
  }

  @Test
  void inlineCodeIsOfTheFunction() {
    FunctionResource echo = function(read("inline.yaml"), "Echo");

    assertEquals("nodejs22.x", echo.runtime());
    assertNull(echo.codeUri());
    assertEquals(
        "exports.handler = async (event) => ({statusCode: 200, body: event.body});\n",
        echo.inlineCode());
  }

  @Test
  void mappingsThatAreResourcesAreEvents() {
    Template template = read("mappings.yaml");

    FunctionResource answer = function(template, "Answer");
    assertEquals("live", answer.alias());
    assertTrue(answer.snapStart());
    assertEquals(List.of("layers/shared"), answer.layers());
    StreamMappingResource ofRows = template.streamMappings().getFirst();
    assertEquals("OfRows", ofRows.logicalId());
    assertEquals("Answer", ofRows.function());
    assertEquals(10, ofRows.batchSize());
    assertEquals(
        List.of("OfJobs"),
        template.queueMappings().stream().map(QueueMappingResource::logicalId).toList());
  }

  /// A line is left out, doubled, or has another value, and that a few times over.
  @Test
  void whateverIsWrongWithATemplateIsToldByRefusals() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<String> values = List.of("", "[]", "{}", "x", "-1", "!Ref Api", "!Ref Nothing", "{a: b}");
    Path file = folder.resolve("changed");
    try (Stream<Path> corpus = Files.list(CORPUS)) {
      for (Path original : corpus.sorted().toList()) {
        for (int n = 0; n < 200; n++) {
          List<String> lines = new ArrayList<>(Files.readAllLines(original));
          for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
            int at = random.nextInt(lines.size());
            String line = lines.get(at);
            switch (random.nextInt(3)) {
              case 0 -> lines.remove(at);
              case 1 -> lines.add(at, line);
              default ->
                  lines.set(
                      at,
                      line.replaceFirst(": .*", ": " + values.get(random.nextInt(values.size()))));
            }
          }
          Files.write(file, lines);
          try {
            assertNotNull(Template.read(file, Map.of()));
          } catch (TemplateException e) {
            assertFalse(e.lines().isEmpty());
          } catch (RuntimeException e) {
            throw new AssertionError(
                "seed %d, %s: %s".formatted(seed, original, String.join("\n", lines)), e);
          }
        }
      }
    }
  }

  private static Template read(String file) {
    return Template.read(CORPUS.resolve(file), Map.of());
  }

  private static FunctionResource function(Template template, String id) {
    return Objects.requireNonNull(template.functions().get(id), id);
  }

  private static Route route(WebSocketApi api, String key) {
    return Objects.requireNonNull(api.routes().get(key), key);
  }
}
