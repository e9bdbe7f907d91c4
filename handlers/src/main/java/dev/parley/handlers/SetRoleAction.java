package dev.parley.handlers;

import dev.parley.handlers.FrameHandler.Caller;
import dev.parley.role.Change;
import dev.parley.role.ChangeResult;
import dev.parley.role.Permission;
import dev.parley.role.Role;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;

/// `setRole`: makes a member of a private room a moderator, or no moderator any more, or its owner,
/// in place of the one who asks.
final class SetRoleAction extends RoleAction {
  SetRoleAction(Tables tables) {
    super(tables);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = FrameHandler.in(frame.room());
    String user = frame.user(caller.identity());
    Role role = frame.role();
    change(
        () -> {
          Actor actor = actor(Permission.SET_ROLE, room, caller);
          Standing target = target(Permission.SET_ROLE, actor, room, user, caller);
          if (target.role() == null) {
            throw new Rejection(ErrorCode.NO_SUCH_MEMBER);
          }
          if (target.role() == role) {
            return new ChangeResult.Changed();
          }
          Change change =
              new Change(room, actor.standing().user()).give(target, role, caller.now());
          if (role == Role.OWNER) {
            change.give(actor.standing(), Role.MODERATOR, caller.now());
          } else {
            change.check(actor.standing());
          }
          return tables.roles().write(change);
        });
    return Reply.roleSet(room, user, role);
  }
}
