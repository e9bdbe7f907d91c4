package dev.parley.platform;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.AWSXRayRecorder;
import com.amazonaws.xray.AWSXRayRecorderBuilder;
import com.amazonaws.xray.config.DaemonConfiguration;
import com.amazonaws.xray.contexts.LambdaSegmentContext;
import com.amazonaws.xray.contexts.SegmentContextResolverChain;
import com.amazonaws.xray.emitters.Emitter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

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

  /// Runs an invocation as on Lambda, where the X-Ray SDK knows the segment by a header only, and
  /// sends subsegments here.
  <T> T onLambda(String header, Supplier<T> invocation) {
    AWSXRayRecorder before = AWSXRay.getGlobalRecorder();
    System.setProperty("com.amazonaws.xray.traceHeader", header);
    try {
      DaemonConfiguration here = new DaemonConfiguration();
      here.setDaemonAddress(address());
      SegmentContextResolverChain lambda = new SegmentContextResolverChain();
      lambda.addResolver(LambdaSegmentContext::new);
      AWSXRay.setGlobalRecorder(
          AWSXRayRecorderBuilder.standard()
              .withSegmentContextResolverChain(lambda)
              .withEmitter(Emitter.create(here))
              .build());
      return invocation.get();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      AWSXRay.setGlobalRecorder(before);
      System.clearProperty("com.amazonaws.xray.traceHeader");
    }
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
