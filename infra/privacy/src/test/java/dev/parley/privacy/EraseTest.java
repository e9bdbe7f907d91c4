package dev.parley.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.connection.ConnectionId;
import dev.parley.identity.Erasures;
import dev.parley.identity.Identity;
import dev.parley.message.Entry;
import dev.parley.message.History;
import dev.parley.message.Range;
import dev.parley.platform.Ticker;
import dev.parley.role.Change;
import dev.parley.role.ChangeResult;
import dev.parley.role.Role;
import dev.parley.role.Roles;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;

class EraseTest {
  private static final String ADA = "guest:ada";
  private static final List<String> OTHERS =
      List.of("guest:adam", "guest:a#guest:ada#a", "guest:ben");

  private final TestStack stack = new TestStack();
  private final List<ConnectionId> closed = new ArrayList<>();
  private final Pauses pauses = new Pauses();

  private final Privacy privacy =
      new Privacy(
          stack.dynamoDb(),
          stack.settings(),
          closed::add,
          pauses,
          Duration.ofSeconds(15),
          Duration.ZERO,
          3);

  /// What is done while an erasure waits.
  private static final class Pauses implements Ticker {
    private final List<Runnable> meanwhile = new ArrayList<>();

    @Override
    public long nanos() {
      return System.nanoTime();
    }

    @Override
    public void pause(Duration time) {
      if (time.equals(Duration.ofSeconds(15)) && !meanwhile.isEmpty()) {
        meanwhile.removeFirst().run();
      }
    }
  }

  @AfterEach
  void close() {
    stack.close();
  }

  private Map<Store, Privacy.Count> erase() {
    return privacy.erase(ADA, Duration.ofDays(2), Place.beginning(), what -> {}, place -> {});
  }

  @Test
  void nothingIsLeftOfTheUserAndAllOfTheOthers() {
    for (long seed = 0; seed < 3; seed++) {
      Random random = new Random(seed);
      stack.fill(random, ADA, 5);
      OTHERS.forEach(user -> stack.fill(random, user, 4));
    }
    Map<String, List<String>> before = stack.rows();

    erase();

    Map<String, List<String>> after = stack.rows();
    for (String table : before.keySet()) {
      List<String> others =
          before.getOrDefault(table, List.of()).stream().filter(row -> !isOfAda(row)).toList();
      List<String> kept = after.getOrDefault(table, List.of());
      assertTrue(kept.containsAll(others), table);
      assertEquals(List.of(), kept.stream().filter(EraseTest::isOfAda).toList(), table);
    }
    assertEquals(15, closed.size());
    assertEquals(
        before.getOrDefault("ChatRooms", List.of()).size(),
        after.getOrDefault("ChatRooms", List.of()).size(),
        "rooms are everybody's");
    assertEquals(
        before.getOrDefault("ChatMessages", List.of()).size(),
        after.getOrDefault("ChatMessages", List.of()).size(),
        "messages keep their places");
  }

  private static boolean isOfAda(String row) {
    return row.contains("S=guest:ada)")
        || row.contains("#guest:ada#id")
        || row.contains("S=Name of guest:ada)");
  }

  @Test
  void toEraseAgainChangesNothing() {
    Random random = new Random(7);
    stack.fill(random, ADA, 4);
    OTHERS.forEach(user -> stack.fill(random, user, 4));
    erase();
    Map<String, List<String>> once = stack.rows();

    Map<Store, Privacy.Count> counts = erase();

    Map<String, List<String>> twice = stack.rows();
    once.remove("ChatErasures");
    twice.remove("ChatErasures");
    assertEquals(once, twice);
    counts.forEach((store, count) -> assertEquals(0, count.found(), store.table()));
  }

  @Test
  void anErasureThatStopsGoesOnWhereItEnded() {
    Random random = new Random(8);
    stack.fill(random, ADA, 5);
    List<Place> places = new ArrayList<>();
    assertThrows(
        IllegalStateException.class,
        () ->
            privacy.erase(
                ADA,
                Duration.ofDays(2),
                Place.beginning(),
                what -> {},
                place -> {
                  places.add(place);
                  if (place.store() == Store.MESSAGES) {
                    throw new IllegalStateException("killed");
                  }
                }));
    assertTrue(stack.rows().toString().contains("S=guest:ada)"));

    privacy.erase(ADA, Duration.ofDays(2), places.getLast(), what -> {}, place -> {});

    assertFalse(stack.rows().toString().contains("S=guest:ada)"));
  }

  /// By a page that was open, say.
  @Test
  void whatComesWhileItWaitsIsErasedToo() {
    stack.put("ChatMessages", TestStack.message("lobby", 7, ADA));
    Erasures erasures = new Erasures(stack.dynamoDb(), stack.settings());
    pauses.meanwhile.add(
        () -> {
          assertTrue(erasures.contains(ADA, Instant.now()), "it would be let in");
          stack.fill(new Random(9), ADA, 1);
        });
    pauses.meanwhile.add(
        () -> {
          assertEquals(List.of(), stack.scan("ChatConnections"), "it would be listened to");
          stack.put("ChatMessages", TestStack.message("lobby", 8, ADA));
        });

    erase();

    assertEquals(List.of(), pauses.meanwhile);
    assertFalse(stack.rows().toString().contains("S=guest:ada)"));
    assertFalse(erasures.contains("guest:ben", Instant.now()));
    assertFalse(erasures.contains(ADA, Instant.now().plus(Duration.ofDays(3))));
  }

  @Test
  void aMessageThatIsErasedKeepsItsPlaceInHistory() {
    Instant now = Instant.now();
    long timestamp = Timestamp.of(now).micros();
    stack.put("ChatMessages", TestStack.message("lobby", timestamp, ADA));
    stack.put("ChatMessages", TestStack.message("lobby", timestamp + 1, "guest:ben"));

    erase();

    History history = new History(stack.dynamoDb(), stack.settings());
    RoomId lobby = new RoomId("lobby");
    List<Entry> entries =
        history.page(lobby, new Range.Newest(), 10, 30_000, entry -> 1, now).entries();
    assertEquals(new Entry.Unreadable(new Timestamp(timestamp)), entries.getFirst());
    assertEquals(2, entries.size());
    assertTrue(history.find(lobby, new Timestamp(timestamp), now).isEmpty());
    Map<String, AttributeValue> row =
        stack.scan("ChatMessages").stream()
            .filter(r -> Row.n(timestamp).equals(r.get("timestamp")))
            .findFirst()
            .orElseThrow();
    assertEquals(Set.of("room_id", "timestamp", "expires_at", "erased_at"), row.keySet());
  }

  @Test
  void aRoomWhoseOwnerIsErasedGetsAnotherAndDirectRoomsNameNobody() {
    Roles roles = new Roles(stack.dynamoDb(), stack.settings());
    Instant now = Instant.now();
    RoomId club = RoomId.newPrivate();
    RoomId direct = RoomId.direct(ADA, "guest:ben");
    RoomId lobby = new RoomId("lobby");
    Identity ada = new Identity(ADA, "Ada");
    assertChanged(
        roles.create(
            new Change(club, ADA)
                .give(Standing.none(ADA, club), Role.OWNER, now)
                .give(Standing.none("guest:ben", club), Role.MEMBER, now),
            "Club",
            ada,
            now));
    assertChanged(
        roles.create(
            new Change(direct, ADA)
                .give(Standing.none(ADA, direct), Role.MEMBER, "guest:ben", now)
                .give(Standing.none("guest:ben", direct), Role.MEMBER, ADA, now),
            null,
            ada,
            now));
    assertChanged(
        roles.write(
            new Change(lobby, "guest:admin")
                .ban(Standing.none(ADA, lobby), now.plus(Duration.ofDays(1)))));
    List<String> lines = new ArrayList<>();
    privacy.export(ADA, Place.beginning(), lines::add, place -> {});
    assertEquals(
        4, lines.stream().filter(line -> line.contains("ChatRoles")).count(), lines.toString());

    erase();

    assertEquals(Role.OWNER, roles.get("guest:ben", club).role());
    assertEquals(Role.MEMBER, roles.get("guest:ben", direct).role());
    assertEquals(null, roles.get("guest:ben", direct).other());
    assertFalse(stack.rows().toString().contains(ADA), stack.rows().toString());
    // The counts are right: the last one to leave empties the room.
    assertChanged(roles.leave(roles.get("guest:ben", club), now));
    assertEquals(
        List.of("0"),
        stack.scan("ChatRooms").stream()
            .filter(room -> Row.s(club.name()).equals(room.get("room_id")))
            .map(room -> room.getOrDefault("roles", Row.n(-1)).n())
            .toList());
  }

  private static void assertChanged(ChangeResult result) {
    assertEquals(new ChangeResult.Changed(), result);
  }

  /// As if the function had been killed between its two writes, and the second one were on its way.
  @Test
  void aLateWriteOfASendThatWasCutOffFindsItsTimestampTaken() {
    stack.put(
        "ChatSends",
        Map.of(
            "send_id", Row.s("lobby#" + ADA + "#id9"),
            "timestamp", Row.n(9),
            "digest", Row.s("00")));

    erase();

    assertThrows(
        ConditionalCheckFailedException.class,
        () ->
            stack
                .dynamoDb()
                .putItem(
                    put ->
                        put.tableName("ChatMessages")
                            .item(TestStack.message("lobby", 9, ADA))
                            .conditionExpression("attribute_not_exists(room_id)")));
    assertEquals(List.of(), stack.scan("ChatSends"));
  }
}
