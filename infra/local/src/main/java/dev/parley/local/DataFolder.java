package dev.parley.local;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// The folder that keeps what outlives a run, locked against a second instance: two would each
/// deliver the other's stream records. The lock ends with the process, however it ends.
final class DataFolder implements AutoCloseable {
  private final FileChannel lock;

  private DataFolder(FileChannel lock) {
    this.lock = lock;
  }

  static DataFolder open(Path folder) throws StartException {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw refused(folder, "is a file");
    }
    FileChannel channel;
    try {
      Files.createDirectories(folder);
      channel =
          FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw refused(folder, "cannot be written (" + e.getClass().getSimpleName() + ")");
    }
    try {
      if (channel.tryLock() != null) {
        return new DataFolder(channel);
      }
      channel.close();
    } catch (OverlappingFileLockException e) {
      closeQuietly(channel);
    } catch (IOException e) {
      closeQuietly(channel);
      throw refused(folder, "cannot be locked (" + e.getMessage() + ")");
    }
    throw refused(folder, "is in use by another running instance");
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // It was opened for a lock that it does not hold.
    }
  }

  private static StartException refused(Path folder, String why) {
    return new StartException(
        ("parley.data=%s %s: choose another folder with -Dparley.data=<folder>,"
                + " or keep nothing with -Dparley.data=memory")
            .formatted(folder, why));
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
