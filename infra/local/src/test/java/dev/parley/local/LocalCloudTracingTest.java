package dev.parley.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.gateway.Client;
import dev.parley.local.json.Json;
import dev.parley.local.xray.XRayApi;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What functions and other programs tell X-Ray, and what it gives back, over real sockets.
@Timeout(60)
class LocalCloudTracingTest {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Globals:
        Function: {Runtime: java25, Timeout: 10, Tracing: Active}
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: test
            Routes:
              $default:
                FunctionArn: !GetAtt Tell.Arn
                RouteResponseSelectionExpression: $default
        Response:
          Type: AWS::ApiGatewayV2::RouteResponse
          Properties: {ApiId: !Ref Api, RouteId: !Ref ApiDefaultRoute, RouteResponseKey: $default}
        Tell:
          Type: AWS::Serverless::Function
          Properties: {Handler: "dev.parley.local.LocalCloudTracingTest$Tell"}
      """;

  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final String TRACE = "1-6553f100-0123456789abcdef01234567";

  @TempDir private Path folder = Path.of("");
  private Path template = Path.of("");

  @BeforeEach
  void write() throws Exception {
    template = Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
  }

  /// Answers with what it finds in its environment and its context.
  public static final class Tell
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    private final Map<String, String> environment;

    /// As the local cloud makes it.
    public Tell(Map<String, String> environment) {
      this.environment = environment;
    }

    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      ObjectNode told = Json.MAPPER.createObjectNode();
      told.put("daemon", environment.get("AWS_XRAY_DAEMON_ADDRESS"));
      told.put("endpoint", environment.get("AWS_ENDPOINT_URL_XRAY"));
      told.put("function", environment.get("AWS_LAMBDA_FUNCTION_NAME"));
      told.put("header", context.getXrayTraceId());
      return Map.of("statusCode", 200, "body", told.toString());
    }
  }

  @Test
  void aFunctionIsToldWhereXRayIsAndWhatComesThereIsReadWithItsOwnTrace() throws Exception {
    try (LocalCloud cloud = LocalCloud.start(Options.inMemory(template))) {
      JsonNode told = ask(cloud);

      assertEquals("Tell", told.path("function").asText());
      String[] daemon = told.path("daemon").asText().split(":", -1);
      byte[] datagram = ("{\"format\":\"json\",\"version\":1}\n" + segment(1)).getBytes(UTF_8);
      try (DatagramSocket socket = new DatagramSocket()) {
        socket.send(
            new DatagramPacket(
                datagram,
                datagram.length,
                new InetSocketAddress(daemon[0], Integer.parseInt(daemon[1]))));
      }
      String endpoint = told.path("endpoint").asText();
      ObjectNode request = Json.MAPPER.createObjectNode();
      request.putArray("TraceSegmentDocuments").add(segment(2));
      assertTrue(
          post(endpoint, "TraceSegments", request).path("UnprocessedTraceSegments").isEmpty());
      Wait.until(() -> segments(endpoint, TRACE).size() == 2);

      String own = told.path("header").asText().replaceAll("Root=([^;]+);.*", "$1");
      Wait.until(() -> segments(endpoint, own).size() == 2); // the service's comes after the answer
      assertEquals(Map.of(), cloud.traces().refused());
    }
  }

  @Test
  void aShareOf0TracesNothing() throws Exception {
    LocalCloud closed;
    try (LocalCloud cloud = LocalCloud.start(Options.inMemory(template).withSampling(0))) {
      closed = cloud;
      JsonNode told = ask(cloud);
      assertTrue(told.path("header").asText().endsWith(";Sampled=0"), told.toString());
    }

    // The service's segment would come after the answer, and before the end.
    assertEquals(0, traced(closed));
  }

  @Test
  void aFunctionWithoutActiveTracingIsNotTraced() throws Exception {
    Files.writeString(template, TEMPLATE.replace("Tracing: Active", "Tracing: PassThrough"));
    LocalCloud closed;
    try (LocalCloud cloud = LocalCloud.start(Options.inMemory(template))) {
      closed = cloud;
      JsonNode told = ask(cloud);
      assertTrue(told.path("header").asText().endsWith(";Sampled=0"), told.toString());
    }

    assertEquals(0, traced(closed));
  }

  /// How many traces a cloud has, asked without a request that could be one.
  private static int traced(LocalCloud cloud) throws Exception {
    String ever = "{\"StartTime\":0,\"EndTime\":1e10}";
    String answer =
        new XRayApi(cloud.traces()).answer("TraceSummaries", ever.getBytes(UTF_8)).json();
    return Json.MAPPER.readTree(answer).path("TraceSummaries").size();
  }

  /// The reply of the function.
  private static JsonNode ask(LocalCloud cloud) throws Exception {
    Client client = Client.connect(HTTP, cloud.webSocketUrl());
    client.send("{}");
    return Json.MAPPER.readTree(client.receive());
  }

  private static String segment(int id) {
    return Json.MAPPER
        .createObjectNode()
        .put("trace_id", TRACE)
        .put("id", "%016x".formatted(id))
        .put("name", "n")
        .put("start_time", 1.7e9)
        .put("end_time", 1.7e9)
        .toString();
  }

  private static JsonNode segments(String endpoint, String trace) throws Exception {
    ObjectNode request = Json.MAPPER.createObjectNode();
    request.putArray("TraceIds").add(trace);
    return post(endpoint, "Traces", request).at("/Traces/0/Segments");
  }

  private static JsonNode post(String endpoint, String operation, JsonNode body) throws Exception {
    String answer =
        HTTP.send(
                HttpRequest.newBuilder(URI.create(endpoint + "/" + operation))
                    .header(
                        "Authorization",
                        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c")
                    .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                    .build(),
                HttpResponse.BodyHandlers.ofString())
            .body();
    return Json.MAPPER.readTree(answer);
  }
}
