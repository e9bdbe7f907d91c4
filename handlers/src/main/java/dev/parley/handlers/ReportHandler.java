package dev.parley.handlers;

import dev.parley.Metrics;
import dev.parley.allowance.Price;
import dev.parley.connection.Attendance;
import dev.parley.connection.Memberships;
import dev.parley.message.History;
import dev.parley.message.Message;
import dev.parley.platform.Aws;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.report.ReportQueue;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.time.InstantSource;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// `report`: puts a message of a room that the connection is in before the moderators, with the
/// reporter's words. Nobody else is told.
public final class ReportHandler extends FrameHandler {
  private final Memberships memberships;
  private final History history;
  private final ReportQueue reports;

  public ReportHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(ReportHandler.class, ReportHandler::new);
  }

  public ReportHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    DynamoDbClient dynamoDb = dynamoDb();
    this.memberships = new Memberships(dynamoDb, settings);
    this.history = new History(dynamoDb, settings);
    this.reports = new ReportQueue(new Aws(settings).sqs(), settings);
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    toll.charge(caller, Price.REPORT);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = in(frame.room());
    Timestamp timestamp = frame.timestamp();
    String why = frame.why();
    Attendance attendance = memberships.attendance(caller.connection(), room, caller.now());
    if (!(attendance instanceof Attendance.In)) {
      throw notIn(room, attendance);
    }
    Message message =
        Trace.step("find", () -> history.find(room, timestamp, caller.now()))
            .orElseThrow(() -> new Rejection(ErrorCode.NO_SUCH_MESSAGE));

    Trace.step("report", () -> reports.add(message, caller.identity(), why, caller.now()));
    Metrics.REPORTS.add(1);
    return Reply.reported(room, timestamp);
  }
}
