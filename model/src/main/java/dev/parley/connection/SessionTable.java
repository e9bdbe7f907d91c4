package dev.parley.connection;

import static dev.parley.table.Row.millis;
import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.Limits;
import dev.parley.Metrics;
import dev.parley.platform.Settings;
import dev.parley.table.Transactions;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// ChatSessions: who was here, from when to when, from where, and why the connection ended; it is
/// the only table that knows from where. A session is closed once; a later attempt changes nothing.
public final class SessionTable {
  private final DynamoDbClient dynamoDb;
  private final String table;
  private final Duration retention;

  public SessionTable(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required("CHAT_SESSIONS_TABLE");
    this.retention = Duration.ofDays(settings.number("SESSION_RETENTION_DAYS", 1, 3650));
  }

  /// The write that opens a session, for the transaction that opens the connection.
  public TransactWriteItem opening(Connection connection) {
    return Transactions.insert(
        table,
        Map.of(
            "connection_id", s(connection.id().value()),
            "user", s(connection.identity().user()),
            "sender", s(connection.identity().sender()),
            "source_ip", s(connection.sourceIp()),
            "user_agent", s(connection.userAgent()),
            "connected_at", millis(connection.connectedAt()),
            "expires_at", seconds(connection.connectedAt().plus(retention))),
        "connection_id");
  }

  /// Closes the session of a connection that ended without `$disconnect`: at its 2 h limit, at the
  /// latest, or when its token expired.
  ///
  /// @param expiresAt when its row ended; null where that is not known
  /// @param reason as below
  /// @return as below
  public boolean closeUnheard(
      ConnectionId connection,
      @Nullable Instant connectedAt,
      @Nullable Instant expiresAt,
      Instant now,
      String reason) {
    Instant limit = connectedAt == null ? now : connectedAt.plus(Limits.CONNECTION_MAX);
    Instant end =
        Stream.of(limit, expiresAt == null ? now : expiresAt, now)
            .min(Comparator.naturalOrder())
            .orElseThrow();
    return close(connection, connectedAt, end, reason);
  }

  /// Closes a session that is open, and counts that.
  ///
  /// @param reason the close code and what the gateway says of it, for example `1001 Going away`;
  ///     `gone` where a push found out; `expired` where no push did, or its token expired
  /// @param connectedAt null where it is not known: then the session has no duration
  /// @return false where there is no such session, or it was closed before
  public boolean close(
      ConnectionId connection,
      @Nullable Instant connectedAt,
      Instant disconnectedAt,
      String reason) {
    StringBuilder expression = new StringBuilder("SET disconnected_at = :at, reason = :reason");
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":at", millis(disconnectedAt));
    values.put(":reason", s(reason));
    if (connectedAt != null) {
      expression.append(", duration_seconds = :duration");
      Duration duration = Duration.between(connectedAt, disconnectedAt);
      values.put(":duration", n(Math.max(0, duration.toSeconds())));
    }
    try {
      dynamoDb.updateItem(
          update ->
              update
                  .tableName(table)
                  .key(Map.of("connection_id", s(connection.value())))
                  .updateExpression(expression.toString())
                  .conditionExpression(
                      "attribute_exists(connection_id) AND attribute_not_exists(disconnected_at)")
                  .expressionAttributeValues(values));
      Metrics.CONNECTIONS_CLOSED.add(1);
      if (connectedAt != null) {
        Metrics.CONNECTIONS_ALIVE.add(-1, connectedAt);
      }
      return true;
    } catch (ConditionalCheckFailedException e) {
      return false;
    }
  }
}
