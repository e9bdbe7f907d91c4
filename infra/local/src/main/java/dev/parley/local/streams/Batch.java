package dev.parley.local.streams;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;

/// Consecutive records of one shard that a function gets in one event.
///
/// @param records at least one, in stream order
record Batch(List<Delivery> records) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// What an invocation may carry.
  static final int BYTES_MAX = 6 * 1024 * 1024;

  /// One record.
  ///
  /// @param json its element of `Records`
  /// @param createdAt to the minute
  @SuppressWarnings("ArrayRecordComponent") // encoded once, never compared
  record Delivery(String sequenceNumber, byte[] json, Instant createdAt) {}

  private static final byte[] HEAD = "{\"Records\":[".getBytes(StandardCharsets.UTF_8);

  Batch {
    if (records.isEmpty()) {
      throw new IllegalArgumentException("a batch has at least one record");
    }
  }

  /// The first records, up to `sizeMax` of them and to [#BYTES_MAX].
  static Batch first(List<Delivery> records, int sizeMax) {
    int size = 1;
    long bytes = HEAD.length + 2L + records.getFirst().json().length;
    while (size < Math.min(sizeMax, records.size())) {
      bytes += 1 + records.get(size).json().length;
      if (bytes > BYTES_MAX) {
        break;
      }
      size++;
    }
    return new Batch(List.copyOf(records.subList(0, size)));
  }

  int size() {
    return records.size();
  }

  String firstSequenceNumber() {
    return records.getFirst().sequenceNumber();
  }

  String lastSequenceNumber() {
    return records.getLast().sequenceNumber();
  }

  /// From the record at `index` on.
  Batch from(int index) {
    return new Batch(records.subList(index, size()));
  }

  /// Up to and without the record at `index`.
  Batch until(int index) {
    return new Batch(records.subList(0, index));
  }

  byte[] event() {
    ByteArrayOutputStream event = new ByteArrayOutputStream();
    event.writeBytes(HEAD);
    for (int i = 0; i < size(); i++) {
      if (i > 0) {
        event.write(',');
      }
      event.writeBytes(records.get(i).json());
    }
    event.writeBytes("]}".getBytes(StandardCharsets.UTF_8));
    return event.toByteArray();
  }

  /// The index of the first record that a function with `ReportBatchItemFailures` left unprocessed:
  /// the size of the batch where it processed all. A result with an identifier that is empty,
  /// missing or of another batch, and one that is no JSON object, fails the whole batch. [?] for
  /// the last.
  int firstFailure(byte[] result) {
    JsonNode failures;
    try {
      JsonNode json = JSON.readTree(result);
      if (json.isMissingNode() || json.isNull()) {
        return size();
      }
      if (!json.isObject()) {
        return 0;
      }
      failures = json.path("batchItemFailures");
    } catch (IOException e) {
      return 0;
    }
    if (failures.isMissingNode() || failures.isNull()) {
      return size();
    }
    if (!failures.isArray()) {
      return 0;
    }
    int first = size();
    for (JsonNode failure : failures) {
      int index = indexOf(failure.path("itemIdentifier").asText(""));
      if (index < 0) {
        return 0;
      }
      first = Math.min(first, index);
    }
    return first;
  }

  private int indexOf(String sequenceNumber) {
    for (int i = 0; i < size(); i++) {
      if (records.get(i).sequenceNumber().equals(sequenceNumber)) {
        return i;
      }
    }
    return -1;
  }
}
