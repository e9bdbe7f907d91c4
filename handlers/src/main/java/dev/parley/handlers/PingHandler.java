package dev.parley.handlers;

import dev.parley.Metrics;
import dev.parley.allowance.Price;
import dev.parley.connection.Attendance;
import dev.parley.connection.Connection;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Memberships;
import dev.parley.connection.Removal;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// `ping`: the server's time, the client's identity, and the heads of its rooms, by which it finds
/// out what it missed.
public final class PingHandler extends FrameHandler {
  private final ConnectionTable connections;
  private final Memberships memberships;
  private final RoomTable rooms;

  public PingHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(PingHandler.class, PingHandler::new);
  }

  public PingHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    DynamoDbClient dynamoDb = dynamoDb();
    this.connections = new ConnectionTable(dynamoDb, settings);
    this.memberships = new Memberships(dynamoDb, settings);
    this.rooms = new RoomTable(dynamoDb, settings);
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    toll.charge(caller, Price.ofPing(frame.rooms().size()));
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    Set<RoomId> asked = frame.rooms();

    return Trace.step(
        "heads",
        () -> {
          Set<RoomId> in = new HashSet<>();
          Map<RoomId, Removal> removed = new HashMap<>();
          memberships
              .attendances(caller.connection(), asked, caller.now())
              .forEach(
                  (room, attendance) -> {
                    switch (attendance) {
                      case Attendance.In here -> in.add(room);
                      case Attendance.Removed(Removal why) -> removed.put(room, why);
                      case Attendance.Out never -> {}
                    }
                  });
          Map<RoomId, Room> joined = rooms.get(in);
          Metrics.PINGS.add(1);
          return Reply.pong(caller.now(), you(caller), asked, joined, removed);
        });
  }

  /// A guest has no token, and asks for nothing more than heads.
  private Reply.You you(Caller caller) {
    if (caller.expires() == null) {
      return new Reply.You(caller.identity(), null, false);
    }
    ConnectionTable.State connection =
        Trace.step("expiry", () -> connections.get(caller.connection(), caller.now()))
            .orElseThrow(() -> new Rejection(ErrorCode.NOT_CONNECTED));
    Instant expires = Connection.renewable(caller.connectedAt(), connection.expiresAt());
    return new Reply.You(caller.identity(), expires, connection.admin());
  }
}
