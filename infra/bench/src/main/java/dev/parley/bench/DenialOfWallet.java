package dev.parley.bench;

import static dev.parley.bench.CostDocument.number;

import dev.parley.Limits;
import dev.parley.allowance.Price;
import dev.parley.client.Attention;
import dev.parley.local.gateway.Quotas;
import dev.parley.local.template.Route;
import dev.parley.local.template.Template;
import dev.parley.local.template.Throttling;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/// What it costs the owner of a stack when somebody does as much as they are let, of each action:
/// by the limits that the template has, and by those of version 0.1.
///
/// What an attack makes others hear is not in it, but where it says so: it is the same for an
/// honest member.
final class DenialOfWallet {
  /// Version 0.1: 20 messages a second of a connection in each of its rooms, however long.
  private static final double MESSAGES_BEFORE = 20.0 * Limits.ROOMS_PER_CONNECTION_MAX;

  /// Of an account in a Region; nothing else bounded the other actions.
  private static final double FRAMES_BEFORE = Quotas.REQUESTS_PER_SECOND;

  /// "Quotas for configuring and running a WebSocket API", API Gateway developer guide.
  private static final double CONNECTS_BEFORE = 500;

  private static final double SECONDS = 3_600;

  /// Bytes of the frame of the largest send: 4,000 emoji, and what is around them.
  private static final int LARGEST_SEND_BYTES = 4 * Limits.MESSAGE_CHARACTERS_MAX + 200;

  /// An honest member: says something every minute, in a room of so many, on a page in use.
  private static final int HONEST_MESSAGES_AN_HOUR = 60;

  private final Usages usages;
  private final Prices prices;
  private final Bill bill;
  private final Template template;
  private final Map<String, String> limits;

  DenialOfWallet(Usages usages, Prices prices, Bill bill, Template template) {
    this.usages = usages;
    this.prices = prices;
    this.bill = bill;
    this.template = template;
    this.limits =
        Objects.requireNonNull(template.functions().get("SendMessageFunction")).environment();
  }

  /// An attack.
  ///
  /// @param dollars of one action
  /// @param before how many a second by the limits of version 0.1
  /// @param after how many a second by those of the template
  /// @param by what limits them
  record Attack(String what, double dollars, double before, double after, String by) {
    double dollarsBefore() {
      return dollars * before * SECONDS;
    }

    double dollarsAfter() {
      return dollars * after * SECONDS;
    }
  }

  List<Attack> attacks() {
    List<Attack> attacks = new ArrayList<>();
    double send = 1_000 / limit("MESSAGE_COST_MS");
    double action = 1_000 / limit("ACTION_COST_MS");
    attacks.add(
        new Attack(
            "short messages", dollars("send without `id`"), MESSAGES_BEFORE, send, "a connection"));
    attacks.add(
        new Attack(
            "the largest messages",
            dollars("largest send"),
            MESSAGES_BEFORE,
            send / Math.ceilDiv(LARGEST_SEND_BYTES, 1_024),
            "a connection"));
    attacks.add(
        new Attack(
            "short messages to a room of " + room(),
            dollars("message", room()),
            MESSAGES_BEFORE,
            send,
            "a connection"));
    Usage fat = usages.of("fat page");
    int fatPrice =
        Price.HISTORY.amount()
            + Price.more(fat.amount("readUnits", "ChatMessages"), Price.READ_UNITS);
    attacks.add(
        new Attack(
            "`history` of the largest messages",
            prices.sum(fat),
            FRAMES_BEFORE,
            action / fatPrice,
            "a connection"));
    attacks.add(
        new Attack(
            "`ping` with " + Limits.ROOMS_PER_CONNECTION_MAX + " rooms",
            dollars("large ping"),
            FRAMES_BEFORE,
            action / Price.ofPing(Limits.ROOMS_PER_CONNECTION_MAX),
            "a connection"));
    attacks.add(
        new Attack(
            "`members`",
            dollars("members page", usages.rooms().getLast()),
            FRAMES_BEFORE,
            action / Price.MEMBERS.amount(),
            "a connection"));
    attacks.add(
        new Attack(
            "`rooms`",
            dollars("rooms page"),
            FRAMES_BEFORE,
            action / Price.ROOMS.amount(),
            "a connection"));
    attacks.add(
        new Attack(
            "`join` and `quit`",
            dollars("join") + dollars("quit"),
            FRAMES_BEFORE / 2,
            action / (Price.JOIN.amount() + Price.QUIT.amount()),
            "a connection"));
    attacks.add(
        new Attack(
            "unknown actions",
            dollars("unknown action"),
            FRAMES_BEFORE,
            action / Price.UNKNOWN.amount(),
            "a connection"));
    attacks.add(
        new Attack(
            "`auth` with a token that does not hold",
            dollars("refused `auth`"),
            0,
            action / Price.AUTH.amount(),
            "a connection"));
    attacks.add(
        new Attack(
            "`kick` without the right to",
            dollars("refused `kick`"),
            0,
            action / Price.ROLE.amount(),
            "a connection"));
    attacks.add(
        new Attack(
            "`report`", dollars("report"), 0, action / Price.REPORT.amount(), "a connection"));
    attacks.add(refused());
    double connects = 1_000 / limit("ADDRESS_CONNECT_COST_MS");
    attacks.add(
        new Attack(
            "connects, each closed at once",
            dollars("connect", room()) + dollars("disconnect", room()),
            CONNECTS_BEFORE,
            connects,
            "an address"));
    attacks.add(
        new Attack(
            "connects that are refused",
            dollars("refused connect"),
            0,
            throttle("$connect"),
            "everybody: the stage"));
    attacks.add(
        new Attack(
            "new rooms",
            dollars("join"),
            FRAMES_BEFORE,
            1_000 / limit("ADDRESS_ROOM_COST_MS"),
            "an address"));
    attacks.add(
        new Attack(
            "new private rooms",
            dollars("private room"),
            0,
            1_000 / limit("ADDRESS_ROOM_COST_MS"),
            "an address"));
    return attacks;
  }

  /// Who does not wait is closed when its burst and its refusals are spent, and is back when its
  /// address has paid for that.
  private Attack refused() {
    double frames = limit("ACTION_BURST_MS") / limit("ACTION_COST_MS") + 1 + limit("REFUSALS_MAX");
    double away = limit("ADDRESS_CONNECT_COST_MS") / 1_000 * (limit("OFFENCE_CONNECTS") + 1);
    return new Attack(
        "frames that are refused, until closed, and again",
        dollars("refused frame"),
        FRAMES_BEFORE,
        frames / away,
        "an address");
  }

  /// The most that all the world can make the stack do, without what others hear: each route as
  /// often as its throttle lets it, within the account's quota. Of the routes on roles two stand
  /// for all: the account's quota is reached without the others.
  double everything() {
    Map<String, String> dearest =
        Map.ofEntries(
            Map.entry("sendMessage", "largest send"),
            Map.entry("sendmessage", "largest send"),
            Map.entry("history", "fat page"),
            Map.entry("join", "join"),
            Map.entry("quit", "quit"),
            Map.entry("members", "members page"),
            Map.entry("rooms", "rooms page"),
            Map.entry("ping", "large ping"),
            Map.entry("auth", "refused `auth`"),
            Map.entry("report", "report"),
            Map.entry("createRoom", "private room"),
            Map.entry("kick", "refused `kick`"),
            Map.entry("$default", "unknown action"));
    double dollars = throttle("$connect") * dollars("connect", room());
    double frames = 0;
    double ofFrames = 0;
    for (Map.Entry<String, String> route : dearest.entrySet()) {
      double perSecond = throttle(route.getKey());
      frames += perSecond;
      ofFrames += perSecond * dollars(route.getValue(), membersOf(route.getValue()));
    }
    return (dollars + ofFrames * Math.min(1, FRAMES_BEFORE / frames)) * SECONDS;
  }

  private int membersOf(String action) {
    return action.equals("members page") ? room() : 1;
  }

  double honest() {
    return HONEST_MESSAGES_AN_HOUR * dollars("message", room())
        + bill.pingsAnHour(Attention.IN_USE, HONEST_MESSAGES_AN_HOUR) * dollars("ping")
        + 60 * prices.price("gateway.minute");
  }

  private int room() {
    return usages.rooms().getFirst();
  }

  private double dollars(String action) {
    return dollars(action, 1);
  }

  private double dollars(String action, int members) {
    return prices.sum(usages.of(action, members));
  }

  private double limit(String name) {
    return Double.parseDouble(Objects.requireNonNull(limits.get(name), name));
  }

  private double throttle(String key) {
    Route route =
        Objects.requireNonNull(Objects.requireNonNull(template.api()).routes().get(key), key);
    Throttling throttling = route.throttling();
    return throttling == null ? FRAMES_BEFORE : throttling.perSecond();
  }

  String text() {
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                """
                ## Denial of wallet

                What somebody costs who does as much of one thing as they are let, for an hour: by the [limits](PROTOCOL.md#how-often) of the
                template, and without them (version 0.1: %s messages a second of a connection in its %d rooms, and all else up to
                the account's quota of %,d requests and %,d connects a second). What others hear of it is in it only where a room is named.
                More connections are as many times that, as far as their user, their address and the stage let them. Traffic to the
                internet is not in it: a million of the largest pages are $%s.

                | what | a million $ | a second, without limits | an hour $ | a second, with limits | **an hour $** | the limit is of |
                |---|--:|--:|--:|--:|--:|---|
                """,
                number(MESSAGES_BEFORE),
                Limits.ROOMS_PER_CONNECTION_MAX,
                (int) FRAMES_BEFORE,
                (int) CONNECTS_BEFORE,
                number(prices.price("egress.gb") * Limits.FRAME_BYTES_MAX / 1e9 * 1e6)));
    for (Attack attack : attacks()) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %s | %s | **%s** | %s |\n",
              attack.what(),
              number(attack.dollars() * 1e6),
              attack.before() == 0 ? "–" : number(attack.before()),
              attack.before() == 0 ? "–" : number(attack.dollarsBefore()),
              number(attack.after()),
              number(attack.dollarsAfter()),
              attack.by()));
    }
    text.append(
        String.format(
            Locale.ROOT,
            """

            An honest connection costs $%s an hour: it says something every minute in a room of %d, on a page in use. All the world
            together costs at most $%s an hour, each route as often as the stage and the account's quota let it pass, and the pushes that
            `PushesPerSecond` lets follow: $%s.
            """,
            number(honest()),
            room(),
            number(everything()),
            number(Budget.of(template).perSecond() * SECONDS * prices.price("gateway.message"))));
    return text.toString();
  }
}
