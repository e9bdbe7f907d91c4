package dev.parley.fanout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import dev.parley.connection.ConnectionId;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;

class PushClientTest {
  private static final ConnectionId ID = new ConnectionId("L0SM9cOFvHcCI+a/=");
  private static final Pattern SIGNATURE =
      Pattern.compile(
          "AWS4-HMAC-SHA256 Credential=(\\S+), SignedHeaders=(\\S+), Signature=[0-9a-f]{64}");

  private HttpServer server;
  private int status = 200;
  private String body = "";

  /// What arrived: method and target, then the body.
  private final List<String> requests = new ArrayList<>();

  private final List<Headers> headers = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            requests.add(
                exchange.getRequestMethod()
                    + " "
                    + exchange.getRequestURI().getRawPath()
                    + " "
                    + new String(exchange.getRequestBody().readAllBytes(), UTF_8));
            headers.add(exchange.getRequestHeaders());
            byte[] answer = body.getBytes(UTF_8);
            exchange.sendResponseHeaders(status, answer.length == 0 ? -1 : answer.length);
            exchange.getResponseBody().write(answer);
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void aPushIsWhatTheSdksOwnClientSends() {
    Settings settings = settings(server.getAddress().getPort(), 2_000);

    assertInstanceOf(
        PushResult.Delivered.class, client(settings).post(ID, "[1,2]".getBytes(UTF_8), () -> true));
    try (var sdk = new Aws(settings).gateway()) {
      sdk.postToConnection(
          post -> post.connectionId(ID.value()).data(SdkBytes.fromUtf8String("[1,2]")));
    }

    assertEquals(requests.get(1), requests.get(0));
    for (String name : List.of("Content-Type", "Content-Length", "Host")) {
      assertEquals(headers.get(1).getFirst(name), headers.get(0).getFirst(name), name);
    }
    assertEquals(scope(headers.get(1)), scope(headers.get(0)));
    assertTrue(signedHeaders(headers.get(0)).containsAll(List.of("host", "x-amz-date")));
  }

  /// Who signed, for which day, Region and service.
  private static String scope(Headers headers) {
    return authorization(headers, 1);
  }

  private static List<String> signedHeaders(Headers headers) {
    return List.of(authorization(headers, 2).split(";", -1));
  }

  private static String authorization(Headers headers, int group) {
    var matcher = SIGNATURE.matcher(headers.getFirst("Authorization"));
    assertTrue(matcher.matches(), headers.getFirst("Authorization"));
    return matcher.group(group);
  }

  @Test
  void eachAnswerHasItsMeaning() {
    PushClient client = client(settings(server.getAddress().getPort(), 2_000));

    assertEquals(new PushResult.Gone(), answered(client, 410, "{\"message\":\"Gone\"}"));
    assertEquals(
        new PushResult.Gone(), answered(client, 400, "{\"message\":\"Invalid connectionId\"}"));
    assertEquals(
        new PushResult.Failed("status 400"), answered(client, 400, "{\"message\":\"Bad\"}"));
    assertEquals(new PushResult.Throttled(), answered(client, 429, "{\"message\":\"Too Many\"}"));
    assertEquals(new PushResult.Failed("status 500"), answered(client, 500, "x".repeat(100_000)));
    assertEquals(new PushResult.Failed("status 403"), answered(client, 403, ""));
    assertEquals(new PushResult.Delivered(), answered(client, 200, ""));
  }

  private PushResult answered(PushClient client, int status, String body) {
    this.status = status;
    this.body = body;
    return client.post(ID, "1".getBytes(UTF_8), () -> true);
  }

  @Test
  void aGatewayThatDoesNotAnswerFailsThePushInTime() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      PushClient client = client(settings(silent.getLocalPort(), 150));

      assertInstanceOf(PushResult.Failed.class, client.post(ID, "1".getBytes(UTF_8), () -> true));
      assertInstanceOf(PushResult.Failed.class, client.post(ID, "2".getBytes(UTF_8), () -> true));
    }
  }

  /// A function that was frozen finds the sockets dead that the other side has given up meanwhile.
  @Test
  void aPushIntoADeadSocketIsMadeAgainAtOnceAndOnce() throws Exception {
    try (DyingServer dying = new DyingServer(List.of(2))) {
      PushClient client = client(settings(dying.port(), 1_000));

      assertEquals(new PushResult.Delivered(), client.post(ID, "1".getBytes(UTF_8), () -> true));
      assertEquals(new PushResult.Delivered(), client.post(ID, "2".getBytes(UTF_8), () -> true));

      assertEquals(List.of("1", "2", "2"), dying.requests());
    }
    try (DyingServer dying = new DyingServer(List.of(1, 1))) {
      PushClient client = client(settings(dying.port(), 1_000));

      assertInstanceOf(PushResult.Failed.class, client.post(ID, "1".getBytes(UTF_8), () -> true));

      assertEquals(List.of("1", "1"), dying.requests(), "no third time");
    }
    try (DyingServer dying = new DyingServer(List.of(1))) {
      PushClient client = client(settings(dying.port(), 1_000));

      assertInstanceOf(PushResult.Failed.class, client.post(ID, "1".getBytes(UTF_8), () -> false));

      assertEquals(List.of("1"), dying.requests(), "the budget has no push for it");
    }
  }

  /// Resets each of its sockets at some request of it, instead of answering.
  private static final class DyingServer implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final Thread serving;

    private final String rest;

    /// @param lastRequests of each socket, which of its requests is its last; of one that is behind
    ///     these, none
    DyingServer(List<Integer> lastRequests) throws IOException {
      this(lastRequests, "Content-Length: 0\r\n\r\n");
    }

    /// @param rest of an answer, behind its status
    DyingServer(List<Integer> lastRequests, String rest) throws IOException {
      this.rest = rest;
      serving = Thread.startVirtualThread(() -> serve(lastRequests));
    }

    int port() {
      return server.getLocalPort();
    }

    List<String> requests() {
      return requests;
    }

    private void serve(List<Integer> lastRequests) {
      try {
        for (int i = 0; ; i++) {
          Socket socket = server.accept();
          socket.setSoLinger(true, 0);
          int last = i < lastRequests.size() ? lastRequests.get(i) : Integer.MAX_VALUE;
          Thread.startVirtualThread(() -> answer(socket, last));
        }
      } catch (IOException e) {
        // It was closed.
      }
    }

    private void answer(Socket accepted, int last) {
      try (Socket socket = accepted) {
        for (int i = 1; ; i++) {
          String head = "";
          while (!head.endsWith("\r\n\r\n")) {
            int next = socket.getInputStream().read();
            if (next < 0) {
              return;
            }
            head += (char) next;
          }
          requests.add(new String(socket.getInputStream().readNBytes(1), UTF_8));
          if (i == last) {
            return;
          }
          socket.getOutputStream().write(("HTTP/1.1 200 OK\r\n" + rest).getBytes(UTF_8));
          if (rest.endsWith("{")) {
            return;
          }
        }
      } catch (IOException e) {
        // The client has gone.
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
      serving.interrupt();
    }
  }

  /// What was taken is not pushed again because the text about it broke off.
  @Test
  void anAnswerThatBreaksOffAfterItsStatusIsAnAnswer() throws Exception {
    try (DyingServer dying = new DyingServer(List.of(), "Content-Length: 9\r\n\r\n{")) {
      PushClient client = client(settings(dying.port(), 1_000));

      assertEquals(new PushResult.Delivered(), client.post(ID, "1".getBytes(UTF_8), () -> true));

      assertEquals(List.of("1"), dying.requests());
    }
  }

  @Test
  void aGatewayThatIsNotThereFailsThePush() throws IOException {
    int port;
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = taken.getLocalPort();
    }

    assertInstanceOf(
        PushResult.Failed.class,
        client(settings(port, 2_000)).post(ID, "1".getBytes(UTF_8), () -> true));
  }

  private static PushClient client(Settings settings) {
    return new PushClient(new Aws(settings), settings, 1);
  }

  private static Settings settings(int port, int timeoutMs) {
    return new Settings(
        Map.of(
            "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "http://127.0.0.1:" + port + "/production",
            "AWS_REGION", "eu-central-1",
            "AWS_ACCESS_KEY_ID", "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY", "secret",
            "AWS_SESSION_TOKEN", "token",
            "PUSH_TIMEOUT_MS", Integer.toString(timeoutMs)));
  }
}
