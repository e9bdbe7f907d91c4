package dev.parley.local.eventsource;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// What a function gets in one event.
///
/// @param items at least one, in the order of their source
public record Batch<T extends BatchItem>(List<T> items) {
  /// What an invocation may carry.
  public static final int EVENT_BYTES_MAX = 6 * 1024 * 1024;

  private static final byte[] HEAD = "{\"Records\":[".getBytes(UTF_8);
  private static final byte[] TAIL = "]}".getBytes(UTF_8);

  public Batch {
    if (items.isEmpty()) {
      throw new IllegalArgumentException("a batch has at least one item");
    }
    items = List.copyOf(items);
  }

  /// The first items, up to `sizeMax` of them and to [#EVENT_BYTES_MAX], but at least one.
  public static <T extends BatchItem> Batch<T> first(List<T> items, int sizeMax) {
    int size = 1;
    long bytes = (long) HEAD.length + TAIL.length + items.getFirst().json().length;
    while (size < Math.min(sizeMax, items.size())) {
      bytes += 1 + items.get(size).json().length;
      if (bytes > EVENT_BYTES_MAX) {
        break;
      }
      size++;
    }
    return new Batch<>(items.subList(0, size));
  }

  public int size() {
    return items.size();
  }

  /// From the item at `index` on.
  public Batch<T> from(int index) {
    return new Batch<>(items.subList(index, size()));
  }

  /// Up to and without the item at `index`.
  public Batch<T> until(int index) {
    return new Batch<>(items.subList(0, index));
  }

  byte[] event() {
    ByteArrayOutputStream event = new ByteArrayOutputStream();
    event.writeBytes(HEAD);
    for (int i = 0; i < size(); i++) {
      if (i > 0) {
        event.write(',');
      }
      event.writeBytes(items.get(i).json());
    }
    event.writeBytes(TAIL);
    return event.toByteArray();
  }

  Set<String> identifiers() {
    return items.stream().map(BatchItem::identifier).collect(Collectors.toSet());
  }

  /// The identifiers that the result of a function with `ReportBatchItemFailures` names. A result
  /// with an identifier that is empty, missing or of another batch, and one that is no JSON object,
  /// fails the whole batch. [?] for the last.
  Set<String> failures(byte[] result) {
    Set<String> all = identifiers();
    JsonNode failures;
    try {
      JsonNode json = Json.MAPPER.readTree(result);
      if (json.isMissingNode() || json.isNull()) {
        return Set.of();
      }
      if (!json.isObject()) {
        return all;
      }
      failures = json.path("batchItemFailures");
    } catch (IOException e) {
      return all;
    }
    if (failures.isMissingNode() || failures.isNull()) {
      return Set.of();
    }
    if (!failures.isArray()) {
      return all;
    }
    Set<String> failed = new HashSet<>();
    for (JsonNode failure : failures) {
      String identifier = failure.path("itemIdentifier").textValue();
      if (identifier == null || !all.contains(identifier)) {
        return all;
      }
      failed.add(identifier);
    }
    return failed;
  }
}
