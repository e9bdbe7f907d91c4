package dev.parley.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.client.Attention;
import dev.parley.client.Wait;
import dev.parley.client.Waits;
import java.util.Locale;

/// The chapter of `docs/COST.md` on how much it holds.
final class CapacityText {
  private static final int OFFICE = 20_000;

  /// From the first to the last ping of those who heard the same message.
  private static final long LOOK_SECONDS =
      (Waits.DEFAULT.ms(Wait.LOOK_MAX) - Waits.DEFAULT.ms(Wait.LOOK_MIN)) / 1_000;

  private final JsonNode capacity;
  private final Usages usages;
  private final Simulation.Costs costs;
  private final Budget budget;

  /// @param capacity `docs/capacity.json`
  CapacityText(JsonNode capacity, Usages usages, Simulation.Costs costs, Budget budget) {
    this.capacity = capacity;
    this.usages = usages;
    this.costs = costs;
    this.budget = budget;
  }

  String text() {
    StringBuilder text = new StringBuilder("## How much it holds\n\n");
    text.append(
        "By AWS's default quotas in us-east-1, each of which can be raised on request:\n\n");
    text.append(
        "| quota | of an account | what takes it | so much takes it all |\n|---|--:|---|---|\n");
    int requests = Simulation.REQUESTS.perSecond();
    double pings = Attention.HIDDEN.pingsAnHour(0);
    row(
        text,
        "requests of API Gateway",
        String.format(
            Locale.ROOT, "%,d a second, bucket %,d", requests, Simulation.REQUESTS.bucket()),
        "each frame, each connect [?], each push; replies do not",
        String.format(
            Locale.ROOT,
            "idle: 3,600 / %s pings an hour × %,d = **%s connections** whose pages are hidden;"
                + " pushing: members × messages a second = %,d, together with all else",
            CostDocument.number(pings),
            requests,
            CostDocument.number(Math.rint(3_600 / pings * requests / 1e4) * 1e4),
            requests));
    double large = budget.large().each() / Simulation.POLLS_A_SECOND;
    row(
        text,
        "pushes to large rooms, as the functions hold them",
        String.format(
            Locale.ROOT,
            "%,.0f a second for each of %d functions",
            budget.large().each(),
            budget.large().functions()),
        String.format(
            Locale.ROOT,
            "each push to one connection of a room of more than %d, and of smaller ones beyond the"
                + " next row",
            budget.segmentSize()),
        String.format(
            Locale.ROOT,
            "a message or more in each poll (%d a second) is as many pushes a second for each"
                + " member: %,.0f / %d = **%,.0f members** where one function serves the room,"
                + " %,.0f where all do. Then batches wait and merge: each push carries more",
            Simulation.POLLS_A_SECOND,
            budget.large().each(),
            Simulation.POLLS_A_SECOND,
            large,
            large * budget.large().functions()));
    row(
        text,
        "pushes to small rooms at once",
        String.format(
            Locale.ROOT,
            "%,.0f a second, %,.0f for each of %d shards",
            budget.small().all(),
            budget.small().each(),
            budget.small().functions()),
        "each push to one connection of a room",
        "members × messages a second of all small rooms of a shard; what is over goes by the"
            + " queue");
    row(
        text,
        String.format(
            Locale.ROOT, "pushes of presence, in rooms of at most %d", budget.presenceMax()),
        String.format(
            Locale.ROOT,
            "%,.0f a second for who comes, %,.0f for who leaves",
            budget.coming().all(),
            budget.leaving().all()),
        "each who comes or leaves, to each member",
        String.format(
            Locale.ROOT,
            "%,.0f / members: **%s comings a second** into rooms of 10, %s into rooms of %d. If"
                + " everybody stays for %d hours, that is %s and %s connections. What is later than"
                + " %d s is let go",
            budget.coming().all(),
            comings(10),
            comings(budget.presenceMax()),
            budget.presenceMax(),
            Bill.HOURS,
            staying(10),
            staying(budget.presenceMax()),
            Simulation.PRESENCE_SECONDS));
    row(
        text,
        "new connections",
        String.format(Locale.ROOT, "%,d a second", Simulation.CONNECTS_A_SECOND),
        String.format(Locale.ROOT, "a connect, and a renewal every %d min", Bill.RENEWAL_MINUTES),
        String.format(
            Locale.ROOT,
            "%,d × %,d s = **%s connections** that renew; an office of %,d is back after %,d s at"
                + " the soonest",
            Simulation.CONNECTS_A_SECOND,
            Bill.RENEWAL_MINUTES * 60,
            CostDocument.number(Simulation.CONNECTS_A_SECOND * Bill.RENEWAL_MINUTES * 60.0),
            OFFICE,
            OFFICE / Simulation.CONNECTS_A_SECOND));
    row(
        text,
        "functions at work",
        String.format(
            Locale.ROOT,
            "%,d; %d in a new account",
            Simulation.CONCURRENCY,
            Simulation.CONCURRENCY_OF_A_NEW_ACCOUNT),
        String.format(
            Locale.ROOT,
            "frames a second × their seconds: a send takes %s s here",
            CostDocument.number(costs.sendSeconds())),
        String.format(
            Locale.ROOT,
            "%,.0f sends a second; %,.0f in a new account, whose quota is to be raised first",
            Simulation.CONCURRENCY / costs.sendSeconds(),
            Simulation.CONCURRENCY_OF_A_NEW_ACCOUNT / costs.sendSeconds()));
    row(
        text,
        "write units of one partition",
        String.format(Locale.ROOT, "%,d a second", Simulation.PARTITION_WRITES_A_SECOND),
        String.format(
            Locale.ROOT,
            "%s for each short send, in the room's partition of ChatMessages",
            CostDocument.number(costs.writesOfASend())),
        String.format(
            Locale.ROOT,
            "**%s sends a second** into one room",
            CostDocument.number(Simulation.PARTITION_WRITES_A_SECOND / costs.writesOfASend())));
    double read = usages.of("ping").amount("readUnits", "ChatRooms");
    double page = usages.of("history page").amount("readUnits", "ChatMessages");
    row(
        text,
        "read units of one partition",
        String.format(Locale.ROOT, "%,d a second", Simulation.PARTITION_READS_A_SECOND),
        String.format(
            Locale.ROOT,
            "%s of the room's row for each ping; %s of ChatMessages for a page of history",
            CostDocument.number(read),
            CostDocument.number(page)),
        String.format(
            Locale.ROOT,
            "after a message all who see the page ping within %d s: a room of more than **%s"
                + " visible members** is throttled. After an outage %,d joins a second of one room,"
                + " each with a page, are %s",
            LOOK_SECONDS,
            CostDocument.number(Simulation.PARTITION_READS_A_SECOND / read * LOOK_SECONDS),
            Simulation.CONNECTS_A_SECOND,
            CostDocument.number(Simulation.CONNECTS_A_SECOND * page)));
    row(
        text,
        "FIFO queue of segments",
        "300 calls a second for a group; 70,000 for the queue in us-east-1, Oregon and Ireland,"
            + " 19,000 and less elsewhere",
        String.format(Locale.ROOT, "a segment of %d members, a batch each", budget.segmentSize()),
        "pushes bind first");
    row(
        text,
        "stream",
        String.format(
            Locale.ROOT,
            "%d polls a second of a shard, a batch at a time",
            Simulation.POLLS_A_SECOND),
        "a batch of all rooms of the shard",
        "a batch that takes 250 ms makes the next one larger, not later");
    text.append(
        String.format(
            Locale.ROOT,
            """

            What is simulated ([`Simulation`](../infra/bench/src/main/java/dev/parley/bench/Simulation.java)): pings as the pages decide on
            them, of which one in %d is in use and the others are hidden; renewals with their frames; everybody stays for %d hours;
            messages of all rooms at random moments; back-offs and retries. So many connections are served without one refusal, and
            with every batch pushed within %d s, when SlowPushesAlarm would ring. Presence that is let go does not count.

            | load | served | no more from | since then binds |
            |---|--:|--:|---|
            """,
            Bill.HOURS,
            Bill.HOURS,
            Simulation.SLOW_PUSH_SECONDS));
    for (JsonNode most : capacity.path("most")) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %,d | %,d | %s |\n",
              most.path("load").asText(),
              most.path("connections").asInt(),
              most.path("refusedFrom").asInt(),
              most.path("binds").asText()));
    }
    text.append(
        String.format(
            Locale.ROOT,
            """

            A million connections, for %d s, seed %d:

            | load | binds first | requests/s at most | refused | connects/s at most | connects refused | functions at work at most | a push takes at most | presence let go | all back after |
            |---|---|--:|--:|--:|--:|--:|--:|--:|--:|
            """,
            Simulation.SECONDS,
            capacity.path("seed").asLong()));
    for (JsonNode of : capacity.path("million")) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %,d | %s %% | %,d | %,d | %,d | %s s | %s %% | %s |\n",
              of.path("load").asText(),
              of.path("binds").asText(),
              of.path("requestsASecondMax").asInt(),
              CostDocument.number(of.path("requestsRefusedPercent").asDouble()),
              of.path("connectsASecondMax").asInt(),
              of.path("connectsRefused").asInt(),
              of.path("concurrencyMax").asInt(),
              CostDocument.number(of.path("pushSecondsMax").asDouble()),
              CostDocument.number(of.path("presenceDroppedPercent").asDouble()),
              of.path("back").asText()));
    }
    text.append(
        """

        `docs/units.json` says how long functions take there, so *functions at work* is as much this machine's as they are.
        A function that waits for its turn, and `$disconnect` that Lambda refuses, are not simulated.
        """);
    return text.toString();
  }

  private static void row(StringBuilder text, String quota, String of, String taken, String all) {
    text.append(String.format(Locale.ROOT, "| %s | %s | %s | %s |\n", quota, of, taken, all));
  }

  private String comings(int members) {
    return CostDocument.number(budget.coming().all() / members);
  }

  private String staying(int members) {
    return CostDocument.number(budget.coming().all() / members * Bill.HOURS * 3_600);
  }
}
