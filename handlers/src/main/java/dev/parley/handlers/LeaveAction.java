package dev.parley.handlers;

import dev.parley.connection.Removal;
import dev.parley.handlers.FrameHandler.Caller;
import dev.parley.role.Permission;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.Reply;

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
    String user = caller.identity().user();
    change(
        () -> {
          Actor actor = actor(Permission.LEAVE, room, caller);
          // Before the change: without a role the user cannot repeat it.
          enqueue(room, user, Removal.LEFT);
          return tables.roles().leave(actor.standing(), caller.now());
        });
    remove(room, user, Removal.LEFT, Standing.FOR_GOOD);
    return Reply.left(room);
  }
}
