package dev.parley.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// The simulation beside what can be reckoned by hand.
final class SimulationTest {
  /// A ping a minute, and functions that take no time to speak of.
  private static final Simulation.Costs PINGS = costs(60, 0);

  /// What comes by chance in one second more than in another.
  private static final double CHANCE = 0.05;

  private static Simulation.Costs costs(double pingsAnHour, double framesOfARenewal) {
    return new Simulation.Costs(pingsAnHour, framesOfARenewal, 0.01, 0.01, 0.01, 0.01, 2);
  }

  private static Simulation.Result run(
      Simulation.Costs costs, Simulation.Load load, int connections) {
    return new Simulation(costs, load, connections, 7).run();
  }

  /// 10,000 requests a second are 600,000 connections that ping once a minute.
  @Test
  void idleConnectionsMeetTheRequestsWhereTheirPingsDo() {
    int most = 60 * Simulation.REQUESTS_A_SECOND;

    assertTrue(run(PINGS, Simulation.Load.idle(), (int) (most * (1 - CHANCE))).holds());
    assertEquals(
        "requests a second",
        run(PINGS, Simulation.Load.idle(), (int) (most * (1 + CHANCE))).binds());
  }

  /// 500 connects a second renew 3,150,000 connections every 105 min.
  @Test
  void silentConnectionsMeetTheConnectsWhereTheirRenewalsDo() {
    int most = Simulation.CONNECTS_A_SECOND * 105 * 60;

    assertTrue(run(costs(0, 0), Simulation.Load.idle(), (int) (most * (1 - CHANCE))).holds());
    assertEquals(
        "connects a second",
        run(costs(0, 0), Simulation.Load.idle(), (int) (most * (1 + CHANCE))).binds());
  }

  /// 500 are taken a second, and those that were in the bucket at once; others come back later.
  @Test
  void anOfficeComesBackAsFastAsConnectsAreTaken() {
    int office = 10_000;
    Simulation.Result result = run(costs(0, 0), Simulation.Load.idle().withOffice(office), 100_000);

    double soonest = 1.0 * office / Simulation.CONNECTS_A_SECOND - 1;
    assertTrue(result.backAfterSeconds() >= soonest, result.toString());
    assertTrue(result.backAfterSeconds() <= 4 * soonest, result.toString());
    assertTrue(result.connectsRefused() > 0, result.toString());
  }

  /// 4 batches a second to 10,000 members are five times what may be pushed, for 10 s.
  @Test
  void aBurstWaitsForItsTurn() {
    Simulation.Result result =
        run(costs(0, 0), Simulation.Load.idle().withBurst(10_000, 10, 10), 100_000);

    double seconds = 10 * (4.0 * 10_000 / Simulation.PUSHES_A_SECOND - 1);
    assertEquals(seconds, result.pushSecondsMax(), seconds * CHANCE);
    assertEquals("pushes a second", result.binds());
    assertEquals(0, result.requestsRefused());
  }

  @Test
  void theSameSeedIsTheSameRun() {
    Simulation.Load load = Simulation.Load.rooms("busy", 10, 600);

    assertEquals(run(PINGS, load, 100_000), run(PINGS, load, 100_000));
    assertFalse(run(PINGS, load, 100_000).holds());
  }
}
