package dev.parley.fanout;

import dev.parley.message.Message;
import dev.parley.platform.Trace;
import dev.parley.room.Room;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import dev.parley.wire.Event;
import dev.parley.wire.Events;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The messages of one room in one stream batch, each chained to the one that was handed out before
/// it.
///
/// The chain follows stream order, not time. A batch that is handed to us again gives the same
/// chain as long as the room's head has not moved, and an empty one after it has.
///
/// @param events encoded, in order
/// @param skipped records that keep their place in the chain but could not be encoded in one frame:
///     clients fetch those by `history`
/// @param sequences the stream, and the first and the last record's sequence number, for example
///     `2026-11-25T21:28:00.000/100-107`, which identify these events; empty where all records were
///     handed out before
/// @param room the room as it is once these are handed out; unchanged where all records were handed
///     out before
record Chain(Events events, int skipped, String sequences, Room room) {
  private static final Pattern SEQUENCE = Pattern.compile("[0-9]{1,40}");

  /// What is kept as a room's `head_sequence`: the stream's label, a slash, the sequence number. A
  /// table that is restored, or whose stream is switched off and on, has another stream, whose
  /// numbers say nothing about those of the one before.
  private static String position(String stream, String sequence) {
    return stream + "/" + sequence;
  }

  /// A record of the ChatMessages stream.
  record Entry(String sequence, Row row) {
    boolean isTraced() {
      return Trace.Context.of(row.optionalString("trace")).isPresent();
    }
  }

  /// @param stream the label of the stream that the records are from
  static Chain of(Room room, String stream, List<Entry> entries) {
    List<Event> events = new ArrayList<>();
    int skipped = 0;
    String first = "";
    Timestamp head = room.head();
    String headSequence = room.headSequence();
    String last = "";
    boolean headLost = room.headLost();
    for (Entry entry : entries) {
      if (handedOut(stream, entry, headSequence)) {
        continue;
      }
      last = entry.sequence();
      headSequence = position(stream, last);
      first = first.isEmpty() ? last : first;
      Timestamp timestamp = Timestamp.optional("ChatMessages", entry.row(), "timestamp");
      if (headLost && timestamp != null) {
        // No client has seen it, so that each reads what it may have missed.
        head = timestamp.previous();
        headLost = false;
      }
      try {
        events.add(Event.message(Message.of(entry.row()), head));
      } catch (RuntimeException e) {
        skipped++;
      }
      // A row without a usable timestamp takes no place: no client could ask for it.
      head = timestamp == null ? head : timestamp;
    }
    return new Chain(
        Events.of(events),
        skipped,
        first.isEmpty() ? "" : position(stream, first + "-" + last),
        room.handedOut(head, headSequence));
  }

  /// Whether a record is not later than the one that was handed out last. Where that one was of
  /// another stream, or its sequence number cannot be read, the record is handed out: once too
  /// often, rather than not at all.
  private static boolean handedOut(String stream, Entry entry, @Nullable String headSequence) {
    String begin = position(stream, "");
    if (headSequence == null || !headSequence.startsWith(begin)) {
      return false;
    }
    String sequence = headSequence.substring(begin.length());
    return SEQUENCE.matcher(sequence).matches() && compare(entry.sequence(), sequence) <= 0;
  }

  /// Sequence numbers are decimal and of different lengths.
  static int compare(String a, String b) {
    return new BigInteger(a).compareTo(new BigInteger(b));
  }
}
