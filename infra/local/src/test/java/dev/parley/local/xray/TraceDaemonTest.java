package dev.parley.local.xray;

import static dev.parley.local.xray.TestSegments.TRACE;
import static dev.parley.local.xray.TestSegments.segment;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.Wait;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class TraceDaemonTest {
  private static final String HEADER = "{\"format\": \"json\", \"version\": 1}\n";

  private final Traces traces = new Traces();
  private TraceDaemon daemon;

  @BeforeEach
  void listen() throws IOException {
    daemon = new TraceDaemon(traces, 0);
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  @Test
  void aDatagramIsAHeaderAndADocument() throws IOException {
    send(HEADER + segment(1, "Send", 0, 1));

    Wait.until(() -> traces.trace(TRACE) != null);

    assertEquals("Send", TestSegments.document(traces, TRACE, 0).path("name").asText());
  }

  @Test
  void whatIsNoneIsCountedAndTheNextIsReceived() throws IOException {
    send("garbage");
    send(HEADER);
    send(HEADER + "{");
    send(HEADER + "[]");
    send("{\"format\": \"xml\", \"version\": 1}\n" + segment(1, "n", 0, 1));
    send("{\"format\": \"json\", \"version\": 2}\n" + segment(1, "n", 0, 1));
    send(HEADER + segment(1, "no|name", 0, 1));
    send(HEADER + segment(2, "n", 0, 1));

    Wait.until(() -> traces.refused().values().stream().mapToLong(n -> n).sum() == 7);
    Wait.until(() -> traces.trace(TRACE) != null);

    assertEquals(Map.of("ParseError", 6L, "InvalidName", 1L), traces.refused());
  }

  @Test
  void aPortThatIsTakenIsRefusedAndNamed() {
    BindException taken =
        assertThrows(BindException.class, () -> new TraceDaemon(traces, daemon.port()));

    assertNotNull(taken.getMessage());
    assertTrue(taken.getMessage().contains("127.0.0.1:" + daemon.port()), taken.getMessage());
  }

  @Test
  void withoutAPortASecondDaemonTakesAnother() throws IOException {
    try (TraceDaemon first = new TraceDaemon(traces, null);
        TraceDaemon second = new TraceDaemon(traces, null)) {
      assertNotEquals(first.port(), second.port());
    }
  }

  private void send(String datagram) throws IOException {
    byte[] bytes = datagram.getBytes(UTF_8);
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.send(
          new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), daemon.port()));
    }
  }
}
