package dev.parley.client;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
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

  private @Nullable Long from;
  private boolean complete = true;

  /// Whatever is missing here is later than this minus the overlap; null before the first page.
  private @Nullable Long settled;

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
  void event(Message message, @Nullable Long prev) {
    long timestamp = message.timestamp();
    take(message);
    if (vouched.contains(timestamp)
        || (from != null
            && settled != null
            && timestamp < from
            && timestamp <= settled - overlap)) {
      return;
    }
    if (prev == null || vouched.contains(prev)) {
      vouchFor(List.of(timestamp));
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

  /// A read of what may be missing here, for a join and for a repair alike. It is carried out page
  /// by page, by `after`, until it is done.
  final class Read {
    private final long startedMs;
    private final Set<Long> open = Set.copyOf(holes.keySet());
    private @Nullable Long after = settled == null ? null : Math.max(0, settled - overlap);
    private @Nullable Long head;
    private int pages;
    private boolean done;

    private Read(long nowMs) {
      this.startedMs = nowMs;
    }

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

    /// @param nowMs when it came, on a clock that goes on while the machine sleeps
    void page(Page page, long nowMs) {
      pages++;
      head = page.head() == null ? head : page.head();
      long taken = pages == 1 ? 0 : 1_000 * (nowMs - startedMs);
      @Nullable Long bound = after;
      if (bound == null) {
        beginAt(page);
      } else if (!page.complete()) {
        from = 0L;
        complete = false;
        shown.headMap(page.messages().isEmpty() ? bound + 1 : page.first()).clear();
      }
      page.messages().forEach(Timeline.this::take);
      if (!page.messages().isEmpty()) {
        settle(page.last() - taken);
        after = page.last();
      } else if (settled == null) {
        settled = 0L;
      }
      done = bound == null || !page.more();
      if (done) {
        if (!page.messages().isEmpty()) {
          long sure = pages == 1 ? page.last() : page.last() - taken - overlap;
          vouchFor(
              pages == 1
                  ? page.messages().stream().map(Message::timestamp).toList()
                  : List.copyOf(shown.headMap(sure, true).keySet()));
        }
        vouchFor(open);
        if (head != null) {
          vouchFor(List.of(head));
        }
      }
    }
  }

  Read read(long nowMs) {
    return new Read(nowMs);
  }

  /// Begins anew with the newest page, and forgets how far the room had been followed.
  Read readNewest(long nowMs) {
    Read read = new Read(nowMs);
    read.after = null;
    return read;
  }

  private void beginAt(Page newest) {
    from = newest.more() ? newest.first() : 0;
    complete = newest.more() || newest.complete();
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
      if (before == null || !before.equals(from) || notTaken != notTakenBefore || settled == null) {
        return false;
      }
      beginAt(page);
      page.messages().forEach(Timeline.this::take);
      long sure = settled - overlap;
      vouchFor(page.messages().stream().map(Message::timestamp).filter(t -> t <= sure).toList());
      return true;
    }
  }

  OlderRead readOlder() {
    return new OlderRead();
  }

  private void take(Message message) {
    if (from == null || message.timestamp() >= from) {
      shown.putIfAbsent(message.timestamp(), message);
    } else {
      notTaken++;
    }
  }

  /// And for all that waited for these, which closes their holes.
  private void vouchFor(Collection<Long> timestamps) {
    Deque<Long> next = new ArrayDeque<>(timestamps);
    for (Long timestamp = next.poll(); timestamp != null; timestamp = next.poll()) {
      vouched.add(timestamp);
      if (settled != null) {
        settle(timestamp);
      }
      next.addAll(holes.getOrDefault(timestamp, Set.of()));
      holes.remove(timestamp);
    }
  }

  private void settle(long timestamp) {
    settled = settled == null ? timestamp : Math.max(settled, timestamp);
  }
}
