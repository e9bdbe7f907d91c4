package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.parley.local.aws.LocalAccount;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Who is let in to the ports of a running local cloud, whichever it has.
@Timeout(180)
class PortsTest {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Globals:
        Function: {Runtime: java25, Timeout: 10}
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: test
            Routes:
              $default: {FunctionArn: !GetAtt Save.Arn}
        Save:
          Type: AWS::Serverless::Function
          Properties: {Handler: "dev.parley.local.LocalCloudTest$Save"}
        Rows:
          Type: AWS::DynamoDB::Table
          Properties:
            AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
            KeySchema: [{AttributeName: id, KeyType: HASH}]
        Jobs: {Type: AWS::SQS::Queue}
      """;

  private static final String SIGNED =
      "Authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c\r\n";

  private static final String FORM =
      """
      Content-Type: application/x-www-form-urlencoded\r
      Content-Length: 37\r
      \r
      Action=SendMessage&MessageBody=forged\
      """;

  @TempDir private Path folder = Path.of("");

  @Test
  void everyPortRefusesWhatAPageCanSend() throws Exception {
    assumeTrue(
        Files.exists(Path.of("/proc/net/tcp")), "the ports of a process are looked up there");
    Path template = Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
    Process process =
        LocalCloudTest.run(
            template,
            "-Dparley.port=0",
            "-Dparley.data=memory",
            // So that what stands between functions and services listens, too.
            "-Dparley.faults=seed=1,function.killed.before.call=0.5");
    try (BufferedReader output = process.inputReader()) {
      assertTrue(output.lines().anyMatch(line -> line.startsWith("Parley is ready: ")));

      Set<Integer> ports = listeningPorts(process.pid());
      assertEquals(4, ports.size(), "the gateway, DynamoDB Local, ElasticMQ, the service proxy");
      for (int port : ports) {
        // Another name for 127.0.0.1.
        assertRefused(port, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        assertRefused(port, "GET / HTTP/1.1\r\nHost: evil.example:" + port + "\r\n\r\n");
        assertRefused(port, "POST / HTTP/1.1\r\nHost: evil.example\r\n" + SIGNED + FORM);
        // A form, and what asks whether a page may send more than a form can.
        String here =
            " HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nOrigin: http://evil.example\r\n";
        assertRefused(port, "POST /" + here + FORM);
        assertRefused(port, "POST /000000000000/Jobs" + here + FORM);
        assertRefused(port, "POST /" + here + SIGNED + FORM);
        assertRefused(port, "OPTIONS /" + here + "Access-Control-Request-Method: POST\r\n\r\n");
        // A form of a browser that sends no Origin, or of a page of another port of this machine.
        here = here.replaceAll("Origin: .*\r\n", "");
        assertRefused(port, "POST /000000000000/Jobs" + here + FORM);
        assertRefused(
            port, "POST /000000000000/Jobs" + here + "Origin: http://localhost:1\r\n" + FORM);
      }
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aPortTakesItsNameOnAwsAndPagesOfIt() throws Exception {
    Path template = Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
    try (LocalCloud cloud = LocalCloud.start(Options.inMemory(template))) {
      int tables = cloud.dynamoDb().url().getPort();
      int queues = cloud.sqs().url().getPort();
      String api = "local.execute-api.us-east-1.amazonaws.com";
      for (String host : LocalAccount.dynamoDbHosts()) {
        assertTakes(tables, host, "POST /", call("DynamoDB_20120810.ListTables"));
      }
      for (String host : LocalAccount.sqsHosts()) {
        assertTakes(queues, host, "POST /", call("AmazonSQS.ListQueues"));
      }
      assertTakes(cloud.port(), api, "GET /config.json", "\r\n");

      for (int port : List.of(cloud.port(), tables, queues)) {
        for (String host :
            List.of(
                "local2.execute-api.us-east-1.amazonaws.com",
                port == tables
                    ? LocalAccount.queuesHost()
                    : LocalAccount.dynamoDbHosts().getFirst(),
                "sts.amazonaws.com")) {
          assertRefused(port, "POST / HTTP/1.1\r\nHost: " + host + "\r\n" + call("none"));
        }
      }
    }
  }

  private static String call(String target) {
    return SIGNED
        + "X-Amz-Target: "
        + target
        + "\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}";
  }

  private static void assertTakes(int port, String host, String line, String rest)
      throws IOException {
    String request = line + " HTTP/1.1\r\nHost: " + host + "\r\n";
    assertStatus("200", port, request + rest);
    assertStatus("200", port, request + "Origin: https://" + host + "\r\n" + rest);
    assertRefused(port, request + "Origin: http://" + host + "\r\n" + rest);
  }

  private static void assertRefused(int port, String request) throws IOException {
    assertStatus("403", port, request);
  }

  private static void assertStatus(String expected, int port, String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      String status =
          new BufferedReader(
                  new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))
              .readLine();
      assertTrue(
          status.startsWith("HTTP/1.1 " + expected + " "), port + ": " + status + " to " + request);
    }
  }

  /// proc(5): the fields of `net/tcp` are number, local address, remote address, state (0A for
  /// listening), …, and the tenth is the inode of the socket.
  private static Set<Integer> listeningPorts(long pid) throws IOException {
    Path proc = Path.of("/proc", Long.toString(pid));
    Set<String> own;
    try (Stream<Path> files = Files.list(proc.resolve("fd"))) {
      own = files.map(PortsTest::target).collect(Collectors.toSet());
    }
    Set<Integer> ports = new TreeSet<>();
    for (String table : List.of("net/tcp", "net/tcp6")) {
      for (String line : Files.readAllLines(proc.resolve(table))) {
        String[] fields = line.strip().split("\\s+", -1);
        if (fields[3].equals("0A") && own.contains("socket:[" + fields[9] + "]")) {
          ports.add(Integer.parseInt(fields[1].substring(fields[1].indexOf(':') + 1), 16));
        }
      }
    }
    return ports;
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile
    }
  }
}
