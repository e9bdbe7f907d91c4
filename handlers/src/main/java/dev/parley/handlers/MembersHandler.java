package dev.parley.handlers;

import static java.util.Objects.requireNonNull;

import dev.parley.Limits;
import dev.parley.connection.Attendance;
import dev.parley.connection.MemberCursor;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Memberships;
import dev.parley.platform.Aws;
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
    DynamoDbClient dynamoDb = new Aws(settings).dynamoDb();
    super(settings, clock, dynamoDb);
    this.memberships = new Memberships(dynamoDb, settings);
    this.index = new MemberIndex(dynamoDb, settings);
    this.rooms = new RoomTable(dynamoDb, settings);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = in(frame.room());
    String cursor = frame.memberCursor();
    Attendance attendance = memberships.attendance(caller.connection(), room, caller.now());
    if (!(attendance instanceof Attendance.In)) {
      throw notIn(room, attendance);
    }

    return Trace.step(
        "members",
        () -> {
          String after = cursor == null ? null : decode(room, cursor);
          MemberIndex.Page page = index.page(room, after, Limits.PAGE_MEMBERS_MAX, caller.now());
          String last = page.cursor();
          return Reply.members(
              room, page.people(), last == null ? null : MemberCursor.encode(salt(room), last));
        });
  }

  private String decode(RoomId room, String cursor) {
    return MemberCursor.decode(salt(room), cursor)
        .orElseThrow(() -> new Rejection(ErrorCode.INVALID_CURSOR));
  }

  /// Who is in a room has given it one.
  private String salt(RoomId room) {
    return requireNonNull(rooms.get(room).salt());
  }
}
