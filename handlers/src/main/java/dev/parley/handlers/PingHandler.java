package dev.parley.handlers;

import dev.parley.Metrics;
import dev.parley.allowance.Price;
import dev.parley.connection.Memberships;
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
import java.util.Set;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// `ping`: the server's time, the client's identity, and the heads of its rooms, by which it finds
/// out what it missed.
public final class PingHandler extends FrameHandler {
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

    Map<RoomId, Room> joined =
        Trace.step(
            "heads", () -> rooms.get(memberships.joined(caller.connection(), asked, caller.now())));
    Metrics.PINGS.add(1);
    return Reply.pong(caller.now(), caller.identity(), asked, joined);
  }
}
