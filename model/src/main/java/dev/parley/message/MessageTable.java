package dev.parley.message;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.Limits;
import dev.parley.Sha256;
import dev.parley.identity.Identity;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import dev.parley.table.Transactions;
import dev.parley.table.WriteResult;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// Writes messages to ChatMessages, and to ChatSends, which remembers for a day what each id was
/// used for.
///
/// A message that this table acknowledged is there once, and stays until retention removes it.
/// [History] reads it.
public final class MessageTable {
  /// The setting that names the table.
  static final String SETTING = "CHAT_MESSAGES_TABLE";

  private static final Logger LOG = LoggerFactory.getLogger(MessageTable.class);

  private final DynamoDbClient dynamoDb;
  private final String messages;
  private final String sends;
  private final Retention retention;

  public MessageTable(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.messages = settings.required(SETTING);
    this.sends = settings.required("CHAT_SENDS_TABLE");
    this.retention = new Retention(settings);
  }

  /// What somebody wants to say.
  ///
  /// @param id the client's own, which makes the send idempotent; or null
  /// @param after the newest timestamp that the client has in the room, or null: the message comes
  ///     after it although clocks differ
  /// @param trace where the send's X-Ray trace goes on, or null where it is not sampled
  public record Draft(
      RoomId room,
      Identity from,
      String text,
      @Nullable String id,
      @Nullable Timestamp after,
      Trace.@Nullable Context trace) {

    /// `max(now, after + 1)`, where an `after` more than a second ahead of the clock counts as one
    /// that is a second ahead.
    private Timestamp timestamp(Instant now) {
      Timestamp timestamp = Timestamp.of(now);
      if (after == null || after.isBefore(timestamp)) {
        return timestamp;
      }
      Timestamp latest = Timestamp.of(now.plus(Limits.CLOCK_SKEW_MAX));
      return (after.isBefore(latest) ? after : latest).next();
    }
  }

  /// Writes a message once.
  ///
  /// Its timestamp is `max(now, after + 1)`, or the first free one behind that; `after` moves it at
  /// most a second ahead of the clock. The same sender, room, id and text again give the same
  /// answer, without a trace, and write nothing, also concurrently.
  ///
  /// @param now the function's clock
  public SendResult send(Draft draft, Instant now) {
    Deadline deadline = Deadline.in(Limits.SEND_MAX);
    String id = draft.id() == null ? UUID.randomUUID().toString() : draft.id();
    Message message =
        new Message(
            draft.room(), draft.timestamp(now), id, draft.from(), draft.text(), draft.trace());
    try {
      return draft.id() == null ? put(message, deadline) : putOnce(message, now, deadline);
    } catch (SdkException e) {
      LOG.warn("a message could not be written: {}", e.getMessage());
      return new SendResult.Unavailable();
    }
  }

  private SendResult put(Message first, Deadline deadline) {
    Message message = first;
    while (!deadline.passed()) {
      Map<String, AttributeValue> row = row(message);
      try {
        dynamoDb.putItem(
            put ->
                put.tableName(messages)
                    .item(row)
                    .conditionExpression("attribute_not_exists(room_id)")
                    .returnValuesOnConditionCheckFailure(
                        ReturnValuesOnConditionCheckFailure.ALL_OLD)
                    .overrideConfiguration(o -> o.apiCallTimeout(deadline.left())));
        return sent(message);
      } catch (ConditionalCheckFailedException e) {
        if (e.hasItem() && message.id().equals(new Row(e.item()).optionalString("id"))) {
          // An earlier attempt of this very put had succeeded, and its answer was lost.
          return sent(message);
        }
        message = message.next();
      }
    }
    return new SendResult.Unavailable();
  }

  private SendResult putOnce(Message first, Instant now, Deadline deadline) {
    String digest = Sha256.hex(first.text());
    Message message = first;
    while (!deadline.passed()) {
      TransactWriteItem send = insertSend(message, digest, now);
      TransactWriteItem insert = Transactions.insert(messages, row(message), "room_id");
      switch (Transactions.write(dynamoDb, List.of(send, insert), deadline)) {
        case WriteResult.Written written -> {
          return sent(message);
        }
        case WriteResult.Refused refused -> {
          Optional<Row> earlier = refused.found(send);
          if (earlier.isPresent()) {
            return earlier(message.id(), digest, earlier.get());
          }
        }
      }
      message = message.next();
    }
    return new SendResult.Unavailable();
  }

  private static SendResult sent(Message message) {
    return new SendResult.Sent(message.id(), message.timestamp(), message.trace());
  }

  private Map<String, AttributeValue> row(Message message) {
    return message.row(retention.expiresAt(message.timestamp()));
  }

  private TransactWriteItem insertSend(Message message, String digest, Instant now) {
    return Transactions.insert(
        sends,
        Map.of(
            "send_id", s(sendId(message)),
            "timestamp", n(message.timestamp().micros()),
            "digest", s(digest),
            "expires_at", seconds(now.plus(Limits.SEND_REMEMBERED))),
        "send_id");
  }

  /// The result of an earlier send with the same id. Where its text cannot be compared, the id
  /// decides. Where its timestamp cannot be read, the id counts as used for another text, so that
  /// nothing is called sent that may not be.
  private SendResult earlier(String id, String digest, Row send) {
    try {
      Timestamp timestamp = Timestamp.of(send, "timestamp");
      String other = send.optionalString("digest");
      return other == null || other.equals(digest)
          ? new SendResult.Sent(id, timestamp, null)
          : new SendResult.IdReused();
    } catch (Row.InvalidRow e) {
      send.report(sends, e);
      return new SendResult.IdReused();
    }
  }

  /// No two sends share one: a room and an id have no `#`, so the first and the last `#` are the
  /// separators, even where a user's id has others.
  private static String sendId(Message message) {
    return message.room().name() + "#" + message.from().user() + "#" + message.id();
  }
}
