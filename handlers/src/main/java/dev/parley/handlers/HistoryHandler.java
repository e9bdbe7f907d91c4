package dev.parley.handlers;

import dev.parley.allowance.Price;
import dev.parley.connection.Attendance;
import dev.parley.connection.Memberships;
import dev.parley.message.History;
import dev.parley.message.Page;
import dev.parley.message.Range;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.Reply;
import java.time.InstantSource;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// `history`: a page of a room's messages, before or after a timestamp, or the newest ones.
public final class HistoryHandler extends FrameHandler {
  private final Memberships memberships;
  private final RoomTable rooms;
  private final History history;

  public HistoryHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(HistoryHandler.class, HistoryHandler::new);
  }

  public HistoryHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    DynamoDbClient dynamoDb = dynamoDb();
    this.memberships = new Memberships(dynamoDb, settings);
    this.rooms = new RoomTable(dynamoDb, settings);
    this.history = new History(dynamoDb, settings);
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    toll.charge(caller, Price.HISTORY);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId id = in(frame.room());
    Range range = frame.range();
    int limit = frame.limit();
    Attendance attendance = memberships.attendance(caller.connection(), id, caller.now());
    if (!(attendance instanceof Attendance.In)) {
      throw notIn(id, attendance);
    }

    return Trace.step(
        "replay",
        () -> {
          Room room = rooms.get(id);
          Page page =
              history.page(id, range, limit, Reply.PAGE_BYTES_MAX, Reply::size, caller.now());
          toll().chargeMore(caller, Price.more(page.readUnits(), Price.READ_UNITS));
          return Reply.history(
              id, page, page.complete(room, history.horizon(caller.now()), caller.now()));
        });
  }
}
