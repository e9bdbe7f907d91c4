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
import java.util.List;
import java.util.NavigableMap;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TimelineTest {
  private static final long OVERLAP_MS = 10_000;

  /// Timestamps as small as these are easier to read: a minute after the epoch.
  private static final long BASE = 60_000_000;

  private final Timeline timeline = new Timeline(OVERLAP_MS);

  @Test
  void nothingIsShownBeforeTheFirstPage() {
    timeline.event(message(1), null);

    assertNull(timeline.stretch());
    read(page(false, 1));
    assertEquals(List.of(BASE + 1), shown());
  }

  @Test
  void anEventBehindTheNewestPageFollowsIt() {
    read(page(true, 5, 6));

    timeline.event(message(7), BASE + 6);

    assertEquals(List.of(BASE + 5, BASE + 6, BASE + 7), shown());
    assertFalse(timeline.hasHoles());
  }

  @Test
  void anEventWhosePrevIsMissingIsShownAndOpensAHole() {
    read(page(false, 5));

    timeline.event(message(9), BASE + 7);
    assertTrue(timeline.hasHoles());
    assertEquals(List.of(BASE + 5, BASE + 9), shown());

    timeline.event(message(7), BASE + 5);
    assertFalse(timeline.hasHoles());
    assertEquals(List.of(BASE + 5, BASE + 7, BASE + 9), shown());
  }

  @Test
  void aReadClosesTheHolesThatWereOpenWhenItBegan() {
    read(page(false, 5));
    timeline.event(message(9), BASE + 7);

    Timeline.Read repair = timeline.read(0);
    timeline.event(message(20), BASE + 15);
    assertEquals(BASE + 5 - OVERLAP_MS * 1_000, repair.after());
    repair.page(page(false, 5, 9), 0);

    assertTrue(timeline.hasHoles(), "the one that opened meanwhile");
    timeline.event(message(15), BASE + 9);
    assertFalse(timeline.hasHoles());
  }

  @Test
  void aHeadThatWasNotSeenIsAHole() {
    read(page(false));
    timeline.head(0);
    assertFalse(timeline.hasHoles());

    timeline.head(BASE + 4);
    assertTrue(timeline.hasHoles());
    read(page(false, 4));
    timeline.head(BASE + 4);
    assertFalse(timeline.hasHoles());
  }

  @Test
  void whoIsTooFarBehindBeginsAnew() {
    read(page(false, 1));

    Timeline.Read read = timeline.read(0);
    for (int i = 0; i < 10; i++) {
      assertFalse(read.isTooFarBehind());
      read.page(page(true, 10 + i), 0);
    }
    assertTrue(read.isTooFarBehind());
    Timeline.Read newest = timeline.readNewest(0);
    assertNull(newest.after());
    newest.page(page(true, 90, 91), 0);

    assertTrue(newest.isDone());
    assertEquals(List.of(BASE + 90, BASE + 91), shown());
  }

  @Test
  void anOlderPageIsTakenUnlessItMayLackSomething() {
    read(page(true, 50));

    Timeline.OlderRead late = timeline.readOlder();
    timeline.event(message(40), BASE + 50);
    assertFalse(late.page(page(false, 30)), "40 came after it was read");
    Timeline.OlderRead again = timeline.readOlder();
    assertEquals(BASE + 50, again.before());
    assertTrue(again.page(page(false, 30, 40)));

    assertEquals(List.of(BASE + 30, BASE + 40, BASE + 50), shown());
    assertNull(timeline.readOlder().before(), "there is nothing older");
  }

  @Test
  void whatRetentionHasRemovedGoesFromTheScreen() {
    read(page(false, 1, 2));

    timeline.read(0).page(new Page(List.of(message(8)), false, false, null), 0);

    assertEquals(List.of(BASE + 8), shown());
    Stretch stretch = timeline.stretch();
    assertNotNull(stretch);
    assertFalse(stretch.complete());
  }

  /// A room over some minutes, in simulated time: messages that come to be in the table up to 6 s
  /// after their timestamps, pushes that are lost, late or doubled, replies that take seconds,
  /// pages of 5, a network that comes and goes, somebody who scrolls.
  @Test
  void afterAnyFaultsWhatIsShownIsWhatTheTableHolds() {
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
    private final List<Long> handedOut = new ArrayList<>();
    private final double lost;
    private final double late;
    private final double slow;
    private final int gapMs;
    private final int connectedMs;

    private final Timeline timeline = new Timeline(OVERLAP_MS);
    private int connection = 1;
    private boolean connected;
    private boolean reading;
    private boolean repairDue;

    Simulation(long seed) {
      this.seed = seed;
      this.random = new Random(seed);
      this.lost = random.nextInt(4) * 0.15;
      this.late = random.nextInt(4) * 0.1;
      this.slow = random.nextInt(4) * 0.2;
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
          List.copyOf(table.tailMap(stretch.from()).values()),
          stretch.messages(),
          "seed " + seed + ": of " + table.size() + " from " + stretch.from());
      assertFalse(timeline.hasHoles(), "seed " + seed);
    }

    private void at(long inMs, Runnable action) {
      steps.add(new Step(nowMs + inMs, steppedUp++, action));
    }

    /// Timestamps are up to 1 s ahead or 6 s behind; the stream has the order of the writes.
    private void write() {
      long micros = BASE + 1_000 * (nowMs + 1_000);
      long timestamp = random.nextInt(3) > 0 ? micros : micros - 1_000L * random.nextInt(7_000);
      while (table.containsKey(timestamp)) {
        timestamp++;
      }
      Message message = new Message(timestamp, "m" + table.size(), "u", "U", "text");
      table.put(timestamp, message);
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
      if (connected && random.nextDouble() >= lost) {
        int lateMs = random.nextInt(random.nextDouble() < late ? 20_000 : 100);
        at(
            lateMs,
            () -> {
              if (over == connection) {
                timeline.event(message, prev);
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
          () -> handedOut.isEmpty() ? 0 : handedOut.getLast(),
          head -> {
            if (timeline.stretch() != null) {
              timeline.head(head);
              repairSoon();
            }
          });
    }

    private void repairSoon() {
      if (timeline.hasHoles() && !repairDue) {
        repairDue = true;
        at(
            300 + random.nextInt(700),
            () -> {
              repairDue = false;
              if (timeline.hasHoles()) {
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
      page(timeline.read(nowMs), join);
    }

    private void page(Timeline.Read read, boolean join) {
      Long after = read.after();
      request(
          () -> {
            Long head = join && !handedOut.isEmpty() ? handedOut.getLast() : null;
            return after == null ? newest(Long.MAX_VALUE, head) : following(after, head);
          },
          page -> {
            read.page(page, nowMs);
            if (read.isDone()) {
              reading = false;
              repairSoon();
            } else {
              page(read.isTooFarBehind() ? timeline.readNewest(nowMs) : read, false);
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
      return new Page(more ? messages.subList(1, PAGE + 1) : messages, more, true, head);
    }

    private Page following(long after, @Nullable Long head) {
      List<Message> messages =
          table.tailMap(after, false).values().stream().limit(PAGE + 1).toList();
      boolean more = messages.size() > PAGE;
      return new Page(more ? messages.subList(0, PAGE) : messages, more, true, head);
    }
  }

  private void read(Page page) {
    Timeline.Read read = timeline.read(0);
    read.page(page, 0);
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
    return new Page(Arrays.stream(at).mapToObj(TimelineTest::message).toList(), more, true, null);
  }
}
