package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import dev.parley.local.gateway.Client;
import dev.parley.local.net.Loopback;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.event.Level;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class LocalCloudTest {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Globals:
        Function:
          Runtime: java25
          Timeout: 10
          Environment: {Variables: {ROWS: !Ref Rows}}
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: test
            Routes:
              $default:
                FunctionArn: !GetAtt Save.Arn
                RouteResponseSelectionExpression: $default
        Reply:
          Type: AWS::ApiGatewayV2::RouteResponse
          Properties: {ApiId: !Ref Api, RouteId: !Ref ApiDefaultRoute, RouteResponseKey: $default}
        Save:
          Type: AWS::Serverless::Function
          Properties: {Handler: "dev.parley.local.LocalCloudTest$Save"}
        Copy:
          Type: AWS::Serverless::Function
          Properties:
            Handler: dev.parley.local.LocalCloudTest$Copy
            Events:
              Rows:
                Type: DynamoDB
                Properties: {Stream: !GetAtt Rows.StreamArn, StartingPosition: TRIM_HORIZON}
        Rows:
          Type: AWS::DynamoDB::Table
          Properties:
            AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
            KeySchema: [{AttributeName: id, KeyType: HASH}]
            StreamSpecification: {StreamViewType: NEW_IMAGE}
      """;

  private static final BlockingQueue<String> COPIED = new LinkedBlockingQueue<>();

  @TempDir private Path folder = Path.of("");
  private Path template = Path.of("");

  @BeforeEach
  void write() throws IOException {
    template = Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
    COPIED.clear();
  }

  /// Puts a frame's body into the table.
  public static final class Save
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    private final Map<String, String> environment;

    /// As the local cloud makes it.
    public Save(Map<String, String> environment) {
      this.environment = environment;
    }

    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      String body = String.valueOf(event.get("body"));
      try (DynamoDbClient client = FunctionClients.dynamoDb(environment)) {
        client.putItem(
            put ->
                put.tableName(environment.get("ROWS"))
                    .item(Map.of("id", AttributeValue.fromS(body))));
      }
      return Map.of("statusCode", 200, "body", "saved " + body);
    }
  }

  /// Tells the test what the stream brought.
  public static final class Copy implements RequestHandler<DynamodbEvent, @Nullable Void> {
    @Override
    public @Nullable Void handleRequest(DynamodbEvent event, Context context) {
      event
          .getRecords()
          .forEach(
              record ->
                  record.getDynamodb().getKeys().values().forEach(id -> COPIED.add(id.getS())));
      return null;
    }
  }

  @Test
  void aFrameGoesThroughRouteTableAndStream() throws Exception {
    try (LocalCloud cloud = LocalCloud.start(Options.inMemory(template).withPollsPerSecond(50))) {
      Client client = Client.connect(HttpClient.newHttpClient(), cloud.webSocketUrl());
      client.send("hello");

      assertEquals("saved hello", client.receive());
      assertEquals("hello", COPIED.poll(20, TimeUnit.SECONDS));
    }
  }

  /// Answers who it is told to be.
  public static final class Tell
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      return Map.of(
          "statusCode",
          200,
          "body",
          context.getFunctionVersion() + " " + context.getInvokedFunctionArn());
    }
  }

  @Test
  void aFunctionWithAnAliasIsCalledByIt() throws Exception {
    Files.writeString(
        template,
        TEMPLATE.replace("LocalCloudTest$Save\"", "LocalCloudTest$Tell\", AutoPublishAlias: live"));
    try (LocalCloud cloud = LocalCloud.start(Options.inMemory(template))) {
      Client client = Client.connect(HttpClient.newHttpClient(), cloud.webSocketUrl());
      client.send("hello");

      assertEquals("1 arn:aws:lambda:us-east-1:000000000000:function:Save:live", client.receive());
    }
  }

  @Test
  void whatTheTemplateHasWithoutEffectIsToldOnce() throws Exception {
    Files.writeString(
        template,
        TEMPLATE.replace(
            "StreamSpecification: {",
            "BillingMode: PAY_PER_REQUEST\n      StreamSpecification: {"));
    try (Logs.Listening logs = Logs.listen();
        LocalCloud _ = LocalCloud.start(Options.inMemory(template))) {
      assertEquals(
          1,
          logs.lines(Level.INFO).stream()
              .filter(line -> line.endsWith(": AWS::DynamoDB::Table: BillingMode"))
              .count());
    }
  }

  @ParameterizedTest
  @CsvSource({"299, 0", "300, 1"})
  void moreRoutesThanAwsTakesAreServedAndTold(int besideDefault, int told) throws Exception {
    String routes =
        IntStream.range(0, besideDefault)
            .mapToObj("        r%d: {FunctionArn: !GetAtt Save.Arn}\n"::formatted)
            .collect(Collectors.joining());
    Files.writeString(template, TEMPLATE.replace("Routes:\n", "Routes:\n" + routes));

    try (Logs.Listening logs = Logs.listen();
        LocalCloud _ = LocalCloud.start(Options.inMemory(template))) {
      assertEquals(
          told,
          logs.lines(Level.WARN).stream()
              .filter(line -> line.contains(": Api has 301 routes: AWS takes 300 "))
              .count());
    }
  }

  @Test
  void whatWasNotDeliveredBeforeAStopIsDeliveredAfterTheNextStart() throws Exception {
    Options options =
        Options.inMemory(template).withData(folder.resolve("data")).withPollsPerSecond(0.001);
    try (LocalCloud first = LocalCloud.start(options)) {
      first
          .dynamoDb()
          .client()
          .putItem(put -> put.tableName("Rows").item(Map.of("id", AttributeValue.fromS("late"))));
    }

    try (LocalCloud second = LocalCloud.start(options.withPollsPerSecond(50))) {
      assertNotNull(second);
      assertEquals("late", COPIED.poll(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void twoInstancesDoNotShareAFolder() throws Exception {
    Options options = Options.inMemory(template).withData(folder);
    try (LocalCloud first = LocalCloud.start(options)) {
      assertNotNull(first);
      assertTrue(refusal(options).contains("is in use by another running instance"));
    }
  }

  @Test
  void aStartThatFailsNamesTheSettingAndTheWayOut() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertEquals(
        "parley.data="
            + file
            + " is a file: choose another folder with -Dparley.data=<folder>, or keep nothing with"
            + " -Dparley.data=memory",
        refusal(Options.inMemory(template).withData(file)));
    assertTrue(
        refusal(Options.inMemory(template).withData(Path.of("/proc/none")))
            .startsWith("parley.data=/proc/none cannot be written"));
    Path garbled = Files.createDirectory(folder.resolve("garbled"));
    Files.createDirectory(garbled.resolve("stream-checkpoints.json"));
    assertTrue(
        refusal(Options.inMemory(template).withData(garbled))
            .startsWith("parley.data=" + garbled + " holds stream checkpoints"));
    for (InetAddress loopback : Loopback.addresses()) {
      try (ServerSocket taken = new ServerSocket(Loopback.freePort(), 1, loopback)) {
        assertTrue(
            refusal(Options.inMemory(template).withPort(taken.getLocalPort()))
                .startsWith("parley.port=%d: ".formatted(taken.getLocalPort())));
      }
    }
    try (ServerSocket taken = new ServerSocket(0, 1, Loopback.V4)) {
      int port = taken.getLocalPort();
      assertEquals(
          ("parley.port=%d: 127.0.0.1:%d is taken: stop what uses it, or choose another with"
                  + " -Dparley.port=<port> (0 takes a free one)")
              .formatted(port, port),
          refusal(Options.inMemory(template).withPort(port)));
      assertTrue(
          refusal(Options.inMemory(template).withDynamoDbPort(port))
              .startsWith("parley.dynamodb.port=%d: 127.0.0.1:%d is taken".formatted(port, port)));
    }
    try (DatagramSocket taken = new DatagramSocket(new InetSocketAddress(Loopback.V4, 0))) {
      int port = taken.getLocalPort();
      assertEquals(
          ("parley.xray.port=%d: 127.0.0.1:%d is taken: stop what uses it, or choose another with"
                  + " -Dparley.xray.port=<port> (0 takes a free one)")
              .formatted(port, port),
          refusal(Options.inMemory(template).withXrayPort(port)));
    }
    Files.writeString(template, TEMPLATE.replace("Test$Copy", "Test$Gone"));
    assertTrue(refusal(Options.inMemory(template)).startsWith("Copy.Properties.Handler: "));
    Files.writeString(template, TEMPLATE.replace("StageName: test", "Stage: test"));
    assertEquals(
        "Api.Properties.Stage: the local cloud does not honour this property (template.yaml:12)",
        refusal(Options.inMemory(template)));
  }

  private static String refusal(Options options) {
    return String.valueOf(
        assertThrows(StartException.class, () -> LocalCloud.start(options)).getMessage());
  }

  @Test
  void aProcessPrintsItsAddressesAndStopsCleanlyWhenTold() throws Exception {
    List<String> lines =
        untilStopped(run("-Dparley.port=0", "-Dparley.data=" + folder.resolve("data")));

    List<String> patterns =
        List.of(
            "DynamoDB Local: aws dynamodb list-tables --endpoint-url http://127\\.0\\.0\\.1:\\d+"
                + " --region us-east-1",
            "X-Ray: aws xray <command> --endpoint-url http://localhost:\\d+/_local/xray"
                + " --region us-east-1; UDP port \\d+",
            "TLS: https://localhost:(\\d+)/  wss://localhost:\\1/test  by the certificate"
                + " /.*\\.pem",
            "Traces: http://localhost:\\d+/_local/traces",
            "Metrics: http://localhost:\\d+/_local/",
            "Parley is ready: http://localhost:(\\d+)/  ws://localhost:\\1/test",
            "Parley has stopped; data kept in " + Pattern.quote(folder.resolve("data").toString()));
    assertEquals(patterns.size(), lines.size(), lines.toString());
    for (int i = 0; i < lines.size(); i++) {
      assertTrue(lines.get(i).matches(patterns.get(i)), lines.get(i));
    }
  }

  /// What a process prints that is told to stop once it is ready, and stops within 5 s.
  static List<String> untilStopped(Process process) throws IOException {
    List<String> lines = new ArrayList<>();
    long toldAt = 0;
    try (BufferedReader output = reader(process)) {
      String line;
      while ((line = output.readLine()) != null) {
        lines.add(line);
        if (line.startsWith("Parley is ready: ")) {
          toldAt = System.nanoTime();
          // Process.destroy() would close the stream that the last line comes from.
          assertTrue(process.toHandle().destroy());
        }
      }
    } finally {
      process.destroyForcibly();
    }

    assertTrue(System.nanoTime() - toldAt < Duration.ofSeconds(5).toNanos());
    return lines.stream().filter(line -> !line.startsWith("SLF4J(W)")).toList();
  }

  @Test
  void aProcessWithABadSettingPrintsOneLineAndExitsWithOne() throws Exception {
    Process process = run("-Dparley.port=http");

    try (BufferedReader output = reader(process)) {
      assertEquals(
          List.of(
              "Parley cannot start: parley.port=http is not a port: give a number from 1 to 65535,"
                  + " or 0 for a free one"),
          output.lines().toList());
    }
    assertEquals(1, process.waitFor());
  }

  /// Without the right to do so, as everybody's process is; a test may run as root.
  @Test
  void aProcessThatMayNotListenSaysSoAndNotThatThePortIsTaken() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "setpriv takes the right away");
    Path unprivileged = Path.of("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    assumeTrue(Integer.parseInt(Files.readAllLines(unprivileged).getFirst()) > 1023);
    Process process =
        run(
            List.of("/usr/bin/setpriv", "--bounding-set", "-net_bind_service"),
            template,
            "-Dparley.port=1023",
            "-Dparley.data=memory");

    try (BufferedReader output = reader(process)) {
      assertEquals(
          "Parley cannot start: parley.port=1023: 127.0.0.1:1023 is not permitted to this user:"
              + " start as one who may listen there, or choose another with -Dparley.port=<port>"
              + " (0 takes a free one)",
          output.lines().filter(line -> !line.startsWith("SLF4J(W)")).findFirst().orElse(""));
    }
    assertEquals(1, process.waitFor());
  }

  @Test
  void aProcessWithAnOriginThatNoBrowserSendsPrintsOneLineAndExitsWithOne() throws Exception {
    Process process = run("-Dparley.origins=https://chat.example/");

    try (BufferedReader output = reader(process)) {
      assertEquals(
          List.of(
              "Parley cannot start: parley.origins=https://chat.example/: `https://chat.example/`"
                  + " is no origin: expected what a browser sends, which is scheme://host or"
                  + " scheme://host:port in lower case, without a path and without the scheme's own"
                  + " port, or null"),
          output.lines().toList());
    }
    assertEquals(1, process.waitFor());
  }

  @Test
  void aProcessWithAMalformedFaultPlanPrintsOneLineAndExitsWithOne() throws Exception {
    Process process = run("-Dparley.faults=seed=7,push.lost=2");

    try (BufferedReader output = reader(process)) {
      assertEquals(
          List.of(
              "Parley cannot start: parley.faults=seed=7,push.lost=2: push.lost=2: give a"
                  + " probability from 0 to 1 and no length, for example push.lost=0.05"),
          output.lines().toList());
    }
    assertEquals(1, process.waitFor());
  }

  @Test
  void aProcessWithFaultsSaysWithWhichSeedItCanBeReplayed() throws Exception {
    Process process =
        run("-Dparley.port=0", "-Dparley.data=memory", "-Dparley.faults=push.lost=0.5");
    List<String> lines = new ArrayList<>();
    try (BufferedReader output = reader(process)) {
      String line;
      while ((line = output.readLine()) != null && !line.startsWith("Parley is ready: ")) {
        lines.add(line);
      }
    } finally {
      process.destroyForcibly();
    }

    List<String> own = lines.stream().filter(line -> !line.startsWith("SLF4J(W)")).toList();
    assertTrue(
        own.getFirst().matches("Faults: -Dparley\\.faults=seed=\\d+,push\\.lost=0\\.5"),
        own.toString());
    assertEquals(6, own.size(), own.toString());
  }

  private Process run(String... settings) throws IOException {
    return run(List.of(), template, settings);
  }

  static Process run(Path template, String... settings) throws IOException {
    return run(List.of(), template, settings);
  }

  private static Process run(List<String> as, Path template, String... settings)
      throws IOException {
    List<String> command = new ArrayList<>(as);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-classpath",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            "-Dparley.template=" + template));
    command.addAll(List.of(settings));
    command.add("dev.parley.local.Main");
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static BufferedReader reader(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }
}
