package dev.parley.local;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What was started, to be closed in the opposite order. Used by one thread.
final class Parts implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Parts.class);

  /// The last first.
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  <T extends AutoCloseable> T opened(T part) {
    opened.push(part);
    return part;
  }

  @Override
  public void close() {
    while (!opened.isEmpty()) {
      close(opened.pop());
    }
  }

  /// Closes parts side by side: each waits for its invocations, and one after the other they would
  /// take too long.
  static void closeTogether(Collection<? extends AutoCloseable> parts) throws InterruptedException {
    List<Thread> closing =
        parts.stream().map(part -> Thread.ofPlatform().start(() -> close(part))).toList();
    for (Thread thread : closing) {
      thread.join();
    }
  }

  private static void close(AutoCloseable part) {
    try {
      part.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      // The other parts must still be closed.
      LOG.debug("A part did not close", e);
    }
  }
}
