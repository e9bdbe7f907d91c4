package dev.parley.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// `docs/COST.md`, made of `docs/units.json` ([Units]), `docs/prices.json` and
/// `docs/capacity.json` ([Capacity]), and of nothing else.
public final class CostDocument {
  /// What makes the document anew.
  public static final String COMMAND = "mvn -q -pl infra/bench -am process-classes -Dbench=bill";

  // A month of one user; the document says so.
  private static final int DAYS = 22;
  private static final int HOURS = 8;
  private static final int HOURS_IN_USE = 1;
  private static final int RENEWALS_A_DAY = HOURS * 60 / 105;

  /// PROTOCOL.md: no longer between two pings of a visible page in use.
  private static final int PINGS_AN_HOUR_IN_USE = 60;

  /// Messages that a room has in an hour, as long as its members are connected.
  private static final Map<String, Integer> MESSAGES_AN_HOUR = new LinkedHashMap<>();

  static {
    MESSAGES_AN_HOUR.put("quiet", 10);
    MESSAGES_AN_HOUR.put("busy", 600);
  }

  private static final List<Integer> USERS = List.of(100, 10_000, 1_000_000);
  private static final List<Integer> MEMBERS = List.of(10, 100, 1_000, 10_000);

  /// Lambda's own lines of an invocation: START, END and REPORT, as the Lambda guide shows them.
  private static final int PLATFORM_LOG_BYTES = 354;

  /// Lambda, X-Ray's sampling: the first request of a second, and 5 % of the others.
  private static final double SAMPLED = 0.05;

  /// Lambda asks each queue with five long polls of 20 s at once while there is nothing [?].
  private static final double EMPTY_POLLS_A_MINUTE = 5 * 3;

  private static final int MINUTES_A_MONTH = 730 * 60;

  // OPERATIONS.md, "What costs what".
  private static final int METRICS_MAX = 36;
  private static final int ALARM_METRICS = 26;

  /// A row of a connection, for the tutorials' scan.
  private static final int CONNECTION_ROW_BYTES = 200;

  private static final double TIER = 1e9;

  private final JsonNode units;
  private final JsonNode prices;
  private final JsonNode capacity;
  private final Map<String, Usage> actions = new LinkedHashMap<>();
  private final double eventGb;

  private CostDocument(JsonNode units, JsonNode prices, JsonNode capacity) {
    this.units = units;
    this.prices = prices;
    this.capacity = capacity;
    this.eventGb = units.path("eventBytes").asDouble() / 1e9;
    for (JsonNode action : units.path("actions")) {
      actions.put(
          key(action.path("action").asText(), action.path("members").asInt()),
          Usage.read(action.path("usage")));
    }
  }

  private static String key(String action, int members) {
    return action + " " + members;
  }

  /// @param docs the folder that has the files
  public static String of(Path docs) throws IOException {
    JsonMapper json = new JsonMapper();
    return new CostDocument(
            json.readTree(docs.resolve("units.json").toFile()),
            json.readTree(docs.resolve("prices.json").toFile()),
            json.readTree(docs.resolve("capacity.json").toFile()))
        .text();
  }

  static void write(Path docs) throws IOException {
    Files.writeString(docs.resolve("COST.md"), of(docs));
  }

  // ---- Prices ---------------------------------------------------------------------------------

  private double price(String name) {
    JsonNode price = prices.path("prices").path(name);
    if (price.isMissingNode()) {
      throw new IllegalStateException("docs/prices.json has no " + name);
    }
    return price.path("usd").asDouble() / price.path("per").asDouble();
  }

  private double tiered(String name, double count) {
    return Math.min(count, TIER) * price(name)
        + Math.max(0, count - TIER) * price(name + ".beyond");
  }

  /// Dollars by who charges them.
  ///
  /// @param tracedSeconds in which one request of each function is traced
  private Map<String, Double> dollars(Usage usage, double tracedSeconds) {
    Map<String, Double> dollars = new LinkedHashMap<>();
    dollars.put("gateway", usage.sum("messages") * price("gateway.message"));
    dollars.put("requests", usage.sum("invocations") * price("lambda.request"));
    dollars.put("time", usage.sum("gbSeconds") * price("lambda.gbSecond"));
    dollars.put(
        "tables",
        usage.sum("writeUnits") * price("dynamodb.write")
            + usage.sum("readUnits") * price("dynamodb.read"));
    dollars.put(
        "queues",
        usage.by("queueRequests").entrySet().stream()
            .mapToDouble(queue -> queue.getValue() * queuePrice(queue.getKey()))
            .sum());
    dollars.put("logs", logBytes(usage) / 1e9 * price("logs.gb"));
    dollars.put(
        "traces",
        usage.by("traces").values().stream()
            .mapToDouble(n -> sampled(n, tracedSeconds) * price("xray.trace"))
            .sum());
    return dollars;
  }

  private static double sampled(double requests, double seconds) {
    return Math.min(requests, seconds) + SAMPLED * Math.max(0, requests - seconds);
  }

  private double queuePrice(String queue) {
    return price(queue.endsWith(".fifo") ? "sqs.request.fifo" : "sqs.request");
  }

  private static double logBytes(Usage usage) {
    return usage.sum("logBytes") + PLATFORM_LOG_BYTES * usage.sum("invocations");
  }

  private static double sum(Map<String, Double> dollars) {
    return dollars.values().stream().mapToDouble(d -> d).sum();
  }

  // ---- A month --------------------------------------------------------------------------------

  /// @param fixed what nobody causes
  private record Month(
      double connected, double pings, double comingAndGoing, double messages, double fixed) {
    double total() {
      return connected + pings + comingAndGoing + messages + fixed;
    }
  }

  private Usage usage(String action, int members) {
    Usage usage = actions.get(key(action, members));
    if (usage == null) {
      throw new IllegalStateException(
          String.format(Locale.ROOT, "docs/units.json has no %s with %d members", action, members));
    }
    return usage;
  }

  private static double messages(int users, int members, int anHour) {
    return 1.0 * users / members * anHour * HOURS * DAYS;
  }

  private Month month(int users, int members, int anHour) {
    double minutes = 1.0 * users * DAYS * HOURS * 60;
    double sent = messages(users, members, anHour);
    Usage pings =
        new Usage(Map.of())
            .plus(usage("idle hour", 1), 1.0 * users * DAYS * (HOURS - HOURS_IN_USE))
            .plus(usage("ping", 1), 1.0 * users * DAYS * HOURS_IN_USE * PINGS_AN_HOUR_IN_USE);
    Usage comingAndGoing =
        new Usage(Map.of())
            .plus(usage("connect", members), users * DAYS)
            .plus(usage("first page", members), users * DAYS)
            .plus(usage("disconnect", members), users * DAYS)
            .plus(usage("renewal", members), 1.0 * users * DAYS * RENEWALS_A_DAY);
    Usage message = new Usage(Map.of()).plus(usage("message", members), sent);
    Usage all = pings.plus(comingAndGoing, 1).plus(message, 1);
    // What is metered in tiers, and what is sampled, depends on all of it: each has its share.
    double seconds = DAYS * HOURS * 3_600.0;
    double metered = all.sum("messages");
    double tier = tiered("gateway.message", metered) / (metered * price("gateway.message"));
    double traced =
        all.sum("traces") == 0
            ? 0
            : all.by("traces").values().stream().mapToDouble(n -> sampled(n, seconds)).sum()
                / all.sum("traces");
    return new Month(
        minutes * price("gateway.minute"),
        share(pings, tier, traced),
        share(comingAndGoing, tier, traced),
        share(message, tier, traced)
            + sent * eventGb * price("dynamodb.gbMonth")
            + message.amount("messages", "pushed") * eventGb * price("egress.gb"),
        fixed());
  }

  private double share(Usage usage, double tier, double traced) {
    Map<String, Double> dollars = dollars(usage, 0);
    return sum(dollars)
        + dollars.getOrDefault("gateway", 0.0) * (tier - 1)
        + usage.sum("traces") * (traced - SAMPLED) * price("xray.trace");
  }

  private double fixed() {
    double polls = 0;
    for (JsonNode queue : units.path("mappedQueues")) {
      polls += EMPTY_POLLS_A_MINUTE * MINUTES_A_MONTH * queuePrice(queue.asText());
    }
    return METRICS_MAX * price("cloudwatch.metric")
        + ALARM_METRICS * price("cloudwatch.alarm")
        + price("cloudwatch.dashboard")
        + polls;
  }

  /// The dollars of the others, in the order of the columns.
  private Map<String, Double> others(int users, int members, int anHour) {
    double minutes = 1.0 * users * DAYS * HOURS * 60;
    double sent = messages(users, members, anHour);
    double channelMinutes = minutes / members;
    double delivered = sent * (members + 1);
    double egress = sent * members * eventGb * price("egress.gb");
    Map<String, Double> dollars = new LinkedHashMap<>();
    double scanUnits = Math.ceil(1.0 * users * CONNECTION_ROW_BYTES / 4_096) / 2;
    dollars.put(
        "tutorial's scan",
        minutes * price("gateway.minute")
            + tiered("gateway.message", delivered)
            + sent * (price("lambda.request") + scanUnits * price("dynamodb.read"))
            + egress);
    dollars.put(
        "AppSync Events",
        minutes * price("appsync.minute")
            + (delivered + 2.0 * users * DAYS) * price("appsync.operation")
            + egress);
    dollars.put(
        "IoT Core", minutes * price("iot.minute") + tiered("iot.message", delivered) + egress);
    dollars.put(
        "Ably",
        price("ably.month")
            + (minutes + channelMinutes) * price("ably.minute")
            + delivered * price("ably.message"));
    dollars.put(
        "ZEGOCLOUD",
        members > 200
            ? Double.NaN
            : Math.ceil(users / 10_000.0) * 10_000 * price("zegocloud.users"));
    return dollars;
  }

  // ---- The document ---------------------------------------------------------------------------

  private String text() {
    List<String> parts = new ArrayList<>();
    parts.add(head());
    parts.add(actionTable());
    parts.add(rest());
    parts.add(month());
    parts.add(beside());
    parts.add(CapacityText.of(capacity));
    parts.add(priceTable());
    return String.join("\n", parts);
  }

  private String head() {
    JsonNode measured = units.path("measured");
    return String.format(
        Locale.ROOT,
        """
        # What it costs, and how much it holds

        This page is made by `%s` from [`units.json`](units.json), what each action uses, [`prices.json`](prices.json), and
        [`capacity.json`](capacity.json); a test holds it to them. Edit those, not this.
        `%s` measures the units anew, `-Dbench=capacity` the capacity.

        The units were counted %s on %d cores, commit `%s`%s. Each action went through the functions of this repository on the
        local cloud, with one message in a batch. Units, messages and requests are AWS's; **durations are this machine's**, of
        warm instances whose pushes take 10 ms: the column *time* says what that is worth, so you see what a factor would do.
        """,
        COMMAND,
        units.path("command").asText(),
        units.path("time").asText().substring(0, 10),
        measured.path("machine").path("cores").asInt(),
        measured.path("commit").asText().substring(0, 10),
        measured.path("changed").asBoolean() ? " with changes" : "");
  }

  private String actionTable() {
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                """
                ## One action

                *Messages* are metered in 32 KB: the client's frame, its reply, and the pushes that it causes. *Log* has Lambda's own
                lines of each invocation, %d bytes. Dollars are for a million of the action, with 5 %% of the invocations traced.

                | action | members | frames, replies | pushes | invocations | GB-ms | write units | read units | queue requests | log KB | gateway $ | requests $ | time $ | tables $ | queues $ | logs $ | traces $ | **all $** |
                |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
                """,
                PLATFORM_LOG_BYTES));
    for (JsonNode action : units.path("actions")) {
      Usage usage = Usage.read(action.path("usage"));
      Map<String, Double> dollars = dollars(usage, 0);
      double frames = usage.sum("messages") - usage.amount("messages", "pushed");
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %,d | %s | %s | %s | %s | %s | %s | %s | %s | %s | **%s** |\n",
              action.path("action").asText(),
              action.path("members").asInt(),
              number(frames),
              number(usage.amount("messages", "pushed")),
              number(usage.sum("invocations")),
              number(usage.sum("gbSeconds") * 1_000),
              number(usage.sum("writeUnits")),
              number(usage.sum("readUnits")),
              number(usage.sum("queueRequests")),
              number(logBytes(usage) / 1_000),
              dollars.values().stream()
                  .map(d -> number(d * 1e6))
                  .collect(Collectors.joining(" | ")),
              number(sum(dollars) * 1e6)));
    }
    return text.toString();
  }

  /// What it costs to be there and do nothing.
  private String rest() {
    double minutes = 60 * price("gateway.minute");
    double idle = sum(dollars(usage("idle hour", 1), 0));
    double renewal = sum(dollars(usage("renewal", 100), 0)) * 60 / 105;
    return String.format(
        Locale.ROOT,
        """
        ## At rest

        | one idle connection, an hour | $ a million hours | over its connection minutes |
        |---|--:|--:|
        | its minutes: 60 × %s | %s | 1 |
        | its pings while the page is hidden, with their logs and traces: *idle hour* | %s | %s |
        | its renewal, every 105 min, in a room of 100: *renewal* × 60 / 105 | %s | %s |

        *Idle hour* is a client of `infra/client` whose waits are 60 times as short, for a minute. An hour of a member at rest costs
        as much as %s pushes: in a room with fewer messages an hour, being there costs more than being pushed to.
        """,
        dollarsText(price("gateway.minute")),
        number(minutes * 1e6),
        number(idle * 1e6),
        number(idle / minutes),
        number(renewal * 1e6),
        number(renewal / minutes),
        number((idle + minutes) / price("gateway.message")));
  }

  private String month() {
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                """
                ## A month

                A user has one page open %d hours on %d days, of which it is in use for %d hour a day and hidden else, and is in one room.
                All members are connected while anybody speaks. **Quiet** is %d messages an hour in each room, **busy** is %d. Each message
                has a batch of its own, so this is the dearest: messages that come closer than a poll (250 ms) share their pushes.

                ```text
                connected    = users × %d × %d × 60 × connection minute
                pings        = users × %d × (%d × idle hour + %d × %d × ping)
                come and go  = users × %d × (connect + first page + disconnect + %d × renewal), each for its number of members
                messages     = users / members × messages an hour × %d × %d × (message, for its number of members
                                 + event GB × (GB-month + members × GB to the internet))
                always       = %d metrics + %d alarm metrics + dashboard + empty polls of %d queues, %s a minute each
                traces       = of each function the first request of a second, and %s of the others
                messages of the gateway beyond 1,000 million cost %s a million
                ```

                Nothing of a free tier is taken off. An event is of %d bytes, and a row is taken to be as large.

                | users | members of a room | | connected $ | pings $ | come and go $ | messages $ | always $ | **a month $** | a user $ |
                |--:|--:|---|--:|--:|--:|--:|--:|--:|--:|
                """,
                HOURS,
                DAYS,
                HOURS_IN_USE,
                MESSAGES_AN_HOUR.get("quiet"),
                MESSAGES_AN_HOUR.get("busy"),
                DAYS,
                HOURS,
                DAYS,
                HOURS - HOURS_IN_USE,
                HOURS_IN_USE,
                PINGS_AN_HOUR_IN_USE,
                DAYS,
                RENEWALS_A_DAY,
                DAYS,
                HOURS,
                METRICS_MAX,
                ALARM_METRICS,
                units.path("mappedQueues").size(),
                number(EMPTY_POLLS_A_MINUTE),
                "5 %",
                dollarsText(price("gateway.message.beyond") * 1e6),
                units.path("eventBytes").asInt()));
    each(
        (users, members, pace, anHour) -> {
          Month month = month(users, members, anHour);
          text.append(
              String.format(
                  Locale.ROOT,
                  "| %,d | %,d | %s | %s | %s | %s | %s | %s | **%s** | %s |\n",
                  users,
                  members,
                  pace,
                  money(month.connected()),
                  money(month.pings()),
                  money(month.comingAndGoing()),
                  money(month.messages()),
                  money(month.fixed()),
                  money(month.total()),
                  number(month.total() / users)));
        });
    return text.toString();
  }

  private interface Row {
    void add(int users, int members, String pace, int anHour);
  }

  private static void each(Row row) {
    for (int users : USERS) {
      for (int members : MEMBERS) {
        if (members <= users) {
          MESSAGES_AN_HOUR.forEach((pace, anHour) -> row.add(users, members, pace, anHour));
        }
      }
    }
  }

  private String beside() {
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                """
                ## Beside others

                The same users, hours and messages. What the others do not do (history, presence, catching up, one copy of each
                message) is not added to them.

                ```text
                tutorial's scan = minutes × $0.25 + (1 + members) messages × gateway message
                                  + messages × (request + users × %d bytes / 4 KB / 2 read units)
                AppSync Events  = minutes × $0.08 + (1 publish + members deliveries) × operation + 2 operations a connect
                IoT Core        = minutes × $0.08 + (1 + members) messages
                Ably, by use    = $29 + (connection minutes + channel minutes) × $1 + (1 + members) messages × $2.50
                ZEGOCLOUD       = $449 for each 10,000 monthly users; a group has at most 200
                ```

                | users | members of a room | | Parley $ | tutorial's scan $ | AppSync Events $ | IoT Core $ | Ably $ | ZEGOCLOUD $ |
                |--:|--:|---|--:|--:|--:|--:|--:|--:|
                """,
                CONNECTION_ROW_BYTES));
    each(
        (users, members, pace, anHour) ->
            text.append(
                String.format(
                    Locale.ROOT,
                    "| %,d | %,d | %s | %s | %s |\n",
                    users,
                    members,
                    pace,
                    money(month(users, members, anHour).total()),
                    others(users, members, anHour).values().stream()
                        .map(CostDocument::money)
                        .collect(Collectors.joining(" | ")))));
    return text.append(
            """

            **Where another is the better choice:**

            - *Nothing has to be kept, and a lost message is no loss* (cursors, scores, notifications): AppSync Events or IoT Core. A
              delivery costs what a push costs here, a minute of a connection a third, and there is no code to run.
            - *Thousands of users who speak much in small rooms*: a hosted service by monthly users, which does not count messages.
            - *Many users who are connected and hardly speak*: AppSync Events and IoT Core, whose keep-alives are free or nearly so.
            - *Rooms in which thousands listen and a few speak*: none of these is cheap, since each charges for every delivery. Where
              a second more does not matter, clients that fetch pages from a CDN cost a fraction.
            - *A load that never stops*: a server that holds the sockets itself costs the same whether it pushes or not. 3,900
              pushes a second around the clock are 10,000 million messages a month, $8,200 here: a server is cheaper than any of these.

            The tutorials' scan is the cheapest way here while few are connected and nothing must be kept: its price for a message
            grows with all who are connected anywhere, and its time does too.
            """)
        .toString();
  }

  private String priceTable() {
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                """
                ## Prices

                List prices of %s, as of %s, without tax; look them up before you rely on them.

                | | $ | for | source |
                |---|--:|---|---|
                """,
                prices.path("region").asText(),
                prices.path("date").asText()));
    for (var price : prices.path("prices").properties()) {
      JsonNode of = price.getValue();
      double per = of.path("per").asDouble();
      text.append(
          String.format(
              Locale.ROOT,
              "| `%s` | %s | %s%s | %s |\n",
              price.getKey(),
              of.path("usd").decimalValue().toPlainString(),
              per == 1 ? "" : String.format(Locale.ROOT, "%,.0f ", per),
              of.path("unit").asText(),
              of.path("source").asText()));
    }
    return text.toString();
  }

  // ---- Numbers --------------------------------------------------------------------------------

  /// Three digits, or the whole number.
  static String number(double value) {
    if (value == 0) {
      return "0";
    }
    double size = Math.abs(value);
    String format = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f";
    String text = String.format(Locale.ROOT, format, value);
    return text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
  }

  private static String money(double dollars) {
    return Double.isNaN(dollars)
        ? "–"
        : String.format(Locale.ROOT, dollars < 100 ? "%.2f" : "%,.0f", dollars);
  }

  private static String dollarsText(double dollars) {
    return "$"
        + new BigDecimal(Double.toString(dollars))
            .round(new MathContext(3))
            .stripTrailingZeros()
            .toPlainString();
  }
}
