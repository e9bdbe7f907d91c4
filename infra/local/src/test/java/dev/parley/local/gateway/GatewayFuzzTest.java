package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.Logs;
import dev.parley.local.Wait;
import dev.parley.local.net.Loopback;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.event.Level;

/// Seeded frames and requests, most of them odd and many broken, from many clients at once.
///
/// `-Dparley.fuzz=` says how many there are, `-Dparley.fuzz.seed=` where they begin; client n sends
/// what [FuzzSource] makes of the seed + n, and a failure names it.
@Timeout(600)
final class GatewayFuzzTest {
  private static final int COUNT = Integer.getInteger("parley.fuzz", 200_000);
  private static final long SEED = Long.getLong("parley.fuzz.seed", 17);
  private static final int CLIENTS = 8;

  /// What is left open would soon keep others out.
  private static final int SOCKETS_MAX = 20 * CLIENTS;

  private static final int PATIENCE_MS = 20_000;

  private final AtomicInteger handled = new AtomicInteger();
  private final AtomicInteger sent = new AtomicInteger();
  private final AtomicLong nextSeed = new AtomicLong(SEED);

  @Test
  void whateverClientsSendIsAnsweredOrEndsTheirOwnSocketOnly() throws Exception {
    ConcurrentLinkedQueue<Throwable> uncaught = new ConcurrentLinkedQueue<>();
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((_, thrown) -> uncaught.add(thrown));
    try (Logs.Listening log = Logs.listen();
        GatewayTester tester =
            new GatewayTester()
                .quota(0, 1)
                .socketsMax(SOCKETS_MAX)
                .forgetting()
                .oneWay("$connect", _ -> "{\"statusCode\":200}")
                .oneWay("$disconnect", _ -> "{\"statusCode\":200}")
                .twoWay("$default", this::echo)
                .start();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      List<Future<?>> working = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        working.add(clients.submit(whole(tester.port())));
      }
      for (Future<?> work : working) {
        work.get();
      }

      Client client = tester.connect();
      client.send("still here");
      assertEquals("still here", client.receive());
      client.close();
      Wait.until(() -> tester.gateway().connections() == 0);
      assertEquals(List.of(), List.copyOf(uncaught));
      assertEquals(List.of(), log.lines(Level.ERROR));
      assertEquals(
          List.of(),
          log.lines(Level.WARN).stream().filter(line -> line.contains("io.netty")).toList());
      assertTrue(handled.get() > COUNT / 10, handled + " messages were handled");
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }

  private String echo(JsonNode event) {
    handled.incrementAndGet();
    return "{\"statusCode\":200,\"body\":" + event.path("body") + "}";
  }

  private Callable<Void> whole(int port) {
    return () -> {
      while (sent.get() < COUNT) {
        long seed = nextSeed.getAndIncrement();
        try {
          sent.addAndGet(client(port, seed));
        } catch (IOException | RuntimeException e) {
          throw new AssertionError("-Dparley.fuzz.seed=" + seed + " -Dparley.fuzz=1", e);
        }
      }
      return null;
    };
  }

  /// @return how many frames or requests it has sent
  private static int client(int port, long seed) throws IOException {
    FuzzSource source = new FuzzSource(seed);
    boolean frames = source.chance(40);
    int count = frames ? source.frames() : source.requests();
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(PATIENCE_MS);
      socket.connect(new InetSocketAddress(Loopback.V4, port));
      if (frames) {
        connect(socket);
      }
      try {
        socket.getOutputStream().write(source.bytes());
        socket.shutdownOutput();
        var _ = socket.getInputStream().transferTo(OutputStream.nullOutputStream());
      } catch (SocketTimeoutException e) {
        throw e;
      } catch (IOException _) {
        // The gateway has closed it before all was read.
      }
    }
    return count;
  }

  private static void connect(Socket socket) throws IOException {
    socket.getOutputStream().write(RawClient.handshake("/test", "").getBytes(UTF_8));
    InputStream in = socket.getInputStream();
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int octet = in.read();
      if (octet < 0) {
        throw new IOException("no handshake: " + head);
      }
      head.append((char) octet);
    }
    if (!head.toString().startsWith("HTTP/1.1 101 ")) {
      throw new IOException("no handshake: " + head);
    }
  }
}
