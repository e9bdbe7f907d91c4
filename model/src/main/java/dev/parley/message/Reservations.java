package dev.parley.message;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.Limits;
import dev.parley.Sha256;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.room.Timestamp;
import dev.parley.table.Inserts;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;

/// ChatSends: for each send with an `id`, the timestamp that its message has or is to have.
///
/// A send reserves a timestamp before it writes its message there. A reservation moves on only from
/// a timestamp that another row of ChatMessages has taken. So all that it held before are taken,
/// and the message is at the timestamp that it holds, or not in the table.
final class Reservations {
  private final DynamoDbClient dynamoDb;
  private final String table;

  Reservations(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required("CHAT_SENDS_TABLE");
  }

  /// What is reserved for a send.
  sealed interface Reservation {
    /// Its message is at this timestamp, or is to be written there.
    record Held(Timestamp timestamp) implements Reservation {}

    /// Its id was used for another text.
    record OtherText() implements Reservation {}
  }

  /// Reserves a message's timestamp, unless one is reserved for its send.
  ///
  /// @return what is reserved then
  Reservation reserve(Message message, Instant now, Deadline deadline) {
    Map<String, AttributeValue> row =
        Map.of(
            "send_id", s(sendId(message)),
            "timestamp", n(message.timestamp().micros()),
            "digest", s(Sha256.hex(message.text())),
            "expires_at", seconds(now.plus(Limits.SEND_REMEMBERED)));
    return Inserts.insert(dynamoDb, table, row, "send_id", deadline)
        .map(earlier -> reserved(message, earlier))
        .orElse(new Reservation.Held(message.timestamp()));
  }

  /// Moves a reservation on, if it still holds a message's timestamp.
  ///
  /// @param message whose timestamp another row of ChatMessages has taken
  /// @return what is reserved then
  Reservation exchange(Message message, Timestamp next, Instant now, Deadline deadline) {
    try {
      dynamoDb.updateItem(
          update ->
              update
                  .tableName(table)
                  .key(Map.of("send_id", s(sendId(message))))
                  .updateExpression("SET #timestamp = :next, expires_at = :expires_at")
                  .conditionExpression("#timestamp = :taken")
                  .expressionAttributeNames(Map.of("#timestamp", "timestamp"))
                  .expressionAttributeValues(
                      Map.of(
                          ":next", n(next.micros()),
                          ":taken", n(message.timestamp().micros()),
                          ":expires_at", seconds(now.plus(Limits.SEND_REMEMBERED))))
                  .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
                  .overrideConfiguration(o -> o.apiCallTimeout(deadline.left())));
      return new Reservation.Held(next);
    } catch (ConditionalCheckFailedException e) {
      // Another attempt was faster, or an earlier one of this call. Where the row has expired
      // meanwhile, it is as if it had never been.
      return e.hasItem()
          ? reserved(message, new Row(e.item()))
          : reserve(message.at(next), now, deadline);
    }
  }

  /// Where the text cannot be compared, the id decides. Where the timestamp cannot be read, the id
  /// counts as used for another text, so that nothing is called sent that may not be.
  private Reservation reserved(Message message, Row row) {
    try {
      Timestamp timestamp = Timestamp.of(row, "timestamp");
      String digest = row.optionalString("digest");
      return digest == null || digest.equals(Sha256.hex(message.text()))
          ? new Reservation.Held(timestamp)
          : new Reservation.OtherText();
    } catch (Row.InvalidRow e) {
      row.report(table, e);
      return new Reservation.OtherText();
    }
  }

  /// No two sends share one: a room and an id have no `#`, so the first and the last `#` are the
  /// separators, even where a user's id has others.
  private static String sendId(Message message) {
    return message.room().name() + "#" + message.from().user() + "#" + message.id();
  }
}
