package dev.parley.message;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.Limits;
import dev.parley.Sha256;
import dev.parley.identity.Identity;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import dev.parley.table.Transactions;
import dev.parley.table.WriteResult;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// ChatMessages, and ChatSends, which remembers for a day what each id was used for.
///
/// A message that this table acknowledged is there once, and stays until retention removes it. All
/// reads are strongly consistent and leave out what is past retention. A row that cannot be shown
/// as a message is [Entry.Unreadable] there.
public final class MessageTable {
  private static final Logger log = LoggerFactory.getLogger(MessageTable.class);
  private static final Map<String, String> NAMES = Map.of("#timestamp", "timestamp");

  /// Rows that are read before their size is known: of messages of 8 KB, 3 fit a page, and the 4th
  /// tells that there is more.
  private static final int FIRST_ROWS = 4;

  private final DynamoDbClient dynamoDb;
  private final String messages;
  private final String sends;
  private final Duration retention;

  public MessageTable(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.messages = settings.required("CHAT_MESSAGES_TABLE");
    this.sends = settings.required("CHAT_SENDS_TABLE");
    this.retention = Duration.ofDays(settings.number("MESSAGE_RETENTION_DAYS", 1, 3650));
  }

  /// What somebody wants to say.
  ///
  /// @param id the client's own, which makes the send idempotent; or null
  /// @param after the newest timestamp that the client has in the room, or null: the message comes
  ///     after it whatever the clocks say
  public record Draft(
      RoomId room,
      Identity from,
      String text,
      @Nullable String id,
      @Nullable Long after,
      @Nullable String trace) {}

  /// Writes a message once.
  ///
  /// Its timestamp is `max(now, after + 1)`, or the first free one behind that; never more than a
  /// second ahead of the clock because of `after`. The same sender, room, id and text again gives
  /// the same answer and writes nothing; a concurrent duplicate does too.
  ///
  /// @param now the function's clock
  public SendResult send(Draft draft, Instant now) {
    Deadline deadline = Deadline.in(Limits.SEND_MAX);
    long timestamp = micros(now);
    if (draft.after() != null) {
      long after = Math.min(draft.after(), micros(now.plus(Limits.CLOCK_SKEW_MAX)));
      timestamp = Math.max(timestamp, after + 1);
    }
    String id = draft.id() == null ? UUID.randomUUID().toString() : draft.id();
    Message message =
        new Message(draft.room(), timestamp, id, draft.from(), draft.text(), draft.trace());
    try {
      return draft.id() == null ? put(message, deadline) : putOnce(message, now, deadline);
    } catch (SdkException e) {
      log.warn("a message could not be written: {}", e.getMessage());
      return new SendResult.Unavailable();
    }
  }

  private SendResult put(Message first, Deadline deadline) {
    Message message = first;
    while (!deadline.passed()) {
      Map<String, AttributeValue> item = message.item(expiresAt(message));
      try {
        dynamoDb.putItem(
            put ->
                put.tableName(messages)
                    .item(item)
                    .conditionExpression("attribute_not_exists(room_id)")
                    .returnValuesOnConditionCheckFailure(
                        ReturnValuesOnConditionCheckFailure.ALL_OLD)
                    .overrideConfiguration(o -> o.apiCallTimeout(deadline.left())));
        return new SendResult.Sent(message.id(), message.timestamp());
      } catch (ConditionalCheckFailedException e) {
        if (e.hasItem() && message.id().equals(new Row(e.item()).optionalString("id"))) {
          // An earlier attempt of this very put had succeeded, and its answer was lost.
          return new SendResult.Sent(message.id(), message.timestamp());
        }
        message = message.at(message.timestamp() + 1);
      }
    }
    return new SendResult.Unavailable();
  }

  private SendResult putOnce(Message first, Instant now, Deadline deadline) {
    String digest = Sha256.hex(first.text());
    Message message = first;
    while (!deadline.passed()) {
      TransactWriteItem send = insertSend(message, digest, now);
      switch (Transactions.write(
          dynamoDb,
          List.of(send, Transactions.insert(messages, message.item(expiresAt(message)), "room_id")),
          deadline)) {
        case WriteResult.Written written -> {
          return new SendResult.Sent(message.id(), message.timestamp());
        }
        case WriteResult.Refused refused -> {
          Optional<Row> earlier = refused.found(send);
          if (earlier.isPresent()) {
            return earlier(message.id(), digest, earlier.get());
          }
        }
      }
      message = message.at(message.timestamp() + 1);
    }
    return new SendResult.Unavailable();
  }

  private TransactWriteItem insertSend(Message message, String digest, Instant now) {
    return Transactions.insert(
        sends,
        Map.of(
            "send_id", s(sendId(message)),
            "timestamp", n(message.timestamp()),
            "digest", s(digest),
            "expires_at", seconds(now.plus(Limits.SEND_REMEMBERED))),
        "send_id");
  }

  /// What an earlier send with the same id came to. Where its text cannot be compared the id
  /// decides; where its timestamp cannot be read it is not said that anything was sent.
  private SendResult earlier(String id, String digest, Row send) {
    try {
      long timestamp = send.number("timestamp");
      String other = send.optionalString("digest");
      return other == null || other.equals(digest)
          ? new SendResult.Sent(id, timestamp)
          : new SendResult.IdReused();
    } catch (Row.InvalidRow e) {
      send.report(sends, e);
      return new SendResult.IdReused();
    }
  }

  /// A part of a room's history, bounded by count and by bytes.
  ///
  /// A query is charged for all that it reads. So only a few rows are read at first, and then as
  /// many as fit by the average size of those: a page of short messages takes two queries.
  ///
  /// @param limit 1 to 100
  /// @param bytes what all entries of the page may take together
  /// @param size what one entry takes there
  public Page page(
      RoomId room, Range range, int limit, int bytes, ToIntFunction<Entry> size, Instant now) {
    // Rows past retention stay for days: they are left out of the key range, not read and dropped.
    // So are timestamps that no client could be told.
    long from = Math.max(0, horizon(now));
    long to = Limits.NUMBER_MAX;
    switch (range) {
      case Range.Newest newest -> {}
      case Range.Before before -> to = before.timestamp() - 1;
      case Range.After after -> from = Math.max(from, after.timestamp() + 1);
    }
    List<Entry> found = new ArrayList<>();
    if (from > to) {
      return new Page(range, found, false);
    }
    boolean forward = range instanceof Range.After;
    boolean more = false;
    int left = bytes;
    int rows = 0;
    int wanted = Math.min(FIRST_ROWS, limit + 1);
    Map<String, AttributeValue> start = Map.of();
    read:
    do {
      QueryResponse response = query(room, from, to, forward, wanted, start);
      for (var item : response.items()) {
        rows++;
        Entry entry = read(new Row(item), now);
        if (entry == null) {
          continue;
        }
        int taken = size.applyAsInt(entry);
        if (taken > bytes) {
          new Row(item).report(messages, new Row.InvalidRow("message", "short enough for a page"));
          entry = new Entry.Unreadable(entry.timestamp());
          taken = size.applyAsInt(entry);
        }
        if (found.size() == limit || taken > left) {
          more = true;
          break read;
        }
        left -= taken;
        found.add(entry);
      }
      start = response.lastEvaluatedKey();
      wanted = limit + 1 - found.size();
      if (left < bytes) {
        wanted = (int) Math.min(wanted, (long) left * rows / (bytes - left) + 1);
      }
    } while (!start.isEmpty());
    if (!forward) {
      Collections.reverse(found);
    }
    return new Page(range, found, more);
  }

  /// @return null where it is past its expiry, or its timestamp is no whole number, so that no
  ///     client could be told of it
  private @Nullable Entry read(Row row, Instant now) {
    Long timestamp = row.optionalNumber(messages, "timestamp", 0, Limits.NUMBER_MAX);
    if (timestamp == null) {
      return null;
    }
    try {
      return row.expired(now.getEpochSecond()) ? null : Message.of(row);
    } catch (Row.InvalidRow | IllegalArgumentException e) {
      row.report(messages, e);
      return new Entry.Unreadable(timestamp);
    }
  }

  private QueryResponse query(
      RoomId room,
      long from,
      long to,
      boolean forward,
      int limit,
      Map<String, AttributeValue> start) {
    return dynamoDb.query(
        query -> {
          query
              .tableName(messages)
              .consistentRead(true)
              .limit(limit)
              .scanIndexForward(forward)
              .keyConditionExpression("room_id = :room AND #timestamp BETWEEN :from AND :to")
              .expressionAttributeNames(NAMES)
              .expressionAttributeValues(
                  Map.of(":room", s(room.name()), ":from", n(from), ":to", n(to)));
          if (!start.isEmpty()) {
            query.exclusiveStartKey(start);
          }
        });
  }

  /// Epoch microseconds before which retention may have removed messages.
  public long horizon(Instant now) {
    return micros(now.minus(retention));
  }

  public static long micros(Instant time) {
    return Math.addExact(
        Math.multiplyExact(time.getEpochSecond(), 1_000_000L), time.getNano() / 1_000);
  }

  /// Epoch seconds, not before the message is older than the horizon: a page that is called
  /// complete lacks none.
  private long expiresAt(Message message) {
    return Math.ceilDiv(message.timestamp(), 1_000_000L) + retention.toSeconds();
  }

  /// None of the three parts holds a `#`, save a user of an identity provider's: the room and the
  /// id beside it have none, so that two sends never share an id.
  private static String sendId(Message message) {
    return message.room().name() + "#" + message.from().user() + "#" + message.id();
  }
}
