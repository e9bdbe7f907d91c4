package dev.parley.local.streams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CheckpointsTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void aCheckpointThatCouldNotBeSavedIsSavedOnceTheFileCanBeWritten() throws Exception {
    Checkpoints checkpoints = Checkpoints.in(folder);
    checkpoints.save("Mapping", "shard", "1");
    Path inTheWay = Files.createDirectory(folder.resolve("stream-checkpoints.json.next"));

    checkpoints.save("Mapping", "shard", "2");
    assertEquals("2", checkpoints.find("Mapping", "shard"));
    assertEquals("1", Checkpoints.in(folder).find("Mapping", "shard"));

    Files.delete(inTheWay);
    checkpoints.save("Mapping", "shard", "2");
    assertEquals("2", Checkpoints.in(folder).find("Mapping", "shard"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "null", "[]", "{\"Mapping\":null}", "{\"Mapping\":1}", "\0"})
  void aDamagedFileCountsAsNone(String content) throws Exception {
    Files.writeString(folder.resolve("stream-checkpoints.json"), content);

    Checkpoints checkpoints = Checkpoints.in(folder);

    assertFalse(checkpoints.knows("Mapping"));
    assertNull(checkpoints.find("Mapping", "shard"));
  }
}
