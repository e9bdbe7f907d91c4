package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.lambda.Invocation;
import dev.parley.lambda.InvocationExecutor;
import dev.parley.lambda.Settings;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import dev.parley.table.Row;
import dev.parley.wire.Event;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The ChatMessages stream: hands each batch's messages to the members of their rooms, rooms side
/// by side, each room's messages in stream order, one push per connection and batch.
///
/// A room's head moves on only after its messages were handed out. A room that fails does not hold
/// up the others: the batch is handed to us again from its first failure, and whatever is at or
/// below a room's `head_sequence` is skipped then. So every message is handed out at least once,
/// and always with the same `prev`.
public final class FanoutHandler implements RequestHandler<DynamodbEvent, StreamsEventResponse> {
  private static final Logger log = LoggerFactory.getLogger(FanoutHandler.class);

  private final InstantSource clock;
  private final InvocationExecutor executor = new InvocationExecutor();
  private final RoomTable rooms;
  private final ConnectionTable connections;
  private final JobQueues queues;
  private final Pusher pusher;
  private final int segmentSize;

  public FanoutHandler() {
    this(System.getenv());
  }

  public FanoutHandler(Map<String, String> environment) {
    Settings settings = new Settings(environment);
    this.clock = settings.clock();
    DynamoDbClient dynamoDb = settings.dynamoDb();
    this.rooms = new RoomTable(dynamoDb, settings);
    this.connections = new ConnectionTable(dynamoDb, settings);
    this.queues = new JobQueues(settings);
    this.segmentSize = (int) settings.number("SEGMENT_SIZE", 1, 10_000);
    this.pusher = new Pusher(settings, connections, Duration.ZERO);
  }

  @Override
  public StreamsEventResponse handleRequest(DynamodbEvent event, Context context) {
    return Invocation.handle(
        context,
        () -> {
          Map<String, List<Chain.Entry>> byRoom = new LinkedHashMap<>();
          for (var record : event.getRecords()) {
            Chain.Entry entry =
                new Chain.Entry(
                    record.getDynamodb().getSequenceNumber(),
                    StreamRow.of(record.getDynamodb().getNewImage()));
            String room = StreamRow.of(record.getDynamodb().getKeys()).string("room_id");
            byRoom.computeIfAbsent(room, r -> new ArrayList<>()).add(entry);
          }
          return handOut(byRoom);
        });
  }

  private StreamsEventResponse handOut(Map<String, List<Chain.Entry>> byRoom) {
    Instant now = clock.instant();
    Batch batch = new Batch();
    byRoom.forEach(
        (name, entries) -> {
          if (RoomId.valid(name)) {
            batch.part(
                entries.getFirst().sequence(), () -> handOut(new RoomId(name), entries, now));
          } else {
            entries.getFirst().row().report("ChatMessages", new Row.InvalidRow("room_id", "a room's name"));
          }
        });
    return batch.finish();
  }

  private void handOut(RoomId id, List<Chain.Entry> entries, Instant now) {
    CompletableFuture<Room> reading = CompletableFuture.supplyAsync(() -> rooms.get(id), executor);
    Audience audience = Audience.of(connections, id, segmentSize, now);
    Room room = reading.join();
    Chain chain = Chain.of(room, entries);
    if (chain.room().equals(room)) {
      return;
    }
    if (chain.passedOver() > 0) {
      log.warn("passed over {} messages of {} that cannot be encoded", chain.passedOver(), id);
    }

    Room next = chain.room();
    switch (audience) {
      case Audience.Small small -> push(id, small.connections(), chain.events(), now);
      case Audience.Large large -> {
        int power = Segments.power(room.segments(), large.estimate(), segmentSize);
        queues.enqueue(id, Segments.ranges(power), chain.events(), chain.sequences());
        next = next.withSegments(power);
        log.atInfo()
            .addKeyValue("room", id.name())
            .log("{} events to {} segments", chain.events().size(), 1 << power);
      }
    }
    if (!rooms.advance(room, next)) {
      log.warn("the head of room {} stays where it was", id);
    }
  }

  /// A small room is pushed to at once: one hop, the lowest latency.
  private void push(RoomId id, List<ConnectionId> to, List<byte[]> events, Instant now) {
    if (events.isEmpty()) {
      return;
    }
    Pusher.Outcome outcome = pusher.push(to, events, now);
    int givenUp = queues.retry(id, outcome.remainder(), events, 1);
    outcome.report(log, id, events.size(), to.size(), givenUp, Event.timestamp(events.getFirst()));
  }
}
