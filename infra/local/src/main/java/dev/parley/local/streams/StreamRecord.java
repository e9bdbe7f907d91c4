package dev.parley.local.streams;

import dev.parley.local.eventsource.BatchItem;
import java.time.Instant;

/// One record of a stream.
///
/// @param createdAt to the minute
/// @param notBefore when it was not there yet, by the clock of [System#nanoTime]
@SuppressWarnings("ArrayRecordComponent") // encoded once, never compared
record StreamRecord(String sequenceNumber, byte[] json, Instant createdAt, long notBefore)
    implements BatchItem {
  @Override
  public String identifier() {
    return sequenceNumber;
  }
}
