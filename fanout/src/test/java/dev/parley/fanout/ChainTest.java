package dev.parley.fanout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import dev.parley.wire.Events;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class ChainTest {
  private static final String STREAM = "2026-11-25T21:28:00.000";
  private static final Room NEW = new Room(new RoomId("lobby"), null, null, null, null);

  @Test
  void eachMessageNamesTheOneHandedOutBeforeIt() {
    Chain chain = Chain.of(NEW, STREAM, List.of(entry("1", 10), entry("2", 30), entry("3", 20)));

    assertEquals(
        List.of("10<-null", "30<-10", "20<-30"), links(chain.events()), "stream order, not time");
    assertEquals(new Timestamp(20), chain.room().head());
    assertEquals(STREAM + "/3", chain.room().headSequence());
    assertEquals(STREAM + "/1-3", chain.sequences());
  }

  @Test
  void sequenceNumbersAreComparedAsNumbers() {
    Room room =
        new Room(NEW.id(), new Timestamp(10), STREAM + "/999999999999999999999", null, null);

    Chain chain = Chain.of(room, STREAM, List.of(entry("1000000000000000000000", 11)));

    assertEquals(List.of("11<-10"), links(chain.events()));
  }

  @Test
  void whatWasHandedOutBeforeIsSkipped() {
    Room room = new Room(NEW.id(), new Timestamp(20), STREAM + "/2", null, null);
    List<Chain.Entry> seen = List.of(entry("1", 10), entry("2", 20));

    assertEquals(room, Chain.of(room, STREAM, seen).room());
    assertTrue(Chain.of(room, STREAM, seen).events().isEmpty());
  }

  @Test
  void aRecordOfAnotherStreamNeverCountsAsHandedOut() {
    for (String other : List.of("2025-01-01T00:00:00.000/900", "900", "", "/900")) {
      Room room = new Room(NEW.id(), new Timestamp(20), other, null, null);

      Chain chain = Chain.of(room, STREAM, List.of(entry("7", 30)));

      assertEquals(List.of("30<-20"), links(chain.events()), other);
      assertEquals(STREAM + "/7", chain.room().headSequence());
    }
  }

  @Test
  void aRecordThatCannotBeEncodedKeepsItsPlace() {
    Map<String, AttributeValue> foreign = new HashMap<>();
    foreign.put("room_id", Row.s("lobby"));
    foreign.put("timestamp", Row.n(20));

    Chain chain =
        Chain.of(
            NEW,
            STREAM,
            List.of(entry("1", 10), new Chain.Entry("2", new Row(foreign)), entry("3", 30)));

    assertEquals(List.of("10<-null", "30<-20"), links(chain.events()));
    assertEquals(1, chain.skipped());
    assertEquals(new Timestamp(30), chain.room().head());
  }

  @Test
  void aRecordWithoutATimestampTakesNoPlace() {
    Map<String, AttributeValue> timeless = Map.of("room_id", Row.s("lobby"));
    Chain.Entry record = new Chain.Entry("2", new Row(timeless));

    Chain between = Chain.of(NEW, STREAM, List.of(entry("1", 10), record, entry("3", 30)));
    Chain alone = Chain.of(between.room(), STREAM, List.of(new Chain.Entry("4", record.row())));

    assertEquals(List.of("10<-null", "30<-10"), links(between.events()));
    assertEquals(1, between.skipped());
    assertEquals(new Timestamp(30), alone.room().head());
    assertEquals(STREAM + "/4", alone.room().headSequence());
    assertEquals(STREAM + "/4-4", alone.sequences());
  }

  @Test
  void aLostHeadIsPassedByTheFirstRecordWithATimestamp() {
    Room lost = new Room(NEW.id(), null, "", null, null);
    Chain.Entry timeless = new Chain.Entry("1", new Row(Map.of("room_id", Row.s("lobby"))));

    Chain chain = Chain.of(lost, STREAM, List.of(timeless, entry("2", 20), entry("3", 30)));

    assertEquals(List.of("20<-19", "30<-20"), links(chain.events()));
  }

  @Test
  void eventsAreKnownByTheFirstAndTheLastRecordThatIsNew() {
    Room room = new Room(NEW.id(), new Timestamp(20), STREAM + "/2", null, null);
    List<Chain.Entry> entries =
        List.of(entry("1", 10), entry("2", 20), entry("3", 30), entry("4", 40));

    assertEquals(STREAM + "/3-4", Chain.of(room, STREAM, entries).sequences());
    assertEquals("", Chain.of(room, STREAM, entries.subList(0, 2)).sequences());
  }

  @Test
  void anEventThatIsTooLargeForAFrameKeepsItsPlace() {
    Chain.Entry large = entry("2", 20, "x".repeat(Limits.FRAME_BYTES_MAX));

    Chain chain = Chain.of(NEW, STREAM, List.of(entry("1", 10), large, entry("3", 30)));

    assertEquals(List.of("10<-null", "30<-20"), links(chain.events()));
    assertEquals(1, chain.skipped());
  }

  @Test
  void retriedSplitAndRepeatedBatchesGiveOneChain() {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      List<Chain.Entry> all = new ArrayList<>();
      int count = 1 + random.nextInt(40);
      for (int i = 0; i < count; i++) {
        all.add(entry(String.valueOf(100 + i * 7), random.nextInt(1_000_000)));
      }
      List<String> expected = links(Chain.of(NEW, STREAM, all).events());

      // At least once: each batch begins at or before what is handed out, and may be a repetition.
      List<String> told = new ArrayList<>();
      Room room = NEW;
      int handedOut = 0;
      while (handedOut < all.size()) {
        int from = random.nextInt(handedOut + 1);
        int to = from + random.nextInt(all.size() - from + 1);
        Chain chain = Chain.of(room, STREAM, all.subList(from, to));
        List<String> links = links(chain.events());
        if (random.nextInt(4) == 0) {
          // Killed after the pushes, before the head was written: the same again, later.
          assertTrue(expected.containsAll(links), "seed " + seed);
          continue;
        }
        told.addAll(links);
        room = chain.room();
        handedOut = Math.max(handedOut, to);
      }

      assertEquals(expected, told, "seed " + seed);
    }
  }

  private static Chain.Entry entry(String sequence, long timestamp) {
    return entry(sequence, timestamp, "text");
  }

  private static Chain.Entry entry(String sequence, long timestamp, String text) {
    Map<String, AttributeValue> item = new HashMap<>();
    item.put("room_id", Row.s("lobby"));
    item.put("timestamp", Row.n(timestamp));
    item.put("id", Row.s("id-" + sequence));
    item.put("user", Row.s("guest:1"));
    item.put("sender", Row.s("Ada"));
    item.put("message", Row.s(text));
    return new Chain.Entry(sequence, new Row(item));
  }

  private static List<String> links(Events events) {
    return events
        .lines()
        .lines()
        .map(json -> json.replaceAll(".*\"timestamp\":(\\d+),\"prev\":(\\d+|null),.*", "$1<-$2"))
        .toList();
  }
}
