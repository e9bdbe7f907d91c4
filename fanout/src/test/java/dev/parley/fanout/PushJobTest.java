package dev.parley.fanout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.Extremes;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.SlotRange;
import dev.parley.identity.Identity;
import dev.parley.message.Message;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.wire.Event;
import dev.parley.wire.Events;
import dev.parley.wire.Traced;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PushJobTest {
  private static final RoomId ROOM = new RoomId("lobby");
  private static final String HEADER =
      "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

  @Test
  void aSegmentArrivesAsItWasSent() {
    PushJob.Segment job =
        new PushJob.Segment(
            ROOM,
            new SlotRange(1L << 31, 1L << 32),
            Events.of(List.of(event("one\ntwo"), event("€ 🚀"))));

    PushJob.Segment arrived = (PushJob.Segment) PushJob.decode(job.encode());

    assertEquals(job.room(), arrived.room());
    assertEquals(job.range(), arrived.range());
    assertEquals(job.events().lines(), arrived.events().lines());
  }

  @Test
  void aTracedMessageArrivesWithItsTrace() {
    Event traced =
        Event.message(
            new Message(
                ROOM,
                new Timestamp(8),
                "m-8",
                new Identity("guest:1", "Ada"),
                "hi",
                Trace.Context.of(HEADER).orElseThrow()),
            null);
    Events events = Events.of(List.of(event("untraced"), traced));
    String body = new PushJob.Segment(ROOM, SlotRange.ALL, events).encode();

    Traced arrived = PushJob.decode(body).events().traced().getFirst();

    assertEquals(1, arrived.at());
    assertEquals("m-8", arrived.message());
    assertEquals(
        events.messageIds(), PushJob.decode(body).events().messageIds(), "the log names them");
    assertEquals(HEADER, arrived.context().header());
    assertEquals(Traced.JOBS_MAX, arrived.jobs());
    assertFalse(arrived.since().isAfter(Instant.now()), "it waits since it was sent");
    assertThrows(
        PushJob.InvalidJob.class, () -> PushJob.decode(body.replace("\"at\":1", "\"at\":2")));
    assertEquals(
        List.of(),
        PushJob.decode(body.replace("Root=1-", "Root=2-")).events().traced(),
        "a garbled header is none");
  }

  @Test
  void aRetryArrivesAsItWasSent() {
    PushJob.Retry job =
        new PushJob.Retry(
            ROOM,
            List.of(new ConnectionId("L0SM9cOFvHcCIhw="), new ConnectionId("b_-")),
            3,
            Instant.ofEpochMilli(1_000),
            Events.of(List.of(event("again"))));

    PushJob.Retry arrived = (PushJob.Retry) PushJob.decode(job.encode());

    assertEquals(job.connections(), arrived.connections());
    assertEquals(3, arrived.attempt());
    assertEquals(Instant.ofEpochMilli(1_000), arrived.since());
    assertEquals(job.events().lines(), arrived.events().lines());
  }

  @Test
  void aJobThatIsTriedForTheFirstTimeTellsTheTimeOfItsOldestMessage() {
    Events events = Events.of(List.of(event("one")));
    List<ConnectionId> one = List.of(new ConnectionId("b_-"));

    Optional<Timestamp> oldest = Optional.of(new Timestamp(7));
    assertEquals(oldest, sent(new PushJob.Segment(ROOM, SlotRange.ALL, events)).oldest());
    assertEquals(oldest, sent(new PushJob.Retry(ROOM, one, 0, null, events)).oldest());
    assertEquals(Optional.empty(), sent(new PushJob.Retry(ROOM, one, 1, null, events)).oldest());
  }

  @Test
  void jobsOfOneSegmentAreOneJobInTheirOrder() {
    SlotRange half = new SlotRange(0, SlotRange.SLOTS / 2);
    Events one = Events.of(List.of(event("one")));
    Events two = Events.of(List.of(event("two")));
    PushJob.Segment job = new PushJob.Segment(ROOM, half, one);

    assertEquals(
        new PushJob.Segment(ROOM, half, one.and(two)).encode(),
        job.and(new PushJob.Segment(ROOM, half, two)).encode());
    assertTrue(job.isOfSameSegment(new PushJob.Segment(ROOM, half, two)));
    assertFalse(job.isOfSameSegment(new PushJob.Segment(ROOM, SlotRange.ALL, two)));
    assertFalse(job.isOfSameSegment(new PushJob.Segment(new RoomId("other"), half, two)));
  }

  private static Events sent(PushJob job) {
    return PushJob.decode(job.encode()).events();
  }

  /// Source: SQS API reference, SendMessage: "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD |
  /// #x10000 to #x10FFFF".
  @Test
  void theQueueTakesAnyText() throws Exception {
    Random random = new Random(3);
    for (int i = 0; i < 500; i++) {
      StringBuilder said = new StringBuilder("\uffff\ufffe\u0000\u007f");
      for (int j = 0; j < 20; j++) {
        int c = random.nextInt(0x10FFFF + 1);
        said.appendCodePoint(c >= 0xD800 && c <= 0xDFFF ? 'x' : c);
      }
      PushJob job =
          new PushJob.Segment(ROOM, SlotRange.ALL, Events.of(List.of(event(said.toString()))));

      String body = job.encode();

      assertTrue(body.codePoints().allMatch(PushJobTest::isTaken), said.toString());
      assertEquals(2, body.lines().count());
      assertEquals(
          said.toString(),
          new ObjectMapper()
              .readTree(PushJob.decode(body).events().lines())
              .path("message")
              .asText());
    }
  }

  /// So the bytes of events tell how many a message of the queue holds.
  @Test
  void aQueueCarriesAnEventAsItIsPushed() {
    for (long seed = 0; seed < 100; seed++) {
      Random random = new Random(seed);
      Event event = event(Extremes.message(random));
      Events events = Events.of(List.of(event, event));

      String body = new PushJob.Segment(ROOM, SlotRange.ALL, events).encode();

      String afterHeader = body.substring(body.indexOf('\n'));
      assertEquals(events.bytes(), afterHeader.getBytes(UTF_8).length, "seed " + seed);
      assertEquals(events.lines(), PushJob.decode(body).events().lines(), "seed " + seed);
      assertTrue(body.codePoints().allMatch(PushJobTest::isTaken), "seed " + seed);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hello",
        "{}",
        "{\"room\":\"a b\",\"from\":0,\"to\":1}",
        "{\"room\":\"lobby\",\"from\":5,\"to\":5}",
        "{\"room\":\"lobby\",\"from\":0,\"to\":5}",
        "{\"room\":\"lobby\",\"from\":0,\"to\":5,\"oldest\":-1}\n{}",
        "{\"room\":\"lobby\",\"connections\":[7],\"attempt\":1}"
      })
  void aMessageThatIsNoJobIsRefused(String body) {
    assertThrows(PushJob.InvalidJob.class, () -> PushJob.decode(body));
  }

  @Test
  void aBurstIsCutIntoJobsThatAQueueTakesInOrder() {
    List<Event> burst = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      burst.add(event(i + (i % 2 == 0 ? "x".repeat(10) : "\uffff".repeat(3_990))));
    }

    Events events = Events.of(burst);
    List<String> all = new ArrayList<>();
    for (Events chunk : events.chunks(JobQueues.JOB_BYTES_MAX)) {
      int bytes = new PushJob.Segment(ROOM, SlotRange.ALL, chunk).encode().getBytes(UTF_8).length;
      assertTrue(bytes <= 256 * 1024, bytes + " bytes");
      all.addAll(chunk.lines().lines().toList());
    }
    assertEquals(events.lines().lines().toList(), all);
  }

  private static Event event(String text) {
    return Event.message(
        new Message(ROOM, new Timestamp(7), "id", new Identity("guest:1", "Ada"), text, null),
        null);
  }

  private static boolean isTaken(int c) {
    return c == 0x9
        || c == 0xA
        || c == 0xD
        || (c >= 0x20 && c <= 0xD7FF)
        || (c >= 0xE000 && c <= 0xFFFD)
        || (c >= 0x10000 && c <= 0x10FFFF);
  }
}
