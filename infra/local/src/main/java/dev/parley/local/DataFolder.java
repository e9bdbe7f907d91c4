package dev.parley.local;

import dev.parley.local.dynamodb.DatabaseFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// The folder that keeps what outlives a run, locked against a second instance: two would each
/// deliver the other's stream records. The lock ends with the process, however it ends.
///
/// Before it is handed out, its tables were looked at, too, where there are any.
final class DataFolder implements AutoCloseable {
  private final FileChannel lock;

  private DataFolder(FileChannel lock) {
    this.lock = lock;
  }

  /// @param tables whether the template has any
  static DataFolder open(Path folder, boolean tables) throws StartException {
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
      throw refused(folder, "cannot be written (" + reason(e) + ")");
    }
    try {
      if (channel.tryLock() == null) {
        closeQuietly(channel);
        throw refused(folder, "is in use by another running instance");
      }
    } catch (OverlappingFileLockException e) {
      closeQuietly(channel);
      throw refused(folder, "is in use by another running instance");
    } catch (IOException e) {
      closeQuietly(channel);
      throw refused(folder, "cannot be locked (" + reason(e) + ")");
    }
    try {
      if (tables) {
        DatabaseFile.check(folder);
      }
    } catch (IOException e) {
      closeQuietly(channel);
      throw refused(folder, reason(e));
    }
    return new DataFolder(channel);
  }

  /// In words; the message of some exceptions is a path, and nothing but.
  static String reason(IOException e) {
    return switch (e) {
      case AccessDeniedException _ -> "no permission";
      case FileSystemException failed when failed.getReason() != null -> failed.getReason();
      case FileSystemException failed -> failed.getClass().getSimpleName();
      default -> String.valueOf(e.getMessage());
    };
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
