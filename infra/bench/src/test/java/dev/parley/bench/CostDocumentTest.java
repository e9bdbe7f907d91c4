package dev.parley.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class CostDocumentTest {
  private static final Path DOCS = Path.of("docs");

  /// Where a figure or a price has changed, [CostDocument#COMMAND] writes the document anew.
  @Test
  void theDocumentSaysWhatTheFilesSay() throws IOException {
    assertEquals(
        CostDocument.of(DOCS),
        Files.readString(DOCS.resolve("COST.md")),
        "docs/COST.md is not what its files give: " + CostDocument.COMMAND);
  }
}
