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
import org.jspecify.annotations.Nullable;

/// `createRoom`: makes a private room, whose owner is who asks, or the direct room with another
/// user. The connection is not in it yet.
final class CreateRoomAction extends RoleAction {
  CreateRoomAction(Tables tables) {
    super(tables);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    String user = frame.userOrNull(caller.identity());
    String title = frame.title();
    RoomId via = frame.via();
    if (user == null) {
      return create(title, caller);
    }
    if (title != null) {
      throw new Rejection(ErrorCode.INVALID_TITLE);
    }
    return direct(user, via, caller);
  }

  private Reply create(@Nullable String title, Caller caller) {
    RoomId room = FrameHandler.in(RoomId.newPrivate());
    String owner = caller.identity().user();
    change(
        () ->
            tables
                .roles()
                .create(
                    new Change(room, owner)
                        .give(Standing.none(owner, room), Role.OWNER, caller.now()),
                    title,
                    caller.identity(),
                    caller.now()));
    return Reply.created(room, title, null);
  }

  private Reply direct(String user, @Nullable RoomId via, Caller caller) {
    String own = caller.identity().user();
    RoomId room = FrameHandler.in(RoomId.direct(own, user));
    change(() -> direct(room, user, via, caller));
    tell(room, user, null, via, caller);
    return Reply.created(room, null, user);
  }

  private ChangeResult direct(RoomId room, String user, @Nullable RoomId via, Caller caller) {
    Actor actor = actor(Permission.CREATE_ROOM, room, caller);
    requireIn(via, caller);
    Standing other = target(Permission.CREATE_ROOM, actor, room, user, caller);
    if (other.isBanned(caller.now())) {
      throw new Rejection(ErrorCode.BANNED);
    }
    String own = actor.standing().user();
    Change change = new Change(room, own);
    if (actor.standing().role() == null) {
      change.give(actor.standing(), Role.MEMBER, user, caller.now());
    }
    if (other.role() == null) {
      change.give(other, Role.MEMBER, own, caller.now());
    }
    boolean there = tables.rooms().get(room).salt() != null;
    if (there) {
      return change.isEmpty() ? new ChangeResult.Changed() : tables.roles().write(change);
    }
    return tables.roles().create(change, null, caller.identity(), caller.now());
  }
}
