package dev.parley.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.management.OperatingSystemMXBean;
import dev.parley.client.TextSocket;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What 50 people who chat notice of 50 who mean no good, and what those cost. The honest ones are
/// in five rooms of ten, and say ten messages a second together. Each hostile connection is in one
/// of these rooms, too, offers 20 frames a second, valid and invalid ones of every action, without
/// waiting for a reply, and connects again at once when it is closed, as another guest.
///
/// - `memory`, `folder`: quiet and hostile take turns three times, behind a warm-up (0), with the
///   tables in memory and in a folder. A wait is from an honest send to its receipt, in ms, of each
///   message by each member; `lost` are those that were accepted and never came, `refused` honest
///   sends that were not accepted, `cores` what the whole process used, the clients included.
/// - `cost`: what AWS would charge for an hour of one honest connection and of one hostile one, in
///   dollars, counted here over a minute each. What is charged while nobody is connected is left
///   out. Here all functions share two cores with the clients, and wait for them; on AWS each has
///   its own. So an invocation counts as long as it takes in quiet (`docs/units.json`), and the
///   bill by this machine's own times is shown beside it.
final class Hostile {
  static final String MEMORY = "memory";
  static final String FOLDER = "folder";
  static final String COST = "cost";

  private static final int RUNS = 3;

  /// The run in which functions begin to do what they had not to do before; reported, not counted.
  private static final int WARM_UP = 0;

  private static final int SECONDS = 20;
  private static final int COST_SECONDS = 60;

  /// A hostile crowd is at work when it is measured.
  private static final int LEAD_MS = 3_000;

  private static final long DRAIN_MS = 60_000;
  private static final int HANDSHAKE_MAX_MS = 30_000;

  private static final int HONEST = 50;
  private static final int ROOMS = 5;
  private static final int ROOM_SIZE = HONEST / ROOMS;
  private static final int PER_SECOND = 10;

  private static final int CROWD = 50;
  private static final int FRAMES_PER_SECOND = 20;

  /// `docs/units.json`: what a function logs of an invocation, as a rule.
  private static final double LINE_BYTES = 430;

  private static final Pattern NUMBER = Pattern.compile("~(\\d{1,7})~");
  private static final Pattern SENT = Pattern.compile("\"type\":\"sent\".*\"ref\":(\\d+)");

  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final double polls;
  private final Report report;

  Hostile(double polls, Report report) {
    this.polls = polls;
    this.report = report;
  }

  void run(List<String> steps) throws Exception {
    for (String step : steps) {
      switch (step) {
        case MEMORY -> waits(step, null);
        case FOLDER -> {
          Path folder = Files.createTempDirectory("parley-bench");
          try {
            waits(step, folder);
          } finally {
            delete(folder);
          }
        }
        default -> cost();
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.toList().reversed()) {
        Files.delete(file);
      }
    }
  }

  private void waits(String step, @Nullable Path data) throws Exception {
    List<Double> ratios = new ArrayList<>();
    double lost = 0;
    try (Cloud cloud = Cloud.asDeployed(polls, data, false);
        Honest honest = new Honest(cloud.webSocketUrl())) {
      for (int run = WARM_UP; run <= RUNS; run++) {
        Map<String, Double> quiet = honest.measure(SECONDS);
        report.row("%s %d: quiet".formatted(step, run), quiet);
        Map<String, Double> disturbed;
        try (Crowd crowd = new Crowd(cloud.webSocketUrl())) {
          Thread.sleep(LEAD_MS);
          disturbed = honest.measure(SECONDS);
          disturbed.put("frames/s", crowd.framesASecond());
          disturbed.put("connects/s", crowd.connectsASecond());
        }
        report.row("%s %d: hostile".formatted(step, run), disturbed);
        cloud.awaitConnections(HONEST * 2);
        lost += quiet.getOrDefault("lost", 0.0) + disturbed.getOrDefault("lost", 0.0);
        if (run > WARM_UP) {
          ratios.add(
              disturbed.getOrDefault("p99", Double.NaN) / quiet.getOrDefault("p99", Double.NaN));
        }
      }
    }
    report.target(
        step + ": honest p99, over that in quiet", Report.median(ratios), Report.Bound.AT_MOST, 2);
    report.target(step + ": honest messages lost", lost, Report.Bound.AT_MOST, 0);
  }

  private void cost() throws Exception {
    JsonMapper json = new JsonMapper();
    Prices prices = new Prices(json.readTree(Path.of("docs/prices.json").toFile()));
    Usages units = Usages.read(json.readTree(Path.of("docs/units.json").toFile()));
    double minutes = 60 * prices.price("gateway.minute");
    try (Cloud cloud = Cloud.asDeployed(polls, null, true)) {
      Usage idle = used(cloud, () -> Thread.sleep(COST_SECONDS * 1_000L));
      try (Honest honest = new Honest(cloud.webSocketUrl())) {
        honest.measure(SECONDS);
        Usage quiet = used(cloud, () -> honest.measure(COST_SECONDS));
        Usage disturbed;
        try (Crowd crowd = new Crowd(cloud.webSocketUrl())) {
          Thread.sleep(LEAD_MS);
          disturbed = used(cloud, () -> honest.measure(COST_SECONDS));
          report.row("frames a second", Map.of("frames/s", crowd.framesASecond()));
        }
        Usage honestUsage = quiet.since(idle);
        Usage hostileUsage = disturbed.since(quiet);
        row("honest, $/h, this machine's time", prices, honestUsage, HONEST, minutes);
        row("hostile, $/h, this machine's time", prices, hostileUsage, CROWD, minutes);
        double honestHour = row("honest, $/h", prices, units.inQuiet(honestUsage), HONEST, minutes);
        double hostileHour =
            row("hostile, $/h", prices, units.inQuiet(hostileUsage), CROWD, minutes);
        report.target(
            "an hour of a hostile connection, over an honest one",
            hostileHour / honestHour,
            Report.Bound.AT_MOST,
            10);
      }
    }
  }

  /// What is done while it is counted.
  private interface Work {
    void run() throws Exception;
  }

  /// What was used meanwhile.
  private static Usage used(Cloud cloud, Work work) throws Exception {
    Usage before = cloud.usage();
    work.run();
    Usage used = cloud.usage().since(before);
    return used.with("logBytes", "lines", LINE_BYTES * used.sum("invocations"));
  }

  /// @param minutes what being connected costs
  /// @return the dollars of an hour
  private double row(String what, Prices prices, Usage usage, int connections, double minutes) {
    double hours = (double) connections * COST_SECONDS / 3_600;
    Map<String, Double> row = new LinkedHashMap<>();
    row.put("connected", minutes);
    prices.dollars(usage).forEach((by, dollars) -> row.put(by, dollars / hours));
    double sum = row.values().stream().mapToDouble(d -> d).sum();
    row.put("all", sum);
    report.row(what, row);
    return sum;
  }

  // ---- Those who chat -------------------------------------------------------------------------

  /// Each stamps when it receives the messages of the others.
  private static final class Honest implements AutoCloseable {
    private final List<TextSocket> sockets = new ArrayList<>();
    private final AtomicInteger closed = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();
    private volatile int first;
    private volatile int count;
    private volatile AtomicLongArray accepted = new AtomicLongArray(0);

    /// By message and member of its room; 0 for what has not come.
    private volatile AtomicLongArray arrivals = new AtomicLongArray(0);

    Honest(URI url) throws Exception {
      for (int i = 0; i < HONEST; i++) {
        int member = i / ROOMS;
        URI address =
            URI.create(
                "%s?batch=true&name=Honest-%d&guest=hO9e-%04dnEst7QzXkVbWtRy&rooms=%s"
                    .formatted(url, i, i, room(i)));
        TextSocket.Listener listener =
            new TextSocket.Listener() {
              @Override
              public void text(String text) {
                received(member, text);
              }

              @Override
              public void closed(int code) {
                closed.incrementAndGet();
              }
            };
        sockets.add(
            TextSocket.open(address, Map.of(), listener)
                .get(HANDSHAKE_MAX_MS, TimeUnit.MILLISECONDS));
      }
    }

    static String room(int connection) {
      return "chat-" + connection % ROOMS;
    }

    private void received(int member, String text) {
      long now = System.nanoTime();
      Matcher sent = SENT.matcher(text);
      if (sent.find()) {
        int index = Integer.parseInt(sent.group(1)) - first;
        if (index >= 0 && index < count) {
          accepted.set(index, now);
        }
      } else if (text.startsWith("{\"type\":\"error\"") || text.startsWith("{\"message\": ")) {
        refused.incrementAndGet();
      } else {
        Matcher number = NUMBER.matcher(text);
        while (number.find()) {
          int index = Integer.parseInt(number.group(1)) - first;
          if (index >= 0 && index < count) {
            arrivals.compareAndSet(index * ROOM_SIZE + member, 0, now);
          }
        }
      }
    }

    /// Says so many messages a second, for a while, and waits for them.
    Map<String, Double> measure(int seconds) throws Exception {
      int messages = PER_SECOND * seconds;
      accepted = new AtomicLongArray(messages);
      arrivals = new AtomicLongArray(messages * ROOM_SIZE);
      int next = first + count;
      first = next;
      count = messages;
      refused.set(0);
      long[] sent = new long[messages];
      long cpu = SYSTEM.getProcessCpuTime();
      long start = System.nanoTime();
      for (int i = 0; i < messages; i++) {
        Neighbours.until(start + i * 1_000_000_000L / PER_SECOND);
        int number = first + i;
        sent[i] = System.nanoTime();
        var _ =
            sockets
                .get(i % HONEST)
                .send(
                    "{\"action\":\"sendMessage\",\"room\":\"%s\",\"message\":\"~%d~\",\"ref\":%d}"
                        .formatted(room(i % HONEST), number, number));
      }
      double cores =
          (double) (SYSTEM.getProcessCpuTime() - cpu) / Math.max(1, System.nanoTime() - start);
      long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DRAIN_MS);
      while (missing(arrivals) > 0 && System.nanoTime() < until) {
        Thread.sleep(20);
      }
      return figures(sent, cores);
    }

    private Map<String, Double> figures(long[] sent, double cores) {
      long[] waits = new long[sent.length * ROOM_SIZE];
      int received = 0;
      int lost = 0;
      for (int i = 0; i < sent.length; i++) {
        for (int member = 0; member < ROOM_SIZE; member++) {
          long at = arrivals.get(i * ROOM_SIZE + member);
          if (at > 0) {
            waits[received++] = at - sent[i];
          } else if (accepted.get(i) > 0) {
            lost++;
          }
        }
      }
      waits = Arrays.copyOf(waits, received);
      Arrays.sort(waits);
      Map<String, Double> figures = new LinkedHashMap<>();
      figures.put("p50", Neighbours.percentile(waits, 0.5));
      figures.put("p99", Neighbours.percentile(waits, 0.99));
      figures.put("last", Neighbours.percentile(waits, 1));
      figures.put("lost", (double) lost);
      figures.put("refused", (double) refused.get());
      figures.put("closed", (double) closed.get());
      figures.put("cores", cores);
      return figures;
    }

    private static int missing(AtomicLongArray times) {
      int missing = 0;
      for (int i = 0; i < times.length(); i++) {
        missing += times.get(i) == 0 ? 1 : 0;
      }
      return missing;
    }

    @Override
    public void close() {
      sockets.forEach(TextSocket::cut);
    }
  }

  // ---- Those who mean no good -----------------------------------------------------------------

  /// Connections that send without end.
  private static final class Crowd implements AutoCloseable {
    /// The most bytes that 4,000 characters come to: JSON escapes each of these by six.
    private static final String LARGEST = "x" + "\\u0001".repeat(3_999);

    private final URI url;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong frames = new AtomicLong();
    private final AtomicLong connects = new AtomicLong();
    private final long begun = System.nanoTime();
    private volatile boolean closing;

    Crowd(URI url) {
      this.url = url;
      for (int i = 0; i < CROWD; i++) {
        int number = i;
        threads.add(Thread.ofVirtual().start(() -> attack(number, new Random(number))));
      }
    }

    double framesASecond() {
      return frames.get() / seconds();
    }

    double connectsASecond() {
      return connects.get() / seconds();
    }

    private double seconds() {
      return (System.nanoTime() - begun) / 1e9;
    }

    /// One connection after another, each for as long as it is borne.
    private void attack(int number, Random random) {
      String room = Honest.room(number);
      while (!closing) {
        connects.incrementAndGet();
        AtomicInteger end = new AtomicInteger();
        TextSocket.Listener listener =
            new TextSocket.Listener() {
              @Override
              public void text(String text) {}

              @Override
              public void closed(int code) {
                end.set(code);
              }
            };
        URI address =
            URI.create(
                "%s?batch=true&name=Mallory&guest=m4L-%08xL0ryQzXkVbWtRy&rooms=%s,own-%d"
                    .formatted(url, random.nextInt(), room, number));
        try {
          TextSocket socket =
              TextSocket.open(address, Map.of(), listener)
                  .get(HANDSHAKE_MAX_MS, TimeUnit.MILLISECONDS);
          send(socket, end, number, random);
          socket.cut();
        } catch (ExecutionException | TimeoutException | CompletionException e) {
          // It was refused, or has broken off: at once again.
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    private void send(TextSocket socket, AtomicInteger end, int number, Random random)
        throws InterruptedException {
      long start = System.nanoTime();
      for (int i = 0; !closing && end.get() == 0; i++) {
        Neighbours.until(start + i * 1_000_000_000L / FRAMES_PER_SECOND);
        // What cannot be written, since nobody reads it, is waited for.
        socket.send(frame(number, random)).orTimeout(DRAIN_MS, TimeUnit.MILLISECONDS).join();
        frames.incrementAndGet();
      }
    }

    /// Every action, each as it should be and as it should not.
    private static String frame(int number, Random random) {
      String shared = Honest.room(number);
      String own = "own-" + number;
      String fresh = "fresh-%d-%d".formatted(number, random.nextInt(1_000_000));
      String of = random.nextBoolean() ? shared : own;
      String frame =
          switch (random.nextInt(24)) {
            case 0 -> "'action':'join','room':'%s'".formatted(fresh);
            case 1 -> "'action':'join','room':'%s','limit':100".formatted(shared);
            case 2 -> "'action':'quit','room':'%s'".formatted(random.nextBoolean() ? of : fresh);
            case 3 -> "'action':'history','room':'%s','limit':100".formatted(of);
            case 4 -> "'action':'history','room':'%s','before':1,'after':1".formatted(of);
            case 5 -> "'action':'members','room':'%s'".formatted(of);
            case 6 -> "'action':'members','room':'elsewhere','cursor':'00000000'";
            case 7 -> "'action':'rooms'";
            case 8 -> "'action':'rooms','cursor':'%s'".formatted(fresh);
            case 9 -> "'action':'ping','rooms':['%s','%s','%s']".formatted(shared, own, fresh);
            case 10 -> "'action':'ping','rooms':7";
            case 11 -> "'action':'sendMessage','room':'%s','message':'Buy!'".formatted(of);
            case 12 ->
                "'action':'sendMessage','room':'%s','message':'%s','id':'same'"
                    .formatted(own, LARGEST);
            case 13 -> "'action':'sendMessage','room':'%s','message':''".formatted(fresh);
            case 14 -> "'action':'dance','deep':%s1%s".formatted("[".repeat(99), "]".repeat(99));
            case 15 -> "'action':'createRoom','title':'Free things'";
            case 16 -> "'action':'createRoom','user':'guest:%032d'".formatted(number);
            case 17 -> "'action':'rooms','mine':true";
            case 18 -> "'action':'ban','room':'%s','user':'guest:%032d'".formatted(shared, number);
            case 19 -> "'action':'kick','room':'p.AAAAAAAAAAAAAAAAAAAAAA','user':'x'";
            case 20 -> "'action':'auth','token':'eyJhbGciOiJub25lIn0.e30.'";
            case 21 -> "'action':'report','room':'%s','timestamp':1,'why':'No.'".formatted(of);
            case 22 -> "'action':'leave','room':'d.AAAAAAAAAAAAAAAAAAAAAA'";
            default -> "'action'";
          };
      return "{" + frame.replace('\'', '"') + "}";
    }

    @Override
    public void close() {
      closing = true;
      try {
        for (Thread thread : threads) {
          if (!thread.join(Duration.ofMillis(HANDSHAKE_MAX_MS))) {
            thread.interrupt();
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
