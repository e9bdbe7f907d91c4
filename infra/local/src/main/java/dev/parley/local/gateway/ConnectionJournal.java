package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Which connections are open, kept where it outlives this process: a process that is killed tells
/// nobody `$disconnect`, and the next one does it instead.
///
/// Each connection is a small file from before its `$connect` until after its `$disconnect`, so
/// there are as many as there are connections, and one that is damaged costs only itself. A
/// connection that cannot be written down, as on a full disk, is served without. Nothing is flushed
/// to the disk: this is for processes that end, not for machines that do.
///
/// Safe for use by many threads.
public final class ConnectionJournal {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionJournal.class);

  private final @Nullable Path folder;

  /// A connection that a process left behind.
  ///
  /// @param caller all of the handshake that `$disconnect` tells
  record Left(Caller caller, Instant connectedAt, @Nullable Map<String, String> authorizer) {}

  private ConnectionJournal(@Nullable Path folder) {
    this.folder = folder;
  }

  /// Keeps nothing.
  public static ConnectionJournal inMemory() {
    return new ConnectionJournal(null);
  }

  /// The journal in `data`, which has the folder `connections` for it.
  public static ConnectionJournal in(Path data) throws IOException {
    return in(data, "connections");
  }

  /// The journal of one of several APIs.
  ///
  /// @param name of its folder in `data`
  public static ConnectionJournal in(Path data, String name) throws IOException {
    return new ConnectionJournal(Files.createDirectories(data.resolve(name)));
  }

  /// To be called before anybody learns of the connection.
  void opened(Caller caller, Instant connectedAt, @Nullable Map<String, String> authorizer) {
    if (folder == null) {
      return;
    }
    ObjectNode entry = Json.MAPPER.createObjectNode();
    entry.put("connectionId", caller.connectionId());
    entry.put("host", caller.host());
    entry.put("sourceIp", caller.sourceIp());
    entry.put("userAgent", caller.userAgent());
    entry.put("connectedAt", connectedAt.toEpochMilli());
    entry.set("authorizer", Json.MAPPER.valueToTree(authorizer));
    Path file = file(folder, caller.connectionId());
    try {
      Files.write(file, Json.MAPPER.writeValueAsBytes(entry));
    } catch (IOException e) {
      LOG.warn(
          "{} cannot be written down, so its $disconnect is not told if this process is killed: {}",
          caller.connectionId(),
          e.toString());
      delete(file);
    }
  }

  /// To be called once `$disconnect` was told, or `$connect` has refused.
  void ended(String connectionId) {
    if (folder != null) {
      delete(file(folder, connectionId));
    }
  }

  /// What earlier processes left behind; to be called before there are connections of this one.
  List<Left> left() throws IOException {
    List<Left> left = new ArrayList<>();
    if (folder == null) {
      return left;
    }
    int damaged = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        try {
          left.add(read(file));
        } catch (IOException | RuntimeException _) {
          damaged++;
          delete(file);
        }
      }
    }
    if (damaged > 0) {
      LOG.warn("{}: skipped {} damaged files: their $disconnect is not told", folder, damaged);
    }
    return left;
  }

  private static Left read(Path file) throws IOException {
    JsonNode entry = Json.MAPPER.readTree(file.toFile());
    String id = entry.required("connectionId").textValue();
    if (!Ids.isWellFormed(id) || !file.getFileName().toString().equals(name(id))) {
      throw new IOException("not an entry");
    }
    return new Left(
        new Caller(
            id,
            entry.required("host").asText(),
            entry.required("sourceIp").asText(),
            entry.path("userAgent").textValue()),
        Instant.ofEpochMilli(entry.required("connectedAt").longValue()),
        Json.MAPPER.convertValue(
            entry.required("authorizer"), new TypeReference<@Nullable Map<String, String>>() {}));
  }

  private static Path file(Path folder, String connectionId) {
    return folder.resolve(name(connectionId));
  }

  /// Ids differ by case, and on some machines the names of files must not.
  private static String name(String connectionId) {
    return HexFormat.of().formatHex(connectionId.getBytes(US_ASCII));
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      LOG.warn("{} cannot be deleted, so its $disconnect is told again: {}", file, e.toString());
    }
  }
}
