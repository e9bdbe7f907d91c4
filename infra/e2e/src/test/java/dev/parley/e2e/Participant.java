package dev.parley.e2e;

import dev.parley.client.Stretch;
import dev.parley.client.Waits;
import java.util.Map;

/// A client of some make that takes part in a [Schedule]. What it is told takes effect whenever the
/// network lets it.
interface Participant extends AutoCloseable {
  Waits LIVELY = waits(1_000, Waits.DEFAULT.renewMin(), Waits.DEFAULT.renewMax());

  /// Of somebody whose connection is replaced every few seconds.
  Waits RESTLESS = waits(1_000, 1_000, 5_000);

  /// Of somebody who pings so seldom that nothing but a repair closes a hole.
  Waits PATIENT = waits(Waits.DEFAULT.ping(), Waits.DEFAULT.renewMin(), Waits.DEFAULT.renewMax());

  /// What takes a minute takes a second here. The overlap is no wait: it follows from how late a
  /// message may come to be in the table.
  private static Waits waits(long ping, long renewMin, long renewMax) {
    return new Waits(
        Waits.DEFAULT.overlap(),
        30, // repair
        100,
        300, // settle
        ping,
        10_000, // reply
        1_000, // probe
        10_000, // open
        50, // backOff
        1_000,
        renewMin,
        renewMax,
        300, // linger
        Waits.DEFAULT.resend());
  }

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
