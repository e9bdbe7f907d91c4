package dev.parley.local.xray;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.xray.AWSXRay;
import dev.parley.local.faults.Faults;
import dev.parley.local.lambda.FunctionError;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.metrics.MetricStore;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class TraceDaemonTest {
  private static final String HEADER = "{\"format\": \"json\", \"version\": 1}\n";
  private static final String TRACE = "1-6553f100-0123456789abcdef01234567";

  private TraceDaemon daemon;

  @BeforeEach
  void listen() throws IOException {
    daemon = new TraceDaemon(0);
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  @Test
  void aTraceIsShownWithItsSegmentsBeneathTheirParents() throws IOException {
    send(
        HEADER
            + """
            {"trace_id":"%s","id":"00000000000000aa","name":"Send","start_time":1700000000.0,
             "end_time":1700000000.1,"subsegments":[{"id":"00000000000000ab","name":"put",
             "start_time":1700000000.02,"end_time":1700000000.05,"throttle":true}]}\
            """
                .formatted(TRACE));
    send(
        HEADER
            + """
            {"trace_id":"%s","id":"00000000000000bb","parent_id":"00000000000000ab","name":"Fanout",
             "start_time":1700000000.25,"end_time":1700000000.5,"fault":true}\
            """
                .formatted(TRACE));
    send(
        HEADER
            + """
            {"type":"subsegment","trace_id":"%s","id":"00000000000000bc","in_progress":true,
             "parent_id":"00000000000000bb","name":"push","start_time":1700000000.3}\
            """
                .formatted(TRACE));

    await(() -> daemon.text().contains("push"));

    assertEquals(
        """
        2023-11-14T22:13:20.000Z  %s  500.0 ms  Send  2 segments  FAULT  THROTTLE
            +0.0 ms  100.0 ms  Send
                +20.0 ms  30.0 ms  put  THROTTLE
                    +250.0 ms  250.0 ms  Fanout  FAULT
                        +300.0 ms  in progress  push
        """
            .formatted(TRACE),
        daemon.text());
  }

  @Test
  void aMalformedSegmentIsCountedAndIgnored() throws IOException {
    send("garbage");
    send(HEADER);
    send(HEADER + "{");
    send(HEADER + "{\"trace_id\":\"none\",\"id\":\"00000000000000aa\",\"start_time\":1}");
    send(HEADER + "{\"trace_id\":\"" + TRACE + "\",\"id\":\"no\",\"start_time\":1}");
    send(HEADER + "{\"trace_id\":\"" + TRACE + "\",\"id\":\"00000000000000aa\"}");
    send(segment("{\"format\": \"xml\", \"version\": 1}\n", 1, 1));

    await(() -> daemon.ignored() == 7);

    assertEquals("No traces yet.\n", daemon.text());
  }

  @Test
  void theNewestTracesAreKeptAndTheNewestIsFirst() throws IOException {
    for (int i = 0; i <= TraceDaemon.TRACES_MAX; i++) {
      send(segment(HEADER, i, 1));
      String id = "1-6553f100-%024x".formatted(i);
      await(() -> daemon.text().contains(id)); // UDP keeps neither order nor all of a burst
    }

    String text = daemon.text();
    assertEquals(
        TraceDaemon.TRACES_MAX, text.lines().filter(line -> line.startsWith("20")).count());
    assertFalse(text.contains("1-6553f100-%024x".formatted(0)));
    assertTrue(text.lines().findFirst().orElseThrow().contains("%024x".formatted(200)));
  }

  @Test
  void aTraceIsBounded() throws IOException {
    for (int i = 0; i < 10; i++) {
      int sent = i;
      send(segment(HEADER, 1, i).replace("{\"trace", "{\"x\":\"%60000s\",\"trace".formatted("")));
      await(
          () ->
              daemon.text().contains("%d segment".formatted(sent + 1))
                  || daemon.text().contains("(%d documents too many)".formatted(sent - 7)));
    }

    assertTrue(daemon.text().contains("8 segments  (2 documents too many)"), daemon.text());
  }

  @Test
  void aFunctionsSegmentHoldsWhatTheFunctionDid() throws IOException {
    daemon.collectFromThisProcess();
    LocalFunction function =
        new LocalFunction(
            "Worker",
            Worker.class.getName(),
            Map.of(),
            Duration.ofSeconds(5),
            Faults.none(),
            null,
            new MetricStore());
    String header = "Root=" + TRACE + ";Parent=00000000000000aa;Sampled=1";

    function.invoke("\"fine\"".getBytes(UTF_8), header);
    assertThrows(FunctionError.class, () -> function.invoke("\"bad\"".getBytes(UTF_8), header));
    function.invoke("\"fine\"".getBytes(UTF_8));
    await(() -> daemon.text().lines().count() == 8);

    String text = daemon.text();
    assertTrue(text.contains(TRACE), text);
    assertTrue(
        text.matches(
            """
            (?s)20[^\\n]* Worker  1 segment
             +\\+[^\\n]* Worker
             +\\+[^\\n]* ## fine
            20[^\\n]* Worker  2 segments  FAULT
            (?: +\\+[^\\n]* Worker(?:  FAULT)?
             +\\+[^\\n]* ## (?:fine|bad)\\s){2}\
            """),
        text);
  }

  public static final class Worker implements RequestHandler<String, String> {
    @Override
    public String handleRequest(String what, Context context) {
      try (var _ = AWSXRay.beginSubsegment("## " + what)) {
        if (what.equals("bad")) {
          throw new IllegalStateException(what);
        }
        return what;
      }
    }
  }

  private static String segment(String header, int trace, int id) {
    return header
        + "{\"trace_id\":\"1-6553f100-%024x\",\"id\":\"%016x\",\"name\":\"n\",\"start_time\":1.7e9}"
            .formatted(trace, id);
  }

  private void send(String datagram) throws IOException {
    byte[] bytes = datagram.getBytes(UTF_8);
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.send(
          new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), daemon.port()));
    }
  }

  private static void await(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      LockSupport.parkNanos(1_000_000); // the test's own timeout ends this
    }
  }
}
