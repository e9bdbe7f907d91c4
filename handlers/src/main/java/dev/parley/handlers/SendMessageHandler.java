package dev.parley.handlers;

import dev.parley.Metrics;
import dev.parley.allowance.ChargeResult;
import dev.parley.allowance.Rate;
import dev.parley.connection.Memberships;
import dev.parley.identity.Identity;
import dev.parley.message.MessageTable;
import dev.parley.message.SendResult;
import dev.parley.platform.Aws;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
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
  /// When a client sends again what may not have been written.
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final Memberships memberships;
  private final MessageTable messages;
  private final Rate rate;

  public SendMessageHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(SendMessageHandler.class, SendMessageHandler::new);
  }

  public SendMessageHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    DynamoDbClient dynamoDb = new Aws(settings).dynamoDb();
    super(settings, clock, dynamoDb);
    this.memberships = new Memberships(dynamoDb, settings);
    this.messages = new MessageTable(dynamoDb, settings);
    this.rate =
        new Rate(
            settings.milliseconds("MESSAGE_COST_MS", 1, 60_000),
            settings.milliseconds("MESSAGE_BURST_MS", 0, 600_000));
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    RoomId room = in(frame.roomOr(RoomId.GLOBAL));
    String text = frame.message();
    String id = frame.id();
    if (id != null) {
      MDC.put("message_id", id);
    }
    Identity sender = frame.sender(caller.identity());
    Timestamp after = frame.after();

    ChargeResult charge =
        Trace.step(
            "charge", () -> memberships.charge(caller.connection(), room, rate, caller.now()));
    switch (charge) {
      case ChargeResult.Charged charged -> {}
      case ChargeResult.Absent absent ->
          throw notIn(room, memberships.attendance(absent.found(), caller.now()));
      case ChargeResult.Exhausted exhausted ->
          throw new Rejection(ErrorCode.RATE_LIMITED, exhausted.retryAfter());
    }

    SendResult result =
        Trace.step(
            "write",
            () ->
                messages.send(
                    new MessageTable.Draft(
                        room, sender, text, id, after, Trace.context().orElse(null)),
                    this::now));
    return switch (result) {
      case SendResult.Sent sent -> {
        MDC.put("message_id", sent.id());
        Metrics.MESSAGES_ACCEPTED.add(1);
        Trace.annotate("room", room.name());
        Trace.annotate("message_id", sent.id());
        yield Reply.sent(room, sent.id(), sent.timestamp(), sent.trace());
      }
      case SendResult.IdReused reused -> throw new Rejection(ErrorCode.ID_REUSED);
      case SendResult.Unavailable unknown ->
          throw new Rejection(ErrorCode.UNAVAILABLE, RETRY_AFTER);
    };
  }
}
