package dev.parley.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks at code again and again, and has it taken up once it has changed.
///
/// A change counts as complete once two looks have seen the same. Where it is not, and half a zip
/// cannot be taken up, the log says so, and the next change is tried. Looking works on every file
/// system and for whole trees, which notifications of the system do not.
///
/// Not for use by several threads before [#start].
final class CodeWatch implements AutoCloseable {
  private static final int LOOK_EVERY_MS = 400;

  /// Looking may take one part in this many of the time.
  private static final int PAUSE_PER_LOOK = 4;

  private static final Logger LOG = LoggerFactory.getLogger(CodeWatch.class);

  private final List<Watched> all = new ArrayList<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private @Nullable Thread thread;

  /// What is done with code that has changed.
  interface Change {
    /// @throws Exception where it cannot be taken up, and what was taken up before goes on
    void take() throws Exception;
  }

  /// @param name what is told in the log
  /// @param path a file, or a folder with all that is in it
  CodeWatch add(String name, Path path, Change change) {
    all.add(new Watched(name, path, change));
    return this;
  }

  /// Looks in the background until [#close].
  CodeWatch start() {
    thread = Thread.ofPlatform().daemon().name("watch").start(this::run);
    return this;
  }

  private void run() {
    try {
      long pauseNanos = 0;
      do {
        long begun = System.nanoTime();
        all.forEach(Watched::look);
        pauseNanos =
            Math.max(
                TimeUnit.MILLISECONDS.toNanos(LOOK_EVERY_MS),
                PAUSE_PER_LOOK * (System.nanoTime() - begun));
      } while (!closing.await(pauseNanos, TimeUnit.NANOSECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closing.countDown();
    Thread running = thread;
    if (running != null) {
      try {
        running.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static final class Watched {
    private final String name;
    private final Path path;
    private final Change change;
    private long taken;
    private long seen;

    Watched(String name, Path path, Change change) {
      this.name = name;
      this.path = path;
      this.change = change;
      this.taken = state(path);
      this.seen = taken;
    }

    void look() {
      long now = state(path);
      boolean settled = now == seen;
      seen = now;
      if (!settled || now == taken) {
        return;
      }
      taken = now;
      try {
        change.take();
      } catch (Exception e) {
        LOG.warn(
            "{}: {} has changed and cannot be taken up: {}. What was there before goes on",
            name,
            path,
            e.getMessage());
      }
    }

    /// A number that is another one once a file there has another size or time, is new or gone. 0
    /// for nothing at all; a folder that changes while it is looked at is like no other.
    private static long state(Path path) {
      try (Stream<Path> files = Files.walk(path)) {
        return files.sorted().mapToLong(Watched::stateOfFile).reduce(1, (a, b) -> 31 * a + b);
      } catch (NoSuchFileException e) {
        return 0;
      } catch (IOException | UncheckedIOException e) {
        return System.nanoTime();
      }
    }

    private static long stateOfFile(Path file) {
      try {
        BasicFileAttributes of = Files.readAttributes(file, BasicFileAttributes.class);
        long state = 31L * file.hashCode() + (of.isDirectory() ? 0 : of.size());
        return of.isDirectory()
            ? state
            : 31 * state + of.lastModifiedTime().to(TimeUnit.NANOSECONDS);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
