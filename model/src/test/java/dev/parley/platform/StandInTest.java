package dev.parley.platform;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StandInTest {
  private static final int TIMES = 2_000;

  /// A snapshot would keep it.
  @Test
  void oneWhoConnectsAtTheEndLeavesNoSocket() throws Exception {
    long before = 0;
    for (int i = 0; i <= TIMES; i++) {
      before = i == 1 ? sockets() : before; // the first one of a process leaves Java's own
      StandIn services = new StandIn("{}".getBytes(UTF_8));
      int port =
          URI.create(Objects.requireNonNull(services.environment().get("AWS_ENDPOINT_URL_SQS")))
              .getPort();
      Socket caller = new Socket(InetAddress.getLoopbackAddress(), port);
      caller.shutdownOutput();
      services.close();
      caller.close();
    }

    long left = sockets() - before; // fewer where those of other tests were collected
    assertTrue(left <= 0, left + " sockets");
  }

  private static long sockets() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(StandInTest::isSocket).count();
    }
  }

  private static boolean isSocket(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
    } catch (IOException e) {
      return false; // that of the listing itself, which is closed by now
    }
  }
}
