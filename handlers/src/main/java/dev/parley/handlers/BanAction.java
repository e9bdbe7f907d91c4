package dev.parley.handlers;

import dev.parley.connection.Removal;
import dev.parley.handlers.FrameHandler.Caller;
import dev.parley.role.Change;
import dev.parley.role.Permission;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.room.RoomKind;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.Reply;
import java.time.Duration;
import java.time.Instant;

/// `ban`: keeps a user out of a room, for a time or for good, and takes the user's role and all
/// connections away.
final class BanAction extends RoleAction {
  BanAction(Tables tables) {
    super(tables);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = FrameHandler.in(frame.room());
    String user = frame.user(caller.identity());
    Duration seconds = frame.seconds();
    Instant until = seconds == null ? Standing.FOR_GOOD : caller.now().plus(seconds);
    change(
        () -> {
          Actor actor = actor(Permission.BAN, room, caller);
          Standing target = target(Permission.BAN, actor, room, user, caller);
          Change change = new Change(room, actor.standing().user()).ban(target, until);
          if (room.kind() != RoomKind.PUBLIC) {
            change.check(actor.standing());
          }
          return tables.roles().write(change);
        });
    remove(room, user, Removal.BANNED);
    return Reply.done("banned", room, user);
  }
}
