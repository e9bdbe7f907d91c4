package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.event.Level;

/// When code that has changed is taken up.
@Timeout(60)
class CodeWatchTest {
  @TempDir private Path folder = Path.of("");
  private final BlockingQueue<String> taken = new LinkedBlockingQueue<>();

  private @Nullable String nextTaken() throws InterruptedException {
    return taken.poll(30, TimeUnit.SECONDS);
  }

  private void take(Path file) throws IOException {
    String content = Files.readString(file);
    if (content.equals("half")) {
      throw new IOException("it is half");
    }
    taken.add(content);
  }

  @Test
  void aFileThatIsReplacedIsTakenUp() throws Exception {
    Path file = Files.writeString(folder.resolve("code.zip"), "one");
    try (CodeWatch _ = new CodeWatch().add("Fn", file, () -> take(file)).start()) {
      Files.writeString(file, "other");
      assertEquals("other", nextTaken());

      Files.delete(file);
      Files.writeString(file, "again");
      assertEquals("again", nextTaken());
      assertEquals(0, taken.size());
    }
  }

  @Test
  void anythingInAFolderIsWatched() throws Exception {
    Path classes = Files.createDirectories(folder.resolve("classes"));
    Path deep = Files.createDirectories(classes.resolve("a/b"));
    Files.writeString(deep.resolve("Old.class"), "old");
    try (CodeWatch _ = new CodeWatch().add("Fn", classes, () -> taken.add("changed")).start()) {
      Files.writeString(deep.resolve("New.class"), "new");
      assertEquals("changed", nextTaken());

      Files.delete(deep.resolve("Old.class"));
      assertEquals("changed", nextTaken());
    }
  }

  @Test
  void whatCannotBeTakenUpIsToldAndTriedAgainOnceItChanges() throws Exception {
    Path file = Files.writeString(folder.resolve("code.zip"), "one");
    try (Logs.Listening log = Logs.listen();
        CodeWatch _ = new CodeWatch().add("Fn", file, () -> take(file)).start()) {
      Files.writeString(file, "half");
      Wait.until(() -> !log.lines(Level.WARN).isEmpty());
      assertEquals(
          List.of(
              ("WARN dev.parley.local.CodeWatch: Fn: %s has changed and cannot be taken up: it is"
                      + " half. What was there before goes on")
                  .formatted(file)),
          log.lines(Level.WARN));

      Files.writeString(file, "whole");
      assertEquals("whole", nextTaken());
    }
  }
}
