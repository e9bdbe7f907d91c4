package dev.parley.allowance;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.Limits;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;

/// Rate limits of one kind of action: a token bucket for each row, kept as one number. Whatever is
/// limited here is decided by this class.
///
/// An allowance is the moment (epoch milliseconds) up to which its owner has spent its time. Each
/// action costs time ([Rate]). An allowance in the past is unspent. One that is ahead of now by at
/// most the burst can still be charged. Beyond that, the owner waits.
///
/// A charge is one conditional update, or two in a burst, and one where nothing is left. So
/// concurrent actions together never exceed the rate, and a row that expires or is deleted
/// meanwhile is not charged. A refusal can be charged too ([#owe]): its owner then waits longer.
///
/// An allowance that nobody can have spent, since a clock was wrong or somebody edited the row,
/// starts again, as does one that is missing: it must not silence its owner.
///
/// Source: ITU-T I.371, annex A: the generic cell rate algorithm, virtual scheduling.
public final class Allowances {
  /// A row of its own is kept so long after its allowance is unspent: clocks differ, and it is of
  /// no use then.
  private static final Duration KEPT = Duration.ofMinutes(10);

  private static final String UNSPENT = "#allowance <= :limit";
  private static final String SPENT = "#allowance > :now_ms AND #allowance <= :limit";
  private static final String UNSPENT_OR_ODD =
      "(#allowance <= :limit OR NOT attribute_type(#allowance, :number))";
  private static final String IMPOSSIBLE =
      "(#allowance > :limit OR NOT attribute_type(#allowance, :number))";
  private static final String RESTART = "SET #allowance = :value";
  private static final String ADD = "SET #allowance = #allowance + :value";

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final String attribute;

  /// Whether an allowance has a row of its own, which the first charge makes.
  private final boolean ownRows;

  private Allowances(DynamoDbClient dynamoDb, String table, String attribute, boolean ownRows) {
    this.dynamoDb = dynamoDb;
    this.table = table;
    this.attribute = attribute;
    this.ownRows = ownRows;
  }

  /// Allowances that rows have beside everything else. Each of these rows has an `expires_at`, too.
  ///
  /// @param attribute where the rows keep the allowance
  public Allowances(DynamoDbClient dynamoDb, String table, String attribute) {
    this(dynamoDb, table, attribute, false);
  }

  /// Allowances that have rows of their own in a table. A row that is not there is unspent.
  static Allowances ofTheirOwn(DynamoDbClient dynamoDb, String table) {
    return new Allowances(dynamoDb, table, "allowance", true);
  }

  /// Charges one action.
  ///
  /// @param key of the row that has the allowance
  /// @param price 1 or more
  /// @param valid tells whether a row that could not be charged has an allowance at all; it gets a
  ///     row without attributes where there is none
  public ChargeResult charge(
      Map<String, AttributeValue> key, Rate rate, int price, Predicate<Row> valid, Instant now) {
    long costMs = rate.cost(price).toMillis();
    long nowMs = now.toEpochMilli();
    long burstMs = nowMs + rate.burst().toMillis();
    long spentMaxMs = burstMs + rate.owed().toMillis() + Limits.CLOCK_SKEW_MAX.toMillis();
    if (!(update(key, RESTART, nowMs + costMs, UNSPENT, nowMs, now)
        instanceof Refused(Row spent))) {
      return new ChargeResult.Charged();
    }
    if (!valid.test(spent)) {
      return new ChargeResult.Absent();
    }
    Row exhausted = spent;
    // Where nothing is left, another update would tell nothing new.
    if (!isAbove(spent, burstMs)) {
      if (!(update(key, ADD, costMs, UNSPENT, burstMs, now) instanceof Refused(Row raced))) {
        return new ChargeResult.Charged();
      }
      if (!valid.test(raced)) {
        return new ChargeResult.Absent();
      }
      exhausted = raced;
    }
    Long spentMs = exhausted.optionalNumber(table, attribute, 0, spentMaxMs);
    if (spentMs != null) {
      return new ChargeResult.Exhausted(Duration.ofMillis(Math.max(1, spentMs - burstMs)));
    }
    return switch (update(key, RESTART, nowMs + costMs, IMPOSSIBLE, spentMaxMs, now)) {
      case Updated updated -> new ChargeResult.Charged();
      // A concurrent action has restarted it: this one is charged to what that left.
      case Refused refused -> charge(key, rate, price, valid, now);
    };
  }

  private boolean isAbove(Row row, long ms) {
    try {
      Long spentMs = row.optionalNumber(attribute);
      return spentMs != null && spentMs > ms;
    } catch (Row.InvalidRow e) {
      return false;
    }
  }

  /// Adds a debt, whether or not anything is left, so that the owner waits longer. An allowance
  /// that is spent up to `most` beyond the burst stays as it is.
  ///
  /// @return whether there was no room for this debt any more; false where there is no row
  public boolean owe(
      Map<String, AttributeValue> key, Rate rate, Duration debt, Duration most, Instant now) {
    long nowMs = now.toEpochMilli();
    long mostMs = nowMs + rate.burst().plus(most).minus(debt).toMillis();
    if (!(update(key, ADD, debt.toMillis(), SPENT, mostMs, now) instanceof Refused(Row row))) {
      return false;
    }
    if (isAbove(row, mostMs)) {
      return true;
    }
    update(key, RESTART, nowMs + debt.toMillis(), UNSPENT_OR_ODD, nowMs, now);
    return false;
  }

  /// What became of one conditional update.
  private sealed interface Update {}

  private record Updated() implements Update {}

  /// @param row as it is; without attributes where there is none
  private record Refused(Row row) implements Update {}

  /// @param limitMs what the condition compares the allowance with
  private Update update(
      Map<String, AttributeValue> key,
      String expression,
      long value,
      String condition,
      long limitMs,
      Instant now) {
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":value", n(value));
    values.put(":limit", n(limitMs));
    if (condition.contains(":number")) {
      values.put(":number", s("N"));
    }
    if (condition.contains(":now_ms")) {
      values.put(":now_ms", n(now.toEpochMilli()));
    }
    String set = expression;
    String where = condition;
    if (ownRows) {
      values.put(":expires", seconds(expiry(expression, value, limitMs)));
      set += ", expires_at = :expires";
      if (condition.equals(UNSPENT) && expression.equals(RESTART)) {
        where = "(attribute_not_exists(#allowance) OR " + condition + ")";
      }
    } else {
      values.put(":now", n(now.getEpochSecond()));
      where += " AND expires_at > :now";
    }
    String update = set;
    String holds = where;
    try {
      dynamoDb.updateItem(
          request ->
              request
                  .tableName(table)
                  .key(key)
                  .updateExpression(update)
                  .conditionExpression(holds)
                  .expressionAttributeNames(Map.of("#allowance", attribute))
                  .expressionAttributeValues(values)
                  .returnValuesOnConditionCheckFailure(
                      ReturnValuesOnConditionCheckFailure.ALL_OLD));
      return new Updated();
    } catch (ConditionalCheckFailedException e) {
      return new Refused(new Row(e.hasItem() ? e.item() : Map.of()));
    }
  }

  /// When a row of its own is of no use any more.
  private static Instant expiry(String expression, long value, long limitMs) {
    return Instant.ofEpochMilli(expression.equals(RESTART) ? value : limitMs + value).plus(KEPT);
  }
}
