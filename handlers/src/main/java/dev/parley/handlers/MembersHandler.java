package dev.parley.handlers;

import dev.parley.Limits;
import dev.parley.connection.ConnectionTable;
import dev.parley.lambda.Settings;
import dev.parley.lambda.Trace;
import dev.parley.room.RoomId;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.util.Map;

/// `members`: who is in a room, a page at a time.
public final class MembersHandler extends RouteHandler {
  private final ConnectionTable connections;

  public MembersHandler() {
    this(System.getenv());
  }

  public MembersHandler(Map<String, String> environment) {
    Settings settings = new Settings(environment);
    super(settings);
    this.connections = new ConnectionTable(settings.dynamoDb(), settings);
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
