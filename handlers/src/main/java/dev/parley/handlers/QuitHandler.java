package dev.parley.handlers;

import dev.parley.Metrics;
import dev.parley.allowance.Price;
import dev.parley.connection.Attendance;
import dev.parley.connection.Memberships;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.Reply;
import java.time.InstantSource;
import java.util.Map;

/// `quit`: takes the connection out of a room.
public final class QuitHandler extends FrameHandler {
  private final Memberships memberships;

  public QuitHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(QuitHandler.class, QuitHandler::new);
  }

  public QuitHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    this.memberships = new Memberships(dynamoDb(), settings);
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    toll.charge(caller, Price.QUIT);
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
