package dev.parley.role;

import dev.parley.connection.MemberIndex;
import dev.parley.connection.Membership;
import dev.parley.connection.Memberships;
import dev.parley.connection.Removal;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// Takes all of a user's connections out of a room. Those that the index of members does not show
/// yet are found twice more: by the stream, which looks at the roles of each who comes, and by an
/// [Errand] some seconds later.
public final class Removals {
  /// Side by side. A user with more connections in one room has made them on purpose.
  private static final int AT_ONCE_MAX = 50;

  private final InvocationExecutor executor = new InvocationExecutor();
  private final RoomTable rooms;
  private final MemberIndex index;
  private final Memberships memberships;
  private final Roles roles;

  public Removals(DynamoDbClient dynamoDb, Settings settings) {
    this.rooms = new RoomTable(dynamoDb, settings);
    this.index = new MemberIndex(dynamoDb, settings);
    this.memberships = new Memberships(dynamoDb, settings);
    this.roles = new Roles(dynamoDb, settings);
  }

  /// Removes what the index shows.
  ///
  /// @param until only those that joined no later
  /// @return how many
  public int remove(RoomId room, String user, Removal why, Instant until, Instant now) {
    List<Membership> shown = index.ofUser(rooms.get(room), user, now);
    int removed = 0;
    for (int from = 0; from < shown.size(); from += AT_ONCE_MAX) {
      List<CompletableFuture<Boolean>> removing = new ArrayList<>();
      for (Membership member : shown.subList(from, Math.min(shown.size(), from + AT_ONCE_MAX))) {
        removing.add(
            CompletableFuture.supplyAsync(
                () -> memberships.remove(member.connection(), room, user, why, until), executor));
      }
      removed +=
          (int) InvocationExecutor.join(removing).stream().filter(Boolean::booleanValue).count();
    }
    return removed;
  }

  /// Looks again for those who were to be removed. Where the user may be in the room by now, a
  /// connection that has joined since stays. So does every connection of a user who was to leave:
  /// the errand is written before the role is given up, which then failed, or the user is back.
  ///
  /// @return how many were still there
  public int again(Errand.Removed removed, Instant now) {
    boolean admitted = roles.get(removed.user(), removed.room()).admits(now);
    if (admitted && removed.why() == Removal.LEFT) {
      return 0;
    }
    return remove(
        removed.room(),
        removed.user(),
        removed.why(),
        admitted ? removed.until() : Standing.FOR_GOOD,
        now);
  }
}
