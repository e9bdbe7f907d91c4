package dev.parley.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.Limits;
import dev.parley.connection.Framing;
import dev.parley.identity.Identity;
import dev.parley.message.Message;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EventsTest {
  private static final RoomId ROOM = new RoomId("lobby");
  private static final Identity ADA = new Identity("guest:1", "Ada");

  @Test
  void oneEventIsAFrameAsItIsAndSeveralAreAnArray() {
    Event event = Event.presence(ROOM, ADA, Event.State.IN);
    String json = new String(event.json(), UTF_8);

    assertEquals(List.of(json), frames(Events.of(List.of(event))));
    assertEquals(List.of("[" + json + "," + json + "]"), frames(Events.of(List.of(event, event))));
    assertEquals(List.of(), frames(Events.of(List.of())));
  }

  @Test
  void whoTookSomeOfTheFramesLacksTheOthers() {
    Events events =
        Events.of(IntStream.range(0, 20).mapToObj(i -> "\"" + i + "x".repeat(4_000) + "\""), null);
    List<String> frames = frames(events);

    assertEquals(3, frames.size());
    int eventsTaken = 0;
    for (int taken = 0; taken < 3; taken++) {
      Events lacking = events.after(eventsTaken);
      assertEquals(frames.size() - taken, lacking.frameCount(Framing.BATCHED));
      assertEquals(frames.subList(taken, 3), frames(lacking));
      assertEquals(20 - eventsTaken, lacking.frameCount(Framing.SINGLE));
      eventsTaken += events.frames(Framing.BATCHED).get(taken).events();
    }
    assertEquals(20, eventsTaken);
    assertSame(events, events.after(0));
    assertEquals(0, Events.of(List.of()).frameCount(Framing.BATCHED));
    assertEquals(0, Events.of(List.of()).frameCount(Framing.SINGLE));
  }

  @Test
  void singlyEachEventIsAFrameAsItIs() {
    for (long seed = 0; seed < 50; seed++) {
      Events events = Events.of(messages(new Random(seed)));

      List<Events.Frame> frames = events.frames(Framing.SINGLE);

      assertEquals(
          events.lines().lines().toList(),
          frames.stream().map(frame -> new String(frame.json(), UTF_8)).toList(),
          "seed " + seed);
      assertTrue(frames.stream().allMatch(frame -> frame.events() == 1));
      assertEquals(frames.size(), events.frameCount(Framing.SINGLE));
    }
  }

  @Test
  void theIdsOfItsMessagesAreTold() {
    Event presence = Event.presence(ROOM, ADA, Event.State.IN);
    Events events = Events.of(List.of(presence, said("first"), said("second")));
    Events many = Events.of(IntStream.range(0, 30).mapToObj(i -> said("m" + i)).toList());

    assertEquals(List.of("first", "second"), events.messageIds());
    assertEquals(
        List.of("first", "second", "last"),
        events.and(Events.of(List.of(said("last")))).messageIds());
    assertEquals(List.of(), Events.of(List.of(presence)).messageIds());
    assertEquals(IntStream.range(0, 20).mapToObj(i -> "m" + i).toList(), many.messageIds());
    assertEquals(20, many.and(many).messageIds().size());
    assertEquals(many.messageIds(), many.chunks(200).getLast().messageIds());
  }

  private static Event said(String id) {
    return Event.message(new Message(ROOM, Timestamp.MAX, id, ADA, "x", null), Timestamp.MAX);
  }

  @Test
  void framesHoldAllEventsInOrderAndNoneIsTooLarge() throws Exception {
    for (long seed = 0; seed < 200; seed++) {
      List<Event> events = messages(new Random(seed));

      List<String> unpacked = new ArrayList<>();
      for (Events.Frame frame : Events.of(events).frames(Framing.BATCHED)) {
        assertTrue(frame.json().length <= Limits.FRAME_BYTES_MAX, "seed " + seed);
        JsonNode json = Json.MAPPER.readTree(frame.json());
        assertEquals(json.isArray() ? json.size() : 1, frame.events(), "seed " + seed);
        if (json.isArray()) {
          json.forEach(event -> unpacked.add(Json.text(event)));
        } else {
          unpacked.add(Json.text(json));
        }
      }
      assertEquals(json(events), unpacked, "seed " + seed);
    }
  }

  @Test
  void aFullFrameIsUsedToItsLastByte() {
    String half = "x".repeat(Limits.FRAME_BYTES_MAX / 2 - 2);
    String rest = "x".repeat(Limits.FRAME_BYTES_MAX - half.length() - 3);

    List<Events.Frame> full = events(half, rest).frames(Framing.BATCHED);
    assertEquals(1, full.size());
    assertEquals(Limits.FRAME_BYTES_MAX, full.getFirst().json().length);
    assertEquals(2, events(half, rest + "x").frameCount(Framing.BATCHED));
  }

  @Test
  void chunksHoldAllEventsInOrderAndAreFullToTheLastByte() {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      Events events = Events.of(messages(random));
      int bytesMax = 4_500 + random.nextInt(20_000);

      List<Events> chunks = events.chunks(bytesMax);

      String all = chunks.stream().map(Events::lines).collect(Collectors.joining("\n"));
      assertEquals(events.lines(), all, "seed " + seed);
      assertTrue(chunks.stream().allMatch(chunk -> chunk.bytes() <= bytesMax), "seed " + seed);
    }
    assertEquals(1, events("four", "five").chunks(10).size());
    assertEquals(2, events("four", "five").chunks(9).size());
    assertEquals(
        List.of(6, 3), events("seven", "xx").chunks(6).stream().map(Events::bytes).toList());
  }

  @Test
  void anEventThatIsLargerThanAChunkIsAChunkOfItsOwn() {
    List<Events> chunks = events("a", "x".repeat(100), "b").chunks(10);

    assertEquals(List.of("a", "x".repeat(100), "b"), chunks.stream().map(Events::lines).toList());
  }

  @Test
  void linesAreWhatEventsAreMadeOfAgain() {
    Events events = Events.of(messages(new Random(1)));

    Events again = Events.of(events.lines().lines(), events.oldest().orElse(null));

    assertEquals(frames(events), frames(again));
    assertEquals(events.oldest(), again.oldest());
    assertEquals(events.count(), again.count());
    assertSame(events.lines(), events.lines());
  }

  @Test
  void bytesCountEachLineWithItsLineBreak() {
    assertEquals(0, events().bytes());
    assertEquals(3 + 1 + 2 + 1, events("abc", "\u00e9").bytes());
    assertTrue(events().isEmpty());
    assertFalse(events("abc").isEmpty());
    assertEquals(2, events("abc", "d").count());
  }

  @Test
  void theOldestTimestampIsThatOfAllMessagesTogether() {
    Events early = Events.of(List.of(message(9), message(7), message(8)));
    Events late = Events.of(List.of(message(11)));
    Events presence = Events.of(List.of(Event.presence(ROOM, ADA, Event.State.OUT)));

    assertEquals(Optional.of(new Timestamp(7)), early.oldest());
    assertEquals(Optional.of(new Timestamp(7)), late.and(early).oldest());
    assertEquals(Optional.of(new Timestamp(11)), presence.and(late).oldest());
    assertEquals(Optional.empty(), presence.oldest());
  }

  @Test
  void laterEventsComeBehindEarlierOnes() {
    Events one = events("1", "2");

    Events both = one.and(events("3"));

    assertEquals("1\n2\n3", both.lines());
    assertEquals("1\n2", one.lines());
  }

  /// Whatever is chunked, joined and sent again: a traced message is found at its line.
  @Test
  void aTracedMessageKeepsItsPlaceAmongTheEvents() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      Events events = Events.of(traced(random));
      int bytesMax = 4_500 + random.nextInt(20_000);

      Events again = Events.of(List.of());
      for (Events chunk : events.chunks(bytesMax)) {
        again =
            again.and(
                Events.of(
                    chunk.lines().lines(),
                    chunk.oldest().orElse(null),
                    chunk.messageIds(),
                    chunk.traced()));
      }

      List<String> lines = again.lines().lines().toList();
      for (Traced message : again.traced()) {
        assertTrue(
            lines.get(message.at()).contains("\"id\":\"" + message.message() + "\""),
            "seed " + seed);
      }
      assertEquals(events.traced(), again.traced(), "seed " + seed);
    }
  }

  @Test
  void theJobsOfAMessageHaveThePartsOfItsTraceThatAreLeft() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      Events events = Events.of(List.of(traced("m")));
      // Pushed, tried again, and so on: how many jobs there are each time.
      List<Events> jobs = List.of(events);
      int parts = 0;
      for (int attempt = 0; attempt < 6; attempt++) {
        parts += (int) jobs.stream().filter(job -> !job.traced().isEmpty()).count();
        int of = 1 + random.nextInt(attempt == 0 ? 5_000 : 3);
        jobs =
            jobs.stream()
                .flatMap(job -> IntStream.range(0, of).mapToObj(i -> job.share(i, of)))
                .toList();
      }
      assertTrue(parts <= Traced.JOBS_MAX, parts + " parts, seed " + seed);
    }
    Events few = Events.of(List.of(traced("m")));
    assertEquals(7, few.share(0, 10).traced().getFirst().jobs());
    assertEquals(6, few.share(9, 10).traced().getFirst().jobs());
    assertEquals(List.of(), few.share(63, 64).traced());
    assertSame(few.share(0, 2).lines(), few.share(1, 2).lines(), "the text is made once");
  }

  @Test
  void onlyTheFirstOfManyTracedMessagesCount() {
    Events events = Events.of(List.of(traced("a"), message(1), traced("b"), traced("c")));

    assertEquals(
        List.of("a", "b"), events.tracing(2).traced().stream().map(Traced::message).toList());
    assertEquals(events.lines(), events.tracing(0).lines());
    assertSame(events, events.tracing(3));
  }

  private static Event traced(String id) {
    Trace.Context trace =
        new Trace.Context("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8");
    return Event.message(new Message(ROOM, new Timestamp(7), id, ADA, "x", trace), null);
  }

  private static List<Event> traced(Random random) {
    List<Event> events = new ArrayList<>();
    for (Event event : messages(random)) {
      events.add(random.nextBoolean() ? event : traced("m" + events.size()));
    }
    return events;
  }

  private static Event message(long timestamp) {
    return Event.message(new Message(ROOM, new Timestamp(timestamp), "id", ADA, "x", null), null);
  }

  private static List<Event> messages(Random random) {
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < random.nextInt(60); i++) {
      String text = "x".repeat(1 + random.nextInt(random.nextInt(5) == 0 ? 4_000 : 50));
      events.add(Event.message(new Message(ROOM, new Timestamp(i), "id", ADA, text, null), null));
    }
    return events;
  }

  private static Events events(String... lines) {
    return Events.of(Stream.of(lines), null);
  }

  private static List<String> frames(Events events) {
    return events.frames(Framing.BATCHED).stream()
        .map(frame -> new String(frame.json(), UTF_8))
        .toList();
  }

  private static List<String> json(List<Event> events) throws IOException {
    List<String> json = new ArrayList<>();
    for (Event event : events) {
      json.add(Json.text(Json.MAPPER.readTree(event.json())));
    }
    return json;
  }
}
