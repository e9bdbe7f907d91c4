package dev.parley.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.parley.local.template.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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

  /// Where one of them has changed, `-Dbench=capacity` simulates anew.
  @Test
  void theCapacityIsThatOfTheUnitsAndOfTheTemplate() throws IOException {
    JsonMapper json = new JsonMapper();
    JsonNode capacity = json.readTree(DOCS.resolve("capacity.json").toFile());
    Template template = Template.read(Cloud.TEMPLATE, Map.of());
    Usages units = Usages.read(json.readTree(DOCS.resolve("units.json").toFile()));

    assertEquals(
        Capacity.costs(units, template),
        json.treeToValue(capacity.path("costs"), Simulation.Costs.class));
    assertEquals(Budget.of(template), json.treeToValue(capacity.path("budget"), Budget.class));
  }
}
