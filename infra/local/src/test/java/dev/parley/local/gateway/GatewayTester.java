package dev.parley.local.gateway;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.faults.Faults;
import dev.parley.local.issuer.LocalIssuer;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.origins.Origins;
import dev.parley.local.template.Route;
import dev.parley.local.template.Throttling;
import dev.parley.local.template.WebSocketApi;
import dev.parley.local.xray.Traces;
import dev.parley.local.xray.XRayApi;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// A gateway with functions of the test's making. It keeps every event that they get.
final class GatewayTester implements AutoCloseable {
  static final String SIGNATURE =
      "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=d";

  private final Map<String, Route> routes = new HashMap<>();
  private final Map<String, LocalFunction> functions = new HashMap<>();
  private final Map<String, BlockingQueue<JsonNode>> events = new ConcurrentHashMap<>();
  private final List<Client> clients = new ArrayList<>();
  private final HttpClient http = HttpClient.newHttpClient();
  private List<String> identitySources = List.of();
  private Bounds bounds = Bounds.ofThisMachine();
  private Origins origins = Origins.OF_THIS_MACHINE;
  private RequestQuota quota = RequestQuota.OF_AWS;
  private @Nullable Tls tls;
  private Faults faults = Faults.none();
  private boolean sigv4;
  private boolean forgetting;
  private ConnectionJournal journal = ConnectionJournal.inMemory();
  private Duration functionTimeout = Duration.ofSeconds(20);
  private @Nullable Throttling throttling;
  private Duration integrationTimeout = Quotas.INTEGRATION_TIMEOUT_MAX;
  private BiFunction<String, byte[], XRayApi.Answer> xray = new XRayApi(new Traces())::answer;
  private @Nullable Path site;
  private @Nullable LocalIssuer issuer;
  private @Nullable Gateway gateway;

  GatewayTester durations(Duration idle, Duration connection) {
    bounds = new Bounds(bounds.request(), idle, connection, bounds.socketsMax());
    return this;
  }

  GatewayTester requestTimeout(Duration request) {
    bounds = new Bounds(request, bounds.idle(), bounds.connection(), bounds.socketsMax());
    return this;
  }

  GatewayTester socketsMax(int sockets) {
    bounds = new Bounds(bounds.request(), bounds.idle(), bounds.connection(), sockets);
    return this;
  }

  GatewayTester quota(int perSecond, int bucket) {
    quota = new RequestQuota(perSecond, bucket);
    return this;
  }

  GatewayTester tls(Tls spoken) {
    tls = spoken;
    return this;
  }

  GatewayTester faults(String plan) {
    faults = new Faults(FaultPlan.parse(plan));
    return this;
  }

  /// Of the functions that are declared after this no event is kept.
  GatewayTester forgetting() {
    forgetting = true;
    return this;
  }

  GatewayTester sigv4() {
    sigv4 = true;
    return this;
  }

  Faults faults() {
    return faults;
  }

  GatewayTester xray(BiFunction<String, byte[], XRayApi.Answer> api) {
    xray = api;
    return this;
  }

  GatewayTester origins(String list) {
    origins = Origins.parse(list);
    return this;
  }

  GatewayTester journal(ConnectionJournal kept) {
    journal = kept;
    return this;
  }

  GatewayTester issuer(LocalIssuer local) {
    issuer = local;
    return this;
  }

  GatewayTester site(Path folder) {
    site = folder;
    return this;
  }

  GatewayTester identitySources(String... sources) {
    identitySources = List.of(sources);
    return this;
  }

  /// For what is declared after this.
  GatewayTester functionTimeout(Duration timeout) {
    functionTimeout = timeout;
    return this;
  }

  /// For what is declared after this.
  GatewayTester integrationTimeout(Duration timeout) {
    integrationTimeout = timeout;
    return this;
  }

  GatewayTester authorizer(Scripted.Script script) {
    function("Authorizer", "authorizer", script);
    return this;
  }

  GatewayTester oneWay(String key, Scripted.Script script) {
    return route(key, false, script);
  }

  /// Of the routes that are added from now on.
  GatewayTester throttling(int perSecond, int burst) {
    throttling = new Throttling(perSecond, burst);
    return this;
  }

  GatewayTester twoWay(String key, Scripted.Script script) {
    return route(key, true, script);
  }

  private GatewayTester route(String key, boolean twoWay, Scripted.Script script) {
    String name = "Of " + key;
    function(name, key, script);
    routes.put(
        key,
        new Route(key, new Route.Integration.Proxy(name, integrationTimeout), twoWay, throttling));
    return this;
  }

  private void function(String name, String key, Scripted.Script script) {
    Scripted.Script keeping =
        event -> {
          queue(key).add(event);
          return script.handle(event);
        };
    functions.put(name, Scripted.function(name, functionTimeout, forgetting ? script : keeping));
  }

  GatewayTester start() throws IOException {
    start(0);
    return this;
  }

  void start(int port) throws IOException {
    WebSocketApi api =
        new WebSocketApi(
            "Api",
            "local",
            "test",
            "$request.body.action",
            routes,
            functions.containsKey("Authorizer") ? "Authorizer" : null,
            identitySources,
            Map.of());
    gateway =
        new Gateway(
            api,
            functions,
            port,
            site,
            issuer,
            xray,
            new MetricStore(),
            origins,
            tls,
            quota,
            sigv4,
            faults,
            journal,
            bounds);
  }

  Gateway gateway() {
    return requireNonNull(gateway, "not started");
  }

  int port() {
    return gateway().port();
  }

  String webSocketUrl() {
    return "ws://127.0.0.1:%d/test".formatted(port());
  }

  Client connect() throws Exception {
    return connect("");
  }

  Client connect(String query, String... headers) throws Exception {
    Client client = Client.connect(http, URI.create(webSocketUrl() + query), headers);
    clients.add(client);
    return client;
  }

  /// The next event of a route, or of `authorizer`.
  JsonNode event(String key) throws InterruptedException {
    JsonNode event = queue(key).poll(10, TimeUnit.SECONDS);
    assertNotNull(event, "no event for " + key);
    return event;
  }

  boolean hasNoEvent(String key) {
    return queue(key).isEmpty();
  }

  private BlockingQueue<JsonNode> queue(String key) {
    return events.computeIfAbsent(key, _ -> new LinkedBlockingQueue<>());
  }

  HttpResponse<String> request(String method, String path, String body, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> get(String path, String... headers) throws Exception {
    return request("GET", path, "", headers);
  }

  /// An `@connections` request that looks signed.
  HttpResponse<String> connections(String method, String id, String body) throws Exception {
    String path = "/test/@connections/" + id.replace("=", "%3D");
    return request(method, path, body, "Authorization", SIGNATURE);
  }

  static String connectionId(JsonNode event) {
    return event.at("/requestContext/connectionId").asText();
  }

  @Override
  public void close() {
    clients.forEach(Client::abort);
    if (gateway != null) {
      gateway.close();
    }
    http.shutdownNow();
  }
}
