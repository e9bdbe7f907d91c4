package dev.parley.handlers;

import dev.parley.allowance.Price;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.role.Roles;
import dev.parley.role.Standing;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.RoomKind;
import dev.parley.room.RoomTable;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// `rooms`: which public rooms there are, or the private ones of the user who asks, a page at a
/// time.
public final class RoomsHandler extends FrameHandler {
  private final RoomTable rooms;
  private final Roles roles;

  public RoomsHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(RoomsHandler.class, RoomsHandler::new);
  }

  public RoomsHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    DynamoDbClient dynamoDb = dynamoDb();
    this.rooms = new RoomTable(dynamoDb, settings);
    this.roles = new Roles(dynamoDb, settings);
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    toll.charge(caller, Price.ROOMS);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId cursor = frame.roomCursor();
    if (frame.mine()) {
      return Trace.step("mine", () -> mine(caller, cursor));
    }
    if (cursor != null && cursor.kind() != RoomKind.PUBLIC) {
      throw new Rejection(ErrorCode.INVALID_CURSOR);
    }

    RoomTable.Page page = Trace.step("rooms", () -> rooms.list(cursor, caller.now()));
    toll().chargeMore(caller, Price.more(page.rows(), Price.ROWS));
    return Reply.rooms(page.rooms(), page.cursor());
  }

  private Reply mine(Caller caller, @Nullable RoomId cursor) {
    Roles.Page page = roles.of(caller.identity().user(), cursor);
    toll().chargeMore(caller, Price.more(page.standings().size(), Price.ROOMS_OF_A_PING));
    Map<RoomId, Room> found = rooms.get(page.standings().stream().map(Standing::room).toList());
    found.values().removeIf(room -> room.salt() == null); // it is gone
    return Reply.mine(page.standings(), found, page.cursor());
  }
}
