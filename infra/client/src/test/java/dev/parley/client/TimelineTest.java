package dev.parley.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TimelineTest {
  private static final long OVERLAP_MS = 10_000;

  /// Timestamps as small as these are easier to read: a minute after the epoch.
  private static final long BASE = 60_000_000;

  /// Nothing is ahead of the server's time.
  private static final long LIMIT = Long.MAX_VALUE;

  private final Timeline timeline = new Timeline(OVERLAP_MS);

  @Test
  void nothingIsShownBeforeTheFirstPage() {
    timeline.event(message(1), null, LIMIT);

    assertNull(timeline.stretch());
    read(page(false, 1));
    assertEquals(List.of(BASE + 1), shown());
  }

  @Test
  void anEventBehindTheNewestPageFollowsIt() {
    read(page(true, 5, 6));

    timeline.event(message(7), BASE + 6, LIMIT);

    assertEquals(List.of(BASE + 5, BASE + 6, BASE + 7), shown());
    assertFalse(timeline.hasGap());
  }

  @Test
  void anEventWhosePrevIsMissingIsShownAndOpensAGap() {
    read(page(false, 5));

    timeline.event(message(9), BASE + 7, LIMIT);
    assertTrue(timeline.hasGap());
    assertEquals(List.of(BASE + 5, BASE + 9), shown());

    timeline.event(message(7), BASE + 5, LIMIT);
    assertFalse(timeline.hasGap());
    assertEquals(List.of(BASE + 5, BASE + 7, BASE + 9), shown());
  }

  @Test
  void anEventWithoutAPrevFollowsNothingOnceSomethingWasSaid() {
    read(page(false, 5));

    timeline.event(message(9), null, LIMIT);
    assertTrue(timeline.hasGap(), "the server has lost what it handed out before");

    read(page(false, 5, 7, 9));
    assertFalse(timeline.hasGap());
    assertEquals(List.of(BASE + 5, BASE + 7, BASE + 9), shown());
  }

  @Test
  void theFirstEventOfARoomFollowsNothing() {
    read(page(false));

    timeline.event(message(9), null, LIMIT);

    assertFalse(timeline.hasGap());
  }

  @Test
  void aReadClosesTheGapsThatWereOpenWhenItBegan() {
    read(page(false, 5));
    timeline.event(message(9), BASE + 7, LIMIT);

    Timeline.Read repair = timeline.read();
    timeline.event(message(20), BASE + 15, LIMIT);
    assertEquals(BASE + 5 - OVERLAP_MS * 1_000, repair.after());
    repair.page(page(false, 5, 9), LIMIT);

    assertTrue(timeline.hasGap(), "the one that opened meanwhile");
    timeline.event(message(15), BASE + 9, LIMIT);
    assertFalse(timeline.hasGap());
  }

  @Test
  void aHeadThatWasNotSeenIsAGap() {
    read(page(false));
    timeline.head(0);
    assertFalse(timeline.hasGap());

    timeline.head(BASE + 4);
    assertTrue(timeline.hasGap());
    read(page(false, 4));
    timeline.head(BASE + 4);
    assertFalse(timeline.hasGap());
  }

  @Test
  void aReadOfTooManyPagesBeginsAnewWithTheNewestPage() {
    read(page(false, 1));

    Timeline.Read read = timeline.read();
    for (int i = 0; i < 10; i++) {
      assertFalse(read.isTooFarBehind());
      read.page(page(true, 10 + i), LIMIT);
    }
    assertTrue(read.isTooFarBehind());
    Timeline.Read newest = timeline.readNewest();
    assertNull(newest.after());
    newest.page(page(true, 90, 91), LIMIT);

    assertTrue(newest.isDone());
    assertEquals(List.of(BASE + 90, BASE + 91), shown());
  }

  @Test
  void anOlderPageIsTakenUnlessItMayLackAMessage() {
    read(page(true, 50));

    Timeline.OlderRead late = timeline.readOlder();
    timeline.event(message(40), BASE + 50, LIMIT);
    assertFalse(late.page(page(false, 30)), "40 came after it was read");
    Timeline.OlderRead again = timeline.readOlder();
    assertEquals(BASE + 50, again.before());
    assertTrue(again.page(page(false, 30, 40)));

    assertEquals(List.of(BASE + 30, BASE + 40, BASE + 50), shown());
    assertNull(timeline.readOlder().before(), "there is nothing older");
  }

  @Test
  void messagesThatRetentionHasRemovedAreNotShownAnyMore() {
    read(page(false, 1, 2));

    timeline
        .read()
        .page(new Page(List.of(BASE + 8), List.of(message(8)), false, false, null), LIMIT);

    assertEquals(List.of(BASE + 8), shown());
    Stretch stretch = timeline.stretch();
    assertNotNull(stretch);
    assertFalse(stretch.complete());
  }

  @Test
  void anUnreadableRowCountsAsSeenAndIsNotShown() {
    read(new Page(List.of(BASE + 5, BASE + 6), List.of(message(5)), true, true, null));
    timeline.head(BASE + 6);
    timeline.event(message(7), BASE + 6, LIMIT);
    assertFalse(timeline.hasGap());
    assertEquals(List.of(BASE + 5, BASE + 7), shown());

    timeline.event(message(9), BASE + 8, LIMIT);
    read(
        new Page(
            List.of(BASE + 7, BASE + 8, BASE + 9),
            List.of(message(7), message(9)),
            false,
            true,
            null));
    timeline.event(message(10), BASE + 8, LIMIT);
    assertFalse(timeline.hasGap(), "what was handed out and cannot be read is looked for once");
  }

  @Test
  void aPageWithoutReadableRowsIsSkipped() {
    read(unreadable(true, 40, 50));
    assertEquals(List.of(), shown());
    assertEquals(BASE + 40, timeline.readOlder().before());

    assertTrue(timeline.readOlder().page(unreadable(true, 20, 30)));
    assertEquals(BASE + 20, timeline.readOlder().before());
    assertTrue(timeline.readOlder().page(page(false, 10)));
    assertEquals(List.of(BASE + 10), shown());

    Timeline.Read read = timeline.read();
    read.page(unreadable(true, 51, 52), LIMIT);
    assertFalse(read.isDone());
    assertEquals(BASE + 52, read.after());
    read.page(page(false, 53), LIMIT);
    assertEquals(List.of(BASE + 10, BASE + 53), shown());
  }

  @Test
  void anEmptyPageEndsAReadEvenIfItSaysThatThereIsMore() {
    read(page(true));
    assertEquals(List.of(), shown());

    read(page(false, 30));
    Timeline.Read repair = timeline.read();
    repair.page(page(true), LIMIT);
    assertTrue(repair.isDone());

    Timeline behind = new Timeline(OVERLAP_MS);
    behind.read().page(page(true, 30), LIMIT);
    assertTrue(behind.readOlder().page(page(true)));
    assertEquals(BASE + 30, behind.readOlder().before(), "there may be older ones still");
  }

  @Test
  void aTimestampAheadOfTheServersTimeDoesNotMoveTheWatermark() {
    long limit = BASE + 10;
    read(page(false, 5, 5_000_000), limit);
    assertEquals(List.of(BASE + 5, BASE + 5_000_000), shown());
    timeline.event(message(5_000_001), BASE + 5_000_000, limit);
    timeline.head(BASE + 5_000_002);
    assertTrue(timeline.hasGap());
    read(page(false, 5), limit);
    assertFalse(timeline.hasGap());
    timeline.head(BASE + 5_000_002);
    assertFalse(timeline.hasGap(), "it is looked for once");

    assertEquals(BASE + 5 - OVERLAP_MS * 1_000, timeline.read().after());
  }

  @Test
  void thereIsNoWatermarkWhileTheServersTimeIsNotKnown() {
    read(page(false, 5, 5_000_000), 0);
    assertNull(timeline.read().after(), "the newest page");

    timeline.told(BASE + 10);
    assertEquals(BASE + 5 - OVERLAP_MS * 1_000, timeline.read().after());
  }

  /// A room over some minutes, in simulated time: messages that come to be in the table up to 6 s
  /// after their timestamps, pushes that are lost, late or doubled, replies that take seconds,
  /// pages of 5, a network that comes and goes, somebody who scrolls, rows that cannot be read, and
  /// a function whose clock is minutes ahead.
  @Test
  void afterAnyFaultsTheStretchEqualsTheTable() {
    for (long seed = 0; seed < 2_000; seed++) {
      new Simulation(seed).run();
    }
  }

  private static final class Simulation {
    private static final int PAGE = 5;
    private static final long WRITES_END_MS = 120_000;
    private static final long END_MS = 600_000;

    private record Step(long atMs, long number, Runnable action) {}

    private final long seed;
    private final Random random;
    private final Queue<Step> steps =
        new PriorityQueue<>(Comparator.comparingLong(Step::atMs).thenComparingLong(Step::number));
    private long steppedUp;
    private long nowMs;

    private final NavigableMap<Long, Message> table = new TreeMap<>();
    private final Set<Long> unreadable = new HashSet<>();
    private final List<Long> handedOut = new ArrayList<>();
    private final double lost;
    private final double late;
    private final double slow;
    private final double odd;
    private final double ahead;
    private final int gapMs;
    private final int connectedMs;

    private final Timeline timeline = new Timeline(OVERLAP_MS);
    private int connection = 1;
    private boolean connected;
    private boolean reading;
    private boolean repairDue;

    /// The server's time minus ours, as far as is known; and when the last read was begun that has
    /// ended.
    private @Nullable Long serverIsLaterByMs;

    private long readAtMs;

    Simulation(long seed) {
      this.seed = seed;
      this.random = new Random(seed);
      this.lost = random.nextInt(4) * 0.15;
      this.late = random.nextInt(4) * 0.1;
      this.slow = random.nextInt(4) * 0.2;
      this.odd = random.nextInt(3) * 0.2;
      this.ahead = random.nextInt(3) * 0.1;
      this.gapMs = List.of(100, 300, 1_000, 5_000).get(random.nextInt(4));
      this.connectedMs = List.of(10_000, 60_000, 240_000).get(random.nextInt(3));
    }

    void run() {
      at(random.nextInt(2 * gapMs), this::write);
      at(random.nextInt(5_000), this::connect);
      at(0, this::ping);
      at(0, this::scroll);
      for (Step step = steps.poll(); step != null && step.atMs() < END_MS; step = steps.poll()) {
        nowMs = step.atMs();
        step.action().run();
      }
      Stretch stretch = timeline.stretch();
      assertNotNull(stretch, "seed " + seed);
      assertEquals(
          table.tailMap(stretch.from()).values().stream().filter(this::isReadable).toList(),
          stretch.messages(),
          "seed " + seed + ": of " + table.size() + " from " + stretch.from());
      assertFalse(timeline.hasGap(), "seed " + seed);
    }

    private void at(long inMs, Runnable action) {
      steps.add(new Step(nowMs + inMs, steppedUp++, action));
    }

    /// Timestamps are up to 1 s ahead or 6 s behind; the stream has the order of the writes.
    private void write() {
      long micros = BASE + 1_000 * (nowMs + 1_000);
      long timestamp = random.nextInt(3) > 0 ? micros : micros - 1_000L * random.nextInt(7_000);
      if (random.nextDouble() < ahead) {
        timestamp += 1_000L * (60_000 + random.nextInt(240_000));
      }
      while (table.containsKey(timestamp)) {
        timestamp++;
      }
      Message message = new Message(timestamp, "m" + table.size(), "u", "U", "text");
      table.put(timestamp, message);
      if (random.nextDouble() < odd) {
        unreadable.add(timestamp);
      }
      long handOutInMs = random.nextInt(gapMs);
      at(
          handOutInMs,
          () -> {
            Long prev = handedOut.isEmpty() ? null : handedOut.getLast();
            handedOut.add(message.timestamp());
            push(message, prev);
            if (random.nextInt(10) == 0) {
              push(message, prev);
            }
          });
      if (nowMs < WRITES_END_MS) {
        at(handOutInMs + random.nextInt(2 * gapMs), this::write);
      }
    }

    private void push(Message message, @Nullable Long prev) {
      int over = connection;
      if (connected && isReadable(message) && random.nextDouble() >= lost) {
        int lateMs = random.nextInt(random.nextDouble() < late ? 20_000 : 100);
        at(
            lateMs,
            () -> {
              if (over == connection) {
                timeline.event(message, prev, limit(nowMs));
                repairSoon();
              }
            });
      }
    }

    private void connect() {
      connected = true;
      connection++;
      read(true);
      if (nowMs < WRITES_END_MS) {
        at(
            random.nextInt(connectedMs),
            () -> {
              connected = false;
              connection++;
              reading = false;
              at(random.nextInt(30_000), this::connect);
            });
      }
    }

    private void ping() {
      at(20_000, this::ping);
      request(
          () -> List.of(nowMs, handedOut.isEmpty() ? 0 : handedOut.getLast()),
          pong -> {
            serverIsLaterByMs = pong.getFirst() - nowMs;
            if (timeline.stretch() != null) {
              timeline.told(limit(readAtMs));
              timeline.head(pong.getLast());
              repairSoon();
            }
          });
    }

    private long limit(long atMs) {
      return serverIsLaterByMs == null ? 0 : BASE + 1_000 * (atMs + serverIsLaterByMs + 2_000);
    }

    private boolean isReadable(Message message) {
      return !unreadable.contains(message.timestamp());
    }

    private void repairSoon() {
      if (timeline.hasGap() && !repairDue) {
        repairDue = true;
        at(
            300 + random.nextInt(700),
            () -> {
              repairDue = false;
              if (timeline.hasGap()) {
                read(false);
              }
            });
      }
    }

    private void read(boolean join) {
      if (!connected || reading) {
        return;
      }
      reading = true;
      page(timeline.read(), nowMs, join);
    }

    private void page(Timeline.Read read, long begunMs, boolean join) {
      Long after = read.after();
      request(
          () -> {
            Long head = join && !handedOut.isEmpty() ? handedOut.getLast() : null;
            return after == null ? newest(Long.MAX_VALUE, head) : following(after, head);
          },
          page -> {
            read.page(page, limit(begunMs));
            if (read.isDone()) {
              reading = false;
              readAtMs = begunMs;
              repairSoon();
            } else if (read.isTooFarBehind()) {
              page(timeline.readNewest(), nowMs, false);
            } else {
              page(read, begunMs, false);
            }
          });
    }

    private void scroll() {
      if (nowMs < WRITES_END_MS) {
        at(random.nextInt(4_000), this::scroll);
      }
      Timeline.OlderRead older = timeline.readOlder();
      Long before = older.before();
      if (before != null) {
        request(() -> newest(before, null), older::page);
      }
    }

    private <T> void request(Supplier<T> asked, Consumer<T> answered) {
      int over = connection;
      if (!connected) {
        return;
      }
      int delayMs = random.nextDouble() < slow ? 8_000 : 100;
      at(
          random.nextInt(delayMs),
          () -> {
            T answer = asked.get();
            at(
                random.nextInt(delayMs),
                () -> {
                  if (over == connection) {
                    answered.accept(answer);
                  }
                });
          });
    }

    private Page newest(long before, @Nullable Long head) {
      List<Message> messages =
          new ArrayList<>(
              table.headMap(before, false).descendingMap().values().stream()
                  .limit(PAGE + 1)
                  .toList());
      Collections.reverse(messages);
      boolean more = messages.size() > PAGE;
      return page(more ? messages.subList(1, PAGE + 1) : messages, more, head);
    }

    private Page following(long after, @Nullable Long head) {
      List<Message> messages =
          table.tailMap(after, false).values().stream().limit(PAGE + 1).toList();
      boolean more = messages.size() > PAGE;
      return page(more ? messages.subList(0, PAGE) : messages, more, head);
    }

    private Page page(List<Message> rows, boolean more, @Nullable Long head) {
      return new Page(
          rows.stream().map(Message::timestamp).toList(),
          rows.stream().filter(this::isReadable).toList(),
          more,
          true,
          head);
    }
  }

  private void read(Page page) {
    read(page, LIMIT);
  }

  private void read(Page page, long limit) {
    Timeline.Read read = timeline.read();
    read.page(page, limit);
    assertTrue(read.isDone());
  }

  private List<Long> shown() {
    Stretch stretch = timeline.stretch();
    assertNotNull(stretch);
    return stretch.messages().stream().map(Message::timestamp).toList();
  }

  private static Message message(long at) {
    return new Message(BASE + at, "id-" + at, "guest:1", "Ada", "text " + at);
  }

  private static Page page(boolean more, long... at) {
    return page(more, Arrays.stream(at).mapToObj(TimelineTest::message).toList());
  }

  /// Of which nothing can be read.
  private static Page unreadable(boolean more, long... at) {
    return new Page(
        Arrays.stream(at).mapToObj(t -> BASE + t).toList(), List.of(), more, true, null);
  }

  private static Page page(boolean more, List<Message> messages) {
    return new Page(messages.stream().map(Message::timestamp).toList(), messages, more, true, null);
  }
}
