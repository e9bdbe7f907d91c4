package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.LocalCloud;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Somebody whose client is connected and reads nothing.
class SlowReaderTest {
  private static final int MESSAGES = 30;

  @Test
  void whoNeverReadsHoldsUpNobodyAndIsNotRemoved() throws Exception {
    // Both ways of a push: to a small room at once, and to a large one by its segments.
    for (String segmentSize : List.of("500", "1")) {
      try (LocalCloud cloud =
              TestCloud.start(TestCloud.TEMPLATE, Map.of("SegmentSize", segmentSize));
          Socket mute = mute(cloud, "hall");
          TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=hall")) {
        String connection = TestCloud.connectionOf(cloud, "Mute");
        fill(cloud, connection);

        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < MESSAGES; i++) {
          sent.add(
              ada.request("sendMessage", "\"room\":\"hall\",\"message\":\"m" + i + "\"")
                  .path("timestamp")
                  .asLong());
        }
        ada.awaitMessage("m" + (MESSAGES - 1));

        assertEquals(
            sent, ada.messages("hall").stream().map(m -> m.path("timestamp").asLong()).toList());
        assertEquals(429, post(cloud, connection, "x"), "it is full to this moment");
        assertEquals(connection, TestCloud.connectionOf(cloud, "Mute"));
        assertTrue(mute.isConnected());
      }
    }
  }

  /// Shakes hands, and reads no more than that. A plain socket: every WebSocket client reads ahead.
  private static Socket mute(LocalCloud cloud, String room) throws Exception {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(4 * 1024);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), cloud.port()));
    socket
        .getOutputStream()
        .write(
            """
            GET /%s?name=Mute&rooms=%s HTTP/1.1\r
            Host: localhost\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            \r
            """
                .formatted(cloud.stage(), room)
                .getBytes(US_ASCII));
    byte[] head = socket.getInputStream().readNBytes(12);
    assertEquals("HTTP/1.1 101", new String(head, US_ASCII));
    return socket;
  }

  /// Pushes until what the gateway and the kernel keep for it is full.
  private static void fill(LocalCloud cloud, String connection) throws Exception {
    String frame = "x".repeat(120 * 1024);
    for (int i = 0; i < 1_000; i++) {
      if (post(cloud, connection, frame) == 429) {
        // The kernel may take a last part: what is left is less than the smallest event.
        while (post(cloud, connection, "x") == 200) {}
        return;
      }
    }
    throw new AssertionError("a client that does not read took 120 MB");
  }

  private static int post(LocalCloud cloud, String connection, String frame) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(
                      URI.create(
                          "http://127.0.0.1:%d/%s/@connections/%s"
                              .formatted(
                                  cloud.port(), cloud.stage(), connection.replace("=", "%3D"))))
                  .header(
                      "Authorization",
                      "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c")
                  .POST(HttpRequest.BodyPublishers.ofString(frame))
                  .build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }
}
