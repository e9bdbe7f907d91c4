package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import dev.parley.Metrics;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.PruneQueue;
import dev.parley.message.VoidRow;
import dev.parley.platform.Aws;
import dev.parley.platform.Deadline;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Invocations;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.platform.TraceDocuments;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import dev.parley.table.Row;
import dev.parley.wire.Events;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.sqs.SqsClient;

/// Handles the ChatMessages stream: delivers the messages of a batch to the members of their rooms.
/// Rooms are served side by side. The messages of a room go in stream order, in one push per
/// connection and batch.
///
/// A batch ends with its slowest room, so each room has a share of its time. The events of a room
/// go by the queue where the room is large, where they are too many bytes for all its members
/// together, where the pushes are more than this function's budget has now, or where its members
/// cannot be read in time. Members who were not reached in the time for direct pushes get them by
/// the queue too. From then on the room goes by the queue until it was calm for a while, because a
/// direct push must not overtake a queued one.
///
/// A room's head moves on only after its messages were handed out. A room that fails does not hold
/// up the others: the batch comes again from its first failure, and records at or below a room's
/// `head_sequence` are skipped. So every message is handed out at least once, and always with the
/// same `prev`.
public final class FanoutHandler implements RequestHandler<DynamodbEvent, StreamsEventResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(FanoutHandler.class);

  /// What is pushed to a room at once, to all its members together: 7 messages of 300 bytes to 500
  /// members, or one of the largest to 40. An ordinary batch of a small room stays far below.
  private static final long SHARE_BYTES_MAX = 1024 * 1024;

  private final Invocations invocations;
  private final InstantSource clock;
  private final InvocationExecutor executor = new InvocationExecutor();
  private final RoomTable rooms;
  private final JobQueues queues;
  private final PruneQueue prunes;
  private final Audiences audiences;
  private final Pusher pusher;
  private final Duration share;
  private final TraceDocuments.Target traces;

  public FanoutHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(FanoutHandler.class, FanoutHandler::new);
  }

  public FanoutHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    this.invocations = new Invocations(settings);
    Aws aws = new Aws(settings);
    this.clock = clock;
    DynamoDbClient dynamoDb = aws.dynamoDb();
    this.rooms = new RoomTable(dynamoDb, settings);
    this.audiences = new Audiences(new MemberIndex(dynamoDb, settings), settings);
    SqsClient sqs = aws.sqs();
    this.queues = new JobQueues(sqs, settings, clock);
    this.prunes = new PruneQueue(sqs, settings);
    this.share = settings.milliseconds("DIRECT_PUSH_MS", 1, 10_000);
    this.pusher = Pusher.of(aws, settings, Duration.ZERO);
    this.traces = new TraceDocuments.Target(aws, settings);
  }

  @Override
  public StreamsEventResponse handleRequest(DynamodbEvent event, Context context) {
    return invocations.handle(
        context,
        () -> {
          Map<String, List<Chain.Entry>> byRoom = new LinkedHashMap<>();
          for (var record : event.getRecords()) {
            Row row = StreamRow.of(record.getDynamodb().getNewImage());
            if (VoidRow.is(row)) {
              continue; // no place in the chain: no page has it
            }
            Chain.Entry entry = new Chain.Entry(record.getDynamodb().getSequenceNumber(), row);
            String room = StreamRow.of(record.getDynamodb().getKeys()).string("room_id");
            byRoom.computeIfAbsent(room, r -> new ArrayList<>()).add(entry);
          }
          return handOut(stream(event.getRecords()), byRoom, context);
        });
  }

  /// The label of the stream that a batch is from: the end of its ARN, which is when it was
  /// enabled.
  private static String stream(List<DynamodbStreamRecord> batch) {
    String arn = batch.isEmpty() ? null : batch.getFirst().getEventSourceARN();
    return arn == null ? "" : arn.substring(arn.lastIndexOf('/') + 1);
  }

  private StreamsEventResponse handOut(
      String stream, Map<String, List<Chain.Entry>> byRoom, Context invocation) {
    Deadline lastPush = pusher.lastPush(invocation);
    Instant now = clock.instant();
    // All rooms at once: a slow one must not take another's turn.
    Batch<String> batch = new Batch<>(byRoom.size(), invocation);
    try (Delivery delivery = new Delivery(pusher, prunes, clock, traces)) {
      byRoom.forEach(
          (name, entries) -> {
            if (RoomId.valid(name)) {
              batch.part(
                  entries.getFirst().sequence(),
                  () -> handOut(new RoomId(name), stream, entries, now, delivery, lastPush));
            } else {
              entries
                  .getFirst()
                  .row()
                  .report("ChatMessages", new Row.InvalidRow("room_id", "a room's name"));
            }
          });
      return Batch.fromFirstOf(batch.unfinished());
    }
  }

  private void handOut(
      RoomId id,
      String stream,
      List<Chain.Entry> entries,
      Instant now,
      Delivery delivery,
      Deadline lastPush) {
    MDC.put("room", id.name());
    boolean traced = entries.stream().anyMatch(Chain.Entry::isTraced);
    Trace.part("room", traced, part -> handOut(id, stream, entries, now, delivery, lastPush, part));
  }

  private void handOut(
      RoomId id,
      String stream,
      List<Chain.Entry> entries,
      Instant now,
      Delivery delivery,
      Deadline lastPush,
      Trace.Part part) {
    CompletableFuture<Audience> reading =
        CompletableFuture.supplyAsync(
                () -> Trace.step("read members", () -> audiences.of(id, now)), executor)
            .completeOnTimeout(new Audience.Unknown(), share.toMillis(), TimeUnit.MILLISECONDS);
    Room room = Trace.step("read room", () -> rooms.get(id));
    Chain chain = Chain.of(room, stream, entries);
    if (chain.room().equals(room)) {
      LOG.info("skipped {} records of {}: they were handed out before", entries.size(), id);
      Metrics.RECORDS_SKIPPED.add(entries.size());
      return;
    }
    chain.events().oldest().ifPresent(o -> Metrics.STREAM_WAIT.add(o.ageMillis(now)));
    if (chain.skipped() > 0) {
      LOG.warn(
          "skipped {} messages of {} that cannot be encoded: clients find them by history",
          chain.skipped(),
          id);
    }

    Events events = delivery.traced(chain.events());
    Room next = chain.room();
    if (!events.isEmpty()) {
      try {
        next =
            switch (reading.join()) {
              case Audience.Small(var to)
                  when !room.isQueued(now)
                      && (long) events.bytes() * to.size() <= SHARE_BYTES_MAX
                      && pusher.claim(Pusher.pushes(to, events)) ->
                  push(to, events, next, delivery, lastPush);
              case Audience audience -> enqueue(audience, events, chain);
            };
      } finally {
        // Written before the head moves on: if that fails, the batch comes again, and the trace
        // shows both.
        delivery.write(part, id, events, "stream");
      }
    }
    advance(room, next);
  }

  private void advance(Room room, Room next) {
    if (!Trace.step("advance head", () -> rooms.advance(room, next, clock.instant()))) {
      LOG.warn("the head of room {} stays where it was", room.id());
    }
  }

  /// One hop, the lowest latency. Those who were not reached in time get the events by the queue,
  /// and so does the room all that follows.
  ///
  /// @return the room as it is then
  private Room push(
      List<Receiver> to, Events events, Room room, Delivery delivery, Deadline lastPush) {
    Pusher.Outcome outcome =
        delivery.deliver(
            room.id(),
            to,
            events,
            Pusher.Tokens.CLAIMED,
            Deadline.in(share).or(lastPush),
            (id, lacked, members) -> {
              // Both go on with the same traces.
              int givenUp =
                  queues.retry(id, members.tried(), lacked.share(0, 2), 1, clock.instant());
              queues.enqueue(id, members.late(), lacked.share(1, 2));
              return givenUp;
            });
    if (outcome.late() == 0) {
      return room;
    }
    return room.queued(Segments.WHOLE, clock.instant());
  }

  /// @return the room as it is then
  private Room enqueue(Audience audience, Events events, Chain chain) {
    Room room = chain.room();
    int segmentSize = audiences.segmentSize();
    int power =
        switch (audience) {
          case Audience.Small small ->
              Segments.power(room.segments(), small.members().size(), segmentSize);
          case Audience.Large large ->
              Segments.power(room.segments(), large.members(), segmentSize);
          case Audience.Unknown unknown -> Segments.power(room.segments());
        };
    queues.enqueue(room.id(), Segments.ranges(power), events, chain.sequences());
    LOG.atInfo()
        .addKeyValue("message_id", () -> String.join(",", events.messageIds()))
        .log("{} events to {} segments", events.count(), 1 << power);
    Trace.annotate("segments", 1 << power);
    return room.queued(power, clock.instant());
  }
}
