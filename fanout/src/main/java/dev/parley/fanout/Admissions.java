package dev.parley.fanout;

import dev.parley.connection.Attendance;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.Membership;
import dev.parley.connection.Memberships;
import dev.parley.connection.Removal;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.role.Roles;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.wire.Event;
import dev.parley.wire.Events;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// What the stream does about roles. It looks again at each who has come into a room: a membership
/// that was written just before a ban may have been overlooked by who has banned. And it tells a
/// connection that it was taken out of a room.
final class Admissions {
  private static final Logger LOG = LoggerFactory.getLogger(Admissions.class);

  /// For telling those who were removed from one room.
  private static final Duration SHARE = Duration.ofSeconds(5);

  private final Roles roles;
  private final Memberships memberships;

  Admissions(DynamoDbClient dynamoDb, Settings settings) {
    this.roles = new Roles(dynamoDb, settings);
    this.memberships = new Memberships(dynamoDb, settings);
  }

  /// Takes those out of a room who may not be in it. The stream tells of that in turn.
  ///
  /// @param came by user
  /// @return the users who may not be in it
  Set<String> turnAway(RoomId room, Map<String, Collection<Membership>> came, Instant now) {
    Set<String> turnedAway = new HashSet<>();
    for (Standing standing : roles.get(came.keySet(), room).values()) {
      if (standing.admits(now)) {
        continue;
      }
      turnedAway.add(standing.user());
      Removal why = standing.isBanned(now) ? Removal.BANNED : Removal.KICKED;
      for (Membership member : came.getOrDefault(standing.user(), List.of())) {
        if (memberships.remove(
            member.connection(), room, standing.user(), why, Standing.FOR_GOOD)) {
          LOG.info("{} was taken out of room {}: {}", member.connection(), room, why.word());
        }
      }
    }
    return turnedAway;
  }

  /// Tells connections that they were taken out of a room, unless they have joined again.
  void tell(
      RoomId room,
      Map<ConnectionId, Removal> removed,
      Delivery delivery,
      Deadline lastPush,
      Instant now) {
    for (Removal why : Set.copyOf(removed.values())) {
      List<Receiver> told =
          removed.entrySet().stream()
              .filter(entry -> entry.getValue() == why)
              .map(Map.Entry::getKey)
              .filter(
                  connection ->
                      memberships.attendance(connection, room, now) instanceof Attendance.Removed)
              .map(connection -> new Receiver(connection, Framing.SINGLE)) // it is one event
              .toList();
      delivery.deliver(
          room,
          told,
          Events.of(List.of(Event.removed(room, why.word()))),
          Pusher.Tokens.ONE_BY_ONE,
          Deadline.in(SHARE).or(lastPush),
          (id, untold, unreached) -> 0); // their next ping tells them
    }
  }
}
