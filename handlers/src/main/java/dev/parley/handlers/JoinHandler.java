package dev.parley.handlers;

import dev.parley.Metrics;
import dev.parley.allowance.Price;
import dev.parley.connection.Connection;
import dev.parley.connection.JoinResult;
import dev.parley.connection.Memberships;
import dev.parley.message.History;
import dev.parley.message.Page;
import dev.parley.message.Range;
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
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// `join`: puts the connection into a room and returns a page of its history: the newest one, or
/// the first one after `after`.
///
/// The membership is written first, then the head is read, then the page: what is said from now on
/// is pushed, and what was said before is in the page or behind it. A connection that is in the
/// room already, as after a connect that named it, writes nothing.
public final class JoinHandler extends FrameHandler {
  private final Memberships memberships;
  private final RoomTable rooms;
  private final Roles roles;
  private final History history;

  public JoinHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(JoinHandler.class, JoinHandler::new);
  }

  public JoinHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    DynamoDbClient dynamoDb = dynamoDb();
    this.memberships = new Memberships(dynamoDb, settings);
    this.rooms = new RoomTable(dynamoDb, settings);
    this.roles = new Roles(dynamoDb, settings);
    this.history = new History(dynamoDb, settings);
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    toll.charge(caller, Price.JOIN);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId id = in(frame.room());
    Range range = frame.range();
    int limit = frame.limit();
    if (range instanceof Range.Before) {
      throw new Rejection(ErrorCode.INVALID_RANGE);
    }

    JoinResult result =
        Trace.step(
            "join",
            () ->
                memberships.join(
                    caller.connection(),
                    caller.identity(),
                    caller.options().framing(),
                    id,
                    () -> opened(id, caller),
                    roles.admission(caller.identity().user(), id, caller.now()),
                    caller.now()));
    JoinResult.Joined in =
        switch (result) {
          case JoinResult.Joined joined -> joined;
          case JoinResult.NotAdmitted barred -> throw barred(standing(id, caller), caller);
          case JoinResult.TooManyRooms tooMany -> throw new Rejection(ErrorCode.TOO_MANY_ROOMS);
          case JoinResult.NotConnected closed -> throw new Rejection(ErrorCode.NOT_CONNECTED);
        };
    Metrics.JOINS.add(1);

    return Trace.step(
        "replay",
        () -> {
          Room room = rooms.get(id);
          Page page =
              history.page(id, range, limit, Reply.PAGE_BYTES_MAX, Reply::size, caller.now());
          toll().chargeMore(caller, Price.more(page.readUnits(), Price.READ_UNITS));
          boolean complete = page.complete(room, history.horizon(caller.now()), caller.now());
          Instant expires = Connection.renewable(caller.connectedAt(), in.expiresAt());
          return Reply.joined(
              room, page, complete, new Reply.You(caller.identity(), expires, in.admin()));
        });
  }

  /// A private room is not made by a join. Whether it is there a stranger does not hear: nothing is
  /// read of it before the user's own role.
  private Room opened(RoomId id, Caller caller) {
    Standing standing = standing(id, caller);
    if (!standing.admits(caller.now())) {
      throw refused(standing, caller);
    }
    if (id.kind() == RoomKind.PUBLIC) {
      return rooms.open(
          id, caller.identity(), caller.now(), made -> toll().makeRooms(caller, made));
    }
    Room room = rooms.get(id);
    if (room.salt() == null) {
      throw new Rejection(ErrorCode.NO_SUCH_ROOM); // it is gone, and the role is left of it
    }
    return room;
  }

  private Standing standing(RoomId room, Caller caller) {
    return roles.get(caller.identity().user(), room);
  }

  /// Where the user is admitted by now, the next join is.
  private static Rejection barred(Standing standing, Caller caller) {
    return standing.admits(caller.now())
        ? new Rejection(ErrorCode.UNAVAILABLE, Duration.ofSeconds(1))
        : refused(standing, caller);
  }

  private static Rejection refused(Standing standing, Caller caller) {
    return notAllowed(standing.room().kind(), standing.rank(false, caller.now()));
  }
}
