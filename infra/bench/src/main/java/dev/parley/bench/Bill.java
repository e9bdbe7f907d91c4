package dev.parley.bench;

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
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/// What months cost, from what each action uses ([Usages]) and the [Prices]: here, and at others.
final class Bill {
  // A month of one user; the document says so.
  static final int DAYS = 22;
  static final int HOURS = 8;
  static final int HOURS_IN_USE = 1;
  static final int RENEWAL_MINUTES =
      (int) (Waits.DEFAULT.ms(Wait.RENEW_MIN) + Waits.DEFAULT.ms(Wait.RENEW_MAX)) / 2 / 60_000;
  static final int RENEWALS = HOURS * 60 / RENEWAL_MINUTES;

  /// `web/page/page.js`: while a page is in use, its list of rooms is no older.
  static final int ROOMS_LISTED_MINUTES = 5;

  static final int ROOMS_LISTED = HOURS_IN_USE * 60 / ROOMS_LISTED_MINUTES;

  /// A user's private rooms, once a visit. There are fewer of them than in a page of all rooms,
  /// whose price is taken.
  static final int OWN_ROOMS_LISTED = 1;

  /// After the connect, and after each renewal, if somebody then uses the page.
  static final int MEMBERS_LISTED = 1 + RENEWALS;

  /// `web/client/limits.js`: pages of a list that are shown.
  static final int LIST_PAGES_MAX = 5;

  /// Of a page that connects: for the server's time, and when its join has settled.
  static final int PINGS_OF_A_CONNECT = 2;

  /// Messages that a room has in an hour, as long as its members are connected.
  static final Map<String, Integer> MESSAGES_AN_HOUR = new LinkedHashMap<>();

  static final int QUIET = 10;
  static final int BUSY = 600;

  static {
    MESSAGES_AN_HOUR.put("quiet", QUIET);
    MESSAGES_AN_HOUR.put("busy", BUSY);
  }

  /// Lambda asks each queue with five long polls of 20 s at once while there is nothing. That it
  /// asks with fewer after a while does not hold where a maximum concurrency is set ("Configuring
  /// scaling behavior for SQS event source mappings", Lambda guide).
  static final double EMPTY_POLLS_A_MINUTE = 5 * 60 / 20.0;

  static final int MINUTES_A_MONTH = 730 * 60;

  /// A row of a connection, for the tutorials' scan.
  static final int CONNECTION_ROW_BYTES = 200;

  /// ZEGOCLOUD's groups have no more members.
  static final int ZEGOCLOUD_MEMBERS_MAX = 200;

  /// Each pays for so many users, or a part of them.
  static final int ZEGOCLOUD_USERS = 10_000;

  private final Usages usages;
  private final Prices prices;
  private final Template template;
  private final Budget budget;
  private final double eventGb;

  /// What was replayed already.
  private final Map<Pace, Double> paces = new HashMap<>();

  /// @param eventBytes of a message, as it is pushed and kept
  Bill(Usages usages, Prices prices, Template template, int eventBytes) {
    this.usages = usages;
    this.prices = prices;
    this.template = template;
    this.budget = Budget.of(template);
    this.eventGb = eventBytes / 1e9;
  }

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

  double pingsAnHour(Attention attention, int messagesAnHour) {
    return paces.computeIfAbsent(
        new Pace(attention, messagesAnHour), _ -> attention.pingsAnHour(messagesAnHour));
  }

  double pingsOfADay(int anHour) {
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
                days
                    * (ROOMS_LISTED * pages(1.0 * users / members, Limits.PAGE_ROOMS_MAX)
                        + OWN_ROOMS_LISTED))
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
    double tier =
        prices.cost("gateway.message", metered) / (metered * prices.price("gateway.message"));
    return new Month(
        minutes(users) * prices.price("gateway.minute"),
        share(pings, tier),
        share(lists, tier),
        share(comingAndGoing, tier),
        share(message, tier)
            + sent * eventGb * prices.price("dynamodb.gbMonth")
            + prices.cost("egress.gb", message.amount("messages", "pushed") * eventGb),
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
    Map<String, Double> dollars = prices.dollars(usage);
    return prices.sum(usage)
        - dollars.getOrDefault("traces", 0.0)
        + dollars.getOrDefault("gateway", 0.0) * (tier - 1);
  }

  /// Of each function the first request of a second, and a part of the others.
  private double traces(Usage all) {
    double seconds = DAYS * HOURS * 3_600.0;
    return all.by("traces").values().stream()
            .mapToDouble(
                n -> Math.min(n, seconds) + Math.max(0, n - seconds) * Prices.SAMPLED_PERCENT / 100)
            .sum()
        * prices.price("xray.trace");
  }

  private double fixed() {
    double polls = 0;
    for (QueueMappingResource mapping : template.queueMappings()) {
      polls += EMPTY_POLLS_A_MINUTE * MINUTES_A_MONTH * prices.queuePrice(mapping.queue().name());
    }
    return metricsMax() * prices.price("cloudwatch.metric")
        + alarmMetrics() * prices.price("cloudwatch.alarm")
        + prices.price("cloudwatch.dashboard")
        + polls;
  }

  /// Ours, and one for each error code that clients can be given.
  static int metricsMax() {
    return (int)
            Arrays.stream(Metrics.class.getFields())
                .filter(field -> field.getType() == Metric.class)
                .count()
        - 1 // FramesRefused, which is one for each code
        + ErrorCode.values().length;
  }

  /// What the template's alarms look at. The dashboard names metrics in another way.
  static long alarmMetrics() {
    try (Stream<String> lines = Files.lines(Cloud.TEMPLATE)) {
      return lines.filter(line -> line.strip().startsWith("MetricName:")).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The dollars of the others, in the order of the columns.
  Map<String, Double> others(int users, int members, int anHour) {
    double minutes = minutes(users);
    double sent = messages(users, members, anHour);
    double connects = 1.0 * users * DAYS;
    double delivered = sent * (members + 1);
    double egress = prices.cost("egress.gb", sent * members * eventGb);
    Map<String, Double> dollars = new LinkedHashMap<>();
    double scanUnits = Math.ceil(1.0 * users * CONNECTION_ROW_BYTES / 4_096) / 2;
    dollars.put(
        "tutorial's scan",
        minutes * prices.price("gateway.minute")
            + prices.cost("gateway.message", delivered)
            + sent * (prices.price("lambda.request") + scanUnits * prices.price("dynamodb.read"))
            + egress);
    dollars.put(
        "AppSync Events",
        minutes * prices.price("appsync.minute")
            + (delivered + 2 * connects) * prices.price("appsync.operation")
            + egress);
    dollars.put(
        "IoT Core",
        minutes * prices.price("iot.minute")
            + prices.cost("iot.message", delivered + 2 * connects)
            + egress);
    dollars.put(
        "Ably",
        prices.price("ably.month")
            + (minutes + minutes / members) * prices.price("ably.minute")
            + delivered * prices.price("ably.message"));
    dollars.put(
        "ZEGOCLOUD",
        members > ZEGOCLOUD_MEMBERS_MAX
            ? Double.NaN
            : Math.ceil(1.0 * users / ZEGOCLOUD_USERS)
                * ZEGOCLOUD_USERS
                * prices.price("zegocloud.users"));
    return dollars;
  }
}
