package dev.parley.bench;

import dev.parley.Limits;
import dev.parley.client.Attention;
import dev.parley.client.Wait;
import dev.parley.client.Waits;
import dev.parley.local.gateway.RequestQuota;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.SplittableRandom;

/// A discrete-event simulation of many connections against AWS's default quotas and the functions'
/// own [Budget], in slots of 10 ms: pings as pages decide on them ([Attention]), renewals with
/// their joins, people who come and leave, messages and their pushes, a burst in one room, and an
/// office whose network goes and comes back.
///
/// What is refused is tried again as clients do it, after a back-off with full jitter: a connect, a
/// join, a ping, a send. A refused push goes to the retries. So an overload shows its own
/// consequences. The same seed gives the same run.
final class Simulation {
  /// API Gateway: "Quotas for configuring and running a WebSocket API".
  static final int CONNECTS_A_SECOND = 500;

  /// Frames, connects and pushes are requests [?]: AWS does not say whether connects are.
  static final RequestQuota REQUESTS = RequestQuota.OF_AWS;

  /// Lambda: "Concurrent executions", of an account; a new one has 10.
  static final int CONCURRENCY = 1_000;
  static final int CONCURRENCY_OF_A_NEW_ACCOUNT = 10;

  // DynamoDB: units a second of one partition; a room is one.
  static final int PARTITION_WRITES_A_SECOND = 1_000;
  static final int PARTITION_READS_A_SECOND = 3_000;

  /// Each poll of a stream makes one batch of what came, and one push of it to each member.
  static final int POLLS_A_SECOND = 4;

  /// A push that is later than this is too late: SlowPushesAlarm rings.
  static final int SLOW_PUSH_SECONDS = 5;

  /// What of presence is later is let go: `Presence.SHARE`.
  static final int PRESENCE_SECONDS = 5;

  private static final double RENEW_SECONDS_MIN = Waits.DEFAULT.ms(Wait.RENEW_MIN) / 1e3;
  private static final double RENEW_SECONDS_MAX = Waits.DEFAULT.ms(Wait.RENEW_MAX) / 1e3;
  private static final int OUT_SECONDS = 15;
  private static final int SLOT_MS = 10;
  static final int SLOTS_A_SECOND = 1_000 / SLOT_MS;
  static final int SECONDS = 180;
  static final int TROUBLE_AT_SECOND = 30;

  /// An office's sockets are noticed within so long.
  private static final int NOTICED_SECONDS = 2;

  /// How much each action takes.
  ///
  /// @param framesOfARenewal beside the connect itself
  /// @param writesOfASend units in the room's own partition
  record Costs(
      double framesOfARenewal,
      double pingSeconds,
      double connectSeconds,
      double sendSeconds,
      double disconnectSeconds,
      double writesOfASend) {}

  /// What a timer is of: a connection, or, of the last two, a room.
  private enum Kind {
    PING(0),
    RENEW(1),
    /// A connection opens whose user is told to the room.
    ARRIVE(2),
    /// The frames after a connect, where they were refused.
    JOIN(3),
    /// A user of the office may have left for good.
    LEAVE(4),
    SAY(5),
    /// A send that was refused.
    RESEND(6);

    private static final Kind[] ALL = values();
    private final int place;

    Kind(int place) {
      this.place = place;
    }
  }

  /// Pushes of presence that wait, by who came or left.
  private final class Told {
    private final Bucket bucket;
    private final ArrayDeque<int[]> waiting = new ArrayDeque<>();

    Told(Budget.Share share) {
      bucket = new Bucket(share.all(), share.all());
    }

    void add(int pushes, int slot) {
      presence += pushes;
      waiting.add(new int[] {slot, pushes});
    }

    void push(int slot) {
      bucket.refill();
      while (!waiting.isEmpty()) {
        int[] first = waiting.element();
        if (slot - first[0] > PRESENCE_SECONDS * SLOTS_A_SECOND) {
          presenceDropped += first[1];
          waiting.remove();
        } else if (!bucket.take(1)) {
          return;
        } else {
          presenceDropped += request() ? 0 : 1;
          if (--first[1] == 0) {
            waiting.remove();
          }
        }
      }
    }
  }

  /// A function that serves the queue of large rooms: one turn of a room after the other.
  private final class Pushing {
    private final Bucket bucket;
    private int turn = -1;
    private int since;
    private int left;

    Pushing(double perSecond) {
      bucket = new Bucket(perSecond, perSecond);
    }

    void push(int slot) {
      bucket.refill();
      int underWay = 0; // a push takes a slot
      while (turn >= 0 || begin()) {
        while (left > 0 && underWay < budget.concurrency() && bucket.take(1)) {
          left--;
          underWay++;
          retrying += request() ? 0 : 1;
        }
        waited(slot - since);
        if (left > 0) {
          return;
        }
        turn = -1;
      }
    }

    /// The first turn of which nobody serves an earlier batch: a message group is in order.
    private boolean begin() {
      var queued = queue.iterator();
      while (queued.hasNext()) {
        int next = queued.next();
        if (Arrays.stream(pushing).noneMatch(other -> other.turn == next)) {
          queued.remove();
          turn = next;
          since = queuedAt[next];
          queuedAt[next] = -1;
          left = pushesOf(next);
          return true;
        }
      }
      return false;
    }
  }

  private final Costs costs;
  private final Budget budget;
  private final Load load;
  private final int connections;
  private final int rooms;
  private final SplittableRandom random;

  // Timers by the slot in which they are due; `place * connections + number`.
  private final int[][] timers = new int[SECONDS * SLOTS_A_SECOND][];
  private final int[] timersDue = new int[SECONDS * SLOTS_A_SECOND];

  /// Of each timer, how often it was refused.
  private final byte[] failures;

  // Of each connection: the slot in which it looks whether to ping, when it did, and the chance.
  private final int[] wakesAt;
  private final int[] lookedAt;
  private final float[] chance;

  // Of each room: when a message was heard, and until when it goes by the queue.
  private final int[] heardAt;
  private final int[] queuedUntil;

  // Turns of a function that rooms wait for; a later batch merges into one that waits.
  private final int turnsOfARoom;
  private final int[] queuedAt;
  private final ArrayDeque<Integer> queue = new ArrayDeque<>();
  private final Pushing[] pushing;

  private final int[] ended = new int[SECONDS * SLOTS_A_SECOND + 1];
  private final Bucket requestTokens = new Bucket(REQUESTS.perSecond(), REQUESTS.bucket());
  private final Bucket connectTokens = new Bucket(CONNECTS_A_SECOND, CONNECTS_A_SECOND);
  private final Bucket[] small;
  private final Bucket retryTokens;
  private final Told coming;
  private final Told leaving;
  private final boolean[] isAway;
  private int away;
  private long retrying;
  private double movements;
  private int atWork;

  private String binds = "nothing";
  private long requests;
  private long requestsRefused;
  private long connectsRefused;
  private long invocationsRefused;
  private long presence;
  private long presenceDropped;
  private int concurrencyMax;
  private int pushSlotsMax;
  private double backAfter;

  Simulation(Costs costs, Budget budget, Load load, int connections, long seed) {
    this.costs = costs;
    this.budget = budget;
    this.load = load;
    this.connections = connections;
    this.random = new SplittableRandom(seed);
    Arrays.fill(timers, new int[0]);
    int others = connections - load.burstMembers();
    rooms = (load.burstMembers() > 0 ? 1 : 0) + (load.members() == 0 ? 0 : others / load.members());
    failures = new byte[Kind.ALL.length * connections];
    wakesAt = new int[connections];
    lookedAt = new int[connections];
    chance = new float[connections];
    heardAt = new int[rooms];
    queuedUntil = new int[rooms];
    turnsOfARoom = budget.turns(Math.max(load.members(), load.burstMembers()));
    queuedAt = new int[rooms * turnsOfARoom];
    Arrays.fill(queuedAt, -1);
    isAway = new boolean[load.office()];
    small = Bucket.of(budget.small());
    retryTokens = new Bucket(budget.retries().all(), budget.retries().all());
    coming = new Told(budget.coming());
    leaving = new Told(budget.leaving());
    pushing = new Pushing[budget.large().functions()];
    Arrays.setAll(pushing, _ -> new Pushing(budget.large().each()));
    for (int room = 0; room < rooms; room++) {
      heardAt[room] = -slots(messageSeconds(room, 0));
      schedule(Kind.SAY, room, 0, messageSeconds(room, 0));
    }
    for (int i = 0; i < connections; i++) {
      chance[i] = random.nextFloat();
      // As if it had pinged before: it is at any moment of a wait.
      int late = late(i);
      lookedAt[i] = -(int) (random.nextDouble() * (dueAt(i) + late));
      while (dueAt(i) + late <= 0) {
        lookedAt[i] = dueAt(i) + late;
      }
      wake(i, dueAt(i) + late);
      schedule(Kind.RENEW, i, 0, random.nextDouble() * renewSeconds());
    }
  }

  private static int slots(double seconds) {
    return (int) Math.min(Integer.MAX_VALUE / 4.0, seconds * SLOTS_A_SECOND);
  }

  private double renewSeconds() {
    return random.nextDouble(RENEW_SECONDS_MIN, RENEW_SECONDS_MAX);
  }

  /// Each moment is as good as any other.
  private double messageSeconds(int room, int slot) {
    double aSecond =
        isBurst(room, slot) ? load.burstMessagesASecond() : load.messagesAnHour() / 3_600;
    return -Math.log(1 - random.nextDouble()) / aSecond;
  }

  private boolean isBurst(int room, int slot) {
    int second = slot / SLOTS_A_SECOND;
    return room == 0
        && load.burstMembers() > 0
        && second >= TROUBLE_AT_SECOND
        && second < TROUBLE_AT_SECOND + load.burstSeconds();
  }

  // ---- Who is where ---------------------------------------------------------------------------

  private int membersOf(int room) {
    return room == 0 && load.burstMembers() > 0 ? load.burstMembers() : load.members();
  }

  private int firstOf(int room) {
    return load.burstMembers() == 0 || room == 0
        ? room * load.members()
        : load.burstMembers() + (room - 1) * load.members();
  }

  /// @return -1 for a connection in no room
  private int roomOf(int connection) {
    if (connection < load.burstMembers()) {
      return 0;
    }
    if (load.members() == 0) {
      return -1;
    }
    int others = (connection - load.burstMembers()) / load.members();
    int room = others + (load.burstMembers() > 0 ? 1 : 0);
    return room < rooms ? room : -1;
  }

  private int pushesOf(int turn) {
    int members = membersOf(turn / turnsOfARoom);
    return members / budget.turns(members);
  }

  private Attention attention(int connection) {
    return load.members() > 0 && connection % Bill.HOURS < Bill.HOURS_IN_USE
        ? Attention.IN_USE
        : Attention.HIDDEN;
  }

  // ---- Timers ---------------------------------------------------------------------------------

  private void schedule(Kind kind, int number, int slot, double inSeconds) {
    at(kind.place * connections + number, slot + Math.max(1, slots(inSeconds)));
  }

  private void at(int timer, int slot) {
    if (slot >= timers.length) {
      return;
    }
    int[] due = timers[slot];
    if (due.length == timersDue[slot]) {
      due = Arrays.copyOf(due, Math.max(4, 2 * due.length));
      timers[slot] = due;
    }
    due[timersDue[slot]++] = timer;
  }

  private void again(Kind kind, int number, int slot) {
    int timer = kind.place * connections + number;
    int failed = failures[timer];
    failures[timer] = (byte) Math.min(20, failed + 1);
    long doubledMs = Waits.DEFAULT.ms(Wait.BACK_OFF) << failed;
    double seconds = Math.min(Waits.DEFAULT.ms(Wait.BACK_OFF_MAX), doubledMs) / 1e3;
    if (kind == Kind.PING) {
      wake(number, slot + Math.max(1, slots(random.nextDouble() * seconds)));
    } else {
      schedule(kind, number, slot, random.nextDouble() * seconds);
    }
  }

  private void taken(Kind kind, int number) {
    failures[kind.place * connections + number] = 0;
  }

  private void wake(int connection, int slot) {
    wakesAt[connection] = slot;
    at(connection, slot);
  }

  /// When a page is to ping next.
  private int dueAt(int connection) {
    int room = roomOf(connection);
    int heard = room < 0 ? lookedAt[connection] : heardAt[room];
    long due =
        attention(connection)
            .dueMs(
                (long) heard * SLOT_MS, (long) lookedAt[connection] * SLOT_MS, chance[connection]);
    return (int) (due / SLOT_MS);
  }

  /// How late its timer is.
  private int late(int connection) {
    return (int) (random.nextDouble() * attention(connection).lateMs() / SLOT_MS);
  }

  /// Whether nothing is refused; it ends with the first refusal.
  SimulationResult runUntilRefused() {
    return run(true);
  }

  SimulationResult run() {
    return run(false);
  }

  private SimulationResult run(boolean untilRefused) {
    int[] requestsBySecond = new int[SECONDS];
    int[] connectsBySecond = new int[SECONDS];
    for (int slot = 0;
        slot < timers.length && !(untilRefused && !binds.equals("nothing"));
        slot++) {
      int second = slot / SLOTS_A_SECOND;
      long before = requests - requestsRefused;
      requestTokens.refill();
      connectTokens.refill();
      double connectable = connectTokens.tokens();
      atWork -= ended[slot];
      if (slot == TROUBLE_AT_SECOND * SLOTS_A_SECOND) {
        trouble(slot);
      }
      move(slot);
      for (int i = 0; i < timersDue[slot]; i++) {
        int timer = timers[slot][i];
        int number = timer % connections;
        switch (Kind.ALL[timer / connections]) {
          case PING -> ping(number, slot);
          case RENEW -> renew(number, slot);
          case ARRIVE -> arrive(number, slot);
          case JOIN -> join(number, slot);
          case LEAVE -> leave(number, slot);
          case SAY -> {
            say(number, slot);
            schedule(Kind.SAY, number, slot, messageSeconds(number, slot));
          }
          case RESEND -> say(number, slot);
        }
      }
      push(slot);
      concurrencyMax = Math.max(concurrencyMax, atWork);
      requestsBySecond[second] += (int) (requests - requestsRefused - before);
      connectsBySecond[second] += (int) Math.round(connectable - connectTokens.tokens());
    }
    return new SimulationResult(
        binds,
        requests,
        requestsRefused,
        connectsRefused,
        invocationsRefused,
        Arrays.stream(requestsBySecond).max().orElse(0),
        Arrays.stream(connectsBySecond).max().orElse(0),
        concurrencyMax,
        1.0 * pushSlotsMax / SLOTS_A_SECOND,
        presence,
        presenceDropped,
        away > 0 ? Double.POSITIVE_INFINITY : backAfter);
  }

  // ---- What happens ---------------------------------------------------------------------------

  private void ping(int connection, int slot) {
    if (wakesAt[connection] != slot) {
      return; // a message has changed that
    }
    if (dueAt(connection) > slot) {
      wake(connection, dueAt(connection) + late(connection));
    } else if (request() && invoke(slot, costs.pingSeconds())) {
      taken(Kind.PING, connection);
      lookedAt[connection] = slot;
      chance[connection] = random.nextFloat();
      wake(connection, Math.max(slot + 1, dueAt(connection) + late(connection)));
    } else {
      again(Kind.PING, connection, slot);
    }
  }

  private void renew(int connection, int slot) {
    if (connects(Kind.RENEW, connection, slot)) {
      schedule(Kind.RENEW, connection, slot, renewSeconds());
    }
  }

  private void arrive(int connection, int slot) {
    if (!connects(Kind.ARRIVE, connection, slot)) {
      return;
    }
    tell(coming, connection, slot);
    if (connection < isAway.length && isAway[connection]) {
      isAway[connection] = false;
      if (--away == 0) {
        backAfter = 1.0 * slot / SLOTS_A_SECOND - TROUBLE_AT_SECOND;
      }
    }
  }

  /// @return false where it is tried again after a back-off
  private boolean connects(Kind kind, int connection, int slot) {
    if (connectTokens.tokens() < 1) {
      connectsRefused++;
      binds("connects a second");
    } else if (request() && invoke(slot, costs.connectSeconds())) {
      connectTokens.take(1);
      taken(kind, connection);
      join(connection, slot);
      return true;
    }
    again(kind, connection, slot);
    return false;
  }

  private void join(int connection, int slot) {
    for (int i = 0; i < costs.framesOfARenewal(); i++) {
      if (!request()) {
        again(Kind.JOIN, connection, slot);
        return;
      }
    }
    taken(Kind.JOIN, connection);
  }

  private void leave(int connection, int slot) {
    if (isAway[connection]) {
      tell(leaving, connection, slot);
    }
  }

  private void tell(Told told, int connection, int slot) {
    int room = roomOf(connection);
    if (room >= 0 && membersOf(room) <= budget.presenceMax()) {
      told.add(membersOf(room), slot);
    }
  }

  /// As many come as leave.
  private void move(int slot) {
    if (load.members() == 0) {
      return;
    }
    movements += 1.0 * connections / (Bill.HOURS * 3_600 * SLOTS_A_SECOND);
    for (; movements >= 1; movements--) {
      disconnects(slot + 1);
      tell(leaving, random.nextInt(connections), slot);
      arrive(random.nextInt(connections), slot);
    }
  }

  private void say(int room, int slot) {
    if (request() && invoke(slot, costs.sendSeconds())) {
      taken(Kind.RESEND, room);
      handOut(room, slot);
    } else {
      again(Kind.RESEND, room, slot);
    }
  }

  /// Pushed at once where the function of its shard has the tokens, else by the queue, as long as
  /// the room is lively.
  private void handOut(int room, int slot) {
    boolean sameBatch = poll(slot) == poll(heardAt[room]);
    heardAt[room] = slot;
    if (sameBatch) {
      return;
    }
    int members = membersOf(room);
    if (members <= budget.segmentSize()
        && queuedUntil[room] <= slot
        && small[room % small.length].take(members)) {
      for (int i = 0; i < members; i++) {
        retrying += request() ? 0 : 1;
      }
    } else {
      queuedUntil[room] = slot + (int) Limits.QUEUED_CALM.toMillis() / SLOT_MS;
      for (int i = 0; i < budget.turns(members); i++) {
        int turn = room * turnsOfARoom + i;
        if (queuedAt[turn] < 0) {
          queuedAt[turn] = slot;
          queue.add(turn);
        }
      }
    }
    heard(room, slot);
  }

  private static int poll(int slot) {
    return Math.floorDiv(slot * POLLS_A_SECOND, SLOTS_A_SECOND);
  }

  /// Pages in use look soon after a message.
  private void heard(int room, int slot) {
    for (int i = firstOf(room); i < firstOf(room) + membersOf(room); i++) {
      if (attention(i) == Attention.IN_USE && wakesAt[i] > dueAt(i)) {
        wake(i, Math.max(slot + 1, dueAt(i)));
      }
    }
  }

  private void trouble(int slot) {
    if (load.burstMembers() > 0) {
      schedule(Kind.SAY, 0, slot, messageSeconds(0, slot));
      if (load.burstMessagesASecond() * costs.writesOfASend() > PARTITION_WRITES_A_SECOND) {
        binds("write units of a partition");
      }
    }
    // All of its sockets end, `$disconnect` is told of each, and each wants to come back.
    away = load.office();
    for (int i = 0; i < load.office(); i++) {
      int noticed = slot + 1 + random.nextInt(NOTICED_SECONDS * SLOTS_A_SECOND);
      isAway[i] = true;
      disconnects(noticed);
      schedule(Kind.LEAVE, i, noticed, OUT_SECONDS);
      schedule(Kind.ARRIVE, i, noticed, random.nextDouble());
    }
  }

  private void disconnects(int slot) {
    int end = slot + (int) Math.ceil(costs.disconnectSeconds() * SLOTS_A_SECOND);
    if (end < ended.length) {
      ended[slot]--;
      ended[end]++;
    }
  }

  private void push(int slot) {
    for (Bucket function : small) {
      function.refill();
    }
    for (Pushing function : pushing) {
      function.push(slot);
    }
    if (!queue.isEmpty()) {
      waited(slot - queuedAt[queue.element()]);
    }
    retryTokens.refill();
    while (retrying > 0 && retryTokens.take(1) && request()) {
      retrying--;
    }
    coming.push(slot);
    leaving.push(slot);
  }

  private void waited(int slots) {
    pushSlotsMax = Math.max(pushSlotsMax, slots);
    if (slots > SLOW_PUSH_SECONDS * SLOTS_A_SECOND) {
      binds("pushes a second");
    }
  }

  // ---- What is limited ------------------------------------------------------------------------

  private boolean request() {
    requests++;
    if (requestTokens.take(1)) {
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
    ended[Math.min(ended.length - 1, slot + Math.max(1, slots(seconds)))]++;
    return true;
  }

  private void binds(String quota) {
    if (binds.equals("nothing")) {
      binds = quota;
    }
  }
}
