package dev.parley.fanout;

import static java.util.Objects.requireNonNull;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.Membership;
import dev.parley.connection.Slot;
import dev.parley.identity.Identity;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the connections of one user did in a room within a batch, in stream order.
///
/// The user has come (`in`) if no connection that is older than the first that came was there at
/// the time. Of two that came together the one that [Membership#BY_AGE] puts first is told. A
/// reload that leaves a moment without a connection may be told again: somebody may have listed the
/// members in that moment. The user is away if the last connection went, even one that came in the
/// same batch: others may have been told of the user by one that went earlier.
final class Movement implements Presence.Move {
  private final Map<ConnectionId, Membership> here = new LinkedHashMap<>();
  private final Set<ConnectionId> came = new HashSet<>();
  private @Nullable Membership first;
  private @Nullable Membership latest;

  /// Whether a connection that was there before the batch went after the first one came, so that
  /// the user was there all the time.
  private boolean covered;

  void came(Membership member) {
    first = first == null ? member : first;
    latest = member;
    came.add(member.connection());
    here.put(member.connection(), member);
  }

  /// @param expired whether its row was past its expiry, whoever has removed it: no read has shown
  ///     it since
  void went(Membership member, boolean expired) {
    latest = member;
    here.remove(member.connection());
    covered |=
        !expired && !came.contains(member.connection()) && first != null && hasName(member, first);
  }

  @Override
  public Identity identity() {
    return requireNonNull(latest).identity();
  }

  @Override
  public Slot slot() {
    return requireNonNull(latest).slot();
  }

  @Override
  public Collection<Membership> arrived() {
    return here.values();
  }

  /// A connection that came with another name is told: the user is called so from now on.
  @Override
  public Presence.Change change(List<Membership> there) {
    Membership began = first;
    if (there.isEmpty()) {
      return here.isEmpty() ? Presence.Change.AWAY : Presence.Change.NONE;
    }
    boolean known =
        began == null
            || covered
            || there.stream()
                .anyMatch(m -> Membership.BY_AGE.compare(m, began) < 0 && hasName(m, began));
    return known ? Presence.Change.NONE : Presence.Change.IN;
  }

  private static boolean hasName(Membership one, Membership other) {
    return one.identity().equals(other.identity());
  }
}
