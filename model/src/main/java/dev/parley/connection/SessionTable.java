package dev.parley.connection;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;

import dev.parley.Limits;
import dev.parley.lambda.Settings;
import java.time.Instant;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// ChatSessions: who was here, from when to when, and why the connection ended. A session is closed
/// once; whoever comes later changes nothing.
public final class SessionTable {
  private final DynamoDbClient dynamoDb;
  private final String table;

  public SessionTable(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required("CHAT_SESSIONS_TABLE");
  }

  /// The write that opens a session, for the transaction that opens the connection.
  public TransactWriteItem opening(Connection connection) {
    return TransactWriteItem.builder()
        .put(
            Put.builder()
                .tableName(table)
                .item(
                    Map.of(
                        "connection_id", s(connection.id().value()),
                        "user", s(connection.identity().user()),
                        "sender", s(connection.identity().sender()),
                        "source_ip", s(connection.sourceIp()),
                        "user_agent", s(connection.userAgent()),
                        "connected_at", n(connection.connectedAt().toEpochMilli()),
                        "expires_at",
                            n(
                                connection
                                    .connectedAt()
                                    .plus(Limits.SESSION_REMEMBERED)
                                    .getEpochSecond())))
                .conditionExpression("attribute_not_exists(connection_id)")
                .build())
        .build();
  }

  /// Closes a session that is open.
  ///
  /// @param reason the close code and what the gateway says of it, for example `1001 Going away`;
  ///     `gone` where a push found out; `expired` where nobody did
  /// @return false where there is no such session, or it was closed before
  public boolean close(
      ConnectionId connection, Instant connectedAt, Instant disconnectedAt, String reason) {
    try {
      dynamoDb.updateItem(
          update ->
              update
                  .tableName(table)
                  .key(Map.of("connection_id", s(connection.value())))
                  .updateExpression(
                      "SET disconnected_at = :at, duration_seconds = :duration, reason = :reason")
                  .conditionExpression(
                      "attribute_exists(connection_id) AND attribute_not_exists(disconnected_at)")
                  .expressionAttributeValues(
                      Map.of(
                          ":at", n(disconnectedAt.toEpochMilli()),
                          ":duration",
                              n(
                                  Math.max(
                                      0,
                                      disconnectedAt.getEpochSecond()
                                          - connectedAt.getEpochSecond())),
                          ":reason", s(reason))));
      return true;
    } catch (ConditionalCheckFailedException e) {
      return false;
    }
  }
}
