package dev.parley.local.xray;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.AWSXRayRecorderBuilder;
import com.amazonaws.xray.contexts.SegmentContextResolverChain;
import com.amazonaws.xray.contexts.ThreadLocalSegmentContextResolver;
import com.amazonaws.xray.emitters.Emitter;
import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.strategy.IgnoreErrorContextMissingStrategy;
import com.amazonaws.xray.strategy.sampling.AllSamplingStrategy;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import dev.parley.local.net.Loopback;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An X-Ray daemon that keeps what it receives, instead of sending it to AWS.
///
/// It listens on a UDP port of the loopback interface for
/// `{"format": "json", "version": 1}\n{"trace_id": "1-…", "id": "…", "name": "…", …}` and keeps the
/// most recent traces. What is not in that format is counted and otherwise ignored.
///
/// Safe for use by many threads.
///
/// Source: "Sending trace data to AWS X-Ray", X-Ray developer guide.
public final class TraceDaemon implements AutoCloseable {
  static final int TRACES_MAX = 200;

  /// X-Ray endpoints and quotas, "Segment document size" is 64 KB; UDP carries no more anyway.
  private static final int DATAGRAM_BYTES_MAX = 64 * 1024;

  private static final Logger LOG = LoggerFactory.getLogger(TraceDaemon.class);
  private static final Pattern TRACE_ID = Pattern.compile("1-[0-9a-f]{8}-[0-9a-f]{24}");

  private final DatagramSocket socket;
  private final Thread receiver;
  private final LinkedHashMap<String, Trace> traces = new LinkedHashMap<>();
  private final AtomicLong ignored = new AtomicLong();

  /// @param port where to listen; 0 takes a free one
  /// @throws IOException if the port is taken
  public TraceDaemon(int port) throws IOException {
    socket = new DatagramSocket(new InetSocketAddress(Loopback.V4, port));
    receiver = Thread.ofPlatform().name("x-ray daemon").daemon().start(this::receive);
  }

  public int port() {
    return socket.getLocalPort();
  }

  /// How many datagrams and documents were not understood.
  public long ignored() {
    return ignored.get();
  }

  /// Makes the X-Ray SDK of this process hand everything over here: nothing is sampled away, and
  /// nothing is asked of AWS. Where `AWS_XRAY_DAEMON_ADDRESS` points does not matter, nor whether
  /// the shell looks like Lambda's. Subsegments made outside a segment are dropped silently.
  public void collectFromThisProcess() {
    SegmentContextResolverChain contexts = new SegmentContextResolverChain();
    contexts.addResolver(new ThreadLocalSegmentContextResolver());
    AWSXRay.setGlobalRecorder(
        AWSXRayRecorderBuilder.standard()
            .withSamplingStrategy(new AllSamplingStrategy())
            .withContextMissingStrategy(new IgnoreErrorContextMissingStrategy())
            .withSegmentContextResolverChain(contexts)
            .withEmitter(new HandOver())
            .build());
  }

  private final class HandOver extends Emitter {
    @Override
    public boolean sendSegment(Segment segment) {
      return handOver(segment.serialize());
    }

    @Override
    public boolean sendSubsegment(Subsegment subsegment) {
      return handOver(subsegment.streamSerialize());
    }

    private boolean handOver(String document) {
      try {
        accept(document.getBytes(UTF_8));
        return true;
      } catch (RuntimeException e) {
        ignored.incrementAndGet();
        LOG.debug("The X-Ray daemon ignored a document", e);
        return false;
      }
    }
  }

  /// The traces as text, newest first. Each is one line (when it began, its id, how long it took,
  /// the function it began in, its segments, what went wrong), with its segments and subsegments
  /// beneath.
  public String text() {
    StringBuilder out = new StringBuilder();
    synchronized (traces) {
      List<Trace> newestFirst = new ArrayList<>(traces.values()).reversed();
      newestFirst.forEach(trace -> trace.print(out));
    }
    return out.isEmpty() ? "No traces yet.%n".formatted() : out.toString();
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
        ignored.incrementAndGet();
        LOG.debug("The X-Ray daemon ignored a datagram", e);
      }
    }
  }

  private void accept(byte[] datagram, int length) {
    int newline = 0;
    while (newline < length && datagram[newline] != '\n') {
      newline++;
    }
    try {
      JsonNode header = Json.MAPPER.readTree(datagram, 0, newline);
      if (newline == length
          || !header.path("format").asText().equals("json")
          || header.path("version").asInt() != 1) {
        throw new IllegalArgumentException("A datagram begins with format json, version 1");
      }
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("A header is JSON", e);
    } catch (IOException e) {
      throw new AssertionError("Bytes are always readable", e);
    }
    accept(Arrays.copyOfRange(datagram, newline + 1, length));
  }

  private void accept(byte[] segment) {
    JsonNode document;
    try {
      document = Json.MAPPER.readTree(segment);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("A segment document is JSON", e);
    } catch (IOException e) {
      throw new AssertionError("Bytes are always readable", e);
    }
    String traceId = document.path("trace_id").asText();
    if (!TRACE_ID.matcher(traceId).matches()) {
      throw new IllegalArgumentException("A trace id is 1-, 8 hex digits, -, 24 hex digits");
    }
    Span span = Span.of(document);
    synchronized (traces) {
      traces.computeIfAbsent(traceId, Trace::new).add(span, segment.length);
      if (traces.size() > TRACES_MAX) {
        traces.pollFirstEntry();
      }
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
