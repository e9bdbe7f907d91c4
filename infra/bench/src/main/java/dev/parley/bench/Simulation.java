package dev.parley.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/// A discrete-event simulation of many connections against AWS's default quotas, in slots of 10 ms:
/// pings, renewals with their joins, messages and their pushes, a burst in one room, and an office
/// whose network goes and comes back.
///
/// What is refused is tried again as clients and functions do it: a connect after a back-off with
/// full jitter, a frame after such a back-off too, a push a second later. So an overload shows its
/// own consequences. The same seed gives the same run.
final class Simulation {
  // API Gateway: "Quotas for configuring and running a WebSocket API". Frames, connects and pushes
  // are requests.
  static final int REQUESTS_A_SECOND = 10_000;
  static final int REQUESTS_BUCKET = 5_000;
  static final int CONNECTS_A_SECOND = 500;

  /// Lambda: "Concurrent executions", of an account.
  static final int CONCURRENCY = 1_000;

  /// DynamoDB: write units a second of one partition; a room is one.
  static final int PARTITION_WRITES_A_SECOND = 1_000;

  /// What all functions together push, at most: 80 % of the requests.
  static final int PUSHES_A_SECOND = 8_000;

  /// After a pause, so many at once; the bucket of requests must bear them.
  private static final int PUSHES_AT_ONCE = PUSHES_A_SECOND / 10;

  private static final int SLOT_MS = 10;
  private static final int SLOTS_A_SECOND = 1_000 / SLOT_MS;
  private static final int SECONDS = 180;
  private static final int TROUBLE_AT_SECOND = 30;
  private static final double RENEW_SECONDS_MIN = 95 * 60;
  private static final double RENEW_SECONDS_MAX = 115 * 60;
  private static final double BACK_OFF_SECONDS_MAX = 30;

  /// Each poll of a stream makes one batch of what came, and one push of it to each member.
  private static final int POLLS_A_SECOND = 4;

  /// An office's sockets are noticed within so long.
  private static final int NOTICED_SECONDS = 2;

  /// How much each action takes.
  ///
  /// @param framesOfARenewal beside the connect itself
  /// @param writesOfASend units in the room's own partition
  record Costs(
      double pingsAnHour,
      double framesOfARenewal,
      double pingSeconds,
      double connectSeconds,
      double sendSeconds,
      double disconnectSeconds,
      double writesOfASend) {}

  /// What connections do beside being there.
  ///
  /// @param members of each room, 0 for no rooms
  /// @param messagesAnHour in each room
  /// @param burstMembers of one room more, 0 for none, in which is said so much for so long
  /// @param office connections that go at once and come back
  record Load(
      String name,
      int members,
      double messagesAnHour,
      int burstMembers,
      double burstMessagesASecond,
      int burstSeconds,
      int office) {

    static Load idle() {
      return new Load("idle", 0, 0, 0, 0, 0, 0);
    }

    static Load rooms(String name, int members, double messagesAnHour) {
      String text = "%s, rooms of %,d".formatted(name, members);
      return new Load(text, members, messagesAnHour, 0, 0, 0, 0);
    }

    Load withBurst(int ofMembers, double messagesASecond, int seconds) {
      String text =
          "%s; %.0f messages/s into a room of %,d for %d s"
              .formatted(name, messagesASecond, ofMembers, seconds);
      return new Load(text, members, messagesAnHour, ofMembers, messagesASecond, seconds, office);
    }

    Load withOffice(int connections) {
      String text = "%s; an office of %,d goes and comes back".formatted(name, connections);
      return new Load(
          text,
          members,
          messagesAnHour,
          burstMembers,
          burstMessagesASecond,
          burstSeconds,
          connections);
    }
  }

  /// What became of it.
  ///
  /// @param binds the quota that refused first, or `nothing`
  /// @param pushSecondsMax how long a push waited for its turn
  /// @param backAfterSeconds when the last of the office was back, or 0
  record Result(
      String binds,
      long requests,
      long requestsRefused,
      long connectsRefused,
      long invocationsRefused,
      int requestsASecondMax,
      int connectsASecondMax,
      int concurrencyMax,
      double pushSecondsMax,
      double backAfterSeconds) {
    boolean holds() {
      return binds.equals("nothing");
    }

    Map<String, Double> row() {
      Map<String, Double> row = new LinkedHashMap<>();
      row.put("requests/s", (double) requestsASecondMax);
      row.put("refused %", 100.0 * requestsRefused / Math.max(1, requests));
      row.put("connects/s", (double) connectsASecondMax);
      row.put("refused", (double) connectsRefused);
      row.put("at work", (double) concurrencyMax);
      row.put("push wait s", pushSecondsMax);
      row.put("back after s", backAfterSeconds);
      return row;
    }

    void write(ObjectNode to) {
      to.put("binds", binds);
      to.put("requestsASecondMax", requestsASecondMax);
      to.put("requestsRefusedPercent", rounded(100.0 * requestsRefused / Math.max(1, requests)));
      to.put("connectsASecondMax", connectsASecondMax);
      to.put("connectsRefused", connectsRefused);
      to.put("concurrencyMax", concurrencyMax);
      to.put("invocationsRefused", invocationsRefused);
      to.put("pushSecondsMax", rounded(pushSecondsMax));
      to.put("backAfterSeconds", rounded(backAfterSeconds));
    }

    private static double rounded(double value) {
      return Math.rint(value * 100) / 100;
    }
  }

  private final Costs costs;
  private final Load load;
  private final int connections;
  private final SplittableRandom random;

  /// Timers by the slot in which they are due: the first of each slot, and behind each the next.
  /// The first `connections` are pings, as many behind them renewals, then come the rooms, then
  /// those of the office who come back.
  private final int[] first = new int[SECONDS * SLOTS_A_SECOND];
  private final int[] next;

  /// Of each timer of a connect, how often it was refused.
  private final byte[] failures;

  private final int[] ended = new int[SECONDS * SLOTS_A_SECOND + 1];
  private double requestTokens = REQUESTS_BUCKET;
  private double connectTokens = CONNECTS_A_SECOND;
  private double pushTokens;
  private long pushesWaiting;
  private int atWork;
  private int away;
  private final int officeAt;

  private String binds = "nothing";
  private long requests;
  private long requestsRefused;
  private long connectsRefused;
  private long invocationsRefused;
  private int concurrencyMax;
  private double pushSecondsMax;
  private double backAfter;

  Simulation(Costs costs, Load load, int connections, long seed) {
    this.costs = costs;
    this.load = load;
    this.connections = connections;
    this.random = new SplittableRandom(seed);
    int rooms = load.members() == 0 ? 0 : connections / load.members();
    officeAt = 2 * connections + rooms;
    next = new int[officeAt + load.office()];
    failures = new byte[next.length];
    Arrays.fill(first, -1);
    for (int i = 0; i < connections; i++) {
      schedule(i, 0, random.nextDouble() * pingSeconds());
      schedule(connections + i, 0, random.nextDouble() * renewSeconds());
    }
    for (int room = 0; room < rooms; room++) {
      schedule(2 * connections + room, 0, messageSeconds());
    }
  }

  private double pingSeconds() {
    return costs.pingsAnHour() == 0 ? Double.MAX_VALUE : 3_600 / costs.pingsAnHour();
  }

  private double renewSeconds() {
    return random.nextDouble(RENEW_SECONDS_MIN, RENEW_SECONDS_MAX);
  }

  /// Each moment is as good as any other.
  private double messageSeconds() {
    return -Math.log(1 - random.nextDouble()) * 3_600 / load.messagesAnHour();
  }

  private void schedule(int timer, int slot, double inSeconds) {
    double due = slot + Math.max(1, inSeconds * SLOTS_A_SECOND);
    if (due < first.length) {
      int at = (int) due;
      next[timer] = first[at];
      first[at] = timer;
    }
  }

  /// Whether nothing is refused; it ends with the first refusal.
  boolean holds() {
    return run(true).holds();
  }

  Result run() {
    return run(false);
  }

  private Result run(boolean untilRefused) {
    int[] requestsBySecond = new int[SECONDS];
    int[] connectsBySecond = new int[SECONDS];
    for (int slot = 0; slot < first.length; slot++) {
      int second = slot / SLOTS_A_SECOND;
      long before = requests - requestsRefused;
      requestTokens =
          Math.min(REQUESTS_BUCKET, requestTokens + 1.0 * REQUESTS_A_SECOND / SLOTS_A_SECOND);
      connectTokens =
          Math.min(CONNECTS_A_SECOND, connectTokens + 1.0 * CONNECTS_A_SECOND / SLOTS_A_SECOND);
      atWork -= ended[slot];
      if (second == TROUBLE_AT_SECOND && slot % SLOTS_A_SECOND == 0) {
        closeOffice(slot);
      }
      burst(slot, second);
      int timer = first[slot];
      while (timer >= 0) {
        int following = next[timer];
        if (timer < connections) {
          ping(timer, slot);
        } else if (timer < 2 * connections) {
          boolean connected = connects(timer, slot);
          connectsBySecond[second] += connected ? 1 : 0;
          if (connected) {
            schedule(timer, slot, renewSeconds());
          }
        } else if (timer < officeAt) {
          say(timer, slot);
        } else if (connects(timer, slot)) {
          connectsBySecond[second]++;
          if (--away == 0) {
            backAfter = 1.0 * slot / SLOTS_A_SECOND - TROUBLE_AT_SECOND;
          }
        }
        timer = following;
      }
      push();
      concurrencyMax = Math.max(concurrencyMax, atWork);
      requestsBySecond[second] += (int) (requests - requestsRefused - before);
      if (untilRefused && !binds.equals("nothing")) {
        break;
      }
    }
    return new Result(
        binds,
        requests,
        requestsRefused,
        connectsRefused,
        invocationsRefused,
        Arrays.stream(requestsBySecond).max().orElse(0),
        Arrays.stream(connectsBySecond).max().orElse(0),
        concurrencyMax,
        pushSecondsMax,
        backAfter);
  }

  // ---- What happens ---------------------------------------------------------------------------

  private void ping(int connection, int slot) {
    boolean taken = request() && invoke(slot, costs.pingSeconds());
    schedule(connection, slot, taken ? pingSeconds() : random.nextDouble() * BACK_OFF_SECONDS_MAX);
  }

  /// @return false where it is tried again after a back-off
  private boolean connects(int timer, int slot) {
    if (connectTokens < 1) {
      connectsRefused++;
      binds("connects a second");
    } else if (request() && invoke(slot, costs.connectSeconds())) {
      connectTokens--;
      for (int i = 0; i < costs.framesOfARenewal(); i++) {
        request();
      }
      failures[timer] = 0;
      return true;
    }
    double seconds = Math.min(BACK_OFF_SECONDS_MAX, 1 << Math.min(5, failures[timer]++));
    schedule(timer, slot, random.nextDouble() * seconds);
    return false;
  }

  private void say(int room, int slot) {
    if (request() && invoke(slot, costs.sendSeconds())) {
      pushesWaiting += load.members();
    }
    schedule(room, slot, messageSeconds());
  }

  /// In one room many messages share a batch, and each batch is one push to each member.
  private void burst(int slot, int second) {
    if (second < TROUBLE_AT_SECOND || second >= TROUBLE_AT_SECOND + load.burstSeconds()) {
      return;
    }
    double messages = load.burstMessagesASecond() / SLOTS_A_SECOND;
    if (load.burstMessagesASecond() * costs.writesOfASend() > PARTITION_WRITES_A_SECOND) {
      binds("write units of a partition");
    }
    if (random.nextDouble() < messages && request()) {
      invoke(slot, costs.sendSeconds());
    }
    double batches = Math.min(load.burstMessagesASecond(), POLLS_A_SECOND);
    if (slot % (int) (SLOTS_A_SECOND / batches) == 0) {
      pushesWaiting += load.burstMembers();
    }
  }

  /// All of its sockets end, `$disconnect` is told of each, and each wants to come back.
  private void closeOffice(int slot) {
    away = load.office();
    for (int timer = officeAt; timer < next.length; timer++) {
      int noticed = slot + random.nextInt(NOTICED_SECONDS * SLOTS_A_SECOND);
      disconnects(noticed);
      schedule(timer, noticed, random.nextDouble());
    }
  }

  private void disconnects(int slot) {
    int end = slot + (int) Math.ceil(costs.disconnectSeconds() * SLOTS_A_SECOND);
    if (slot < ended.length && end < ended.length) {
      ended[slot]--;
      ended[end]++;
    }
  }

  /// Pushes wait for the budget, and those that are refused for another turn.
  private void push() {
    pushTokens = Math.min(PUSHES_AT_ONCE, pushTokens + 1.0 * PUSHES_A_SECOND / SLOTS_A_SECOND);
    pushSecondsMax = Math.max(pushSecondsMax, 1.0 * pushesWaiting / PUSHES_A_SECOND);
    while (pushesWaiting > 0 && pushTokens >= 1) {
      pushTokens--;
      if (request()) {
        pushesWaiting--;
      } else {
        return;
      }
    }
    if (pushesWaiting > 10L * PUSHES_A_SECOND) {
      binds("pushes a second");
    }
  }

  // ---- What is limited ------------------------------------------------------------------------

  private boolean request() {
    requests++;
    if (requestTokens >= 1) {
      requestTokens--;
      return true;
    }
    requestsRefused++;
    binds("requests a second");
    return false;
  }

  private boolean invoke(int slot, double seconds) {
    if (atWork >= CONCURRENCY) {
      invocationsRefused++;
      binds("functions at work");
      return false;
    }
    atWork++;
    ended[Math.min(ended.length - 1, slot + Math.max(1, (int) (seconds * SLOTS_A_SECOND)))]++;
    return true;
  }

  private void binds(String quota) {
    if (binds.equals("nothing")) {
      binds = quota;
    }
  }
}
