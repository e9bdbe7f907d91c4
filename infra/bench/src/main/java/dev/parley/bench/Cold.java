package dev.parley.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.bench.Report.Bound;
import dev.parley.local.aws.LocalClients;
import dev.parley.local.lambda.Fence;
import dev.parley.local.lambda.FunctionProcess;
import dev.parley.local.lambda.FunctionProcess.Program;
import dev.parley.local.lambda.FunctionProcesses;
import dev.parley.local.lambda.JavaRuntime;
import dev.parley.local.lambda.ProcessHost;
import dev.parley.local.template.FunctionResource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/// Cold starts: each function as it is packaged, under AWS's runtime interface client, on as much
/// of a processor as Lambda gives to 1,024 MB, beside a hello world function in the same round.
///
/// `init` is from the start of the process until it asks for an event, and `first` and `second` are
/// the two invocations after it. `cold` is `init` and `first` together, with the least and the most
/// of all rounds, else medians; `x hello` is the median of the rounds' ratios to hello world's.
/// `cpu` is the processor time of `cold`, which also tells where the machine has other work.
///
/// - `plain`: the JVM's default compilers.
/// - `c1`: the JVM stops at its first compiler, as in the managed runtime without SnapStart.
/// - `primed`: under SnapStart. `init` has the hooks before the checkpoint, and happens when a
///   version is published; `restore` is the hooks after it. What restoring the snapshot costs is
///   not in it: a process that waits stands for it.
/// - `aot`: `c1` with an AOT cache of a training run, and all classes on the class path, as a
///   container image would have them: JDK 25 caches none of the loader that the managed runtime
///   loads a function with.
final class Cold {
  /// Of 1,769 MB, which have one processor (Lambda developer guide, "Configure Lambda function
  /// memory").
  private static final double SHARE = 1_024.0 / 1_769;

  /// What a function with less than 3,009 MB sees.
  private static final String PROCESSORS = "-XX:ActiveProcessorCount=2";

  private static final int MEMORY_MB = 1_024;
  private static final Duration TIMEOUT = Duration.ofMinutes(1);

  /// How often a function is called while its classes are recorded.
  private static final int TRAINING_CALLS = 3;

  /// Whose messages the local cloud hands out, and whose the measured functions do.
  private static final String SPEAKERS = "speakers";

  private static final String LISTENERS = "listeners";

  private static final String HELLO = "Hello";
  private static final String AUTHORIZER = "Authorizer";
  private static final String CONNECT = "Connect";
  private static final String SEND_MESSAGE = "SendMessage";
  private static final String FANOUT = "Fanout";

  enum Variant {
    PLAIN,
    C1,
    PRIMED,
    AOT;

    static final List<String> NAMES = Stream.of(values()).map(Variant::toString).toList();

    private List<String> options() {
      return this == C1 || this == AOT
          ? List.of(PROCESSORS, "-XX:TieredStopAtLevel=1")
          : List.of(PROCESSORS);
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// Milliseconds.
  ///
  /// @param cpu what [#cold] took of the processor
  private record Sample(double init, double restore, double first, double second, double cpu) {
    /// What somebody waits who calls it first.
    double cold(Variant variant) {
      return variant == Variant.PRIMED ? restore + first : init + first;
    }
  }

  /// A function, as it is packaged.
  ///
  /// @param environment without what its program adds
  /// @param event a new one each time
  /// @param answer is in each result
  /// @param classPath its classes and libraries as jars
  private record Function(
      String name,
      String handler,
      Path taskRoot,
      Map<String, String> environment,
      Supplier<String> event,
      String answer,
      List<Path> classPath) {

    private Program program(ProcessHost host, Variant variant, UnaryOperator<List<String>> as) {
      List<String> options = new ArrayList<>(variant.options());
      List<Path> jars = JavaRuntime.jars();
      if (variant == Variant.AOT) {
        options.add("-XX:AOTCache=" + cache(host));
        jars = classPath;
      }
      return program(host, variant == Variant.PRIMED, options, jars, as);
    }

    private Program program(
        ProcessHost host,
        boolean snapStart,
        List<String> options,
        List<Path> jars,
        UnaryOperator<List<String>> as) {
      return new Program(
          name,
          as.apply(host.java().command(handler, MEMORY_MB, options, jars)),
          taskRoot,
          snapStart);
    }

    Path cache(ProcessHost host) {
      return host.folder().resolve(name + ".aot");
    }

    FunctionProcess start(ProcessHost host, Program program, List<String> output)
        throws IOException {
      Map<String, String> whole = new HashMap<>(environment);
      FunctionProcesses.addWhatLambdaSets(whole, program, handler, "java25", null);
      return FunctionProcess.start(host, program, whole, output::add);
    }

    void call(FunctionProcess process) throws InterruptedException {
      String result = new String(process.call(event.get().getBytes(UTF_8), TIMEOUT), UTF_8);
      if (!result.contains(answer)) {
        throw new IllegalStateException(name + " gave " + result);
      }
    }

    /// Writes its AOT cache: a JVM does so when it ends in order.
    void train(ProcessHost host) throws Exception {
      List<String> options = new ArrayList<>(Variant.C1.options());
      options.add("-XX:AOTCacheOutput=" + cache(host));
      List<String> output = Collections.synchronizedList(new ArrayList<>());
      FunctionProcess process =
          start(host, program(host, false, options, classPath, command -> command), output);
      process.initialize();
      for (int i = 0; i < TRAINING_CALLS; i++) {
        call(process);
      }
      process.hangUp();
      process.ended().get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
      if (!Files.exists(cache(host))) {
        throw new IllegalStateException(name + " has no AOT cache: " + String.join("\n", output));
      }
    }
  }

  private final Cloud cloud;
  private final Report report;
  private final int rounds;

  Cold(Cloud cloud, Report report, int rounds) {
    this.cloud = cloud;
    this.report = report;
    this.rounds = rounds;
  }

  /// @param steps variants
  void run(List<String> steps) throws Exception {
    List<Variant> variants =
        steps.stream().map(step -> Variant.valueOf(step.toUpperCase(Locale.ROOT))).toList();
    try (Members _ = cloud.connect(SPEAKERS, 1);
        Members _ = cloud.connect(LISTENERS, 1);
        ProcessHost host = new ProcessHost(Fence.closed());
        CpuShare cpu = new CpuShare(SHARE)) {
      System.out.printf(
          Locale.ROOT,
          "%.3f of a processor, by %s; two busy threads get %.3f%n",
          SHARE,
          cpu,
          cpu.measured());
      List<Function> functions = functions(host);
      for (Function function : functions) {
        var _ = measure(host, function, Variant.C1, null); // and the services are warm
        if (variants.contains(Variant.AOT)) {
          function.train(host);
          System.out.printf(
              "%s: an AOT cache of %d MB%n",
              function.name(), Files.size(function.cache(host)) >> 20);
        }
      }
      Map<Variant, Map<String, List<Sample>>> samples = new EnumMap<>(Variant.class);
      for (int round = 0; round < rounds; round++) {
        for (Variant variant : variants) {
          for (Function function : functions) {
            samples
                .computeIfAbsent(variant, _ -> new LinkedHashMap<>())
                .computeIfAbsent(function.name(), _ -> new ArrayList<>())
                .add(measure(host, function, variant, cpu));
          }
        }
      }
      samples.forEach(this::rows);
      targets(samples);
    }
  }

  /// @param cpu null for as much as there is
  private static Sample measure(
      ProcessHost host, Function function, Variant variant, @Nullable CpuShare cpu)
      throws Exception {
    Program program =
        function.program(host, variant, command -> cpu == null ? command : cpu.bounded(command));
    List<String> output = Collections.synchronizedList(new ArrayList<>());
    long begun = System.nanoTime();
    FunctionProcess process = function.start(host, program, output);
    try {
      if (cpu != null) {
        ProcessHandle.of(process.pid()).ifPresent(cpu::bind);
      }
      process.initialize();
      long initialized = System.nanoTime();
      double before = variant == Variant.PRIMED ? cpuMs(process) : 0;
      if (program.snapStart()) {
        process.restore();
      }
      long restored = System.nanoTime();
      function.call(process);
      long first = System.nanoTime();
      double cpuMs = cpuMs(process) - before;
      long firstToldNs = System.nanoTime() - first;
      function.call(process);
      long second = System.nanoTime();
      return new Sample(
          (initialized - begun) / 1e6,
          (restored - initialized) / 1e6,
          (first - restored) / 1e6,
          (second - first - firstToldNs) / 1e6,
          cpuMs);
    } catch (RuntimeException e) {
      throw new IllegalStateException(
          "%s, %s: it printed %s".formatted(function.name(), variant, String.join("\n", output)),
          e);
    } finally {
      process.end();
      process.ended().join();
    }
  }

  private static double cpuMs(FunctionProcess process) {
    return ProcessHandle.of(process.pid())
        .flatMap(handle -> handle.info().totalCpuDuration())
        .orElseThrow()
        .toMillis();
  }

  // ---- What is told ---------------------------------------------------------------------------

  private void rows(Variant variant, Map<String, List<Sample>> samples) {
    samples.forEach(
        (name, of) -> {
          List<Double> cold = of.stream().map(sample -> sample.cold(variant)).sorted().toList();
          Map<String, Double> figures = new LinkedHashMap<>();
          figures.put("init ms", median(of, Sample::init));
          figures.put(
              "restore ms", variant == Variant.PRIMED ? median(of, Sample::restore) : Double.NaN);
          figures.put("first ms", median(of, Sample::first));
          figures.put("second ms", median(of, Sample::second));
          figures.put("cold ms", Report.median(cold));
          figures.put("least", cold.getFirst());
          figures.put("most", cold.getLast());
          figures.put(
              "x hello", timesHello(samples, List.of(name), sample -> sample.cold(variant)));
          figures.put("cpu ms", median(of, Sample::cpu));
          figures.put("x hello cpu", timesHello(samples, List.of(name), Sample::cpu));
          report.row(name + ", " + variant, figures);
        });
  }

  private void targets(Map<Variant, Map<String, List<Sample>>> samples) {
    List<String> connecting = List.of(AUTHORIZER, CONNECT);
    samples.forEach(
        (variant, of) -> {
          if (variant == Variant.PRIMED) {
            report.target(
                "first calls of Authorizer and Connect after the hooks, ms",
                connecting.stream().mapToDouble(n -> median(of.get(n), Sample::first)).sum(),
                Bound.AT_MOST,
                150);
          } else {
            report.target(
                "SendMessage over hello world, " + variant,
                timesHello(of, List.of(SEND_MESSAGE), sample -> sample.cold(variant)),
                Bound.AT_MOST,
                variant == Variant.AOT ? 1.8 : 3);
            report.target(
                "Authorizer and Connect over hello world, " + variant,
                timesHello(of, connecting, sample -> sample.cold(variant)),
                Bound.AT_MOST,
                5);
          }
        });
    Map<String, List<Sample>> c1 = samples.get(Variant.C1);
    Map<String, List<Sample>> primed = samples.get(Variant.PRIMED);
    if (c1 != null && primed != null) {
      report.target(
          "SendMessage's first call after the hooks, of that without",
          median(primed.get(SEND_MESSAGE), Sample::first)
              / median(c1.get(SEND_MESSAGE), Sample::first),
          Bound.AT_MOST,
          0.25);
    }
  }

  /// The median of the rounds' ratios.
  private static double timesHello(
      Map<String, List<Sample>> samples, List<String> names, ToDoubleFunction<Sample> figure) {
    return Report.median(
        IntStream.range(0, of(samples, HELLO).size())
            .mapToObj(
                round ->
                    names.stream()
                            .mapToDouble(name -> figure.applyAsDouble(of(samples, name).get(round)))
                            .sum()
                        / figure.applyAsDouble(of(samples, HELLO).get(round)))
            .toList());
  }

  private static List<Sample> of(Map<String, List<Sample>> samples, String name) {
    return Objects.requireNonNull(samples.get(name));
  }

  private static double median(@Nullable List<Sample> samples, ToDoubleFunction<Sample> of) {
    return Report.median(Objects.requireNonNull(samples).stream().map(of::applyAsDouble).toList());
  }

  // ---- The functions --------------------------------------------------------------------------

  private List<Function> functions(ProcessHost host) throws IOException {
    String speaker = member(SPEAKERS);
    AtomicLong count = new AtomicLong(System.currentTimeMillis() * 1_000);
    return List.of(
        hello(host),
        packaged(host, AUTHORIZER, () -> authorizerEvent(newConnection()), "\"Effect\":\"Allow\""),
        packaged(host, CONNECT, () -> connectEvent(newConnection()), "\"statusCode\":200"),
        packaged(host, SEND_MESSAGE, () -> messageEvent(speaker), "\\\"sent\\\""),
        packaged(
            host,
            FANOUT,
            () -> streamEvent(count.incrementAndGet()),
            "{\"batchItemFailures\":[]}"));
  }

  private static Function hello(ProcessHost host) throws IOException {
    Path root = Files.createDirectory(host.folder().resolve(HELLO));
    String name = HelloHandler.class.getName().replace('.', '/') + ".class";
    Path file = root.resolve(name);
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    try (InputStream code = HelloHandler.class.getResourceAsStream("/" + name)) {
      Files.copy(Objects.requireNonNull(code), file);
    }
    Map<String, String> environment = new HashMap<>(LocalClients.environment());
    environment.put("AWS_LAMBDA_FUNCTION_NAME", HELLO);
    environment.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Integer.toString(MEMORY_MB));
    return new Function(
        HELLO,
        HelloHandler.class.getName(),
        root,
        environment,
        () -> "{}",
        "Hello",
        classPath(host, HELLO, root));
  }

  private Function packaged(ProcessHost host, String name, Supplier<String> event, String answer)
      throws IOException {
    FunctionResource function = cloud.function(name + "Function");
    Path code =
        Cloud.TEMPLATE.resolveSibling(Objects.requireNonNull(function.codeUri(), "CodeUri"));
    if (!Files.exists(code)) {
      throw new IOException(
          code + " is missing: mvn -q -pl infra/bench -am -DskipTests package -Dbench=cold");
    }
    Path root = host.unpack(code);
    return new Function(
        name,
        function.handler(),
        root,
        cloud.environment(function),
        event,
        answer,
        classPath(host, name, root));
  }

  /// As jars: an AOT cache takes no folders.
  private static List<Path> classPath(ProcessHost host, String name, Path root) throws IOException {
    Path own = host.folder().resolve(name + ".jar");
    Path libraries = root.resolve("lib");
    try (ZipOutputStream jar = new ZipOutputStream(Files.newOutputStream(own));
        Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        if (!file.startsWith(libraries)) {
          jar.putNextEntry(new ZipEntry(root.relativize(file).toString()));
          Files.copy(file, jar);
        }
      }
    }
    List<Path> classPath = new ArrayList<>(JavaRuntime.jars());
    classPath.add(own);
    if (Files.isDirectory(libraries)) {
      try (Stream<Path> jars = Files.list(libraries)) {
        classPath.addAll(jars.sorted().toList());
      }
    }
    return classPath;
  }

  private String member(String room) {
    return cloud.members(room).values().iterator().next().iterator().next().value();
  }

  // ---- Their events ---------------------------------------------------------------------------

  private static String newConnection() {
    return UUID.randomUUID().toString();
  }

  private static String authorizerEvent(String connection) {
    return """
    {"type": "REQUEST",
     "methodArn": "arn:aws:execute-api:us-east-1:000000000000:local/production/$connect",
     "queryStringParameters": {"name": "Ada", "rooms": "cold"}, %s}
    """
        .formatted(context("$connect", "CONNECT", connection));
  }

  private static String connectEvent(String connection) {
    return """
    {"headers": {"Host": "localhost", "Origin": "http://localhost:8080"},
     "queryStringParameters": {"name": "Ada", "rooms": "cold"}, %s, "isBase64Encoded": false}
    """
        .formatted(context("$connect", "CONNECT", connection));
  }

  private static String messageEvent(String connection) {
    return """
    {%s, "isBase64Encoded": false,
     "body": "{\\"action\\": \\"sendMessage\\", \\"room\\": \\"%s\\", \\"message\\": \\"Hello\\"}"}
    """
        .formatted(context("sendMessage", "MESSAGE", connection), SPEAKERS);
  }

  private static String context(String routeKey, String eventType, String connection) {
    long now = System.currentTimeMillis();
    return """
    "requestContext": {"routeKey": "%s", "eventType": "%s", "messageDirection": "IN",
      "authorizer": {"principalId": "guest:1", "user": "guest:1", "sender": "Ada"},
      "stage": "production", "connectedAt": %d, "requestTimeEpoch": %d,
      "identity": {"sourceIp": "127.0.0.1", "userAgent": "bench"},
      "requestId": "%s", "domainName": "localhost", "connectionId": "%s", "apiId": "local"}
    """
        .formatted(routeKey, eventType, now, now, UUID.randomUUID(), connection);
  }

  /// @param number of the message, which is after those before it
  private static String streamEvent(long number) {
    return """
    {"Records": [{
      "eventID": "%1$d", "eventName": "INSERT", "eventSource": "aws:dynamodb",
      "eventSourceARN":
        "arn:aws:dynamodb:us-east-1:000000000000:table/ChatMessages/stream/2026-11-25T21:28:00.000",
      "dynamodb": {
        "ApproximateCreationDateTime": %2$d, "SequenceNumber": "%1$d",
        "Keys": {"room_id": {"S": "%3$s"}, "timestamp": {"N": "%1$d"}},
        "NewImage": {"room_id": {"S": "%3$s"}, "timestamp": {"N": "%1$d"},
          "id": {"S": "id-%1$d"}, "user": {"S": "guest:1"}, "sender": {"S": "Eve"},
          "message": {"S": "Hello"}}}}]}
    """
        .formatted(number, System.currentTimeMillis() / 1_000, LISTENERS);
  }
}
