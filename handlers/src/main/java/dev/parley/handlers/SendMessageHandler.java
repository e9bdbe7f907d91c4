package dev.parley.handlers;

import dev.parley.Metrics;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Spending;
import dev.parley.identity.Identity;
import dev.parley.message.MessageTable;
import dev.parley.message.Sending;
import dev.parley.platform.Aws;
import dev.parley.platform.Metric;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import org.slf4j.MDC;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// `sendMessage`: writes a message. The reply says that it is in the table; the stream carries it
/// to the room's members from there, the sender too.
public final class SendMessageHandler extends FrameHandler {
  private final ConnectionTable connections;
  private final MessageTable messages;
  private final Duration cost;
  private final Duration burst;

  public SendMessageHandler() {
    this(System.getenv(), InstantSource.system());
  }

  public SendMessageHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(clock);
    DynamoDbClient dynamoDb = new Aws(settings).dynamoDb();
    this.connections = new ConnectionTable(dynamoDb, settings);
    this.messages = new MessageTable(dynamoDb, settings);
    this.cost = settings.milliseconds("MESSAGE_COST_MS", 1, 60_000);
    this.burst = settings.milliseconds("MESSAGE_BURST_MS", 0, 600_000);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = in(frame.roomOr(RoomId.GLOBAL));
    String text = frame.message();
    String id = frame.id();
    Identity sender = frame.sender(caller.identity());
    Long after = frame.after();

    Spending spending =
        Trace.step(
            "spend", () -> connections.spend(caller.connection(), room, cost, burst, caller.now()));
    switch (spending) {
      case Spending.Spent spent -> {}
      case Spending.NotAMember stranger -> throw new Rejection(ErrorCode.NOT_A_MEMBER);
      case Spending.RateLimited limited ->
          throw new Rejection(ErrorCode.RATE_LIMITED, limited.retryAfterMs());
    }

    // The clock anew: a message is in the table at most 5 s after its timestamp.
    Sending sending =
        Trace.step(
            "write",
            () ->
                messages.send(
                    new MessageTable.Draft(room, sender, text, id, after, Trace.header()), now()));
    return switch (sending) {
      case Sending.Sent sent -> {
        MDC.put("message_id", sent.id());
        Metric.write(Map.of(Metrics.MESSAGES_ACCEPTED, 1));
        yield Reply.sent(room, sent.id(), sent.timestamp());
      }
      case Sending.IdReused reused -> throw new Rejection(ErrorCode.ID_REUSED);
      case Sending.Unavailable unknown -> throw new Rejection(ErrorCode.UNAVAILABLE, 1_000L);
    };
  }
}
