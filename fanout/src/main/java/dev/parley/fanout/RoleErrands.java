package dev.parley.fanout;

import dev.parley.connection.MemberIndex;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.role.Errand;
import dev.parley.role.Removals;
import dev.parley.room.RoomTable;
import dev.parley.wire.Event;
import dev.parley.wire.Events;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// What a change of roles leaves to the queue Departures: looks again for connections that were to
/// be taken out of a room, and tells a user of an invitation.
final class RoleErrands {
  private static final Logger LOG = LoggerFactory.getLogger(RoleErrands.class);

  /// For telling one user.
  private static final Duration SHARE = Duration.ofSeconds(5);

  private final InstantSource clock;
  private final RoomTable rooms;
  private final MemberIndex index;
  private final Removals removals;

  RoleErrands(DynamoDbClient dynamoDb, Settings settings, InstantSource clock) {
    this.clock = clock;
    this.rooms = new RoomTable(dynamoDb, settings);
    this.index = new MemberIndex(dynamoDb, settings);
    this.removals = new Removals(dynamoDb, settings);
  }

  void run(Errand errand, Delivery delivery, Deadline lastPush) {
    MDC.put("room", errand.room().name());
    Instant now = clock.instant();
    switch (errand) {
      case Errand.Removed removed -> {
        int left = Trace.step("remove", () -> removals.again(removed, now));
        LOG.info("{} connections were still in the room: {}", left, removed.why().word());
      }
      case Errand.Invited invited -> tell(invited, delivery, lastPush, now);
    }
  }

  /// Who is not reached finds the room in the list of own rooms.
  private void tell(Errand.Invited invited, Delivery delivery, Deadline lastPush, Instant now) {
    List<Receiver> connections =
        Trace.step(
            "read members",
            () ->
                index.ofUser(rooms.get(invited.room()), invited.user(), now).stream()
                    .map(Receiver::of)
                    .toList());
    Event invitation =
        Event.invitation(invited.to(), invited.title(), invited.by(), invited.room());
    delivery.deliver(
        invited.room(),
        connections,
        Events.of(List.of(invitation)),
        Pusher.Tokens.ONE_BY_ONE,
        Deadline.in(SHARE).or(lastPush),
        (id, untold, unreached) -> 0);
  }
}
