package dev.parley.local.dynamodb;

import com.almworks.sqlite4java.SQLiteConnection;
import com.almworks.sqlite4java.SQLiteConstants;
import com.almworks.sqlite4java.SQLiteException;
import com.almworks.sqlite4java.SQLiteStatement;
import com.amazonaws.services.dynamodbv2.local.shared.access.sqlite.SQLiteLibraryLoader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;

/// DynamoDB Local's file in a data folder. It is checked before DynamoDB Local opens it, because
/// DynamoDB Local retries for minutes to open a file that is damaged or may not be read.
public final class DatabaseFile {
  /// DynamoDB Local's own name for the one that all credentials share, without `.db`.
  static final String STORE = "shared-local-instance";

  /// A start writes the tables and a journal of that.
  private static final long FREE_BYTES_MIN = 16 * 1024 * 1024;

  /// A check reads all of the file: a second or two. A larger one is opened and no more.
  private static final long CHECKED_BYTES_MAX = 256 * 1024 * 1024;

  /// SQLite says what is wrong, and how, before it throws. DynamoDB Local silences it too, but does
  /// not hold the logger: its level would be gone with the next collection of garbage.
  private static final Logger SQLITE_LOG = Logger.getLogger("com.almworks.sqlite4java");

  private DatabaseFile() {}

  static File in(Path folder) {
    return folder.resolve(STORE + ".db").toFile();
  }

  /// Unpacks SQLite into the folder for temporary files.
  static void loadSqlite() throws IOException {
    SQLITE_LOG.setLevel(Level.OFF);
    try {
      SQLiteLibraryLoader.initialize();
    } catch (Exception | LinkageError e) { // it declares Exception
      throw new IOException(
          "SQLite cannot be unpacked into java.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
          e);
    }
  }

  /// Looks at the tables in a folder, which may have none yet.
  ///
  /// @throws IOException whose message goes on after the folder's name, for example `has 3 MB free,
  ///     and the tables need 16 MB`
  public static void check(Path folder) throws IOException {
    File at = folder.toFile();
    long freeBytes = at.getUsableSpace();
    if (freeBytes < FREE_BYTES_MIN && at.getTotalSpace() > 0) { // 0: it is not known
      throw new IOException(
          "has %d MB free, and the tables need %d MB"
              .formatted(freeBytes >> 20, FREE_BYTES_MIN >> 20));
    }
    loadSqlite();
    File file = in(folder);
    SQLiteConnection database = new SQLiteConnection(file);
    try {
      database.open(true);
      if (file.length() <= CHECKED_BYTES_MAX) {
        requireSound(database, file);
      }
      database.exec("BEGIN IMMEDIATE").exec("ROLLBACK"); // whether it can be written
    } catch (SQLiteException e) {
      throw new IOException(
          switch (e.getBaseErrorCode()) {
            case SQLiteConstants.SQLITE_CORRUPT, SQLiteConstants.SQLITE_NOTADB -> damaged(file);
            case SQLiteConstants.SQLITE_BUSY, SQLiteConstants.SQLITE_LOCKED ->
                "holds tables that another program has open (" + file.getName() + ")";
            default ->
                "holds tables that cannot be opened (%s: %s)".formatted(file.getName(), words(e));
          },
          e);
    } finally {
      database.dispose();
    }
  }

  private static void requireSound(SQLiteConnection database, File file)
      throws SQLiteException, IOException {
    SQLiteStatement check = database.prepare("PRAGMA quick_check(1)");
    try {
      if (!check.step() || !check.columnString(0).equals("ok")) {
        throw new IOException(damaged(file));
      }
    } finally {
      check.dispose();
    }
  }

  private static String damaged(File file) {
    return "holds tables that are damaged (" + file.getName() + ")";
  }

  /// Of `[14] unable to open database file`, or of
  /// `[8] DB[1] exec() BEGIN IMMEDIATE [attempt to write a readonly database]`.
  private static String words(SQLiteException e) {
    return String.valueOf(e.getMessage()).replaceFirst("^\\[\\d+] (?:.*\\[(.*)])?", "$1");
  }
}
