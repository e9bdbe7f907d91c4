package dev.parley.fanout;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.Membership;
import dev.parley.connection.Slot;
import dev.parley.fanout.Presence.Change;
import dev.parley.identity.Identity;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class MovementTest {
  private static final Instant NOW = Instant.parse("2026-11-26T03:00:00Z");

  /// In the order in which they came.
  private static final Membership FIRST = member("b", "Ada", 1);
  private static final Membership SECOND = member("c", "Ada", 2);
  private static final Membership THIRD = member("a", "Ada", 3);

  private final Movement movement = new Movement();

  @Test
  void aUserComesWithTheFirstConnectionAndNotWithAnother() {
    movement.came(FIRST);
    assertEquals(Change.IN, movement.change(List.of(FIRST)));

    Movement another = new Movement();
    another.came(SECOND);
    assertEquals(Change.NONE, another.change(List.of(FIRST, SECOND)));
  }

  /// Each is handled by another invocation, and sees both.
  @Test
  void ofTwoThatCameInTheSameMillisecondOneIsTold() {
    Membership same = member("z", "Ada", 1);
    Movement other = new Movement();
    movement.came(FIRST);
    other.came(same);

    assertEquals(Change.IN, movement.change(List.of(same, FIRST)));
    assertEquals(Change.NONE, other.change(List.of(FIRST, same)));
  }

  @Test
  void aConnectionThatIsGoneByNowStandsForTheOneThatCameAfterIt() {
    movement.came(FIRST);

    assertEquals(Change.NONE, movement.change(List.of()));
    assertEquals(Change.IN, movement.change(List.of(SECOND)));
  }

  @Test
  void aRenewalIsNoChangeInWhateverBatchesItComes() {
    movement.went(FIRST, false);
    assertEquals(Change.NONE, movement.change(List.of(SECOND)));

    Movement inOneBatch = new Movement();
    inOneBatch.came(SECOND);
    inOneBatch.went(FIRST, false);
    assertEquals(Change.NONE, inOneBatch.change(List.of(SECOND)));
  }

  /// Somebody may have listed the members in between.
  @Test
  void aReloadMayBeToldAgain() {
    movement.went(FIRST, false);
    movement.came(SECOND);

    assertEquals(Change.IN, movement.change(List.of(SECOND)));
  }

  @Test
  void aUserIsAwayOnceAllConnectionsAreGone() {
    movement.went(FIRST, false);
    assertEquals(Change.AWAY, movement.change(List.of()));

    movement.came(SECOND);
    assertEquals(Change.NONE, movement.change(List.of()), "its own removal comes later");
    movement.went(SECOND, false);
    assertEquals(Change.AWAY, movement.change(List.of()));
  }

  /// An earlier connection has been told, and its removal found this one: nobody else finds out
  /// that the user is away.
  @Test
  void aUserIsAwayAlsoOnceAConnectionCameAndWentInOneBatch() {
    movement.came(FIRST);
    movement.went(FIRST, false);

    assertEquals(Change.AWAY, movement.change(List.of()));
  }

  /// No read has shown a row that is past its expiry.
  @Test
  void aConnectionThatExpiredDoesNotStandForTheOneThatCameBefore() {
    movement.came(SECOND);
    movement.went(FIRST, true);

    assertEquals(Change.IN, movement.change(List.of(SECOND)));
  }

  @Test
  void anotherNameIsTold() {
    Membership renamed = member("d", "Ada L.", 4);
    movement.came(renamed);
    assertEquals(Change.IN, movement.change(List.of(FIRST, renamed)));

    Movement inOneBatch = new Movement();
    inOneBatch.came(renamed);
    inOneBatch.went(FIRST, false);
    assertEquals(Change.IN, inOneBatch.change(List.of(renamed)));
    assertEquals("Ada L.", movement.identity().sender());
  }

  @Test
  void theFirstOfSeveralThatCameCounts() {
    movement.came(SECOND);
    movement.came(THIRD);
    assertEquals(Change.IN, movement.change(List.of(SECOND, THIRD)));
    assertEquals(Change.NONE, movement.change(List.of(FIRST, SECOND, THIRD)));
  }

  private static Membership member(String connection, String sender, int order) {
    return new Membership(
        new Slot("0a0a0a0a", ".", new ConnectionId(connection)),
        new Identity("guest:ada", sender),
        NOW.plusMillis(order));
  }
}
