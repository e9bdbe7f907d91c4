package dev.parley.handlers;

import dev.parley.connection.Attendance;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Memberships;
import dev.parley.connection.Removal;
import dev.parley.handlers.FrameHandler.Caller;
import dev.parley.platform.Deadline;
import dev.parley.platform.Trace;
import dev.parley.role.ChangeResult;
import dev.parley.role.Errand;
import dev.parley.role.Errands;
import dev.parley.role.Permission;
import dev.parley.role.Rank;
import dev.parley.role.Removals;
import dev.parley.role.Roles;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.room.RoomKind;
import dev.parley.room.RoomTable;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One action on roles, which [RoleHandler] hands a frame to: reads who the caller is in the room,
/// then whom the frame names, and makes one change. Where somebody has changed meanwhile what it
/// rests on, all of that is done again.
///
/// Each action can be repeated: what is there already is answered as if it had just been done.
/// There are exceptions: `createRoom` without a user makes another room. Who has left has no role
/// any more, and a second `leave` is answered `no_such_room`. Who has handed a room over owns it no
/// more, and a second `setRole` to owner is answered `not_allowed`.
abstract class RoleAction {
  /// The time that changes have that meet others.
  private static final Duration ATTEMPTS_MAX = Duration.ofSeconds(5);

  private static final Duration PAUSE_MIN = Duration.ofMillis(1);
  private static final Duration PAUSE_MAX = Duration.ofMillis(100);

  final Tables tables;

  /// What the actions work on.
  record Tables(
      ConnectionTable connections,
      Memberships memberships,
      RoomTable rooms,
      Roles roles,
      Removals removals,
      Errands errands,
      InstantSource clock) {}

  /// Who asks.
  ///
  /// @param rank by the standing, and by the token where that counts
  record Actor(Standing standing, Rank rank) {}

  RoleAction(Tables tables) {
    this.tables = tables;
  }

  /// Does it.
  ///
  /// @throws Rejection where the frame is refused; nothing has changed then
  abstract Reply reply(ClientFrame frame, Caller caller);

  /// Who the caller is in a room.
  ///
  /// @throws Rejection where somebody of that rank may not do this there. Nothing else is read of a
  ///     private room before, so that a stranger hears the same whether it is there or not
  final Actor actor(Permission permission, RoomId room, Caller caller) {
    Standing standing = tables.roles().get(caller.identity().user(), room);
    boolean admin =
        room.kind() == RoomKind.PUBLIC
            && tables
                .connections()
                .get(caller.connection(), caller.now())
                .map(ConnectionTable.State::admin)
                .orElse(false);
    Rank rank = standing.rank(admin, caller.now());
    if (!permission.allows(room.kind(), rank)) {
      throw FrameHandler.notAllowed(room.kind(), rank);
    }
    return new Actor(standing, rank);
  }

  /// The user whom an action names.
  ///
  /// @throws Rejection where the actor may not do this to a user of that rank
  final Standing target(
      Permission permission, Actor actor, RoomId room, String user, Caller caller) {
    if (room.kind() == RoomKind.DIRECT
        && !room.equals(RoomId.direct(caller.identity().user(), user))) {
      throw new Rejection(
          actor.rank() == Rank.STRANGER ? ErrorCode.NO_SUCH_ROOM : ErrorCode.NO_SUCH_MEMBER);
    }
    Standing target = tables.roles().get(user, room);
    if (!permission.allows(room.kind(), actor.rank(), target.rank(false, caller.now()))) {
      throw new Rejection(ErrorCode.NOT_ALLOWED);
    }
    return target;
  }

  /// Makes a change.
  ///
  /// @param attempt reads, decides and writes
  final void change(Supplier<ChangeResult> attempt) {
    Deadline deadline = Deadline.in(ATTEMPTS_MAX);
    while (true) {
      switch (Trace.step("change", attempt)) {
        case ChangeResult.Changed changed -> {
          return;
        }
        case ChangeResult.Outdated outdated -> {
          if (deadline.passed()) {
            throw new IllegalStateException("others change the same roles all the time");
          }
          deadline.pause(PAUSE_MIN, PAUSE_MAX);
        }
        case ChangeResult.TooManyRooms many ->
            throw new Rejection(ErrorCode.TOO_MANY_PRIVATE_ROOMS);
        case ChangeResult.RoomFull full -> throw new Rejection(ErrorCode.ROOM_FULL);
        case ChangeResult.NoSuchRoom none -> throw new Rejection(ErrorCode.NO_SUCH_ROOM);
      }
    }
  }

  /// Takes the connections of a user out of a room, after the user's rights have gone. In a public
  /// room a kick takes no right away: who has joined since stays.
  final void remove(RoomId room, String user, Removal why) {
    // First, so that what fails after it is done a little later.
    Instant now = enqueue(room, user, why);
    boolean mayReturn = why == Removal.KICKED && room.kind() == RoomKind.PUBLIC;
    remove(room, user, why, mayReturn ? now : Standing.FOR_GOOD);
  }

  /// @param until only those that joined no later
  final void remove(RoomId room, String user, Removal why, Instant until) {
    Instant now = tables.clock().instant();
    Trace.step("remove", () -> tables.removals().remove(room, user, why, until, now));
  }

  /// Has the connections of a user looked for again some seconds later.
  ///
  /// @return the current time: who joins later may have come back
  final Instant enqueue(RoomId room, String user, Removal why) {
    Instant now = tables.clock().instant();
    Trace.step("enqueue", () -> tables.errands().add(new Errand.Removed(room, user, why, now)));
    return now;
  }

  /// @throws Rejection where the caller is not in the room over which somebody is to be told
  final void requireIn(@Nullable RoomId via, Caller caller) {
    if (via == null) {
      return;
    }
    Attendance attendance = tables.memberships().attendance(caller.connection(), via, caller.now());
    if (!(attendance instanceof Attendance.In)) {
      throw FrameHandler.notIn(via, attendance);
    }
  }

  /// Tells a user of an invitation, over the connections that are in a room.
  final void tell(
      RoomId room, String user, @Nullable String title, @Nullable RoomId via, Caller caller) {
    if (via != null) {
      Trace.step(
          "enqueue",
          () ->
              tables.errands().add(new Errand.Invited(via, user, room, title, caller.identity())));
    }
  }
}
