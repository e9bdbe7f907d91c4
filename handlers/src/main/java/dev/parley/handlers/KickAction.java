package dev.parley.handlers;

import dev.parley.connection.Removal;
import dev.parley.handlers.FrameHandler.Caller;
import dev.parley.role.Change;
import dev.parley.role.ChangeResult;
import dev.parley.role.Permission;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.Reply;

/// `kick`: takes all connections of a user out of a room. In a private room it takes the role too,
/// so that the user comes back by an invitation only.
final class KickAction extends RoleAction {
  KickAction(Tables tables) {
    super(tables);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = FrameHandler.in(frame.room());
    String user = frame.user(caller.identity());
    change(
        () -> {
          Actor actor = actor(Permission.KICK, room, caller);
          Standing target = target(Permission.KICK, actor, room, user, caller);
          if (target.role() == null) {
            return new ChangeResult.Changed();
          }
          return tables
              .roles()
              .write(
                  new Change(room, actor.standing().user()).check(actor.standing()).forget(target));
        });
    remove(room, user, Removal.KICKED);
    return Reply.done("kicked", room, user);
  }
}
