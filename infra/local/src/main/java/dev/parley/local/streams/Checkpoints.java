package dev.parley.local.streams;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.parley.local.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How far each event source mapping has come in each shard, kept in one file or in memory.
///
/// A checkpoint is saved only after the function has returned, so a record may be delivered again
/// after a crash, and none is skipped. While the file cannot be written, as on a full disk, the
/// mappings go on, and a restart delivers again what came meanwhile. Safe for use by several
/// threads.
public final class Checkpoints {
  /// The position in a shard none of whose records was processed, once the mapping has begun.
  static final String TRIM_HORIZON = "TRIM_HORIZON";

  /// The position in a shard that was processed to its end.
  static final String SHARD_END = "SHARD_END";

  private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

  private final @Nullable Path file;
  private final Map<String, Map<String, String>> positions;

  /// Whether the file lacks something, because it could not be written.
  private boolean behind;

  private Checkpoints(@Nullable Path file, Map<String, Map<String, String>> positions) {
    this.file = file;
    this.positions = positions;
  }

  public static Checkpoints inMemory() {
    return new Checkpoints(null, new TreeMap<>());
  }

  /// Reads the file `stream-checkpoints.json` in `folder`; it need not exist. A file that cannot be
  /// read as JSON, which a power failure may leave behind, counts as none: mappings begin anew.
  public static Checkpoints in(Path folder) throws IOException {
    Path file = folder.resolve("stream-checkpoints.json");
    @Nullable Map<String, Map<String, String>> positions = Map.of();
    if (Files.exists(file)) {
      positions = parsed(Files.readAllBytes(file));
      if (positions == null) {
        LOG.warn("{} is damaged: the streams are read from their beginning", file);
      }
    }
    return new Checkpoints(file, new TreeMap<>(positions == null ? Map.of() : positions));
  }

  /// @return null where the file does not hold checkpoints
  private static @Nullable Map<String, Map<String, String>> parsed(byte[] content) {
    try {
      Map<String, Map<String, String>> positions =
          Json.MAPPER.readValue(content, new TypeReference<Map<String, Map<String, String>>>() {});
      return positions == null || positions.containsValue(null) ? null : positions;
    } catch (IOException e) {
      return null;
    }
  }

  /// Whether a mapping has ever run.
  synchronized boolean knows(String mapping) {
    return positions.containsKey(mapping);
  }

  synchronized @Nullable String find(String mapping, String shard) {
    return positions.getOrDefault(mapping, Map.of()).get(shard);
  }

  synchronized void save(String mapping, String shard, String position) {
    Map<String, String> shards = positions.computeIfAbsent(mapping, added -> new TreeMap<>());
    boolean known = position.equals(shards.put(shard, position));
    if (file == null || (known && !behind)) {
      return;
    }
    Path next = file.resolveSibling(file.getFileName() + ".next");
    try {
      Files.write(next, Json.MAPPER.writeValueAsBytes(positions));
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      behind = false;
    } catch (IOException e) {
      if (!behind) {
        LOG.warn(
            "{} cannot be saved, so what is processed from now on is delivered again after a"
                + " restart: {}",
            file,
            e.toString());
      }
      behind = true;
    }
  }
}
