package dev.parley.fanout;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue;
import dev.parley.table.Row;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StreamRowTest {
  @Test
  void stringsAndNumbersOfAnImageAreARowsAttributes() {
    Row row =
        StreamRow.of(
            Map.of(
                "room_id", new AttributeValue().withS("lobby"),
                "timestamp", new AttributeValue().withN("7"),
                "list", new AttributeValue().withL(List.of())));

    assertEquals(new Row(Map.of("room_id", Row.s("lobby"), "timestamp", Row.n(7))), row);
  }

  @Test
  void anImageThatARecordDoesNotHaveIsAnEmptyRow() {
    assertEquals(new Row(Map.of()), StreamRow.of(null));
  }
}
