package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Membership;
import dev.parley.connection.Removal;
import dev.parley.connection.SessionTable;
import dev.parley.platform.Aws;
import dev.parley.platform.Deadline;
import dev.parley.platform.Invocations;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// Handles the ChatConnections stream: tells the people of a room who came into it, and hands those
/// over who may have left ([Departure]), whether by `quit`, by closing the connection, by pruning
/// or by expiry. It also closes the session of a connection that expired; whoever else removes a
/// connection has closed its session first.
///
/// It also looks again whether those who came may be in the room, and tells those who were taken
/// out of it ([Admissions]).
///
/// A batch that failed too often is let go: presence is a hint.
public final class PresenceHandler implements RequestHandler<DynamodbEvent, StreamsEventResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(PresenceHandler.class);

  /// Source: DynamoDB developer guide, "DynamoDB Streams and Time to Live".
  private static final String TIME_TO_LIVE = "dynamodb.amazonaws.com";

  private final Invocations invocations;
  private final InstantSource clock;
  private final SessionTable sessions;
  private final Presence presence;
  private final Admissions admissions;

  public PresenceHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(PresenceHandler.class, PresenceHandler::new);
  }

  public PresenceHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    this.invocations = new Invocations(settings);
    Aws aws = new Aws(settings);
    this.clock = clock;
    DynamoDbClient dynamoDb = aws.dynamoDb();
    this.sessions = new SessionTable(dynamoDb, settings);
    this.presence = new Presence(aws, dynamoDb, settings, clock);
    this.admissions = new Admissions(dynamoDb, settings);
  }

  /// A room's part of a batch.
  ///
  /// @param first the sequence number of its first record
  /// @param byUser what became of each user
  /// @param removed who was taken out of the room, and why
  private record Movements(
      String first, Map<String, Movement> byUser, Map<ConnectionId, Removal> removed) {
    Movements(String first) {
      this(first, new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    void came(Membership member) {
      removed.remove(member.connection());
      of(member).came(member);
    }

    void went(Membership member, boolean expired) {
      of(member).went(member, expired);
    }

    private Movement of(Membership member) {
      return byUser.computeIfAbsent(member.user(), user -> new Movement());
    }

    /// Who is in the room after the batch, as far as it tells, by user.
    Map<String, Collection<Membership>> arrived() {
      Map<String, Collection<Membership>> arrived = new LinkedHashMap<>();
      byUser.forEach(
          (user, movement) -> {
            if (!movement.arrived().isEmpty()) {
              arrived.put(user, movement.arrived());
            }
          });
      return arrived;
    }
  }

  @Override
  public StreamsEventResponse handleRequest(DynamodbEvent event, Context context) {
    return invocations.handle(context, () -> handle(event.getRecords(), context));
  }

  private StreamsEventResponse handle(List<DynamodbStreamRecord> records, Context invocation) {
    Deadline lastPush = presence.lastPush(invocation);
    Map<RoomId, Movements> byRoom = new LinkedHashMap<>();
    Batch<String> batch = new Batch<>(Presence.AT_ONCE_MAX, invocation);
    for (DynamodbStreamRecord record : records) {
      String sequence = record.getDynamodb().getSequenceNumber();
      Row before = StreamRow.of(record.getDynamodb().getOldImage());
      Row after = StreamRow.of(record.getDynamodb().getNewImage());
      Row row = after.attributes().isEmpty() ? before : after;
      try {
        String room = row.string("room_id");
        if (RoomId.valid(room)) {
          add(
              byRoom.computeIfAbsent(new RoomId(room), r -> new Movements(sequence)),
              before,
              after,
              hasExpired(record) || row.expired(at(record)));
        } else if (after.attributes().isEmpty() && hasExpired(record)) {
          ConnectionId connection = new ConnectionId(row.string("connection_id"));
          Instant now = clock.instant();
          Instant connectedAt = row.optionalMillis("ChatConnections", "connected_at", now);
          Instant expiresAt = row.optionalSeconds("ChatConnections", "expires_at");
          batch.part(sequence, () -> close(connection, connectedAt, expiresAt, now));
        }
      } catch (IllegalArgumentException | Row.InvalidRow e) {
        row.report("ChatConnections", e);
      }
    }
    try (Delivery delivery = presence.delivery()) {
      byRoom.forEach(
          (room, movements) ->
              batch.part(movements.first(), () -> handle(room, movements, delivery, lastPush)));
      return Batch.fromFirstOf(batch.unfinished());
    }
  }

  /// A membership that was taken away by somebody stays as a row without a slot, until the
  /// connection ends or joins again.
  ///
  /// @param before without attributes where a row was inserted
  /// @param after without attributes where a row was deleted
  private static void add(Movements movements, Row before, Row after, boolean expired) {
    boolean was = !before.attributes().isEmpty() && !Membership.isRemoved(before);
    boolean is = !after.attributes().isEmpty() && !Membership.isRemoved(after);
    if (is && !was) {
      movements.came(Membership.of(after));
    } else if (was && !is) {
      Membership member = Membership.of(before);
      movements.went(member, expired);
      if (Membership.isRemoved(after)) {
        movements.removed().put(member.connection(), Membership.removal(after));
      }
    }
  }

  private void handle(RoomId room, Movements movements, Delivery delivery, Deadline lastPush) {
    Instant now = clock.instant();
    Map<String, Movement> byUser = new LinkedHashMap<>(movements.byUser());
    byUser.keySet().removeAll(admissions.turnAway(room, movements.arrived(), now));
    admissions.tell(room, movements.removed(), delivery, lastPush, now);
    presence.tell(room, byUser.values(), "stream", delivery, lastPush);
  }

  private static boolean hasExpired(DynamodbStreamRecord record) {
    return record.getUserIdentity() != null
        && TIME_TO_LIVE.equals(record.getUserIdentity().getPrincipalId());
  }

  /// When it happened: a batch may come again much later.
  private Instant at(DynamodbStreamRecord record) {
    Date created = record.getDynamodb().getApproximateCreationDateTime();
    return created == null ? clock.instant() : created.toInstant();
  }

  private void close(
      ConnectionId connection,
      @Nullable Instant connectedAt,
      @Nullable Instant expiresAt,
      Instant now) {
    MDC.put("connection_id", connection.value());
    if (sessions.closeUnheard(connection, connectedAt, expiresAt, now, "expired")) {
      LOG.info("closed the session of a connection that went without $disconnect");
    }
  }
}
