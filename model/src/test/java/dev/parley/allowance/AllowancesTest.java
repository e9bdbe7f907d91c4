package dev.parley.allowance;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.TestTables;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class AllowancesTest {
  private static final String TABLE = "ChatConnections";
  private static final Duration COST = Duration.ofMillis(50);
  private static final Rate RATE = new Rate(COST, Duration.ofMillis(200));

  private final Allowances allowances =
      new Allowances(TestTables.dynamoDb(), TABLE, "join_allowance");
  private final Instant now = Instant.now();

  @Test
  void anAllowanceHasABurstAndThenItsRate() {
    Map<String, AttributeValue> key = row();

    // One action of the time that has passed, then 200 ms of burst, 50 ms each.
    assertBurst(key, now);
    Duration wait = exhausted(key, now);

    assertEquals(COST, wait);
    assertInstanceOf(ChargeResult.Charged.class, charge(key, now.plus(wait)));
    assertInstanceOf(ChargeResult.Exhausted.class, charge(key, now.plus(wait)));
  }

  @Test
  void anAllowanceWithoutABurstIsOneActionAtATime() {
    Map<String, AttributeValue> key = row();
    Rate slow = new Rate(COST, Duration.ZERO);

    assertInstanceOf(ChargeResult.Charged.class, charge(key, slow, now));
    assertInstanceOf(ChargeResult.Exhausted.class, charge(key, slow, now.plusMillis(49)));
    assertInstanceOf(ChargeResult.Charged.class, charge(key, slow, now.plusMillis(50)));
  }

  @Test
  void concurrentActionsNeverExceedTheBurst() {
    Map<String, AttributeValue> key = row();
    List<CompletableFuture<ChargeResult>> charges = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
      for (int i = 0; i < 24; i++) {
        charges.add(CompletableFuture.supplyAsync(() -> charge(key, now), executor));
      }
    }

    assertEquals(5, charges.stream().filter(c -> c.join() instanceof ChargeResult.Charged).count());
  }

  @Test
  void anAllowanceThatNobodyCanHaveSpentStartsAgain() {
    for (AttributeValue impossible :
        List.of(
            Row.millis(now.plusSeconds(3_600)),
            Row.n(Long.MAX_VALUE),
            Row.s("ten"),
            AttributeValue.fromBool(true))) {
      Map<String, AttributeValue> key = row();
      edit(key, "join_allowance", impossible);

      assertBurst(key, now);
      assertEquals(COST, exhausted(key, now));
    }
  }

  @Test
  void anAllowanceThatIsMissingStartsFull() {
    Map<String, AttributeValue> key = row();

    assertBurst(key, now);

    assertEquals(COST, exhausted(key, now));
  }

  @Test
  void afterAFastClockNobodyWaitsLongerThanTheSkewAndOneCost() {
    Map<String, AttributeValue> key = row();
    assertBurst(key, now.plusMillis(900));

    Duration wait = exhausted(key, now);

    assertTrue(wait.compareTo(COST.plus(Limits.CLOCK_SKEW_MAX)) <= 0, "wait " + wait);
  }

  @Test
  void twoAttributesOfARowAreTwoAllowances() {
    Map<String, AttributeValue> key = row();
    Allowances reads = new Allowances(TestTables.dynamoDb(), TABLE, "read_allowance");
    assertBurst(key, now);
    exhausted(key, now);

    ChargeResult read = reads.charge(key, RATE, 1, row -> true, now);

    assertInstanceOf(ChargeResult.Charged.class, read);
  }

  @Test
  void withoutARowThereIsNothingToCharge() {
    Map<String, AttributeValue> key = key();

    assertInstanceOf(ChargeResult.Absent.class, charge(key, now));

    assertTrue(
        TestTables.dynamoDb().getItem(get -> get.tableName(TABLE).key(key)).item().isEmpty());
  }

  @Test
  void aRowPastItsExpiryIsNotCharged() {
    Map<String, AttributeValue> key = row();
    edit(key, "expires_at", Row.seconds(now));

    ChargeResult result = allowances.charge(key, RATE, 1, row -> !row.expired(now), now);

    assertInstanceOf(ChargeResult.Absent.class, result);
  }

  @Test
  void theCallerSaysWhichRowsHaveAnAllowance() {
    Map<String, AttributeValue> key = row();

    assertInstanceOf(ChargeResult.Absent.class, allowances.charge(key, RATE, 1, row -> false, now));
  }

  @Test
  void aRateHasACost() {
    assertThrows(IllegalArgumentException.class, () -> new Rate(Duration.ZERO, COST));
    assertThrows(IllegalArgumentException.class, () -> new Rate(COST, COST.negated()));
  }

  private void assertBurst(Map<String, AttributeValue> key, Instant at) {
    for (int i = 0; i < 5; i++) {
      assertInstanceOf(ChargeResult.Charged.class, charge(key, at), "action " + i);
    }
  }

  private Duration exhausted(Map<String, AttributeValue> key, Instant at) {
    return assertInstanceOf(ChargeResult.Exhausted.class, charge(key, at)).retryAfter();
  }

  private ChargeResult charge(Map<String, AttributeValue> key, Instant at) {
    return charge(key, RATE, at);
  }

  private ChargeResult charge(Map<String, AttributeValue> key, Rate rate, Instant at) {
    return allowances.charge(key, rate, 1, row -> !row.attributes().isEmpty(), at);
  }

  private static Map<String, AttributeValue> key() {
    return Map.of("connection_id", Row.s(fresh("c")), "room_id", Row.s("$connection"));
  }

  /// @return the key of a row that has no allowance yet
  private Map<String, AttributeValue> row() {
    Map<String, AttributeValue> key = key();
    Map<String, AttributeValue> row = new HashMap<>(key);
    row.put("expires_at", Row.seconds(now.plusSeconds(3_600)));
    TestTables.dynamoDb().putItem(put -> put.tableName(TABLE).item(row));
    return key;
  }

  private static void edit(
      Map<String, AttributeValue> key, String attribute, AttributeValue value) {
    TestTables.dynamoDb()
        .updateItem(
            update ->
                update
                    .tableName(TABLE)
                    .key(key)
                    .updateExpression("SET #attribute = :value")
                    .expressionAttributeNames(Map.of("#attribute", attribute))
                    .expressionAttributeValues(Map.of(":value", value)));
  }
}
