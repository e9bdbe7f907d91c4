package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import dev.parley.Limits;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.PruneQueue;
import dev.parley.connection.SessionTable;
import dev.parley.identity.Identity;
import dev.parley.platform.Aws;
import dev.parley.platform.Deadline;
import dev.parley.platform.Invocation;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.platform.TraceDocuments;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import dev.parley.wire.Event;
import dev.parley.wire.Events;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// Handles the ChatConnections stream: tells the members of a room who joined and who left, whether
/// by `quit`, by closing the connection, by pruning or by expiry. It also closes the session of a
/// connection that ended without `$disconnect`.
///
/// Presence is a hint: it may come twice, and not at all where the batch failed too often.
/// `members` says who is there.
public final class PresenceHandler implements RequestHandler<DynamodbEvent, StreamsEventResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(PresenceHandler.class);

  /// The time for one room. Members to whom no push has begun by then are given up, since the batch
  /// ends with its slowest room.
  private static final Duration SHARE = Duration.ofSeconds(5);

  /// Source: DynamoDB developer guide, "DynamoDB Streams and Time to Live".
  private static final String TIME_TO_LIVE = "dynamodb.amazonaws.com";

  /// Rooms that are told, and sessions that are closed, side by side. A crowd that leaves is 1,000
  /// of them in one batch, which all at once would keep senders from the tables.
  private static final int AT_ONCE_MAX = 8;

  private final InstantSource clock;
  private final Audiences audiences;
  private final PruneQueue prunes;
  private final SessionTable sessions;
  private final Pusher pusher;
  private final TraceDocuments.Target traces;

  public PresenceHandler() {
    this(System.getenv(), InstantSource.system());
  }

  public PresenceHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    Aws aws = new Aws(settings);
    this.clock = clock;
    DynamoDbClient dynamoDb = aws.dynamoDb();
    this.audiences = new Audiences(new MemberIndex(dynamoDb, settings), settings);
    this.sessions = new SessionTable(dynamoDb, settings);
    this.prunes = new PruneQueue(aws.sqs(), settings);
    this.pusher = Pusher.of(aws, settings, Duration.ZERO);
    this.traces = new TraceDocuments.Target(aws, settings);
  }

  @Override
  public StreamsEventResponse handleRequest(DynamodbEvent event, Context context) {
    return Invocation.handle(context, () -> handle(event.getRecords(), context));
  }

  private StreamsEventResponse handle(List<DynamodbStreamRecord> records, Context invocation) {
    Deadline lastPush = pusher.lastPush(invocation);
    Instant now = clock.instant();
    Map<RoomId, Presences> byRoom = new LinkedHashMap<>();
    Batch batch = new Batch(AT_ONCE_MAX, invocation);
    for (DynamodbStreamRecord record : records) {
      String sequence = record.getDynamodb().getSequenceNumber();
      boolean removed = "REMOVE".equals(record.getEventName());
      Row row =
          StreamRow.of(
              removed ? record.getDynamodb().getOldImage() : record.getDynamodb().getNewImage());
      try {
        ConnectionId connection = new ConnectionId(row.string("connection_id"));
        String room = row.string("room_id");
        if (RoomId.valid(room)) {
          RoomId id = new RoomId(room);
          byRoom
              .computeIfAbsent(id, r -> new Presences(sequence))
              .add(
                  connection,
                  Identity.stored(row.string("user"), row.string("sender")),
                  removed ? Event.State.OUT : Event.State.IN);
        } else if (removed) {
          Instant connectedAt = row.optionalMillis("ChatConnections", "connected_at", now);
          boolean expired =
              record.getUserIdentity() != null
                  && TIME_TO_LIVE.equals(record.getUserIdentity().getPrincipalId());
          batch.part(sequence, () -> close(connection, connectedAt, expired, now));
        }
      } catch (IllegalArgumentException | Row.InvalidRow e) {
        row.report("ChatConnections", e);
      }
    }
    try (Delivery delivery = new Delivery(pusher, prunes, clock, traces)) {
      byRoom.forEach(
          (room, presences) ->
              batch.part(presences.first(), () -> tell(room, presences, now, delivery, lastPush)));
      return batch.finish();
    }
  }

  /// Members who are not reached are not told: presence is a hint.
  private void tell(
      RoomId room, Presences presences, Instant now, Delivery delivery, Deadline lastPush) {
    MDC.put("room", room.name());
    Events events = presences.events(room);
    // Who comes and goes in a large room is not told: each change would cost a push to everybody.
    if (events.isEmpty()) {
      return;
    }
    Trace.part("room", false, part -> tell(room, events, now, delivery, lastPush, part));
  }

  private void tell(
      RoomId room,
      Events events,
      Instant now,
      Delivery delivery,
      Deadline lastPush,
      Trace.Part part) {
    if (Trace.step("read members", () -> audiences.of(room, now))
        instanceof Audience.Small(var to)) {
      delivery.deliver(
          room,
          to,
          events,
          Deadline.in(SHARE).or(lastPush),
          (id, untold, members) -> members.all().size());
    }
    delivery.write(part, room, events, "stream");
  }

  /// A session that `$disconnect` has closed stays as it is. One that expired has ended at its 2 h
  /// limit, at the latest.
  private void close(
      ConnectionId connection, @Nullable Instant connectedAt, boolean expired, Instant now) {
    MDC.put("connection_id", connection.value());
    Instant limit = connectedAt == null ? now : connectedAt.plus(Limits.CONNECTION_MAX);
    Instant ended = limit.isBefore(now) ? limit : now;
    if (sessions.close(connection, connectedAt, ended, expired ? "expired" : "gone")) {
      LOG.info("closed the session of a connection that went without $disconnect");
    }
  }
}
