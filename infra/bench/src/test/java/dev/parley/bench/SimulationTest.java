package dev.parley.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.client.Attention;
import dev.parley.local.template.Template;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The simulation beside what can be reckoned by hand.
final class SimulationTest {
  private static final Budget BUDGET = Budget.of(Template.read(Cloud.TEMPLATE, Map.of()));

  /// Functions that take no time to speak of.
  private static final Simulation.Costs COSTS = new Simulation.Costs(0, 0.01, 0.01, 0.01, 0.01, 1);

  /// What comes by chance in one second more than in another.
  private static final double CHANCE = 0.05;

  private static Simulation.Result run(Simulation.Load load, int connections) {
    return new Simulation(COSTS, BUDGET, load, connections, 7).run();
  }

  /// 500 connects a second renew 3,150,000 connections every 105 min.
  @Test
  void idleConnectionsMeetTheConnectsWhereTheirRenewalsDo() {
    int most = Simulation.CONNECTS_A_SECOND * 105 * 60;

    assertTrue(run(Simulation.Load.idle(), (int) (most * (1 - CHANCE))).holds());
    assertEquals(
        "connects a second",
        new Simulation(COSTS, BUDGET, Simulation.Load.idle(), (int) (most * (1 + CHANCE)), 7)
            .runUntilRefused()
            .binds());
  }

  /// Each ping is a request; so is each renewal, every 105 min.
  @Test
  void idleConnectionsPingAsOftenAsTheirPages() {
    int connections = 300_000;
    double aSecond = connections * (Attention.HIDDEN.pingsAnHour(0) / 3_600 + 1 / 6_300.0);

    Simulation.Result result = run(Simulation.Load.idle(), connections);

    double requests = aSecond * Simulation.SECONDS;
    assertEquals(requests, (double) result.requests(), requests * CHANCE);
  }

  /// One page in eight is in use, and pings once for each message, between 5 and 10 s after it.
  @Test
  void pagesInUsePingTogetherAfterAMessage() {
    int members = 40_000;
    Simulation.Load load = Simulation.Load.rooms("once", members, 20);

    Simulation.Result result = run(load, members);

    double together = members / 8.0 / 5;
    double pushes = BUDGET.large().all();
    assertTrue(result.requestsASecondMax() > together, result.toString());
    assertTrue(result.requestsASecondMax() < together + pushes * (2 + CHANCE), result.toString());
  }

  /// 500 are taken a second, and those that were in the bucket at once; others come back later.
  @Test
  void anOfficeComesBackAsFastAsConnectsAreTaken() {
    int office = 10_000;
    Simulation.Result result = run(Simulation.Load.idle().withOffice(office), 100_000);

    double soonest = 1.0 * office / Simulation.CONNECTS_A_SECOND - 1;
    assertTrue(result.backAfterSeconds() >= soonest, result.toString());
    assertTrue(result.backAfterSeconds() <= 4 * soonest, result.toString());
    assertTrue(result.connectsRefused() > 0, result.toString());
  }

  /// 500 a second are 75,000 in the 150 s that are left.
  @Test
  void anOfficeThatIsTooLargeIsNotBackWithinTheTime() {
    Simulation.Result result = run(Simulation.Load.idle().withOffice(90_000), 100_000);

    assertEquals(Double.POSITIVE_INFINITY, result.backAfterSeconds());
  }

  /// A burst to 10,000 members is far more than may be pushed. A batch that waits takes up those
  /// that follow, so that none waits longer than for two turns of the room: one that is under way,
  /// and its own.
  @Test
  void aBurstWaitsForItsTurnAndMerges() {
    int members = 10_000;
    Simulation.Load load = Simulation.Load.idle().withBurst(members, 10, 60);

    Simulation.Result result = run(load, 100_000);

    double turn = members / BUDGET.large().all();
    assertTrue(result.pushSecondsMax() > turn, result.toString());
    assertTrue(result.pushSecondsMax() < 2 * turn * (1 + CHANCE), result.toString());
    assertTrue(result.requestsASecondMax() <= 2 * BUDGET.large().all() * (1 + CHANCE));
    assertEquals(0, result.requestsRefused());
  }

  /// 10,000 connections in rooms of 100 who stay for 8 h: 0.35 come and leave a second, 35 pushes
  /// of each. 100,000 are 347: those who come have 400 a second, those who leave 240.
  @Test
  void presenceBeyondItsBudgetIsLetGo() {
    Simulation.Load load = Simulation.Load.rooms("silent", 100, 0.001);

    assertEquals(0, run(load, 10_000).presenceDropped());

    Simulation.Result result = run(load, 100_000);
    double wanted = 100_000 / 28_800.0 * 100;
    double told =
        Math.min(wanted, BUDGET.coming().all()) + Math.min(wanted, BUDGET.leaving().all());
    assertEquals(
        1 - told / (2 * wanted), 1.0 * result.presenceDropped() / result.presence(), CHANCE);
  }

  @Test
  void theSameSeedIsTheSameRun() {
    Simulation.Load load = Simulation.Load.rooms("busy", 10, 600);

    assertEquals(run(load, 100_000), run(load, 100_000));
    assertFalse(run(load, 100_000).holds());
  }
}
