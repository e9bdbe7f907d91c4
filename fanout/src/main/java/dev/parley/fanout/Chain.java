package dev.parley.fanout;

import dev.parley.message.Message;
import dev.parley.room.Room;
import dev.parley.table.Row;
import dev.parley.wire.Event;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The messages of one room in one stream batch, each chained to the one that was handed out before
/// it.
///
/// The chain follows stream order, not time. A batch that is handed to us again gives the same
/// chain as long as the room's head has not moved, and an empty one after it has.
///
/// @param events encoded, in order
/// @param passedOver records that hold their place in the chain but could not be encoded in one
///     frame: clients fetch those by `history`
/// @param sequences the first and the last record's sequence number, for example `100-107`: what
///     these events are known by; empty where no record counts
/// @param room the room as it is once these are handed out; unchanged where no record counts
record Chain(List<byte[]> events, int passedOver, String sequences, Room room) {

  /// A record of the ChatMessages stream.
  record Entry(String sequence, Row row) {}

  static Chain of(Room room, List<Entry> entries) {
    List<byte[]> events = new ArrayList<>();
    int passedOver = 0;
    String first = "";
    Long head = room.head();
    String headSequence = room.headSequence();
    for (Entry entry : entries) {
      if (headSequence != null && compare(entry.sequence(), headSequence) <= 0) {
        continue;
      }
      headSequence = entry.sequence();
      first = first.isEmpty() ? headSequence : first;
      try {
        events.add(Event.message(Message.of(entry.row()), head));
      } catch (RuntimeException e) {
        passedOver++;
      }
      head = timestamp(entry.row(), head);
    }
    return new Chain(
        events,
        passedOver,
        first.isEmpty() ? "" : first + "-" + headSequence,
        new Room(room.id(), head, headSequence, room.createdAtMs(), room.segments()));
  }

  /// A row without a usable timestamp takes no place: no client could ask for it.
  private static @Nullable Long timestamp(Row row, @Nullable Long otherwise) {
    try {
      return row.number("timestamp");
    } catch (Row.InvalidRow e) {
      return otherwise;
    }
  }

  /// Sequence numbers are decimal and of different lengths.
  static int compare(String a, String b) {
    return new BigInteger(a).compareTo(new BigInteger(b));
  }
}
