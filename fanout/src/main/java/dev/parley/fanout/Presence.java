package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Membership;
import dev.parley.connection.Memberships;
import dev.parley.connection.PruneQueue;
import dev.parley.connection.Slot;
import dev.parley.identity.Identity;
import dev.parley.platform.Aws;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.platform.TraceDocuments;
import dev.parley.room.RoomId;
import dev.parley.wire.Event;
import dev.parley.wire.Events;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.MDC;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.sqs.SqsClient;

/// Finds out what the comings and goings of connections mean to the people of a room, and tells
/// them who came and who left. Presence is a hint: it may come twice, and not at all where pushing
/// fails. `members` says who is there.
///
/// The index of members may lag behind by a fraction of a second. So a connection counts as there
/// if the index shows it, or it has just come, and the table has it.
final class Presence {
  /// The time for one room. Members to whom no push has begun by then are not told, since a batch
  /// ends with its slowest room.
  private static final Duration SHARE = Duration.ofSeconds(5);

  /// Rooms that are told, and sessions that are closed, side by side. A crowd that leaves is 1,000
  /// of them in one batch, which all at once would keep senders from the tables.
  static final int AT_ONCE_MAX = 8;

  /// More users than this are not looked for one by one before all members are read.
  private static final int QUERIES_MAX = 10;

  /// What one read of the table confirms.
  private static final int CONFIRMED_MAX = 100;

  private final InstantSource clock;
  private final MemberIndex index;
  private final Memberships memberships;
  private final Departures departures;
  private final PruneQueue prunes;
  private final Pusher pusher;
  private final TraceDocuments.Target traces;
  private final int peopleMax;

  Presence(Aws aws, DynamoDbClient dynamoDb, Settings settings, InstantSource clock) {
    this.clock = clock;
    this.index = new MemberIndex(dynamoDb, settings);
    this.memberships = new Memberships(dynamoDb, settings);
    SqsClient sqs = aws.sqs();
    this.departures = new Departures(sqs, settings);
    this.prunes = new PruneQueue(sqs, settings);
    this.pusher = Pusher.of(aws, settings, Duration.ZERO);
    this.traces = new TraceDocuments.Target(aws, settings);
    this.peopleMax = settings.number("PRESENCE_MAX", 0, 1_000);
  }

  /// What became of a user.
  enum Change {
    /// Nothing that anybody has to know.
    NONE,
    IN,
    /// The last connection has gone. Whether the user has left is found out later.
    AWAY,
    OUT
  }

  /// Something that happened to a user in a room.
  interface Move {
    Identity identity();

    /// That of one of the user's connections.
    Slot slot();

    /// Connections of the user that the index may not show yet.
    Collection<Membership> arrived();

    /// @param there the connections by which the user is in the room
    Change change(List<Membership> there);
  }

  /// When the last push of an invocation begins at the latest.
  Deadline lastPush(Context invocation) {
    return pusher.lastPush(invocation);
  }

  /// For the pushes of one invocation.
  Delivery delivery() {
    return new Delivery(pusher, prunes, clock, traces);
  }

  /// Tells a room what has changed, unless more than `PresenceMax` people are in it.
  ///
  /// Most connections that come or go are of users who are there by another one: a small query for
  /// each tells so. Only for the others all members are read, who are to be told.
  ///
  /// @param from what the moves came from
  /// @param lastPush after which no push of the invocation begins
  void tell(
      RoomId room,
      Collection<? extends Move> moves,
      String from,
      Delivery delivery,
      Deadline lastPush) {
    MDC.put("room", room.name());
    Trace.part("room", false, part -> tell(room, moves, from, delivery, lastPush, part));
  }

  private void tell(
      RoomId room,
      Collection<? extends Move> moves,
      String from,
      Delivery delivery,
      Deadline lastPush,
      Trace.Part part) {
    if (peopleMax == 0) {
      return;
    }
    Instant now = clock.instant();
    List<Move> open = new ArrayList<>(moves);
    if (open.size() <= QUERIES_MAX) {
      open.removeIf(
          move -> {
            var shown = index.ofUser(room, move.identity().user(), move.slot(), now);
            return move.change(confirmed(room, move, shown, now)) == Change.NONE;
          });
    }
    List<Membership> members =
        open.isEmpty()
            ? List.of()
            : Trace.step("read members", () -> index.ofFew(room, peopleMax, now));
    List<Event> events = new ArrayList<>();
    List<Departure> away = new ArrayList<>();
    for (Move move : members.isEmpty() ? List.<Move>of() : open) {
      List<Membership> there = confirmed(room, move, members, now);
      switch (move.change(there)) {
        case NONE -> {}
        case IN -> events.add(Event.presence(room, newest(there), Event.State.IN));
        case AWAY -> away.add(new Departure(room, move.identity(), move.slot(), false));
        case OUT -> {
          events.add(Event.presence(room, move.identity(), Event.State.OUT));
          away.add(new Departure(room, move.identity(), move.slot(), true));
        }
      }
    }
    departures.add(away);
    Events told = Events.of(events);
    if (!told.isEmpty()) {
      delivery.deliver(
          room,
          members.stream().map(Receiver::of).toList(),
          told,
          Pusher.Tokens.ONE_BY_ONE,
          Deadline.in(SHARE).or(lastPush),
          (id, untold, unreached) -> 0); // who is not reached is not told
    }
    delivery.write(part, room, told, from);
  }

  private static Identity newest(List<Membership> there) {
    return there.stream().max(Membership.BY_AGE).orElseThrow().identity();
  }

  private List<Membership> confirmed(
      RoomId room, Move move, Collection<Membership> shown, Instant now) {
    Map<ConnectionId, Membership> candidates = new LinkedHashMap<>();
    move.arrived().forEach(member -> candidates.put(member.connection(), member));
    shown.stream()
        .filter(member -> member.user().equals(move.identity().user()))
        .forEach(member -> candidates.put(member.connection(), member));
    return memberships.confirmed(
        room, candidates.values().stream().limit(CONFIRMED_MAX).toList(), now);
  }
}
