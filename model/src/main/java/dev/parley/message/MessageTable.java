package dev.parley.message;

import dev.parley.Limits;
import dev.parley.identity.Identity;
import dev.parley.message.Reservations.Reservation;
import dev.parley.platform.Deadline;
import dev.parley.platform.Entropy;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.table.Inserts;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Writes messages to ChatMessages.
///
/// A message that this table acknowledged is there once, and stays until retention removes it.
/// [History] reads it.
///
/// A send with an `id` is remembered for a day ([Reservations]), and takes single writes only:
///
/// 1. It reserves the timestamp, or finds what an earlier attempt has reserved.
/// 2. It writes the message there, where nothing is. Any attempt does so until 5 s after that
///    timestamp; two at once write one row.
/// 3. Where something else is there, it moves the reservation on, if it still holds that timestamp,
///    and goes on behind it.
///
/// When the time of a timestamp is over, an attempt puts a [VoidRow] there in place of the message,
/// and goes on at the current time. A write checks only its own key, and one that is under way may
/// take effect at any time: so no timestamp is left before it is taken. Whatever is killed, late or
/// repeated, the message is at the timestamp that the reservation holds, or not in the table.
public final class MessageTable {
  /// The setting that names the table.
  static final String SETTING = "CHAT_MESSAGES_TABLE";

  /// From here on the range in which a free timestamp is looked for does not double: it is a
  /// millisecond, which nobody sees.
  private static final int COLLISIONS_MAX = 10;

  private static final Logger LOG = LoggerFactory.getLogger(MessageTable.class);

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final Reservations reservations;
  private final Retention retention;

  public MessageTable(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required(SETTING);
    this.reservations = new Reservations(dynamoDb, settings);
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
  /// Its timestamp is `max(now, after + 1)`, or a free one close behind that; `after` moves it at
  /// most a second ahead of the clock. It is that of the first attempt with the same sender, room
  /// and id, unless 5 s have passed since. The same text gives the same answer then, without a
  /// trace where another attempt wrote the message, and writes nothing more, also concurrently.
  ///
  /// @param clock the function's: it is looked at before each write, since the function may have
  ///     been frozen in between
  public SendResult send(Draft draft, InstantSource clock) {
    Deadline deadline = Deadline.in(Limits.SEND_MAX);
    String id = draft.id() == null ? UUID.randomUUID().toString() : draft.id();
    Instant now = clock.instant();
    Message message =
        new Message(
            draft.room(), draft.timestamp(now), id, draft.from(), draft.text(), draft.trace());
    try {
      return draft.id() == null
          ? put(message, clock, deadline)
          : putReserved(
              draft, message, reservations.reserve(message, now, deadline), clock, deadline);
    } catch (SdkException e) {
      LOG.warn("a message could not be written: {}", e.getMessage());
      return new SendResult.Unavailable();
    }
  }

  /// A message whose id nobody else knows: no other attempt writes it.
  private SendResult put(Message first, InstantSource clock, Deadline deadline) {
    Message message = first;
    for (int collisions = 0; !deadline.passed(); collisions++) {
      Instant now = clock.instant();
      if (!isWritable(message.timestamp(), now)) {
        break;
      }
      Optional<Row> found = insert(message, now, deadline);
      if (found.map(message::isIn).orElse(true)) {
        return message.sent();
      }
      message = message.at(behind(message.timestamp(), collisions));
    }
    return new SendResult.Unavailable();
  }

  private SendResult putReserved(
      Draft draft, Message first, Reservation reserved, InstantSource clock, Deadline deadline) {
    Reservation reservation = reserved;
    for (int collisions = 0; !deadline.passed(); collisions++) {
      switch (reservation) {
        case Reservation.OtherText other -> {
          return new SendResult.IdReused();
        }
        case Reservation.Held(Timestamp timestamp) -> {
          Message message = first.at(timestamp);
          Instant now = clock.instant();
          boolean writable = isWritable(timestamp, now);
          Optional<Row> found =
              writable ? insert(message, now, deadline) : insertVoid(message, now, deadline);
          if (writable && found.isEmpty()) {
            return message.sent();
          }
          if (found.map(message::isIn).orElse(false)) {
            return message.sent(found.get());
          }
          Timestamp next = writable ? behind(timestamp, collisions) : draft.timestamp(now);
          reservation = reservations.exchange(message, next, now, deadline);
        }
      }
    }
    return new SendResult.Unavailable();
  }

  /// Whether a message may still be written at a timestamp, so that clients find it. One that is
  /// too far ahead comes from a clock that was wrong.
  private static boolean isWritable(Timestamp timestamp, Instant now) {
    return now.isBefore(lastMoment(timestamp))
        && !timestamp.instant().isAfter(now.plus(Limits.TIMESTAMP_AHEAD_MAX));
  }

  /// A timestamp behind one that is taken: the next one at first, then a random one out of twice as
  /// many each time. All who answer a message of a clock that is ahead begin at the same timestamp.
  private static Timestamp behind(Timestamp taken, int collisions) {
    long microsMax = 1L << Math.min(collisions, COLLISIONS_MAX);
    return new Timestamp(taken.micros() + Entropy.RANDOM.nextLong(1, microsMax + 1));
  }

  private static Instant lastMoment(Timestamp timestamp) {
    return timestamp.instant().plus(Limits.SEND_MAX);
  }

  private Optional<Row> insert(Message message, Instant now, Deadline deadline) {
    Duration left = Duration.between(now, lastMoment(message.timestamp()));
    return insert(
        message.row(retention.expiresAt(message.timestamp())), Deadline.in(left).or(deadline));
  }

  private Optional<Row> insertVoid(Message message, Instant now, Deadline deadline) {
    return insert(VoidRow.instead(message, now.plus(Limits.SEND_REMEMBERED)), deadline);
  }

  private Optional<Row> insert(Map<String, AttributeValue> row, Deadline deadline) {
    return Inserts.insert(dynamoDb, table, row, "room_id", deadline);
  }
}
