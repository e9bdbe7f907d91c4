package dev.parley.local.streams;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.parley.local.streams.Batch.Delivery;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                                                                            | 4",
        "null                                                                          | 4",
        "{}                                                                            | 4",
        "{\"batchItemFailures\": null}                                                 | 4",
        "{\"batchItemFailures\": []}                                                   | 4",
        "{\"batchItemFailures\": [{\"itemIdentifier\": \"3\"}, {\"itemIdentifier\": \"2\"}]} | 2",
        "{\"batchItemFailures\": [{\"itemIdentifier\": \"3\"}, {\"itemIdentifier\": \"\"}]}  | 0",
        "{\"batchItemFailures\": [{\"itemIdentifier\": null}]}                         | 0",
        "{\"batchItemFailures\": [{\"itemIdentifier\": \"99\"}]}                       | 0",
        "{\"batchItemFailures\": [{\"item\": \"3\"}]}                                  | 0",
        "{\"batchItemFailures\": \"3\"}                                                | 0",
        "\"done\"                                                                      | 0",
        "not JSON                                                                      | 0",
      })
  void theLowestFailureIsTheCheckpointAndAMalformedOneFailsAll(String result, int processed) {
    Batch batch = new Batch(records(4, 10));

    assertEquals(processed, batch.firstFailure(result.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void aBatchStaysBelowSixMegabytes() {
    List<Delivery> records = records(20, 400 * 1024);

    Batch batch = Batch.first(records, 100);

    assertEquals(15, batch.size());
    assertEquals(15 * 400 * 1024 + 14 + 14, batch.event().length);
  }

  private static List<Delivery> records(int count, int bytes) {
    return IntStream.range(0, count)
        .mapToObj(i -> new Delivery(Integer.toString(i), new byte[bytes], Instant.EPOCH))
        .toList();
  }
}
