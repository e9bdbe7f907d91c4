package dev.parley.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;

/// The chapter of `docs/COST.md` on how much it holds.
final class CapacityText {
  private CapacityText() {}

  static String of(JsonNode capacity) {
    double pings = capacity.path("costs").path("pingsAnHour").asDouble();
    double writes = capacity.path("costs").path("writesOfASend").asDouble();
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                """
                ## How much it holds

                By the quotas that a new account has in us-east-1, each of which can be raised on request:

                | quota | of an account | what takes it | so much takes it all |
                |---|--:|---|---|
                | requests of API Gateway | %,d a second, bucket %,d | each frame, each connect, each push; replies do not | idle: 3,600 / %s pings an hour × %,d = **%s connections**; pushing: members × messages/s = %,d, together with all else |
                | pushes, as the functions hold them | %,d a second | each push to one connection | a room with a message or more in each poll (4 a second) has at most 4 pushes a second for each member: **%,d members**, whatever is said |
                | new connections | %,d a second | a connect, a renewal every 95 to 115 min | %,d × 6,300 s = **%s connections** that renew; an office of 20,000 is back after %,d s at the soonest |
                | functions at work | %,d | frames a second × their seconds | %,d / 0.05 s = %,d frames a second: requests bind first |
                | write units of one partition | %,d a second | %s for each send in one room | **%s sends a second** into one room |
                | FIFO queue of segments | 300 batches a second for a group, 18,000 for the queue in high throughput | a segment of 500 members, a message or batch each | 18,000 × 500 members: pushes bind first |
                | stream | 4 polls a second of a shard, a batch at a time | a batch of all rooms of the shard | a batch that takes 250 ms makes the next one larger, not later |

                What is simulated, with pings, renewals with their frames, messages of all rooms at random moments, back-offs and
                retries ([`Simulation`](../infra/bench/src/main/java/dev/parley/bench/Simulation.java)): so many connections are served
                without one refusal, within 2 %%, and this quota refuses first when there are more.

                | load | connections | then binds |
                |---|--:|---|
                """,
                Simulation.REQUESTS_A_SECOND,
                Simulation.REQUESTS_BUCKET,
                CostDocument.number(pings),
                Simulation.REQUESTS_A_SECOND,
                CostDocument.number(3_600 / pings * Simulation.REQUESTS_A_SECOND),
                Simulation.REQUESTS_A_SECOND,
                Simulation.PUSHES_A_SECOND,
                Simulation.PUSHES_A_SECOND / 4,
                Simulation.CONNECTS_A_SECOND,
                Simulation.CONNECTS_A_SECOND,
                CostDocument.number(Simulation.CONNECTS_A_SECOND * 6_300.0),
                20_000 / Simulation.CONNECTS_A_SECOND,
                Simulation.CONCURRENCY,
                Simulation.CONCURRENCY,
                Simulation.CONCURRENCY * 20,
                Simulation.PARTITION_WRITES_A_SECOND,
                CostDocument.number(writes),
                CostDocument.number(Simulation.PARTITION_WRITES_A_SECOND / writes)));
    for (JsonNode most : capacity.path("most")) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %,d | %s |\n",
              most.path("load").asText(),
              most.path("connections").asInt(),
              most.path("binds").asText()));
    }
    text.append(
        String.format(
            Locale.ROOT,
            """

            A million connections, for three minutes, seed %d:

            | load | binds first | requests/s at most | refused | connects/s at most | connects refused | functions at work at most | a push waits at most | all back after |
            |---|---|--:|--:|--:|--:|--:|--:|--:|
            """,
            capacity.path("seed").asLong()));
    for (JsonNode of : capacity.path("million")) {
      double back = of.path("backAfterSeconds").asDouble();
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %,d | %s %% | %,d | %,d | %,d | %s s | %s |\n",
              of.path("load").asText(),
              of.path("binds").asText(),
              of.path("requestsASecondMax").asInt(),
              CostDocument.number(of.path("requestsRefusedPercent").asDouble()),
              of.path("connectsASecondMax").asInt(),
              of.path("connectsRefused").asInt(),
              of.path("concurrencyMax").asInt(),
              CostDocument.number(of.path("pushSecondsMax").asDouble()),
              back == 0 ? "" : CostDocument.number(back) + " s"));
    }
    text.append(
        """

        `docs/units.json` says how long functions take there, so *functions at work* is as much this machine's as they are.
        A function that waits for its turn, and `$disconnect` that Lambda refuses, are not simulated.
        """);
    return text.toString();
  }
}
