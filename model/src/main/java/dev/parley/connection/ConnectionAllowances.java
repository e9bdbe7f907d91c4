package dev.parley.connection;

import dev.parley.Limits;
import dev.parley.allowance.Allowances;
import dev.parley.allowance.ChargeResult;
import dev.parley.allowance.Price;
import dev.parley.allowance.Rate;
import dev.parley.platform.Settings;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// What a connection may do: two allowances that its own row has, one for sends and one for all
/// other actions. They are of the connection, not of its rooms: so many rooms are not many
/// allowances, and to quit and join again gains nothing.
///
/// A new connection has its actions at once, since it joins its rooms. It has no burst of sends:
/// else to connect again would be worth a hundred messages.
public final class ConnectionAllowances {
  /// The attribute of the allowance for all actions but sends.
  static final String ACTIONS = "allowance";

  /// The attribute of the allowance for sends.
  static final String SENDS = "send_allowance";

  /// A started part of a frame of so many bytes costs a send 1 more: DynamoDB charges a write unit
  /// for it.
  private static final int SEND_BYTES = 1024;

  /// Each refusal is charged. A connection that owes for so many is closed.
  private final Duration owedMax;

  private final Allowances actions;
  private final Allowances sends;
  private final Rate actionRate;
  private final Rate sendRate;

  public ConnectionAllowances(DynamoDbClient dynamoDb, Settings settings) {
    String table = settings.required(ConnectionTable.SETTING);
    this.actions = new Allowances(dynamoDb, table, ACTIONS);
    this.sends = new Allowances(dynamoDb, table, SENDS);
    Duration action = settings.milliseconds("ACTION_COST_MS", 1, 60_000);
    this.owedMax = action.multipliedBy(settings.number("REFUSALS_MAX", 1, 100_000));
    this.actionRate =
        new Rate(
            action,
            settings.milliseconds("ACTION_BURST_MS", 0, 3_600_000),
            owedMax.plus(action.multipliedBy(Price.MAX)));
    this.sendRate = sendRate(settings);
  }

  static Rate sendRate(Settings settings) {
    Duration cost = settings.milliseconds("MESSAGE_COST_MS", 1, 60_000);
    return new Rate(
        cost,
        settings.milliseconds("MESSAGE_BURST_MS", 0, 600_000),
        cost.multipliedBy(Limits.FRAME_BYTES_MAX / SEND_BYTES));
  }

  /// Charges an action: [ChargeResult.Absent] where the connection is closed, or being closed.
  public ChargeResult charge(ConnectionId connection, int price, Instant now) {
    ChargeResult result =
        actions.charge(
            ConnectionTable.key(connection), actionRate, price, row -> isOpen(row, now), now);
    // The refusal will be charged, too.
    return result instanceof ChargeResult.Exhausted(Duration retryAfter)
        ? new ChargeResult.Exhausted(retryAfter.plus(actionRate.cost()))
        : result;
  }

  /// Charges a send.
  ///
  /// @param bytes of its frame
  public ChargeResult chargeSend(ConnectionId connection, int bytes, Instant now) {
    int price = Math.max(1, Math.ceilDiv(bytes, SEND_BYTES));
    return sends.charge(
        ConnectionTable.key(connection), sendRate, price, row -> isOpen(row, now), now);
  }

  /// Charges what an action has taken beside its price. Nobody waits for it to be there.
  public void chargeMore(ConnectionId connection, int price, Instant now) {
    if (price > 0) {
      owe(connection, price, now);
    }
  }

  /// Charges a refusal.
  ///
  /// @return whether this connection has gone on for so long that it is to be closed
  public boolean refuse(ConnectionId connection, Instant now) {
    return owe(connection, Price.REFUSED.amount(), now);
  }

  private boolean owe(ConnectionId connection, int price, Instant now) {
    return actions.owe(
        ConnectionTable.key(connection),
        actionRate,
        actionRate.cost().multipliedBy(price),
        owedMax,
        now);
  }

  private static boolean isOpen(Row row, Instant now) {
    try {
      return !row.attributes().isEmpty() && Row.moment(row.number("expires_at")).isAfter(now);
    } catch (Row.InvalidRow e) {
      return false; // its client connects again
    }
  }
}
