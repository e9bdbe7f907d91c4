package dev.parley.handlers;

import dev.parley.allowance.Price;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.Reply;
import java.time.InstantSource;
import java.util.Map;

/// `rooms`: which rooms there are, a page at a time.
public final class RoomsHandler extends FrameHandler {
  private final RoomTable rooms;

  public RoomsHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(RoomsHandler.class, RoomsHandler::new);
  }

  public RoomsHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    this.rooms = new RoomTable(dynamoDb(), settings);
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    toll.charge(caller, Price.ROOMS);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId cursor = frame.roomCursor();

    RoomTable.Page page = Trace.step("rooms", () -> rooms.list(cursor, caller.now()));
    return Reply.rooms(page.rooms(), page.cursor());
  }
}
