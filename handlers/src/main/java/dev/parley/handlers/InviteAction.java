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

/// `invite`: makes a user a member of a private room, who may join it from then on, and tells that
/// to the user's connections that are in another room where the caller is too.
final class InviteAction extends RoleAction {
  InviteAction(Tables tables) {
    super(tables);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = FrameHandler.in(frame.room());
    String user = frame.user(caller.identity());
    RoomId via = frame.via();
    change(
        () -> {
          Actor actor = actor(Permission.INVITE, room, caller);
          requireIn(via, caller);
          Standing target = target(Permission.INVITE, actor, room, user, caller);
          if (target.isBanned(caller.now())) {
            throw new Rejection(ErrorCode.BANNED);
          }
          if (target.role() != null) {
            return new ChangeResult.Changed();
          }
          return tables
              .roles()
              .write(
                  new Change(room, actor.standing().user())
                      .check(actor.standing())
                      .give(target, Role.MEMBER, caller.now()));
        });
    tell(room, user, via == null ? null : tables.rooms().get(room).title(), via, caller);
    return Reply.done("invited", room, user);
  }
}
