package dev.parley.allowance;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.TestTables;
import dev.parley.allowance.AllowanceTable.Visitor;
import dev.parley.identity.Address;
import dev.parley.platform.Settings;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AllowanceTableTest {
  private final Address here = new Address(fresh("address"));
  private final Instant now = Instant.now();

  /// 1 s each, 3 at once; of an address 100 ms, 10 at once.
  private final AllowanceTable table = table(Map.of());

  @Test
  void aUserConnectsOnlySoOftenWhereverTheyAre() {
    String user = fresh("u");
    for (int i = 0; i < 4; i++) {
      assertEquals(Optional.empty(), connect(user, new Address(fresh("elsewhere"))));
    }

    assertEquals(Optional.of(Duration.ofSeconds(1)), connect(user, here));
    assertEquals(Optional.empty(), table.connect(new Visitor(user, here), 1, now.plusSeconds(1)));
  }

  @Test
  void anAddressConnectsOnlySoOftenWhoeverItIs() {
    for (int i = 0; i < 11; i++) {
      assertEquals(Optional.empty(), connect(i % 2 == 0 ? null : fresh("u"), here));
    }

    assertEquals(Optional.of(Duration.ofMillis(100)), connect(fresh("u"), here));
    assertEquals(Optional.empty(), connect(fresh("u"), new Address(fresh("elsewhere"))));
  }

  @Test
  void newRoomsAreAnotherAllowanceThanConnects() {
    String user = fresh("u");
    for (int i = 0; i < 4; i++) {
      assertEquals(Optional.empty(), connect(user, here));
    }

    assertEquals(Optional.empty(), table.makeRooms(new Visitor(user, here), 3, now));
    assertEquals(Optional.empty(), table.makeRooms(new Visitor(user, here), 1, now));
    assertTrue(table.makeRooms(new Visitor(user, here), 1, now).isPresent());
  }

  @Test
  void whoWasClosedForRefusalsComesBackNoSooner() {
    Visitor visitor = new Visitor(fresh("u"), here);

    table.offended(visitor, now);

    // 20 connects of the address are 2 s, of which 1 s is burst; of the user 20 s, and 3 s.
    assertEquals(Optional.of(Duration.ofSeconds(1)), connect(null, here));
    assertEquals(Optional.of(Duration.ofSeconds(17)), table.connect(visitor, 1, now));
    assertTrue(table.connect(visitor, 1, now.plusSeconds(16)).isPresent());
    assertEquals(Optional.empty(), table.connect(visitor, 1, now.plusSeconds(17)));
  }

  @Test
  void theDearestConnectIsPaidHoweverMuchARoomCosts() {
    AllowanceTable dear = table(Map.of("ROOM_COST_MS", "3600000"));
    Visitor visitor = new Visitor(fresh("u"), here);
    Duration wait = Duration.ofHours(Limits.ROOMS_IN_ADDRESS_MAX).minusSeconds(3);

    assertEquals(Optional.empty(), dear.makeRooms(visitor, Limits.ROOMS_IN_ADDRESS_MAX, now));

    assertEquals(Optional.of(wait), dear.makeRooms(visitor, 1, now));
    assertEquals(Optional.of(wait), dear.makeRooms(visitor, 1, now));
    assertEquals(Optional.empty(), dear.makeRooms(visitor, 1, now.plus(wait)));
  }

  @Test
  void anOffenceCostsADayAtMostWhoeverHasConnectedBefore() {
    AllowanceTable strict =
        table(Map.of("OFFENCE_CONNECTS", "100000", "ADDRESS_CONNECT_COST_MS", "1000"));
    Visitor known = new Visitor(fresh("u"), new Address(fresh("elsewhere")));
    Visitor unknown = new Visitor(fresh("u"), here);
    strict.connect(known, 1, now);

    for (int i = 0; i < 3; i++) {
      strict.offended(known, now);
      strict.offended(unknown, now);
    }

    Duration day = Duration.ofDays(1);
    assertEquals(Optional.of(day.minusSeconds(2)), strict.connect(known, 1, now));
    assertEquals(Optional.of(day.minusSeconds(3)), strict.connect(unknown, 1, now));
  }

  /// Each attempt that is refused costs nothing: who waits gets in.
  @Test
  void aRefusalDoesNotMakeTheWaitLonger() {
    String user = fresh("u");
    for (int i = 0; i < 50; i++) {
      connect(user, here);
    }

    assertEquals(Optional.of(Duration.ofSeconds(1)), connect(user, here));
  }

  @Test
  void concurrentConnectsTogetherNeverExceedTheRate() {
    String user = fresh("u");
    List<CompletableFuture<Optional<Duration>>> connects = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
      for (int i = 0; i < 24; i++) {
        connects.add(
            CompletableFuture.supplyAsync(
                () -> connect(user, new Address(fresh("elsewhere"))), executor));
      }
    }

    assertEquals(4, connects.stream().filter(c -> c.join().isEmpty()).count());
  }

  /// Whatever is known of somebody here is a hash and a number, and it is deleted soon.
  @Test
  void aRowHasNoUserAndNoAddressAndExpires() {
    String user = fresh("u");
    connect(user, here);
    connect(user, here);

    List<Row> rows =
        TestTables.dynamoDb().scan(scan -> scan.tableName("ChatAllowances")).items().stream()
            .map(Row::new)
            .toList();

    assertTrue(rows.size() >= 2);
    for (Row row : rows) {
      assertEquals(Set.of("id", "allowance", "expires_at"), row.attributes().keySet());
      assertTrue(row.string("id").matches("[0-9a-f]{64}"), row.string("id"));
      long kept = row.number("expires_at") * 1_000 - row.number("allowance");
      assertTrue(kept > 0 && kept <= 16 * 60_000, "kept " + kept + " ms longer than spent");
    }
  }

  private Optional<Duration> connect(@Nullable String user, Address from) {
    return table.connect(new Visitor(user, from), 1, now);
  }

  private static AllowanceTable table(Map<String, String> instead) {
    Map<String, String> settings =
        new HashMap<>(TestTables.environment("ConnectFunction", Map.of()));
    settings.putAll(
        Map.of(
            "CONNECT_COST_MS", "1000",
            "CONNECT_BURST_MS", "3000",
            "ADDRESS_CONNECT_COST_MS", "100",
            "ADDRESS_CONNECT_BURST_MS", "1000",
            "OFFENCE_CONNECTS", "20",
            "ROOM_COST_MS", "1000",
            "ROOM_BURST_MS", "3000"));
    settings.putAll(instead);
    return new AllowanceTable(TestTables.dynamoDb(), new Settings(settings));
  }
}
