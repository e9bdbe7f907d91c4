package dev.parley.fanout;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.Membership;
import dev.parley.connection.Slot;
import dev.parley.connection.SlotRange;
import dev.parley.identity.Identity;
import dev.parley.message.Message;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import dev.parley.wire.Event;
import dev.parley.wire.Events;
import java.time.Instant;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// The parts of fan-out that reach no service, on a burst of 100 messages of 200 characters, and on
/// what is read of a room that is too large to be pushed to at once.
@State(Scope.Benchmark)
public class FanoutBenchmark {
  private static final int MESSAGES = 100;
  private static final String TEXT = "Good morning! ".repeat(15).substring(0, 200);
  private static final int SEGMENT_SIZE = 500;
  private static final Timestamp FIRST = new Timestamp(1_800_000_000_000_000L);

  private final RoomId id = new RoomId("lobby");
  private final Room room = new Room(id, FIRST.previous(), "stream/100", Instant.EPOCH, null);
  private final List<Chain.Entry> entries =
      IntStream.range(0, MESSAGES).mapToObj(i -> new Chain.Entry("" + (101 + i), row(i))).toList();
  private final Events events = Chain.of(room, "stream", entries).events();
  private final PushJob job = new PushJob.Segment(id, SlotRange.ALL, events);
  private final String body = job.encode();
  private final List<Membership> members = members(new Random(1));

  @Benchmark
  public Event encodeMessage() {
    return Event.message(message(0), FIRST.previous());
  }

  @Benchmark
  public Object chain100() {
    return Chain.of(room, "stream", entries);
  }

  @Benchmark
  public List<Events.Frame> frame100() {
    return events.frames(Framing.BATCHED);
  }

  @Benchmark
  public String encodeJobOf100() {
    return job.encode();
  }

  @Benchmark
  public Object decodeJobOf100() {
    return PushJob.decode(body);
  }

  @Benchmark
  public List<SlotRange> planSegments() {
    return Segments.ranges(Segments.power(null, members.size(), SEGMENT_SIZE));
  }

  private static Message message(int index) {
    return new Message(
        new RoomId("lobby"),
        new Timestamp(FIRST.micros() + index),
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        new Identity("guest:00112233445566778899aabbccddeeff", "Ada Lovelace"),
        TEXT,
        null);
  }

  /// As the stream carries it.
  private static Row row(int index) {
    Message message = message(index);
    return new Row(
        Map.of(
            "room_id", Row.s(message.room().name()),
            "timestamp", Row.n(message.timestamp().micros()),
            "id", Row.s(message.id()),
            "user", Row.s(message.from().user()),
            "sender", Row.s(message.from().sender()),
            "message", Row.s(message.text()),
            "expires_at", Row.seconds(FIRST.instant())));
  }

  /// In the order of their slots.
  private static List<Membership> members(Random random) {
    return Stream.generate(() -> new byte[11])
        .peek(random::nextBytes)
        .map(bytes -> new ConnectionId(Base64.getUrlEncoder().encodeToString(bytes)))
        .map(
            connection ->
                new Membership(
                    Slot.of("salt", connection.value(), connection, Framing.BATCHED),
                    message(0).from(),
                    Instant.EPOCH))
        .limit(10 * SEGMENT_SIZE)
        .sorted(Comparator.comparing(member -> member.slot().value()))
        .limit(SEGMENT_SIZE + 1)
        .toList();
  }
}
