package dev.parley.connection;

import static dev.parley.connection.TestConnections.open;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.TestTables;
import dev.parley.allowance.ChargeResult;
import dev.parley.allowance.Price;
import dev.parley.platform.Settings;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class ConnectionAllowancesTest {
  private final Instant now = Instant.now();

  /// 1 s for each 1 of a price, 9 at once beside the one of the time that has passed; 5 refusals.
  private final ConnectionAllowances allowances = allowances(Map.of());

  @Test
  void aNewConnectionHasItsActionsAtOnce() {
    ConnectionId id = open(now);

    for (int i = 0; i < 10; i++) {
      assertInstanceOf(ChargeResult.Charged.class, allowances.charge(id, 1, now));
    }
    // The refusal will be charged, too.
    assertEquals(new ChargeResult.Exhausted(Duration.ofSeconds(2)), allowances.charge(id, 1, now));
  }

  @Test
  void aNewConnectionHasNoBurstOfSends() {
    Settings settings = TestTables.settings();
    ConnectionAllowances usual = new ConnectionAllowances(TestTables.dynamoDb(), settings);
    ConnectionId id = open(now);

    assertInstanceOf(ChargeResult.Charged.class, usual.chargeSend(id, 200, now));
    ChargeResult second = usual.chargeSend(id, 200, now);
    assertEquals(new ChargeResult.Exhausted(Duration.ofMillis(50)), second);
    assertInstanceOf(ChargeResult.Charged.class, usual.chargeSend(id, 200, now.plusMillis(50)));
    // A burst is earned by silence.
    Instant later = now.plusSeconds(60);
    for (int i = 0; i < 101; i++) {
      assertInstanceOf(ChargeResult.Charged.class, usual.chargeSend(id, 200, later), "send " + i);
    }
    assertInstanceOf(ChargeResult.Exhausted.class, usual.chargeSend(id, 200, later));
  }

  @Test
  void aSendCostsForEachStartedKilobyte() {
    ConnectionId id = open(now);
    Instant later = now.plusSeconds(60);
    ConnectionAllowances slow =
        allowances(Map.of("MESSAGE_COST_MS", "1000", "MESSAGE_BURST_MS", "0"));

    assertInstanceOf(ChargeResult.Charged.class, slow.chargeSend(id, 16 * 1024 + 1, later));

    assertEquals(new ChargeResult.Exhausted(Duration.ofSeconds(17)), slow.chargeSend(id, 1, later));
    assertInstanceOf(ChargeResult.Charged.class, slow.chargeSend(id, 1, later.plusSeconds(17)));
  }

  @Test
  void sendsAndActionsAreTwoAllowances() {
    ConnectionId id = open(now);
    for (int i = 0; i < 10; i++) {
      allowances.charge(id, 1, now);
    }

    assertInstanceOf(ChargeResult.Exhausted.class, allowances.charge(id, 1, now));
    assertInstanceOf(ChargeResult.Charged.class, allowances.chargeSend(id, 1, now));
  }

  @Test
  void aConnectionThatIsClosedOrExpiredIsNotCharged() {
    ConnectionId never = new ConnectionId(TestTables.fresh("c"));
    ConnectionId expired = open(now.minus(Limits.CONNECTION_ROW_MAX).minusSeconds(1));

    for (ConnectionId id : List.of(never, expired)) {
      assertInstanceOf(ChargeResult.Absent.class, allowances.charge(id, 1, now));
      assertInstanceOf(ChargeResult.Absent.class, allowances.chargeSend(id, 1, now));
      assertFalse(allowances.refuse(id, now));
    }
  }

  @Test
  void whoGoesOnAlthoughRefusedIsToBeClosed() {
    ConnectionId id = open(now);
    while (allowances.charge(id, 1, now) instanceof ChargeResult.Charged) {}

    int refusals = 0;
    while (!allowances.refuse(id, now)) {
      refusals++;
    }

    assertEquals(5, refusals);
    assertTrue(allowances.refuse(id, now), "and stays so");
    // Who waits has paid for it.
    assertFalse(allowances.refuse(id, now.plusSeconds(1)));
    assertEquals(
        new ChargeResult.Exhausted(Duration.ofSeconds(7)),
        allowances.charge(id, 1, now.plusSeconds(1)));
    assertInstanceOf(ChargeResult.Charged.class, allowances.charge(id, 1, now.plusSeconds(7)));
  }

  /// A connection that asks for something odd now and then is not closed for it.
  @Test
  void refusalsThatAreFewForTheirTimeCloseNobody() {
    ConnectionId id = open(now);
    for (int i = 0; i < 100; i++) {
      assertFalse(allowances.refuse(id, now.plusSeconds(i)), "refusal " + i);
    }
  }

  @Test
  void whatAnActionHasTakenBesideIsChargedEvenWhereNothingIsLeft() {
    ConnectionId id = open(now);
    allowances.charge(id, 9, now);

    allowances.chargeMore(id, 4, now);

    assertEquals(new ChargeResult.Exhausted(Duration.ofSeconds(5)), allowances.charge(id, 1, now));
    allowances.chargeMore(id, 0, now);
    assertEquals(new ChargeResult.Exhausted(Duration.ofSeconds(5)), allowances.charge(id, 1, now));
  }

  /// Whatever frames come side by side, and however they are refused: what is done in a time costs
  /// no more than that time and the burst, and one action's price beyond it.
  @Test
  void concurrentFramesTogetherNeverExceedTheRate() {
    for (long seed = 0; seed < 15; seed++) {
      Random random = new Random(seed);
      ConnectionId id = open(now);
      int threads = 2 + random.nextInt(7);
      int seconds = 1 + random.nextInt(8);
      List<CompletableFuture<Integer>> frames = new ArrayList<>();
      int dearest = 0;
      try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
        for (int i = 0; i < 60; i++) {
          int price = 1 + random.nextInt(5);
          dearest = Math.max(dearest, price);
          // Clocks of functions differ.
          Instant at = now.plusMillis(random.nextInt(seconds * 1_000));
          frames.add(CompletableFuture.supplyAsync(() -> frame(id, price, at), executor));
        }
      }

      int spent = frames.stream().mapToInt(CompletableFuture::join).sum();
      assertTrue(spent <= 10 + seconds + dearest, "seed " + seed + ": " + spent);
      assertTrue(spent >= 5, "seed " + seed + ": " + spent);
    }
  }

  private int frame(ConnectionId id, int price, Instant at) {
    if (allowances.charge(id, price, at) instanceof ChargeResult.Charged) {
      return price;
    }
    allowances.refuse(id, at);
    return 0;
  }

  /// What is charged is bounded, whatever somebody does: no allowance is ever so far ahead that it
  /// counts as impossible, and starts again.
  @Test
  void noSeriesOfFramesMakesAnAllowanceStartAgain() {
    for (long seed = 0; seed < 30; seed++) {
      Random random = new Random(seed);
      ConnectionId id = open(now);
      long before = 0;
      for (int i = 0; i < 60; i++) {
        switch (random.nextInt(3)) {
          case 0 -> allowances.charge(id, 1 + random.nextInt(Price.MAX), now);
          case 1 -> allowances.chargeMore(id, 1 + random.nextInt(Price.MAX / 2), now);
          default -> allowances.refuse(id, now);
        }
        long after = allowance(id);
        assertTrue(after >= before, "seed " + seed + ", step " + i);
        before = after;
      }
    }
  }

  private static long allowance(ConnectionId id) {
    var row =
        TestTables.dynamoDb()
            .getItem(
                get ->
                    get.tableName("ChatConnections")
                        .key(ConnectionTable.key(id))
                        .consistentRead(true));
    Long value = new Row(row.item()).optionalNumber("allowance");
    return value == null ? 0 : value;
  }

  private static ConnectionAllowances allowances(Map<String, String> instead) {
    Map<String, String> settings =
        new HashMap<>(TestTables.environment("SendMessageFunction", Map.of()));
    settings.putAll(
        Map.of("ACTION_COST_MS", "1000", "ACTION_BURST_MS", "9000", "REFUSALS_MAX", "6"));
    settings.putAll(instead);
    return new ConnectionAllowances(TestTables.dynamoDb(), new Settings(settings));
  }
}
