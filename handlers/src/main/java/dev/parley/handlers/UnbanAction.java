package dev.parley.handlers;

import dev.parley.handlers.FrameHandler.Caller;
import dev.parley.role.Change;
import dev.parley.role.ChangeResult;
import dev.parley.role.Permission;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.room.RoomKind;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.Reply;

/// `unban`: lifts a ban. In a private room the user has no role then, and comes back by an
/// invitation. In a direct room it is lifted by the other user, who may have left the room: the
/// room's name proves who is one of both.
final class UnbanAction extends RoleAction {
  UnbanAction(Tables tables) {
    super(tables);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = FrameHandler.in(frame.room());
    String user = frame.user(caller.identity());
    change(
        () -> {
          Actor actor = actor(Permission.UNBAN, room, caller);
          Standing target = target(Permission.UNBAN, actor, room, user, caller);
          if (target.bannedUntil() == null) {
            return new ChangeResult.Changed();
          }
          Change change = new Change(room, actor.standing().user()).forget(target);
          if (room.kind() != RoomKind.PUBLIC) {
            change.check(actor.standing());
          }
          return tables.roles().write(change);
        });
    return Reply.done("unbanned", room, user);
  }
}
