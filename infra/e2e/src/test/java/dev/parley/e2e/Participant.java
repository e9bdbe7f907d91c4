package dev.parley.e2e;

import dev.parley.client.Stretch;
import dev.parley.client.Wait;
import dev.parley.client.Waits;
import java.util.Map;

/// A client of either kind that takes part in a [Schedule]. What it is told to do takes effect when
/// the network lets it.
interface Participant extends AutoCloseable {
  /// What takes a minute takes a second here. The overlap is no wait: it follows from how late a
  /// message may come to be in the table.
  Waits LIVELY =
      Waits.DEFAULT.with(
          Map.ofEntries(
              Map.entry(Wait.REPAIR_MIN, 30L),
              Map.entry(Wait.REPAIR_MAX, 100L),
              Map.entry(Wait.SETTLE, 300L),
              Map.entry(Wait.LOOK_MIN, 100L),
              Map.entry(Wait.LOOK_MAX, 200L),
              Map.entry(Wait.PING, 1_000L),
              Map.entry(Wait.PING_MAX, 8_000L),
              Map.entry(Wait.REPLY, 10_000L),
              Map.entry(Wait.PROBE, 1_000L),
              Map.entry(Wait.OPEN, 10_000L),
              Map.entry(Wait.BACK_OFF, 50L),
              Map.entry(Wait.BACK_OFF_MAX, 1_000L),
              Map.entry(Wait.LINGER, 300L)));

  /// Its connection is replaced every few seconds.
  Waits RESTLESS = LIVELY.with(Map.of(Wait.RENEW_MIN, 1_000L, Wait.RENEW_MAX, 5_000L));

  /// It pings so seldom that nothing but a repair closes a gap.
  Waits PATIENT =
      LIVELY.with(
          Map.of(
              Wait.LOOK_MIN, Waits.DEFAULT.ms(Wait.PING),
              Wait.LOOK_MAX, Waits.DEFAULT.ms(Wait.PING),
              Wait.PING, Waits.DEFAULT.ms(Wait.PING),
              Wait.PING_MAX, Waits.DEFAULT.ms(Wait.PING_MAX)));

  void join(String room);

  void quit(String room);

  /// @param text which nobody else says
  void send(String room, String text);

  /// Scrolls to what is older than what it shows.
  void older(String room);

  /// Tells it that the network may have come or gone.
  void hint();

  /// Ends it as a page ends that is loaded again: nothing stays but what it has stored. Then begins
  /// anew, in the rooms that it was in.
  void reload();

  /// How many sends have no answer yet, in the rooms that it is in.
  int waiting();

  State state();

  @Override
  void close();

  /// @param shown by room
  /// @param sent by text, the timestamps that were acknowledged
  /// @param failed by text, why it was not written
  record State(Map<String, Stretch> shown, Map<String, Long> sent, Map<String, String> failed) {}
}
