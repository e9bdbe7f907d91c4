package dev.parley.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.parley.Limits;
import dev.parley.Metrics;
import dev.parley.client.Attention;
import dev.parley.client.Wait;
import dev.parley.client.Waits;
import dev.parley.local.template.QueueMappingResource;
import dev.parley.local.template.Template;
import dev.parley.platform.Metric;
import dev.parley.wire.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// `docs/COST.md`, made of `docs/units.json` ([Units]), `docs/prices.json`, `docs/capacity.json`
/// ([Capacity]), the template and the limits in the code, and of nothing else.
public final class CostDocument {
  /// What makes the document anew.
  public static final String COMMAND = "mvn -q -pl infra/bench -am process-classes -Dbench=bill";

  // A month of one user; the document says so.
  static final int DAYS = 22;
  static final int HOURS = 8;
  static final int HOURS_IN_USE = 1;
  static final int RENEWAL_MINUTES =
      (int) (Waits.DEFAULT.ms(Wait.RENEW_MIN) + Waits.DEFAULT.ms(Wait.RENEW_MAX)) / 2 / 60_000;
  private static final int RENEWALS = HOURS * 60 / RENEWAL_MINUTES;

  /// `web/app.js`: while a page is in use, its list of rooms is no older.
  private static final int ROOMS_LISTED_MINUTES = 5;

  private static final int ROOMS_LISTED = HOURS_IN_USE * 60 / ROOMS_LISTED_MINUTES;

  /// After the connect, and after each renewal, if somebody then uses the page.
  private static final int MEMBERS_LISTED = 1 + RENEWALS;

  /// `web/client/limits.js`: pages of a list that are shown.
  private static final int LIST_PAGES_MAX = 5;

  /// Of a page that connects: for the server's time, and when its join has settled.
  private static final int PINGS_OF_A_CONNECT = 2;

  /// Messages that a room has in an hour, as long as its members are connected.
  static final Map<String, Integer> MESSAGES_AN_HOUR = new LinkedHashMap<>();

  private static final int QUIET = 10;
  private static final int BUSY = 600;

  static {
    MESSAGES_AN_HOUR.put("quiet", QUIET);
    MESSAGES_AN_HOUR.put("busy", BUSY);
  }

  private static final List<Integer> USERS = List.of(100, 10_000, 1_000_000);

  /// Lambda's own lines of an invocation: START, END and REPORT, as the Lambda guide shows them.
  private static final int PLATFORM_LOG_BYTES = 354;

  /// Lambda, X-Ray's sampling: the first request of a second, and so many of the others.
  private static final int SAMPLED_PERCENT = 5;

  /// Lambda asks each queue with five long polls of 20 s at once while there is nothing. That it
  /// asks with fewer after a while does not hold where a maximum concurrency is set ("Configuring
  /// scaling behavior for SQS event source mappings", Lambda guide).
  private static final double EMPTY_POLLS_A_MINUTE = 5 * 60 / 20.0;

  private static final int MINUTES_A_MONTH = 730 * 60;

  /// A second, of a load that never stops.
  private static final int PUSHES_WITHOUT_END = 4_000;

  /// A row of a connection, for the tutorials' scan.
  private static final int CONNECTION_ROW_BYTES = 200;

  /// ZEGOCLOUD's groups have no more members.
  private static final int ZEGOCLOUD_MEMBERS_MAX = 200;

  /// Each pays for so many users, or a part of them.
  private static final int ZEGOCLOUD_USERS = 10_000;

  private final JsonNode units;
  private final JsonNode prices;
  private final JsonNode capacity;
  private final Template template;
  private final Budget budget;
  private final Usages usages;
  private final double eventGb;

  /// What was replayed already.
  private final Map<Pace, Double> paces = new HashMap<>();

  CostDocument(JsonNode units, JsonNode prices, JsonNode capacity) {
    this.units = units;
    this.prices = prices;
    this.capacity = capacity;
    this.template = Template.read(Cloud.TEMPLATE, Map.of());
    this.budget = Budget.of(template);
    this.usages = Usages.read(units);
    this.eventGb = units.path("eventBytes").asDouble() / 1e9;
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

  private JsonNode entry(String name) {
    JsonNode price = prices.path("prices").path(name);
    if (price.isMissingNode()) {
      throw new IllegalStateException("docs/prices.json has no " + name);
    }
    return price;
  }

  private double price(String name) {
    return entry(name).path("usd").asDouble() / entry(name).path("per").asDouble();
  }

  /// What so many cost in a month: beyond `upTo` of them another price holds.
  private double cost(String name, double count) {
    double within = Math.min(count, entry(name).path("upTo").asDouble(Double.POSITIVE_INFINITY));
    return within * price(name)
        + (count > within ? cost(entry(name).path("beyond").asText(), count - within) : 0);
  }

  /// Dollars by who charges them, at the first tier's price, with 5 % of the invocations traced.
  private Map<String, Double> dollars(Usage usage) {
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
    dollars.put("traces", usage.sum("traces") * SAMPLED_PERCENT / 100 * price("xray.trace"));
    return dollars;
  }

  private double queuePrice(String queue) {
    return price(queue.endsWith(".fifo") ? "sqs.request.fifo" : "sqs.request");
  }

  private static double logBytes(Usage usage) {
    return usage.sum("logBytes") + PLATFORM_LOG_BYTES * usage.sum("invocations");
  }

  private double sum(Usage usage) {
    return dollars(usage).values().stream().mapToDouble(d -> d).sum();
  }

  // ---- A month --------------------------------------------------------------------------------

  /// @param fixed what nobody causes
  record Month(
      double connected,
      double pings,
      double lists,
      double comingAndGoing,
      double messages,
      double traces,
      double fixed) {
    double total() {
      return connected + pings + lists + comingAndGoing + messages + traces + fixed;
    }
  }

  private static double minutes(int users) {
    return 1.0 * users * DAYS * HOURS * 60;
  }

  private static double messages(int users, int members, int anHour) {
    return 1.0 * users / members * anHour * HOURS * DAYS;
  }

  private static int pages(double entries, int ofAPage) {
    return (int) Math.min(LIST_PAGES_MAX, Math.ceil(entries / ofAPage));
  }

  private record Pace(Attention attention, int messagesAnHour) {}

  private double pingsAnHour(Attention attention, int messagesAnHour) {
    return paces.computeIfAbsent(
        new Pace(attention, messagesAnHour), _ -> attention.pingsAnHour(messagesAnHour));
  }

  private double pingsOfADay(int anHour) {
    return (HOURS - HOURS_IN_USE) * pingsAnHour(Attention.HIDDEN, anHour)
        + HOURS_IN_USE * pingsAnHour(Attention.IN_USE, anHour);
  }

  private static Usage nothing() {
    return new Usage(Map.of());
  }

  Month month(int users, int members, int anHour) {
    double days = 1.0 * users * DAYS;
    double sent = messages(users, members, anHour);
    Usage pings = nothing().plus(usages.of("ping"), days * pingsOfADay(anHour));
    Usage lists =
        nothing()
            .plus(
                usages.of("rooms page"),
                days * ROOMS_LISTED * pages(1.0 * users / members, Limits.PAGE_ROOMS_MAX))
            .plus(
                usages.of("members page", members),
                days * MEMBERS_LISTED * pages(members, Limits.PAGE_MEMBERS_MAX));
    Usage comingAndGoing =
        told(
            nothing()
                .plus(usages.of("connect", members), days)
                .plus(usages.of("first page", members), days)
                .plus(usages.of("ping"), days * PINGS_OF_A_CONNECT)
                .plus(usages.of("disconnect", members), days)
                .plus(usages.of("renewal", members), days * RENEWALS));
    Usage message = nothing().plus(usages.of("message", members), sent);
    Usage all = pings.plus(lists, 1).plus(comingAndGoing, 1).plus(message, 1);
    double metered = all.sum("messages");
    // Of what is metered in tiers, each has its share.
    double tier = cost("gateway.message", metered) / (metered * price("gateway.message"));
    return new Month(
        minutes(users) * price("gateway.minute"),
        share(pings, tier),
        share(lists, tier),
        share(comingAndGoing, tier),
        share(message, tier)
            + sent * eventGb * price("dynamodb.gbMonth")
            + cost("egress.gb", message.amount("messages", "pushed") * eventGb),
        traces(all),
        fixed());
  }

  /// Without the pushes that presence has no budget for: they are let go.
  private Usage told(Usage comingAndGoing) {
    double ofEach = comingAndGoing.amount("messages", "pushed") / 2; // as many come as leave
    double over = over(ofEach, budget.coming()) + over(ofEach, budget.leaving());
    return comingAndGoing.plus(new Usage(Map.of("messages", Map.of("pushed", over))), -1);
  }

  private static double over(double pushed, Budget.Share share) {
    return Math.max(0, pushed - share.all() * DAYS * HOURS * 3_600);
  }

  private double share(Usage usage, double tier) {
    Map<String, Double> dollars = dollars(usage);
    return sum(usage)
        - dollars.getOrDefault("traces", 0.0)
        + dollars.getOrDefault("gateway", 0.0) * (tier - 1);
  }

  /// Of each function the first request of a second, and a part of the others.
  private double traces(Usage all) {
    double seconds = DAYS * HOURS * 3_600.0;
    return all.by("traces").values().stream()
            .mapToDouble(
                n -> Math.min(n, seconds) + Math.max(0, n - seconds) * SAMPLED_PERCENT / 100)
            .sum()
        * price("xray.trace");
  }

  private double fixed() {
    double polls = 0;
    for (QueueMappingResource mapping : template.queueMappings()) {
      polls += EMPTY_POLLS_A_MINUTE * MINUTES_A_MONTH * queuePrice(mapping.queue().name());
    }
    return metricsMax() * price("cloudwatch.metric")
        + alarmMetrics() * price("cloudwatch.alarm")
        + price("cloudwatch.dashboard")
        + polls;
  }

  /// Ours, and one for each error code that clients can be given.
  private static int metricsMax() {
    return (int)
            Arrays.stream(Metrics.class.getFields())
                .filter(field -> field.getType() == Metric.class)
                .count()
        - 1 // FramesRefused, which is one for each code
        + ErrorCode.values().length;
  }

  /// What the template's alarms look at. The dashboard names metrics in another way.
  private static long alarmMetrics() {
    try (Stream<String> lines = Files.lines(Cloud.TEMPLATE)) {
      return lines.filter(line -> line.strip().startsWith("MetricName:")).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The dollars of the others, in the order of the columns.
  private Map<String, Double> others(int users, int members, int anHour) {
    double minutes = minutes(users);
    double sent = messages(users, members, anHour);
    double connects = 1.0 * users * DAYS;
    double delivered = sent * (members + 1);
    double egress = cost("egress.gb", sent * members * eventGb);
    Map<String, Double> dollars = new LinkedHashMap<>();
    double scanUnits = Math.ceil(1.0 * users * CONNECTION_ROW_BYTES / 4_096) / 2;
    dollars.put(
        "tutorial's scan",
        minutes * price("gateway.minute")
            + cost("gateway.message", delivered)
            + sent * (price("lambda.request") + scanUnits * price("dynamodb.read"))
            + egress);
    dollars.put(
        "AppSync Events",
        minutes * price("appsync.minute")
            + (delivered + 2 * connects) * price("appsync.operation")
            + egress);
    dollars.put(
        "IoT Core",
        minutes * price("iot.minute") + cost("iot.message", delivered + 2 * connects) + egress);
    dollars.put(
        "Ably",
        price("ably.month")
            + (minutes + minutes / members) * price("ably.minute")
            + delivered * price("ably.message"));
    dollars.put(
        "ZEGOCLOUD",
        members > ZEGOCLOUD_MEMBERS_MAX
            ? Double.NaN
            : Math.ceil(1.0 * users / ZEGOCLOUD_USERS)
                * ZEGOCLOUD_USERS
                * price("zegocloud.users"));
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
    parts.add(new CapacityText(capacity, usages, Capacity.costs(usages, template), budget).text());
    parts.add(priceTable());
    return String.join("\n", parts);
  }

  private String head() {
    JsonNode measured = units.path("measured");
    return String.format(
        Locale.ROOT,
        """
        # What it costs, and how much it holds

        This page is made by `%s` from [`units.json`](units.json), what each action uses, [`prices.json`](prices.json),
        [`capacity.json`](capacity.json), the template and the limits in the code; a test holds it to them. Edit those, not this.
        `%s` measures the units anew, `-Dbench=capacity` the capacity.

        The units were counted %s on %d cores, commit `%s`%s. Each action went through the functions of this repository on the
        local cloud, with one message in a batch. Units, messages and requests are AWS's; **durations are this machine's**, of
        warm instances whose pushes take 10 ms: the column *time* says what that is worth, so you see what a factor would do.
        Starts of instances are charged too, since August 2025, and not counted here.
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
                lines of each invocation, %d bytes. Dollars are for a million of the action, with %d %% of the invocations traced.
                What follows from an action counts as its own: of the write units of a send, the last one moves the room's head when
                the message is handed out. That Lambda reads the streams is free.

                | action | members | frames, replies | pushes | invocations | GB-ms | write units | read units | queue requests | log KB | gateway $ | requests $ | time $ | tables $ | queues $ | logs $ | traces $ | **all $** |
                |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
                """,
                PLATFORM_LOG_BYTES,
                SAMPLED_PERCENT));
    usages
        .byAction()
        .forEach(
            (action, usage) ->
                text.append(
                    String.format(
                        Locale.ROOT,
                        "| %s | %,d | %s | %s | %s | %s | %s | %s | %s | %s | %s | **%s** |\n",
                        action.name(),
                        action.members(),
                        number(usage.sum("messages") - usage.amount("messages", "pushed")),
                        number(usage.amount("messages", "pushed")),
                        number(usage.sum("invocations")),
                        number(usage.sum("gbSeconds") * 1_000),
                        number(usage.sum("writeUnits")),
                        number(usage.sum("readUnits")),
                        number(usage.sum("queueRequests")),
                        number(logBytes(usage) / 1_000),
                        dollars(usage).values().stream()
                            .map(d -> number(d * 1e6))
                            .collect(Collectors.joining(" | ")),
                        number(sum(usage) * 1e6))));
    return text.toString();
  }

  /// What it costs to be there and do nothing.
  private String rest() {
    int members = usages.rooms().getFirst();
    double minutes = 60 * price("gateway.minute");
    double pings = pingsAnHour(Attention.HIDDEN, 0);
    double idle = pings * sum(usages.of("ping"));
    double renewal = sum(usages.of("renewal", members)) * 60 / RENEWAL_MINUTES;
    return String.format(
        Locale.ROOT,
        """
        ## At rest

        | one idle connection, an hour | $ a million hours | over its connection minutes |
        |---|--:|--:|
        | its minutes: 60 × %s | %s | 1 |
        | its pings while the page is hidden, with their logs: %s × *ping* | %s | %s |
        | its renewal, every %d min, in a room of %d: *renewal* × 60 / %d | %s | %s |

        An hour of a member at rest costs as much as %s pushes: in a room with fewer messages an hour, being there costs more than
        being pushed to.

        How often a page pings is replayed with the client's own decision
        ([`Attention`](../infra/bench/src/main/java/dev/parley/client/Attention.java)), messages at random moments:

        | messages an hour | pings an hour: hidden | visible, not in use | in use |
        |--:|--:|--:|--:|
        %s\
        """,
        dollarsText("gateway.minute"),
        number(minutes * 1e6),
        number(pings),
        number(idle * 1e6),
        number(idle / minutes),
        RENEWAL_MINUTES,
        members,
        RENEWAL_MINUTES,
        number(renewal * 1e6),
        number(renewal / minutes),
        number((idle + minutes) / price("gateway.message")),
        Stream.concat(Stream.of(0), MESSAGES_AN_HOUR.values().stream())
            .map(
                anHour ->
                    Stream.of(Attention.values())
                        .map(attention -> number(pingsAnHour(attention, anHour)))
                        .collect(Collectors.joining(" | ", "| " + anHour + " | ", " |\n")))
            .collect(Collectors.joining()));
  }

  private String month() {
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                """
                ## A month

                A user has one page open %1$d hours on %2$d days, of which it is in use for %3$d hour a day and hidden else, and is in one
                room. All members are connected while anybody speaks. **Quiet** is %4$d messages an hour in each room, **busy** is %5$d.
                Each message has a batch of its own, so this is the dearest: messages that come closer than a poll (250 ms) share their
                pushes.

                ```text
                connected    = users × %2$d × %1$d × 60 × connection minute
                pings        = users × %2$d × %6$s × ping, if quiet: %7$d × %8$s + %3$d × %9$s an hour, as above; busy: %10$s
                lists        = users × %2$d × (%11$d × rooms page × pages of %13$d rooms + %14$d × members page × pages of %15$d members)
                come and go  = users × %2$d × (connect + first page + %16$d × ping + disconnect + %17$d × renewal), each for its number of
                               members; pushes of presence %18$s a second at most, as the functions hold them: the others are let go
                messages     = users / members × messages an hour × %2$d × %1$d × (message, for its number of members
                               + event GB × (GB-month + members × GB to the internet))
                traces       = of each function the first request of a second, and %19$d %% of the others
                always       = %20$d metrics at most + %21$d alarm metrics + dashboard + empty polls of %22$d queues, %23$s a minute each
                ```

                A page in use lists the rooms every %24$d min; the members after the connect, and after each renewal once somebody uses the
                page; %12$d pages at most. Nothing of a free tier is taken off. An event is of %25$d bytes, and a row is taken to be as large.

                | users | members of a room | | connected $ | pings $ | lists $ | come and go $ | messages $ | traces $ | always $ | **a month $** | a user $ |
                |--:|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
                """,
                HOURS,
                DAYS,
                HOURS_IN_USE,
                QUIET,
                BUSY,
                number(pingsOfADay(QUIET)),
                HOURS - HOURS_IN_USE,
                number(pingsAnHour(Attention.HIDDEN, QUIET)),
                number(pingsAnHour(Attention.IN_USE, QUIET)),
                number(pingsOfADay(BUSY)),
                ROOMS_LISTED,
                LIST_PAGES_MAX,
                Limits.PAGE_ROOMS_MAX,
                MEMBERS_LISTED,
                Limits.PAGE_MEMBERS_MAX,
                PINGS_OF_A_CONNECT,
                RENEWALS,
                number(budget.coming().all() + budget.leaving().all()),
                SAMPLED_PERCENT,
                metricsMax(),
                alarmMetrics(),
                template.queueMappings().size(),
                number(EMPTY_POLLS_A_MINUTE),
                ROOMS_LISTED_MINUTES,
                units.path("eventBytes").asInt()));
    each(
        (users, members, pace, anHour) -> {
          Month month = month(users, members, anHour);
          text.append(
              String.format(
                  Locale.ROOT,
                  "| %,d | %,d | %s | %s | %s | %s | %s | %s | %s | %s | **%s** | %s |\n",
                  users,
                  members,
                  pace,
                  money(month.connected()),
                  money(month.pings()),
                  money(month.lists()),
                  money(month.comingAndGoing()),
                  money(month.messages()),
                  money(month.traces()),
                  money(month.fixed()),
                  money(month.total()),
                  number(month.total() / users)));
        });
    return text.toString();
  }

  private interface Row {
    void add(int users, int members, String pace, int anHour);
  }

  private void each(Row row) {
    for (int users : USERS) {
      for (int members : usages.rooms()) {
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
                tutorial's scan = minutes × %2$s + (1 + members) messages × gateway message
                                  + messages × (request + users × %1$d bytes / 4 KB / 2 read units)
                AppSync Events  = minutes × %3$s + (1 publish + members deliveries) × operation + 2 operations a connect
                IoT Core        = minutes × %4$s + (1 + members) messages + 2 messages a connect
                Ably, by use    = %5$s + (connection minutes + channel minutes) × %6$s + (1 + members) messages × %7$s
                ZEGOCLOUD       = %8$s for each %9$,d monthly users; a group has at most %10$d
                ```

                | users | members of a room | | Parley $ | tutorial's scan $ | AppSync Events $ | IoT Core $ | Ably $ | ZEGOCLOUD $ |
                |--:|--:|---|--:|--:|--:|--:|--:|--:|
                """,
                CONNECTION_ROW_BYTES,
                dollarsText("gateway.minute"),
                dollarsText("appsync.minute"),
                dollarsText("iot.minute"),
                dollarsText("ably.month"),
                dollarsText("ably.minute"),
                dollarsText("ably.message"),
                dollarsText("zegocloud.users"),
                ZEGOCLOUD_USERS,
                ZEGOCLOUD_MEMBERS_MAX));
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
            String.format(
                Locale.ROOT,
                """

                **Where another is the better choice:**

                - *Nothing has to be kept, and a lost message is no loss* (cursors, scores, notifications): AppSync Events or IoT Core. A
                  delivery costs %s there and %s here, a minute of a connection %s
                  and %s, and there is no code to run.
                - *Thousands of users who speak much in small rooms*: a hosted service by monthly users, which does not count messages.
                - *Many users who are connected and hardly speak*: AppSync Events and IoT Core, whose keep-alives are free or nearly so.
                - *Rooms in which thousands listen and a few speak*: none of these is cheap, since each charges for every delivery. Where
                  a second more does not matter, clients that fetch pages from a CDN cost a fraction.
                - *A load that never stops*: a server that holds the sockets itself costs the same whether it pushes or not. %,d
                  pushes a second around the clock cost $%s a month here: a server is cheaper than any of these.

                The tutorials' scan is the cheapest way here while few are connected and nothing must be kept: its price for a message
                grows with all who are connected anywhere, and its time does too.
                """,
                dollarsText("appsync.operation"),
                dollarsText("gateway.message"),
                dollarsText("appsync.minute"),
                dollarsText("gateway.minute"),
                PUSHES_WITHOUT_END,
                money(cost("gateway.message", PUSHES_WITHOUT_END * 60.0 * MINUTES_A_MONTH))))
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

  /// As the price list has it.
  private String dollarsText(String name) {
    String each = entry(name).path("per").asDouble() == 1e6 ? " a million" : "";
    return "$" + money(entry(name).path("usd").asDouble()) + each;
  }
}
