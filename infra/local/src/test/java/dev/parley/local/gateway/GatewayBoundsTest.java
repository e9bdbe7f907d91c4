package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.Wait;
import dev.parley.local.xray.XRayApi;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What one client can make the gateway keep, and for how long.
@Timeout(60)
final class GatewayBoundsTest {
  private static final String OK = "{\"statusCode\":200}";

  /// So short that no request need come in time.
  private static final Duration SHORT = Duration.ofMillis(200);

  /// Also on a slow machine enough for a request or a response.
  private static final Duration ENOUGH = Duration.ofSeconds(2);

  private static final String XRAY =
      "POST /_local/xray/Traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";

  private final GatewayTester tester = new GatewayTester();

  @AfterEach
  void stop() {
    tester.close();
  }

  @Test
  void requestsSentAheadAreAnsweredOneByOneAsTheClientReads() throws Exception {
    int bytes = 4 * 1024 * 1024; // more than the kernel keeps for both sides
    AtomicInteger answered = new AtomicInteger();
    tester
        .xray(
            (_, _) -> {
              answered.incrementAndGet();
              return new XRayApi.Answer(200, null, "t".repeat(bytes));
            })
        .oneWay("$connect", _ -> OK)
        .start();

    try (RawClient client = new RawClient(tester.port())) {
      client.write(XRAY.repeat(1_000));

      for (int read = 0; read < 3; read++) {
        int begun = read + 1;
        Wait.until(() -> answered.get() >= begun);
        tester.connect(); // others are served
        assertEquals(begun, answered.get());
        assertTrue(client.readHead().startsWith("HTTP/1.1 200 "));
        client.readBody(bytes);
      }
    }
  }

  @Test
  void responsesKeepTheOrderOfTheRequests() throws Exception {
    tester.oneWay("$connect", _ -> OK).faults("seed=1,push.delayed=1/50ms").start();

    try (RawClient client = new RawClient(tester.port())) {
      String push =
          "POST /test/@connections/%s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: 0\r\n\r\n";
      client.write(
          push.formatted("AAAAAAAAAAAAAAA%3D", "Authorization: " + GatewayTester.SIGNATURE + "\r\n")
              + push.formatted("x", "")
              + "GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n");

      assertEquals("410", nextStatus(client));
      assertEquals("403", nextStatus(client));
      assertEquals("404", nextStatus(client));
    }
  }

  private static String nextStatus(RawClient client) throws IOException {
    String head = client.readHead();
    String length = head.replaceFirst("(?s).*content-length: (\\d+).*", "$1");
    client.readBody(Integer.parseInt(length));
    return head.substring("HTTP/1.1 ".length(), "HTTP/1.1 ".length() + 3);
  }

  @Test
  void aFrameThatIsSentWithTheHandshakeIsHandledAfterIt() throws Exception {
    tester.twoWay("$default", _ -> "{\"statusCode\":200,\"body\":\"reply\"}").start();

    try (RawClient client = new RawClient(tester.port())) {
      byte[] ping = {(byte) 0x89, (byte) 0x80, 0, 0, 0, 0};
      byte[] text = {(byte) 0x81, (byte) 0x81, 0, 0, 0, 0, 'x'};
      client.write(
          RawClient.handshake("/test", "")
              + new String(ping, ISO_8859_1)
              + new String(text, ISO_8859_1));

      assertTrue(client.readHead().startsWith("HTTP/1.1 101 "));
      assertEquals(RawClient.PONG, client.receive().opcode());
      assertEquals("reply", client.receive().text());
    }
  }

  @Test
  void moreHeadersThanAnyClientNeedsAre431() throws Exception {
    tester.oneWay("$connect", _ -> OK).start();

    try (RawClient client = new RawClient(tester.port())) {
      client.write(RawClient.handshake("/test", "a:b\r\n".repeat(2_500)));
      assertTrue(client.readHead().startsWith("HTTP/1.1 431 "));
    }
    assertTrue(tester.hasNoEvent("$connect"));
  }

  @Test
  void ofAHandshakeOnlyTheCallerIsKept() throws Exception {
    tester.oneWay("$connect", _ -> OK).oneWay("$disconnect", _ -> OK).start();
    String headers =
        IntStream.range(0, 90)
            .mapToObj(i -> "x-header-%d: %s\r\n".formatted(i, "v".repeat(80)))
            .collect(Collectors.joining());
    String query = "?q=" + "q".repeat(3_000);
    List<RawClient> clients = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      RawClient client = new RawClient(tester.port());
      clients.add(client);
      client.write(RawClient.handshake("/test" + query, headers));
      assertTrue(client.readHead().startsWith("HTTP/1.1 101 "));
    }

    Wait.until(() -> live("dev.parley.local.gateway.Handshake") == 0);

    assertTrue(live("dev.parley.local.gateway.Connection") >= clients.size());
    for (RawClient client : clients) {
      client.drop();
      assertEquals("gateway.localhost", tester.event("$disconnect").at("/headers/Host").asText());
    }
  }

  @Test
  void fragmentsCostTheirBytesHoweverManyTheyAre() throws Exception {
    int fragments = 100_000;
    tester
        .twoWay(
            "$default",
            e -> "{\"statusCode\":200,\"body\":\"%d\"}".formatted(e.path("body").asText().length()))
        .start();

    try (RawClient client = RawClient.connected(tester.port())) {
      client.send(RawClient.TEXT, false, new byte[] {'a'});
      client.sendFragments(fragments - 2, new byte[] {'a'});
      client.send(RawClient.PING, true, new byte[0]);
      assertEquals(RawClient.PONG, client.receive().opcode());

      long buffers = live("io.netty.buffer.");
      assertTrue(buffers < fragments / 4, buffers + " objects of buffers");

      client.send(RawClient.CONTINUATION, true, new byte[] {'a'});
      assertEquals("" + fragments, client.receive().text());
    }
  }

  @Test
  void aBodyInTinyChunksCostsItsBytes() throws Exception {
    int chunks = 100_000;
    tester.oneWay("$connect", _ -> OK).start();
    Client receiver = tester.connect();
    String id = GatewayTester.connectionId(tester.event("$connect"));

    try (RawClient client = new RawClient(tester.port())) {
      client.write(push(id, "Transfer-Encoding: chunked"));
      client.write("1\r\na\r\n".repeat(chunks - 1));
      tester.get("/none"); // time for what was sent; the rest is still to come
      long buffers = live("io.netty.buffer.");
      assertTrue(buffers < chunks / 4, buffers + " objects of buffers");
      client.write("1\r\na\r\n0\r\n\r\n");

      assertEquals("200", nextStatus(client));
      assertEquals("a".repeat(chunks), receiver.receive());
    }
  }

  @Test
  void aBodyThatIsTooLargeIsDroppedAndTheNextRequestAnswered() throws Exception {
    tester.oneWay("$connect", _ -> OK).start();
    Client receiver = tester.connect();
    String id = GatewayTester.connectionId(tester.event("$connect"));
    String large = "a".repeat(Quotas.MESSAGE_BYTES_MAX + 1);

    try (RawClient client = new RawClient(tester.port())) {
      client.write(push(id, "Content-Length: " + large.length()) + large);
      assertEquals("413", nextStatus(client));
      client.write(push(id, "Transfer-Encoding: chunked"));
      client.write("%x\r\n%s\r\n0\r\n\r\n".formatted(large.length(), large));
      assertEquals("413", nextStatus(client));
      client.write(push(id, "Content-Length: 4\r\nExpect: 100-continue"));
      assertTrue(client.readHead().startsWith("HTTP/1.1 100 "));
      client.write("fits");
      assertEquals("200", nextStatus(client));
      client.write(push(id, "Expect: 100-continue\r\nContent-Length: " + large.length()));
      assertEquals("413", nextStatus(client));
      assertTrue(client.isAtEnd(), "the body is not sent, so nothing else can follow");
    }
    assertEquals("fits", receiver.receive());
  }

  private static String push(String id, String headers) {
    return """
    POST /test/@connections/%s HTTP/1.1\r
    Host: localhost\r
    Authorization: %s\r
    %s\r
    \r
    """
        .formatted(id.replace("=", "%3D"), GatewayTester.SIGNATURE, headers);
  }

  @Test
  void aSocketThatSendsNoWholeRequestInTimeIsClosed() throws Exception {
    tester.requestTimeout(SHORT).start();

    try (RawClient silent = new RawClient(tester.port())) {
      assertTrue(silent.isAtEnd());
    }
    try (RawClient partial = new RawClient(tester.port())) {
      partial.write("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nbody");
      assertTrue(partial.isAtEnd());
    }
    try (RawClient busy = new RawClient(tester.port())) {
      busy.write("GET / HTTP/1.1\r\n");
      assertThrows(
          IOException.class,
          () -> {
            while (true) {
              busy.write("a: b\r\n"); // stays below every other limit for long
              Thread.sleep(20);
            }
          });
    }
  }

  @Test
  void aSocketThatSendsNoFurtherRequestInTimeIsClosed() throws Exception {
    tester.requestTimeout(ENOUGH).start();

    try (RawClient client = new RawClient(tester.port())) {
      client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertEquals("404", nextStatus(client));
      assertTrue(client.isAtEnd());
    }
  }

  @Test
  void aClientThatDoesNotTakeItsResponseInTimeIsClosed() throws Exception {
    int bytes = 4 * 1024 * 1024;
    tester
        .requestTimeout(ENOUGH)
        .xray((_, _) -> new XRayApi.Answer(200, null, "t".repeat(bytes)))
        .start();

    try (RawClient client = new RawClient(tester.port());
        RawClient later = new RawClient(tester.port())) {
      client.write(XRAY);
      client.readHead();
      assertTrue(later.isAtEnd());
      try (RawClient latest = new RawClient(tester.port())) {
        assertTrue(latest.isAtEnd());
      }
      assertTrue(client.readBody(bytes).length() < bytes);
    }
  }

  @Test
  void theRequestTimeoutCountsNeitherConnectNorTheOpenConnection() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    tester
        .requestTimeout(ENOUGH)
        .oneWay(
            "$connect",
            _ -> {
              released.await();
              return OK;
            })
        .twoWay("$default", _ -> "{\"statusCode\":200,\"body\":\"here\"}")
        .start();

    try (RawClient client = new RawClient(tester.port())) {
      client.sendHandshake("/test");
      tester.event("$connect");
      awaitRequestTimeout();
      released.countDown();
      assertTrue(client.readHead().startsWith("HTTP/1.1 101 "));
      awaitRequestTimeout();
      client.sendText("hello");
      assertEquals("here", client.receive().text());
    }
  }

  private void awaitRequestTimeout() throws IOException {
    try (RawClient silent = new RawClient(tester.port())) {
      assertTrue(silent.isAtEnd());
    }
  }

  @Test
  void aHandshakeBeyondTheConnectionsThatCanBeIs503AndAskedOfNobody() throws Exception {
    tester.socketsMax(9).oneWay("$connect", _ -> OK).oneWay("$disconnect", _ -> OK).start();
    List<RawClient> clients = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      clients.add(RawClient.connected(tester.port()));
      tester.event("$connect");
    }

    try (RawClient ninth = new RawClient(tester.port())) {
      ninth.sendHandshake("/test");
      assertRefused("8 connections are open, and no more are taken", ninth);
      assertTrue(tester.hasNoEvent("$connect"));
    }
    clients.getFirst().drop();
    String id = GatewayTester.connectionId(tester.event("$disconnect"));
    assertEquals(410, tester.connections("POST", id, "pushes have room").statusCode());
    Wait.until(
        () -> { // its place is free soon after `$disconnect` has begun
          try (RawClient next = new RawClient(tester.port())) {
            next.sendHandshake("/test");
            return next.readHead().startsWith("HTTP/1.1 101 ");
          }
        });
    tester.event("$connect");
    for (RawClient client : clients) {
      client.close();
    }
  }

  @Test
  void aHandshakeThatIsRefusedLeavesItsPlaceToOthers() throws Exception {
    tester.socketsMax(9).oneWay("$connect", _ -> "{\"statusCode\":401}").start();

    for (int i = 0; i < 20; i++) {
      ExecutionException e = assertThrows(ExecutionException.class, tester::connect);
      WebSocketHandshakeException refused =
          assertInstanceOf(WebSocketHandshakeException.class, e.getCause());
      assertEquals(401, refused.getResponse().statusCode());
    }
  }

  @Test
  void aSocketBeyondTheLimitIsToldSoAndClosed() throws Exception {
    tester.socketsMax(3).start();
    List<RawClient> silent = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      RawClient client = new RawClient(tester.port());
      assertTrue(isServed(client)); // so it has been counted before the next one comes
      silent.add(client);
    }

    try (RawClient one = new RawClient(tester.port())) {
      one.sendHandshake("/test");
      assertRefused("3 sockets are open, and no more are taken", one);
      assertTrue(one.isAtEnd());
    }
    for (RawClient client : silent) {
      client.close();
    }
    Wait.until(this::isServed);
  }

  private boolean isServed() {
    try (RawClient client = new RawClient(tester.port())) {
      return isServed(client);
    } catch (IOException _) {
      return false;
    }
  }

  private static boolean isServed(RawClient client) throws IOException {
    client.write("GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return nextStatus(client).equals("404");
  }

  private static void assertRefused(String why, RawClient client) throws IOException {
    String head = client.readHead();
    assertTrue(head.startsWith("HTTP/1.1 503 "), head);
    String body = "{\"message\":\"" + why + "\"}";
    assertEquals(body, client.readBody(body.length()));
  }

  /// How many objects of a class there are, or of all whose names begin so, after a collection.
  private static long live(String name) {
    try {
      String histogram =
          (String)
              ManagementFactory.getPlatformMBeanServer()
                  .invoke(
                      new ObjectName("com.sun.management:type=DiagnosticCommand"),
                      "gcClassHistogram",
                      new Object[] {new String[0]},
                      new String[] {String[].class.getName()});
      return histogram
          .lines()
          .map(line -> line.strip().split("\\s+"))
          .filter(
              line ->
                  line.length > 3
                      && (name.endsWith(".") ? line[3].startsWith(name) : line[3].equals(name)))
          .mapToLong(line -> Long.parseLong(line[1]))
          .sum();
    } catch (JMException e) {
      throw new AssertionError(e);
    }
  }
}
