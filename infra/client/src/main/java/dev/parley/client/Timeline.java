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
/// A message is *contiguous* when nothing that was handed out before it, and is not older than
/// where the shown stretch begins, is missing here. Anything else has a *gap* before it.
///
/// Not safe for use by several threads.
final class Timeline {
  /// After so many pages with still more, a client is too far behind.
  private static final int PAGES_MAX = 10;

  private final long overlap;
  private final NavigableMap<Long, Message> shown = new TreeMap<>();
  private final Set<Long> contiguous = new HashSet<>();

  /// By the timestamp that is missing: the events that name it as their `prev`.
  private final Map<Long, Set<Long>> gaps = new HashMap<>();

  /// Rows that were read and are no messages: seen, though nothing is shown for them.
  private final NavigableSet<Long> unreadable = new TreeSet<>();

  private @Nullable Long from;
  private boolean complete = true;

  /// Whatever is missing here is later than this minus the overlap; null before the first page, and
  /// while the server's time is not known.
  private @Nullable Long watermark;

  /// How far a read came that did not finish; the next one goes on from there. Nothing older is
  /// missing, as with `watermark`. But what is missing may have been handed out before what is
  /// older, if its timestamp is ahead of the server's time.
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

  boolean hasGap() {
    return !gaps.isEmpty();
  }

  /// An event.
  ///
  /// @param prev what was handed out before it, or null at the beginning of the room
  /// @param limit what is later is ahead of the server's time, and does not move the watermark
  void event(Message message, @Nullable Long prev, long limit) {
    long timestamp = message.timestamp();
    take(message);
    if (contiguous.contains(timestamp)
        || (from != null
            && watermark != null
            && timestamp < from
            && timestamp <= watermark - overlap)) {
      return;
    }
    boolean begins = watermark == null || watermark == 0;
    if (prev == null ? begins : contiguous.contains(prev)) {
      markContiguous(List.of(timestamp), limit);
    } else if (prev == null) {
      head(timestamp); // something was said here before, and the server does not know what
    } else {
      gaps.computeIfAbsent(prev, missing -> new HashSet<>()).add(timestamp);
    }
  }

  /// The head that a `pong` tells.
  void head(long head) {
    if (head != 0 && !contiguous.contains(head)) {
      gaps.computeIfAbsent(head, missing -> new HashSet<>());
    }
  }

  /// The server's time became known.
  ///
  /// @param limit what is later was ahead of it when the last read began that has finished
  void told(long limit) {
    Long sure = shown.floorKey(limit);
    if (from != null && sure != null) {
      advance(sure, limit);
    }
  }

  /// Whether nothing would be shown of what is said now.
  boolean beginsAfter(long limit) {
    return from != null && from > limit;
  }

  /// A read of what may be missing here, for a join and for a repair alike. It is carried out page
  /// by page, by `after`, until it is done.
  final class Read {
    private final Set<Long> open = Set.copyOf(gaps.keySet());
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

    /// @param limit what is later was ahead of the server's time when this read began
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
          advance(reached, limit);
        } else if (page.isEmpty()) {
          advance(0, limit); // the room is empty
        }
        if (pages == 1) {
          markContiguous(page.timestamps(), limit);
        } else if (watermark != null) {
          markContiguous(List.copyOf(shown.headMap(watermark - overlap, true).keySet()), limit);
          markContiguous(List.copyOf(unreadable.headSet(watermark - overlap, true)), limit);
        }
        markContiguous(open, limit);
        if (head != null) {
          markContiguous(List.of(head), limit);
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
    long known = Math.max(watermark == null ? -1 : watermark, reached == null ? -1 : reached);
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
      long sure = watermark == null ? 0 : watermark - overlap;
      markContiguous(page.timestamps().stream().filter(t -> t <= sure).toList(), 0);
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

  /// These are contiguous, and so is whatever follows them, which closes its gaps.
  private void markContiguous(Collection<Long> timestamps, long limit) {
    Deque<Long> next = new ArrayDeque<>(timestamps);
    for (Long timestamp = next.poll(); timestamp != null; timestamp = next.poll()) {
      contiguous.add(timestamp);
      if (from != null) {
        advance(timestamp, limit);
      }
      next.addAll(gaps.getOrDefault(timestamp, Set.of()));
      gaps.remove(timestamp);
    }
  }

  private void advance(long timestamp, long limit) {
    if (timestamp <= limit) {
      watermark = watermark == null ? timestamp : Math.max(watermark, timestamp);
    }
  }
}
