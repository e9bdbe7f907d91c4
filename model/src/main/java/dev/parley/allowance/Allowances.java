package dev.parley.allowance;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;

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

/// Rate limits of one kind of action: a token bucket for each row, kept as one number.
///
/// An allowance is the moment (epoch milliseconds) up to which its owner has spent its time. Each
/// action costs time ([Rate]). An allowance in the past is unspent. One that is ahead of now by at
/// most the burst can still be charged. Beyond that, the owner waits.
///
/// A charge is one conditional update, or two in a burst. So concurrent actions together never
/// exceed the rate, and a row that expires or is deleted meanwhile is not charged.
///
/// An allowance that nobody can have spent, since a clock was wrong or somebody edited the row,
/// starts again, as does one that is missing: it must not silence its owner.
///
/// Source: ITU-T I.371, annex A: the generic cell rate algorithm, virtual scheduling.
public final class Allowances {
  private static final String UNSPENT = "#allowance <= :limit";
  private static final String IMPOSSIBLE =
      "(#allowance > :limit OR NOT attribute_type(#allowance, :number))";
  private static final String RESTART = "SET #allowance = :value";
  private static final String ADD = "SET #allowance = #allowance + :value";

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final String attribute;

  /// @param attribute where the rows keep the allowance
  public Allowances(DynamoDbClient dynamoDb, String table, String attribute) {
    this.dynamoDb = dynamoDb;
    this.table = table;
    this.attribute = attribute;
  }

  /// Charges one action.
  ///
  /// @param key of the row that has the allowance; the row has an `expires_at`, too
  /// @param valid tells whether a row that could not be charged has an allowance at all; it gets a
  ///     row without attributes where there is none
  public ChargeResult charge(
      Map<String, AttributeValue> key, Rate rate, Predicate<Row> valid, Instant now) {
    long costMs = rate.cost().toMillis();
    long nowMs = now.toEpochMilli();
    long burstMs = nowMs + rate.burst().toMillis();
    if (!(update(key, RESTART, nowMs + costMs, UNSPENT, nowMs, now)
        instanceof Refused(Row spent))) {
      return new ChargeResult.Charged();
    }
    if (!valid.test(spent)) {
      return new ChargeResult.Absent(spent);
    }
    if (!(update(key, ADD, costMs, UNSPENT, burstMs, now) instanceof Refused(Row exhausted))) {
      return new ChargeResult.Charged();
    }
    if (!valid.test(exhausted)) {
      return new ChargeResult.Absent(exhausted);
    }
    long spentMaxMs = burstMs + costMs + Limits.CLOCK_SKEW_MAX.toMillis();
    Long spentMs = exhausted.optionalNumber(table, attribute, 0, spentMaxMs);
    if (spentMs != null) {
      return new ChargeResult.Exhausted(Duration.ofMillis(Math.max(1, spentMs - burstMs)));
    }
    Update restarted = update(key, RESTART, nowMs + costMs, IMPOSSIBLE, spentMaxMs, now);
    return switch (restarted) {
      case Updated updated -> new ChargeResult.Charged();
      // A concurrent action has restarted it: this one is charged to what that left.
      case Refused refused -> charge(key, rate, valid, now);
    };
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
    values.put(":now", n(now.getEpochSecond()));
    if (condition.equals(IMPOSSIBLE)) {
      values.put(":number", s("N"));
    }
    try {
      dynamoDb.updateItem(
          update ->
              update
                  .tableName(table)
                  .key(key)
                  .updateExpression(expression)
                  .conditionExpression(condition + " AND expires_at > :now")
                  .expressionAttributeNames(Map.of("#allowance", attribute))
                  .expressionAttributeValues(values)
                  .returnValuesOnConditionCheckFailure(
                      ReturnValuesOnConditionCheckFailure.ALL_OLD));
      return new Updated();
    } catch (ConditionalCheckFailedException e) {
      return new Refused(new Row(e.hasItem() ? e.item() : Map.of()));
    }
  }
}
