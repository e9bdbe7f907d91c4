package dev.parley.local.streams;

import dev.parley.local.eventsource.BatchItem;
import java.time.Instant;

/// One record of a stream.
///
/// @param createdAt to the minute
@SuppressWarnings("ArrayRecordComponent") // encoded once, never compared
record StreamRecord(String sequenceNumber, byte[] json, Instant createdAt) implements BatchItem {
  @Override
  public String identifier() {
    return sequenceNumber;
  }
}
