package dev.parley.local.eventsource;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchTest {
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Item(String identifier, byte[] json) implements BatchItem {}

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                                                                            | ''",
        "null                                                                          | ''",
        "{}                                                                            | ''",
        "{\"batchItemFailures\": null}                                                 | ''",
        "{\"batchItemFailures\": []}                                                   | ''",
        "{\"batchItemFailures\": [{\"itemIdentifier\": \"3\"}, {\"itemIdentifier\": \"2\"}]} | 23",
        "{\"batchItemFailures\": [{\"itemIdentifier\": \"3\"}, {\"itemIdentifier\": \"\"}]}  |"
            + " 0123",
        "{\"batchItemFailures\": [{\"itemIdentifier\": null}]}                         | 0123",
        "{\"batchItemFailures\": [{\"itemIdentifier\": 3}]}                            | 0123",
        "{\"batchItemFailures\": [{\"itemIdentifier\": \"99\"}]}                       | 0123",
        "{\"batchItemFailures\": [{\"item\": \"3\"}]}                                  | 0123",
        "{\"batchItemFailures\": \"3\"}                                                | 0123",
        "[]                                                                            | 0123",
        "\"done\"                                                                      | 0123",
        "not JSON                                                                      | 0123",
      })
  void aResultFailsTheItemsThatItNamesAndAMalformedOneFailsAll(String result, String failed) {
    Batch<Item> batch = new Batch<>(items(4, 10));

    assertEquals(
        failed.codePoints().mapToObj(Character::toString).collect(Collectors.toSet()),
        batch.failures(result.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void aBatchStaysBelowSixMegabytes() {
    List<Item> items = items(20, 400 * 1024);

    Batch<Item> batch = Batch.first(items, 100);

    assertEquals(15, batch.size());
    assertEquals(15 * 400 * 1024 + 14 + 14, batch.event().length);
  }

  @Test
  void aBatchHasAtLeastOneItemHoweverLargeItIs() {
    assertEquals(1, Batch.first(items(2, Batch.EVENT_BYTES_MAX), 100).size());
  }

  private static List<Item> items(int count, int bytes) {
    return IntStream.range(0, count)
        .mapToObj(i -> new Item(Integer.toString(i), new byte[bytes]))
        .toList();
  }

  @Test
  void aBatchIsCutAtAnItem() {
    List<Item> items = items(4, 10);
    Batch<Item> batch = new Batch<>(items);

    assertEquals(items.subList(1, 4), batch.from(1).items());
    assertEquals(items.subList(0, 3), batch.until(3).items());
  }

  @Test
  void aBatchTakesItemsUntilItsEventIsFull() {
    int envelope = "{\"Records\":[]}".length();
    int half = (Batch.EVENT_BYTES_MAX - envelope - 1) / 2;
    List<Item> full =
        List.of(
            new Item("0", new byte[half]),
            new Item("1", new byte[Batch.EVENT_BYTES_MAX - envelope - 1 - half]));
    List<Item> over =
        List.of(full.getFirst(), new Item("1", new byte[full.getLast().json().length + 1]));

    assertEquals(2, Batch.first(full, 10).size());
    assertEquals(1, Batch.first(over, 10).size());
    assertEquals(1, Batch.first(full, 1).size());
  }
}
