package dev.parley.handlers;

import dev.parley.Limits;
import dev.parley.connection.ConnectionTable;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.time.InstantSource;
import java.util.Map;

/// `members`: who is in a room, a page at a time.
public final class MembersHandler extends FrameHandler {
  private final ConnectionTable connections;

  public MembersHandler() {
    this(System.getenv(), InstantSource.system());
  }

  public MembersHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(clock);
    this.connections = new ConnectionTable(new Aws(settings).dynamoDb(), settings);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = in(frame.room());
    String cursor = frame.memberCursor();
    if (!connections.isMember(caller.connection(), room, caller.now())) {
      throw new Rejection(ErrorCode.NOT_A_MEMBER);
    }

    ConnectionTable.Page page =
        Trace.step(
            "members",
            () -> connections.members(room, cursor, Limits.PAGE_MEMBERS_MAX, caller.now()));
    return Reply.members(room, page.members(), page.cursor());
  }
}
