package dev.parley.handlers;

import dev.parley.lambda.Settings;
import dev.parley.lambda.Trace;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.Reply;
import java.util.Map;

/// `rooms`: which rooms there are, a page at a time.
public final class RoomsHandler extends RouteHandler {
  private final RoomTable rooms;

  public RoomsHandler() {
    this(System.getenv());
  }

  public RoomsHandler(Map<String, String> environment) {
    Settings settings = new Settings(environment);
    super(settings);
    this.rooms = new RoomTable(settings.dynamoDb(), settings);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId cursor = frame.roomCursor();

    RoomTable.Page page = Trace.step("rooms", () -> rooms.list(cursor));
    return Reply.rooms(page.rooms(), page.cursor());
  }
}
