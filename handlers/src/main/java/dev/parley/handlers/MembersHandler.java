package dev.parley.handlers;

import dev.parley.Limits;
import dev.parley.allowance.Price;
import dev.parley.connection.Attendance;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Memberships;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.time.InstantSource;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// `members`: which users are in a room, a page at a time.
public final class MembersHandler extends FrameHandler {
  private final Memberships memberships;
  private final MemberIndex index;
  private final RoomTable rooms;

  public MembersHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(MembersHandler.class, MembersHandler::new);
  }

  public MembersHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    DynamoDbClient dynamoDb = dynamoDb();
    this.memberships = new Memberships(dynamoDb, settings);
    this.index = new MemberIndex(dynamoDb, settings);
    this.rooms = new RoomTable(dynamoDb, settings);
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    toll.charge(caller, Price.MEMBERS);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = in(frame.room());
    String cursor = frame.memberCursor();
    Attendance attendance = memberships.attendance(caller.connection(), room, caller.now());
    if (!(attendance instanceof Attendance.In)) {
      throw notIn(room, attendance);
    }

    MemberIndex.Page page =
        Trace.step(
                "members",
                () ->
                    index.page(
                        room,
                        cursor,
                        Limits.PAGE_MEMBERS_MAX,
                        () -> rooms.get(room).salt(),
                        caller.now()))
            .orElseThrow(() -> new Rejection(ErrorCode.INVALID_CURSOR));
    toll().chargeMore(caller, Price.more(page.rows(), Price.ROWS));
    return Reply.members(room, page.people(), page.cursor());
  }
}
