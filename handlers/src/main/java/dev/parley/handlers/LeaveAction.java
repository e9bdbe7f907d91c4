package dev.parley.handlers;

import dev.parley.connection.Removal;
import dev.parley.handlers.FrameHandler.Caller;
import dev.parley.role.Change;
import dev.parley.role.ChangeResult;
import dev.parley.role.Permission;
import dev.parley.role.Rank;
import dev.parley.role.Role;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.Reply;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/// `leave`: gives up the caller's role in a private room, by all connections of the user. The room
/// of an owner who leaves gets another one: the moderator who has been one for longest, or else the
/// member. Where nobody is left, nobody can enter it any more.
final class LeaveAction extends RoleAction {
  LeaveAction(Tables tables) {
    super(tables);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = FrameHandler.in(frame.room());
    change(
        () -> {
          Actor actor = actor(Permission.LEAVE, room, caller);
          Change change = new Change(room, actor.standing().user()).forget(actor.standing());
          if (actor.rank() == Rank.OWNER && !hasSuccessor(change, actor.standing(), caller)) {
            return new ChangeResult.Outdated();
          }
          return tables.roles().write(change);
        });
    remove(room, caller.identity().user(), Removal.LEFT);
    return Reply.left(room);
  }

  /// @return false where the one that the index shows is none any more
  private boolean hasSuccessor(Change change, Standing owner, Caller caller) {
    List<Standing> all = tables.roles().in(owner.room());
    Standing shown =
        all.stream()
            .filter(standing -> !standing.user().equals(owner.user()))
            .filter(standing -> standing.role() != null)
            .min(
                Comparator.comparing((Standing standing) -> Objects.requireNonNull(standing.role()))
                    .thenComparing(
                        standing -> Objects.requireNonNullElse(standing.since(), Instant.MAX)))
            .orElse(null);
    if (shown == null) {
      change.ofAll(all.size());
      return true;
    }
    Standing successor = tables.roles().get(shown.user(), shown.room());
    if (successor.role() == null) {
      return false;
    }
    change.give(successor, Role.OWNER, caller.now());
    return true;
  }
}
