package dev.parley.identity;

import static dev.parley.table.Row.millis;
import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.Sha256;
import dev.parley.platform.Settings;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// ChatErasures: users who were erased a while ago. They are refused at `$connect`, so that neither
/// a page of theirs that is still open nor a token that is still valid brings back what was erased.
///
/// A user is known here by a hash of the id.
public final class Erasures {
  private final DynamoDbClient dynamoDb;
  private final String table;

  public Erasures(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required("CHAT_ERASURES_TABLE");
  }

  /// Refuses a user from now on, for so long.
  public void add(String user, Instant now, Duration refused) {
    dynamoDb.putItem(
        put ->
            put.tableName(table)
                .item(
                    Map.of(
                        "user_digest", digest(user),
                        "erased_at", millis(now),
                        "expires_at", seconds(now.plus(refused)))));
  }

  /// Whether a user is refused. Strongly consistent. One whose row cannot be read is.
  public boolean contains(String user, Instant now) {
    var response =
        dynamoDb.getItem(
            get ->
                get.tableName(table).key(Map.of("user_digest", digest(user))).consistentRead(true));
    Row row = new Row(response.item());
    try {
      return row.optionalNumber("erased_at") != null && !row.expired(now);
    } catch (Row.InvalidRow e) {
      row.report(table, e);
      return true;
    }
  }

  private static AttributeValue digest(String user) {
    return s(Sha256.hex(user));
  }
}
