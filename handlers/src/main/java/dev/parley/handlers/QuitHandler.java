package dev.parley.handlers;

import dev.parley.Metrics;
import dev.parley.connection.Attendance;
import dev.parley.connection.Memberships;
import dev.parley.platform.Aws;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.Reply;
import java.time.InstantSource;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// `quit`: takes the connection out of a room.
public final class QuitHandler extends FrameHandler {
  private final Memberships memberships;

  public QuitHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(QuitHandler.class, QuitHandler::new);
  }

  public QuitHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    DynamoDbClient dynamoDb = new Aws(settings).dynamoDb();
    super(settings, clock, dynamoDb);
    this.memberships = new Memberships(dynamoDb, settings);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = in(frame.room());

    boolean left = Trace.step("quit", () -> memberships.quit(caller.connection(), room));
    if (!left) {
      throw notIn(room, new Attendance.Out());
    }
    Metrics.QUITS.add(1);
    return Reply.quit(room);
  }
}
