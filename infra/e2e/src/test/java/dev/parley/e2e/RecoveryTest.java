package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// After any schedule of sends, joins, quits, reloads and faults, once faults stop, what each
/// client shows equals a fresh read of the table over the range that it shows; every message is
/// there once; each sender's messages are in the order sent; a room is handed out to those who are
/// in it, and to nobody else. Half of the users have tokens that expire within seconds, and renew
/// them. Who is kicked or banned hears nothing later than two seconds, and what faults make late,
/// after that was answered.
///
/// Ten schedules at a time share a cloud and its faults. `-Dparley.schedules=` says how many there
/// are; `-Dparley.seed=` runs ten of them again. [Mutants] shows that it catches a wrong client.
class RecoveryTest {
  private static final int SCHEDULES =
      Integer.parseInt(System.getProperty("parley.schedules", "50"));

  /// How many participants have the client in Java; the others have that of the page.
  private static final double JAVA_SHARE = 0.6;

  @Test
  void onceFaultsStopEachClientShowsWhatTheTableHolds() throws Exception {
    String replayed = System.getProperty("parley.seed");
    List<String> problems = new ArrayList<>();
    try (Recovery recovery = new Recovery(TestCloud.SITE, JAVA_SHARE, Schedule.PATIENCE)) {
      if (replayed != null) {
        problems.addAll(run(recovery, Long.parseLong(replayed), Recovery.TOGETHER_MAX));
      } else {
        for (long seed = 1; recovery.schedules() < SCHEDULES; seed++) {
          int count = Math.min(Recovery.TOGETHER_MAX, SCHEDULES - recovery.schedules());
          problems.addAll(run(recovery, seed, count));
        }
      }
      System.out.println("Recovery: " + recovery.summary());
      assertTrue(recovery.schedules() > 0, "no schedule");
      assertTrue(
          recovery.expelled() > 0 || recovery.schedules() < Recovery.TOGETHER_MAX,
          "nobody was taken out of a room");
    }
    assertEquals("", String.join("\n", problems));
  }

  private static List<String> run(Recovery recovery, long seed, int count) throws Exception {
    List<String> problems = recovery.run(seed, count);
    if (!problems.isEmpty()) {
      problems.addFirst(
          """
          to see it again: mvn %s -pl infra/e2e -am -Dtest=RecoveryTest \
          -Dsurefire.failIfNoSpecifiedTests=false -Dparley.seed=%d%s\
          """
              .formatted(
                  // Packages are made before this module's tests.
                  TestCloud.IN_PROCESSES ? "package" : "test",
                  seed,
                  TestCloud.IN_PROCESSES ? " -Dparley.functions=process" : ""));
    }
    return problems;
  }
}
