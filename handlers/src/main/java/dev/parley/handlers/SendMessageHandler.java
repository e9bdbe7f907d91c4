package dev.parley.handlers;

import dev.parley.Metrics;
import dev.parley.allowance.Price;
import dev.parley.connection.Attendance;
import dev.parley.connection.Memberships;
import dev.parley.identity.Identity;
import dev.parley.message.MessageTable;
import dev.parley.message.SendResult;
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
///
/// A message that its client has named as its heartbeat ([ConnectOptions]) is answered, and is
/// neither written nor charged as a send.
public final class SendMessageHandler extends FrameHandler {
  /// When a client sends again what may not have been written.
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final Memberships memberships;
  private final MessageTable messages;

  public SendMessageHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(SendMessageHandler.class, SendMessageHandler::new);
  }

  public SendMessageHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    DynamoDbClient dynamoDb = dynamoDb();
    this.memberships = new Memberships(dynamoDb, settings);
    this.messages = new MessageTable(dynamoDb, settings);
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    if (isHeartbeat(frame, caller)) {
      toll.charge(caller, Price.ofPing(0));
    } else {
      toll.chargeSend(caller, frame.bytes());
    }
  }

  private static boolean isHeartbeat(ClientFrame frame, Caller caller) {
    String heartbeat = caller.options().heartbeat();
    return heartbeat != null && frame.isMessage(heartbeat);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    if (isHeartbeat(frame, caller)) {
      return Reply.heartbeat();
    }
    RoomId room = in(frame.roomOr(RoomId.GLOBAL));
    String text = frame.message();
    String id = frame.id();
    if (id != null) {
      MDC.put("message_id", id);
    }
    Identity sender = frame.sender(caller.identity());
    Timestamp after = frame.after();

    Attendance attendance =
        Trace.step(
            "membership", () -> memberships.attendance(caller.connection(), room, caller.now()));
    if (!(attendance instanceof Attendance.In)) {
      throw notIn(room, attendance);
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
