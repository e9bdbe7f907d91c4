package dev.parley.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.parley.Limits;
import dev.parley.client.Attention;
import dev.parley.local.template.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

  private static final List<Integer> USERS = List.of(100, 10_000, 1_000_000);

  /// A second, of a load that never stops.
  private static final int PUSHES_WITHOUT_END = 4_000;

  private final JsonNode units;
  private final Prices prices;
  private final JsonNode capacity;
  private final Template template;
  private final Budget budget;
  private final Usages usages;
  private final Bill bill;

  CostDocument(JsonNode units, JsonNode prices, JsonNode capacity) {
    this.units = units;
    this.prices = new Prices(prices);
    this.capacity = capacity;
    this.template = Template.read(Cloud.TEMPLATE, Map.of());
    this.budget = Budget.of(template);
    this.usages = Usages.read(units);
    this.bill = new Bill(usages, this.prices, template, units.path("eventBytes").asInt());
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

  // ---- The document ---------------------------------------------------------------------------

  private String text() {
    List<String> parts = new ArrayList<>();
    parts.add(head());
    parts.add(actionTable());
    parts.add(rest());
    parts.add(month());
    parts.add(beside());
    parts.add(new DenialOfWallet(usages, prices, bill, template).text());
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
                Prices.PLATFORM_LOG_BYTES,
                Prices.SAMPLED_PERCENT));
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
                        number(Prices.logBytes(usage) / 1_000),
                        prices.dollars(usage).values().stream()
                            .map(d -> number(d * 1e6))
                            .collect(Collectors.joining(" | ")),
                        number(prices.sum(usage) * 1e6))));
    return text.toString();
  }

  /// What it costs to be there and do nothing.
  private String rest() {
    int members = usages.rooms().getFirst();
    double minutes = 60 * prices.price("gateway.minute");
    double pings = bill.pingsAnHour(Attention.HIDDEN, 0);
    double idle = pings * prices.sum(usages.of("ping"));
    double renewal = prices.sum(usages.of("renewal", members)) * 60 / Bill.RENEWAL_MINUTES;
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
        Bill.RENEWAL_MINUTES,
        members,
        Bill.RENEWAL_MINUTES,
        number(renewal * 1e6),
        number(renewal / minutes),
        number((idle + minutes) / prices.price("gateway.message")),
        Stream.concat(Stream.of(0), Bill.MESSAGES_AN_HOUR.values().stream())
            .map(
                anHour ->
                    Stream.of(Attention.values())
                        .map(attention -> number(bill.pingsAnHour(attention, anHour)))
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
                lists        = users × %2$d × ((%11$d × pages of %13$d rooms + %26$d) × rooms page + %14$d × members page × pages of %15$d members)
                come and go  = users × %2$d × (connect + first page + %16$d × ping + disconnect + %17$d × renewal), each for its number of
                               members; pushes of presence %18$s a second at most, as the functions hold them: the others are let go
                messages     = users / members × messages an hour × %2$d × %1$d × (message, for its number of members
                               + event GB × (GB-month + members × GB to the internet))
                traces       = of each function the first request of a second, and %19$d %% of the others
                always       = %20$d metrics at most + %21$d alarm metrics + dashboard + empty polls of %22$d queues, %23$s a minute each
                ```

                A page in use lists the rooms every %24$d min, and its user's own once; the members after the connect, and after each
                renewal once somebody uses the page; %12$d pages at most. Nothing of a free tier is taken off. An event is of %25$d bytes, and a row is taken to be as large.

                | users | members of a room | | connected $ | pings $ | lists $ | come and go $ | messages $ | traces $ | always $ | **a month $** | a user $ |
                |--:|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
                """,
                Bill.HOURS,
                Bill.DAYS,
                Bill.HOURS_IN_USE,
                Bill.QUIET,
                Bill.BUSY,
                number(bill.pingsOfADay(Bill.QUIET)),
                Bill.HOURS - Bill.HOURS_IN_USE,
                number(bill.pingsAnHour(Attention.HIDDEN, Bill.QUIET)),
                number(bill.pingsAnHour(Attention.IN_USE, Bill.QUIET)),
                number(bill.pingsOfADay(Bill.BUSY)),
                Bill.ROOMS_LISTED,
                Bill.LIST_PAGES_MAX,
                Limits.PAGE_ROOMS_MAX,
                Bill.MEMBERS_LISTED,
                Limits.PAGE_MEMBERS_MAX,
                Bill.PINGS_OF_A_CONNECT,
                Bill.RENEWALS,
                number(budget.coming().all() + budget.leaving().all()),
                Prices.SAMPLED_PERCENT,
                Bill.metricsMax(),
                Bill.alarmMetrics(),
                template.queueMappings().size(),
                number(Bill.EMPTY_POLLS_A_MINUTE),
                Bill.ROOMS_LISTED_MINUTES,
                units.path("eventBytes").asInt(),
                Bill.OWN_ROOMS_LISTED));
    each(
        (users, members, pace, anHour) -> {
          Bill.Month month = bill.month(users, members, anHour);
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
          Bill.MESSAGES_AN_HOUR.forEach((pace, anHour) -> row.add(users, members, pace, anHour));
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
                Bill.CONNECTION_ROW_BYTES,
                dollarsText("gateway.minute"),
                dollarsText("appsync.minute"),
                dollarsText("iot.minute"),
                dollarsText("ably.month"),
                dollarsText("ably.minute"),
                dollarsText("ably.message"),
                dollarsText("zegocloud.users"),
                Bill.ZEGOCLOUD_USERS,
                Bill.ZEGOCLOUD_MEMBERS_MAX));
    each(
        (users, members, pace, anHour) ->
            text.append(
                String.format(
                    Locale.ROOT,
                    "| %,d | %,d | %s | %s | %s |\n",
                    users,
                    members,
                    pace,
                    money(bill.month(users, members, anHour).total()),
                    bill.others(users, members, anHour).values().stream()
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
                money(
                    prices.cost(
                        "gateway.message", PUSHES_WITHOUT_END * 60.0 * Bill.MINUTES_A_MONTH))))
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
                prices.list().path("region").asText(),
                prices.list().path("date").asText()));
    for (var price : prices.list().path("prices").properties()) {
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
    String each = prices.entry(name).path("per").asDouble() == 1e6 ? " a million" : "";
    return "$" + money(prices.entry(name).path("usd").asDouble()) + each;
  }
}
