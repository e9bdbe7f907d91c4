package dev.parley.local.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.faults.FaultPlan.Length;
import dev.parley.local.faults.FaultPlan.Rule;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class FaultPlanTest {
  @Test
  void aPlanIsReadAsItIsPrinted() {
    String description =
        "seed=-7,push.delayed=0.25/100-1500ms,push.throttled=0.05,stream.delayed=1/10~40ms,"
            + "network.gone=0.00001/2000ms";

    FaultPlan plan = FaultPlan.parse(description);

    assertEquals(
        Map.of(
            Fault.PUSH_DELAYED, new Rule(0.25, new Length(100, 1_500, false)),
            Fault.PUSH_THROTTLED, new Rule(0.05, null),
            Fault.STREAM_DELAYED, new Rule(1, new Length(10, 40, true)),
            Fault.NETWORK_GONE, new Rule(0.00001, new Length(2_000, 2_000, false))),
        plan.rules());
    assertEquals(description, plan.toString());
    assertEquals(
        plan,
        FaultPlan.parse(
            " push.throttled = 5e-2 , network.gone=1e-5/2000ms,stream.delayed=1/10~40ms,"
                + "push.delayed=.25/100-1500ms, seed=-7"));
  }

  @Test
  void aPlanCanAskForEveryFault() {
    String description =
        "seed=1,"
            + Arrays.stream(Fault.values())
                .map(fault -> fault + "=1" + (fault.timed() ? "/0-60000ms" : ""))
                .collect(Collectors.joining(","));

    assertEquals(description, FaultPlan.parse(description).toString());
  }

  @Test
  void anEmptyPlanHasNoFaults() {
    assertEquals(FaultPlan.NONE, FaultPlan.parse(" "));
  }

  @Test
  void withoutASeedThereIsOneAtRandomThatIsPrinted() {
    FaultPlan plan = FaultPlan.parse("push.lost=0.5");

    assertNotEquals(plan.seed(), FaultPlan.parse("push.lost=0.5").seed());
    assertEquals(plan, FaultPlan.parse(plan.toString()));
  }

  @Test
  void aPlanThatIsRefusedNamesWhatIsAllowed() {
    String unknown = error("seed=7,push.throtled=0.05");
    assertTrue(
        unknown.startsWith(
            "there is no fault `push.throtled`; there are: seed, push.delayed, push.throttled,"),
        unknown);
    assertEquals("seed=high is not a whole number, for example seed=7", error("seed=high"));
    assertEquals("push.lost is given twice", error("push.lost=1,push.lost=1"));
    assertEquals("seed is given twice", error("seed=1,seed=1"));
    String untimed = "give a probability from 0 to 1 and no length, for example push.lost=0.05";
    assertEquals("push.lost=1.5: " + untimed, error("push.lost=1.5"));
    assertEquals("push.lost=-0.1: " + untimed, error("push.lost=-0.1"));
    assertEquals("push.lost=NaN: " + untimed, error("push.lost=NaN"));
    assertEquals("push.lost=: " + untimed, error("push.lost"));
    assertEquals("push.lost=often: " + untimed, error("push.lost=often"));
    assertEquals("push.lost=0.1/5ms: " + untimed, error("push.lost=0.1/5ms"));
    String timed =
        "give a probability from 0 to 1 and a length of up to 60000 ms, for example"
            + " index.lag=0.05/500ms or index.lag=0.05/100-500ms";
    assertEquals("index.lag=0.1: " + timed, error("index.lag=0.1"));
    assertEquals("index.lag=0.1/5s: " + timed, error("index.lag=0.1/5s"));
    assertEquals("index.lag=0.1/0ms: " + timed, error("index.lag=0.1/0ms"));
    assertEquals("index.lag=0.1/9-5ms: " + timed, error("index.lag=0.1/9-5ms"));
    assertEquals("index.lag=0.1/60001ms: " + timed, error("index.lag=0.1/60001ms"));
    assertEquals("index.lag=0.1/0~5ms: " + timed, error("index.lag=0.1/0~5ms"));
    assertEquals("index.lag=0.1/9~5ms: " + timed, error("index.lag=0.1/9~5ms"));
    assertTrue(error("push.lost=1,").startsWith("there is no fault ``; there are: seed, "));
  }

  private static String error(String description) {
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> FaultPlan.parse(description))
            .getMessage());
  }

  @Test
  void aPlanHasTheFaultsThatItNames() {
    FaultPlan plan = FaultPlan.parse("push.lost=0.1");

    assertTrue(plan.hasAny(Fault.CLOCK_SKEW, Fault.PUSH_LOST));
    assertFalse(plan.hasAny(Fault.CLOCK_SKEW));
    assertFalse(FaultPlan.NONE.hasAny(Fault.PUSH_LOST));
  }
}
