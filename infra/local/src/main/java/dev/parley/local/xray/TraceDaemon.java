package dev.parley.local.xray;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import dev.parley.local.net.Loopback;
import dev.parley.local.xray.SegmentDocument.Refusal;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An X-Ray daemon that hands what it receives to the local [Traces], instead of sending it to AWS.
///
/// It listens on a UDP port of the loopback interface for
/// `{"format": "json", "version": 1}\n{"trace_id": "1-…", "id": "…", "name": "…", …}`. What is not
/// in that format is refused and counted.
///
/// `Unlike AWS:` it answers no questions for sampling rules (TCP): an SDK that asks goes by its own
/// rules then.
///
/// Source: "Sending trace data to AWS X-Ray", X-Ray developer guide.
public final class TraceDaemon implements AutoCloseable {
  /// Where the X-Ray SDKs send to unless they are told otherwise.
  private static final int USUAL_PORT = 2000;

  /// No datagram is larger: UDP over IPv4 carries 65,507 bytes, header and document together.
  private static final int DATAGRAM_BYTES_MAX = 64 * 1024;

  /// What waits while a document is read. The kernel may give less.
  private static final int RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

  private static final Logger LOG = LoggerFactory.getLogger(TraceDaemon.class);

  private final Traces traces;
  private final DatagramSocket socket;
  private final Thread receiver;

  /// @param port where to listen; 0 takes a free one, null the X-Ray daemon's own 2000 where that
  ///     is free, else a free one
  /// @throws BindException if the port is taken or not permitted; its message names the address
  public TraceDaemon(Traces traces, @Nullable Integer port) throws IOException {
    this.traces = traces;
    this.socket = port == null ? usual() : listen(port);
    this.socket.setReceiveBufferSize(RECEIVE_BUFFER_BYTES);
    receiver = Thread.ofPlatform().name("x-ray daemon").daemon().start(this::receive);
  }

  private static DatagramSocket usual() throws IOException {
    try {
      return listen(USUAL_PORT);
    } catch (BindException _) {
      return listen(0);
    }
  }

  private static DatagramSocket listen(int port) throws IOException {
    InetSocketAddress address = new InetSocketAddress(Loopback.V4, port);
    try {
      return new DatagramSocket(address);
    } catch (IOException e) {
      throw Loopback.refusal(address, e);
    }
  }

  public int port() {
    return socket.getLocalPort();
  }

  private void receive() {
    DatagramPacket packet = new DatagramPacket(new byte[DATAGRAM_BYTES_MAX], DATAGRAM_BYTES_MAX);
    while (!socket.isClosed()) {
      try {
        packet.setLength(DATAGRAM_BYTES_MAX);
        socket.receive(packet);
        accept(packet.getData(), packet.getLength());
      } catch (IOException e) {
        if (!socket.isClosed()) {
          LOG.warn("The X-Ray daemon could not receive", e);
        }
      } catch (RuntimeException e) {
        LOG.warn("The X-Ray daemon lost a datagram", e); // the next one is received all the same
      }
    }
  }

  private void accept(byte[] datagram, int length) throws IOException {
    int newline = 0;
    while (newline < length && datagram[newline] != '\n') {
      newline++;
    }
    if (newline == length || !isHeader(datagram, newline)) {
      traces.refuse(
          new Refusal(null, "ParseError", "A datagram begins with format json, version 1"));
      return;
    }
    traces.put(Arrays.copyOfRange(datagram, newline + 1, length));
  }

  private static boolean isHeader(byte[] datagram, int length) throws IOException {
    try {
      JsonNode header = Json.MAPPER.readTree(datagram, 0, length);
      return header.path("format").asText().equals("json") && header.path("version").asInt() == 1;
    } catch (JsonProcessingException _) {
      return false;
    }
  }

  @Override
  public void close() {
    socket.close();
    try {
      receiver.join();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
