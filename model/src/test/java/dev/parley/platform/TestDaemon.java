package dev.parley.platform;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;

/// An X-Ray daemon that keeps the documents.
final class TestDaemon implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int TIMEOUT_MS = 10_000;
  private static final String LAST = "last";

  private final DatagramSocket socket;

  TestDaemon() throws IOException {
    socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    socket.setSoTimeout(TIMEOUT_MS);
  }

  String address() {
    return "127.0.0.1:" + socket.getLocalPort();
  }

  XRayDaemon client() {
    return requireNonNull(
        XRayDaemon.of(new Settings(Map.of("AWS_XRAY_DAEMON_ADDRESS", address()))));
  }

  /// The next document.
  JsonNode document() throws IOException {
    return JSON.readTree(text());
  }

  private String text() throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[65_536], 65_536);
    socket.receive(packet);
    String[] lines = new String(packet.getData(), 0, packet.getLength(), UTF_8).split("\n", 2);
    assertEquals(JSON.readTree("{\"format\":\"json\",\"version\":1}"), JSON.readTree(lines[0]));
    return lines[1];
  }

  /// Nothing has been sent that was not taken by [#document].
  void assertEmpty() throws IOException {
    client().send(List.of(LAST.getBytes(UTF_8)));
    assertEquals(LAST, text());
  }

  @Override
  public void close() {
    socket.close();
  }
}
