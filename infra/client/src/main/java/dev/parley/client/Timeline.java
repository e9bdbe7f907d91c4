package dev.parley.client;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What is known of one room's messages, and what is missing: events and pages go in, what to show
/// and what to read next comes out. It has no clock, no socket and no thread: the same calls give
/// the same answers.
///
/// A message is *vouched for* when nothing that was handed out before it, and is not older than
/// where the shown stretch begins, is missing here. Not safe for use by several threads.
final class Timeline {
  /// After so many pages with still more, a client is too far behind.
  private static final int PAGES_MAX = 10;

  private final long overlap;
  private final NavigableMap<Long, Message> shown = new TreeMap<>();
  private final Set<Long> vouched = new HashSet<>();

  /// By the timestamp that is missing: the events that wait for it.
  private final Map<Long, Set<Long>> holes = new HashMap<>();

  /// Rows that were read and are no messages: seen, though nothing is shown for them.
  private final NavigableSet<Long> unreadable = new TreeSet<>();

  private @Nullable Long from;
  private boolean complete = true;

  /// Whatever is missing here is later than this minus the overlap; null before the first page, and
  /// while the server's time is not known.
  private @Nullable Long settled;

  /// How far a read has come that was not finished: from there it goes on. Nothing older is
  /// missing, as with `settled`; but what is missing may have been handed out before what is older,
  /// with a timestamp ahead of its time.
  private @Nullable Long reached;

  /// How many messages were not taken because they are older than `from`.
  private long notTaken;

  /// @param overlapMs how much later than its timestamp a message may come to be in the table
  Timeline(long overlapMs) {
    this.overlap = overlapMs * 1_000;
  }

  /// The stretch that is shown; null before the first page.
  @Nullable Stretch stretch() {
    return from == null ? null : new Stretch(from, List.copyOf(shown.values()), complete);
  }

  boolean hasHoles() {
    return !holes.isEmpty();
  }

  /// An event.
  ///
  /// @param prev what was handed out before it, or null at the beginning of the room
  /// @param limit what is later is ahead of the server's time, and settles nothing
  void event(Message message, @Nullable Long prev, long limit) {
    long timestamp = message.timestamp();
    take(message);
    if (vouched.contains(timestamp)
        || (from != null
            && settled != null
            && timestamp < from
            && timestamp <= settled - overlap)) {
      return;
    }
    boolean begins = settled == null || settled == 0;
    if (prev == null ? begins : vouched.contains(prev)) {
      vouchFor(List.of(timestamp), limit);
    } else if (prev == null) {
      head(timestamp); // something was said here before, and the server does not know what
    } else {
      holes.computeIfAbsent(prev, missing -> new HashSet<>()).add(timestamp);
    }
  }

  /// The head that a `pong` tells.
  void head(long head) {
    if (head != 0 && !vouched.contains(head)) {
      holes.computeIfAbsent(head, missing -> new HashSet<>());
    }
  }

  /// The server's time became known.
  ///
  /// @param limit what is later was ahead of it when the last read was begun that has ended
  void told(long limit) {
    Long sure = shown.floorKey(limit);
    if (from != null && sure != null) {
      settle(sure, limit);
    }
  }

  /// Whether nothing would be shown of what is said now.
  boolean beginsAfter(long limit) {
    return from != null && from > limit;
  }

  /// A read of what may be missing here, for a join and for a repair alike. It is carried out page
  /// by page, by `after`, until it is done.
  final class Read {
    private final Set<Long> open = Set.copyOf(holes.keySet());
    private @Nullable Long after = resumeAfter();
    private @Nullable Long head;
    private int pages;
    private boolean done;

    /// What the next page comes after; null for the newest page.
    @Nullable Long after() {
      return after;
    }

    /// Whether all that was missing when it began has arrived.
    boolean isDone() {
      return done;
    }

    /// Whether the room has gone on too far to be followed page by page: another read, which begins
    /// with the newest page, takes its place.
    boolean isTooFarBehind() {
      return pages == PAGES_MAX && !done;
    }

    /// @param limit what is later was ahead of the server's time when this read was begun
    void page(Page page, long limit) {
      pages++;
      head = page.head() == null ? head : page.head();
      @Nullable Long bound = after;
      if (bound == null) {
        beginAt(page);
      } else if (!page.complete()) {
        from = 0L;
        complete = false;
        shown.headMap(page.isEmpty() ? bound + 1 : page.first()).clear();
      }
      take(page);
      for (long timestamp : page.timestamps()) {
        after = timestamp;
        if (timestamp <= limit) {
          reached = reached == null ? timestamp : Math.max(reached, timestamp);
        }
      }
      done = bound == null || !page.more() || page.isEmpty();
      if (done) {
        if (reached != null) {
          settle(reached, limit);
        } else if (page.isEmpty()) {
          settle(0, limit); // the room is empty
        }
        if (pages == 1) {
          vouchFor(page.timestamps(), limit);
        } else if (settled != null) {
          vouchFor(List.copyOf(shown.headMap(settled - overlap, true).keySet()), limit);
          vouchFor(List.copyOf(unreadable.headSet(settled - overlap, true)), limit);
        }
        vouchFor(open, limit);
        if (head != null) {
          vouchFor(List.of(head), limit);
        }
      }
    }
  }

  Read read() {
    return new Read();
  }

  /// Begins anew with the newest page, and forgets how far the room had been followed.
  Read readNewest() {
    Read read = new Read();
    read.after = null;
    return read;
  }

  private @Nullable Long resumeAfter() {
    long known = Math.max(settled == null ? -1 : settled, reached == null ? -1 : reached);
    return known < 0 ? null : Math.max(0, known - overlap);
  }

  private void beginAt(Page page) {
    from = page.more() && !page.isEmpty() ? page.first() : 0;
    complete = page.more() || page.complete();
    shown.headMap(from).clear();
  }

  /// A read of the page before the stretch.
  final class OlderRead {
    private final @Nullable Long before = from;
    private final long notTakenBefore = notTaken;

    /// The page's exclusive bound; null where there is nothing older, or nothing is shown yet.
    @Nullable Long before() {
      return before == null || before == 0 ? null : before;
    }

    /// @return false where the page must be asked for again: the stretch begins elsewhere by now,
    ///     or something older came in the meantime, which the page may lack
    boolean page(Page page) {
      if (before == null || !before.equals(from) || notTaken != notTakenBefore) {
        return false;
      }
      if (page.more() && page.isEmpty()) {
        return true; // it says nothing of where it begins
      }
      beginAt(page);
      take(page);
      long sure = settled == null ? 0 : settled - overlap;
      vouchFor(page.timestamps().stream().filter(t -> t <= sure).toList(), 0);
      return true;
    }
  }

  OlderRead readOlder() {
    return new OlderRead();
  }

  private void take(Page page) {
    page.messages().forEach(this::take);
    unreadable.addAll(page.unreadable());
  }

  private void take(Message message) {
    if (from == null || message.timestamp() >= from) {
      shown.putIfAbsent(message.timestamp(), message);
    } else {
      notTaken++;
    }
  }

  /// And for all that waited for these, which closes their holes.
  private void vouchFor(Collection<Long> timestamps, long limit) {
    Deque<Long> next = new ArrayDeque<>(timestamps);
    for (Long timestamp = next.poll(); timestamp != null; timestamp = next.poll()) {
      vouched.add(timestamp);
      if (from != null) {
        settle(timestamp, limit);
      }
      next.addAll(holes.getOrDefault(timestamp, Set.of()));
      holes.remove(timestamp);
    }
  }

  private void settle(long timestamp, long limit) {
    if (timestamp <= limit) {
      settled = settled == null ? timestamp : Math.max(settled, timestamp);
    }
  }
}
