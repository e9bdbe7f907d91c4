package dev.parley.handlers;

import dev.parley.connection.ConnectionTable;
import dev.parley.lambda.Settings;
import dev.parley.lambda.Trace;
import dev.parley.room.RoomId;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.util.Map;

/// `quit`: takes the connection out of a room.
public final class QuitHandler extends RouteHandler {
  private final ConnectionTable connections;

  public QuitHandler() {
    this(System.getenv());
  }

  public QuitHandler(Map<String, String> environment) {
    Settings settings = new Settings(environment);
    super(settings);
    this.connections = new ConnectionTable(settings.dynamoDb(), settings);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = in(frame.room());

    boolean left =
        Trace.step("quit", () -> connections.quit(caller.connection(), room, caller.now()));
    if (!left) {
      throw new Rejection(ErrorCode.NOT_A_MEMBER);
    }
    return Reply.quit(room);
  }
}
