package dev.parley.local;

import dev.parley.local.faults.FaultPlan;
import dev.parley.local.gateway.RequestQuota;
import dev.parley.local.lambda.FunctionProcesses.Limits;
import dev.parley.local.origins.Origins;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.function.DoublePredicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A setting of the local cloud: the one place that says what it is called, which values it takes,
/// what it does, and what counts where it is not given.
///
/// `DYNAMODB_PORT` is the property `parley.dynamodb.port`, and `--dynamodb-port` as an argument. A
/// value that is blank is as good as none.
enum Setting {
  TEMPLATE("file", "the template that is run", (o, file) -> o.withTemplate(path(file))),
  PORT("port", "WebSockets and pages; 0 takes a free one [8080]", Setting::port),
  DYNAMODB_PORT("port", "DynamoDB Local [0]", (o, port) -> o.withDynamoDbPort(port(port))),
  SQS_PORT("port", "ElasticMQ, which plays SQS [0]", (o, port) -> o.withSqsPort(port(port))),
  XRAY_PORT(
      "port", "the X-Ray daemon, UDP [2000 if free]", (o, port) -> o.withXrayPort(port(port))),
  DATA("folder", "keeps tables between runs [memory: keeps none]", Setting::data),
  DYNAMODB(
      "folder",
      "DynamoDB Local: AWS's download [Maven's repository]",
      (o, folder) -> o.withDynamoDb(folder(folder))),
  TLS("folder", "keeps the certificate of https and wss [~/.parley]", (o, f) -> o.withTls(path(f))),
  FUNCTIONS("where", "process: all in processes, Parley's own too [jvm]", Setting::functions),
  FUNCTIONS_MAX("n", "processes, and seconds idle [2, 300]", Setting::functionsMax),
  FUNCTIONS_IDLE("s", Setting.TOLD, Setting::functionsIdle),
  WATCH("", "takes up code that has changed", (o, on) -> o.withWatch(bool(on))),
  PARAMETERS(
      "list",
      "of the template, as sam deploy takes them",
      (o, list) -> o.withParameters(SamConfig.overrides(list))),
  SAMCONFIG("file", "or none [beside the template, default]", Setting::samconfig),
  CONFIG_ENV("name", Setting.TOLD, (o, name) -> o),
  SITE("folder", "a static page, served at /", (o, folder) -> o.withSite(folder(folder))),
  ISSUER("local", "an issuer of tokens, with a page to sign in", Setting::issuer),
  ORIGINS("list", "other pages that may use it", (o, list) -> o.withOrigins(Origins.parse(list))),
  POLLS_PER_SECOND("n", "how often each stream is polled a second [4]", Setting::polls),
  QUOTA("n", "requests a second, and at once [10000, 5000]", Setting::quota),
  QUOTA_BUCKET("n", Setting.TOLD, Setting::quotaBucket),
  IDLE_SECONDS("s", "until it is closed [600, 7200]", Setting::idleSeconds),
  CONNECTION_SECONDS("s", Setting.TOLD, Setting::connectionSeconds),
  SIGV4("", "verifies the signatures of @connections", (o, on) -> o.withSigv4(bool(on))),
  SAMPLING("share", "of invocations that are traced, 0 to 1 [1]", Setting::sampling),
  FAULTS(
      "plan", "what goes wrong, such as push.lost=0.1", (o, p) -> o.withFaults(FaultPlan.parse(p)));

  /// What a value does to options.
  private interface Effect {
    /// @throws IllegalArgumentException whose message goes on after name and value
    Options apply(Options options, String value);
  }

  static final String PREFIX = "parley.";

  /// The meaning of a setting that stands on one line of the help with the one before it.
  private static final String TOLD = "";

  static final String MEMORY = "memory";

  /// Names in messages are those of properties.
  private static final Pattern NAMED =
      Pattern.compile(
          "(?<![\\w./-])(?:-D)?parley\\.(%s)(?![\\w.])"
              .formatted(
                  Arrays.stream(values())
                      .map(setting -> setting.suffix().replace(".", "\\."))
                      .sorted(Comparator.comparingInt(String::length).reversed())
                      .collect(Collectors.joining("|"))));

  private final String value;
  private final String meaning;

  @SuppressWarnings("ImmutableEnumChecker") // a method, which keeps nothing
  private final Effect effect;

  /// @param value what kind of value it takes, or nothing for a switch
  /// @param meaning with what counts unless it is given in brackets, or [#TOLD]
  Setting(String value, String meaning, Effect effect) {
    this.value = value;
    this.meaning = meaning;
    this.effect = effect;
  }

  private String suffix() {
    return name().toLowerCase(Locale.ROOT).replace('_', '.');
  }

  /// `parley.dynamodb.port`.
  String property() {
    return PREFIX + suffix();
  }

  /// `--dynamodb-port`.
  String argument() {
    return "--" + suffix().replace('.', '-');
  }

  boolean isSwitch() {
    return value.isEmpty();
  }

  /// `--dynamodb-port <port>`.
  String usage() {
    return isSwitch() ? argument() : "%s <%s>".formatted(argument(), value);
  }

  String meaning() {
    return meaning;
  }

  /// Whether the help tells of it together with the setting before it.
  boolean isToldBefore() {
    return meaning.equals(TOLD);
  }

  /// Options with this one.
  ///
  /// @throws StartException that names the setting, the value, and what was expected
  Options apply(Options options, String given) throws StartException {
    try {
      return effect.apply(options, given.strip());
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw new StartException(
          "%s=%s%s%s".formatted(property(), given, message.startsWith(" ") ? "" : ": ", message),
          e);
    }
  }

  /// A message for somebody who gave arguments: `--data=…` instead of `-Dparley.data=…`.
  static String asArguments(String message) {
    return NAMED
        .matcher(message)
        .replaceAll((MatchResult named) -> "--" + named.group(1).replace('.', '-'));
  }

  /// The name among others that is most like a wrong one, or null where none is.
  static @Nullable String nearest(String wrong, Stream<String> names) {
    return names
        .filter(name -> distance(wrong, name) <= Math.max(2, wrong.length() / 4))
        .min(Comparator.comparingInt(name -> distance(wrong, name)))
        .orElse(null);
  }

  /// How many characters must be put in, taken out or changed to make one of the other
  /// (Levenshtein).
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    Arrays.setAll(row, j -> j);
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int above = row[j];
        int changed = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(changed, Math.min(above, row[j - 1]) + 1);
        diagonal = above;
      }
    }
    return row[b.length()];
  }

  // ---- Values ---------------------------------------------------------------------------------

  private static Path path(String value) {
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(" is no path: " + e.getReason(), e);
    }
  }

  private static Path folder(String value) {
    Path folder = path(value);
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(" is no folder: correct or omit it");
    }
    return folder;
  }

  private static int port(String value) {
    try {
      int port = Integer.parseInt(value);
      if (port >= 0 && port <= 65_535) {
        return port;
      }
    } catch (NumberFormatException e) {
      // Told below, like a number out of range.
    }
    throw new IllegalArgumentException(
        " is not a port: give a number from 1 to 65535, or 0 for a free one");
  }

  private static double number(String value, DoublePredicate allowed, String expected) {
    try {
      double number = Double.parseDouble(value);
      if (allowed.test(number)) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below, like a number out of range.
    }
    throw new IllegalArgumentException(expected);
  }

  private static int whole(String value, int min, int max, String expected) {
    return (int)
        number(value, n -> n >= min && n <= max && n == Math.rint(n), expected.formatted(min, max));
  }

  private static Options port(Options options, String value) {
    return options.withPort(port(value));
  }

  private static Options data(Options options, String value) {
    return options.withData(value.equals(MEMORY) ? null : path(value));
  }

  private static Options functions(Options options, String value) {
    return switch (value) {
      case "jvm" -> options.withInProcesses(false);
      case "process" -> options.withInProcesses(true);
      default ->
          throw new IllegalArgumentException(
              "give jvm, or process for packages in processes of their own");
    };
  }

  private static Options functionsMax(Options options, String value) {
    int max = whole(value, 1, Limits.MAX, "give a whole number of processes from %d to %d");
    return options.withLimits(new Limits(max, options.limits().idle()));
  }

  private static Options functionsIdle(Options options, String value) {
    double seconds =
        number(
            value,
            s -> s >= 1 && s <= Limits.IDLE_SECONDS_MAX,
            "give seconds from 1 to " + Limits.IDLE_SECONDS_MAX);
    return options.withLimits(
        new Limits(options.limits().max(), Duration.ofMillis((long) (seconds * 1_000))));
  }

  /// It is read when all else is known.
  private static Options samconfig(Options options, String value) {
    if (!value.equals(SamConfig.NONE) && !Files.isRegularFile(path(value))) {
      throw new IllegalArgumentException(" is no file: correct or omit it");
    }
    return options;
  }

  private static boolean bool(String value) {
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("give true or false");
    };
  }

  private static Options issuer(Options options, String value) {
    if (!value.equals("local")) {
      throw new IllegalArgumentException(
          "give local, or nothing; another issuer is told to the template by its parameters");
    }
    return options.withIssuer(true);
  }

  private static Options polls(Options options, String value) {
    return options.withPollsPerSecond(
        number(
            value,
            polls -> polls > 0 && polls <= 1_000,
            "give a number above 0 and up to 1000; AWS polls 4 times"));
  }

  private static Options sampling(Options options, String value) {
    return options.withSampling(
        number(
            value,
            share -> share >= 0 && share <= 1,
            "give the share of invocations that begin a trace, from 0 to 1"));
  }

  private static Options quota(Options options, String value) {
    int requests =
        whole(
            value,
            0,
            RequestQuota.MAX,
            "give a whole number of requests from %d to %d; 0 is no quota");
    return options.withQuota(new RequestQuota(requests, options.quota().bucket()));
  }

  /// What is no number is out of its bounds.
  private static double seconds(String value) {
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException _) {
      return Double.NaN;
    }
  }

  private static Options idleSeconds(Options options, String value) {
    return options.withBounds(options.bounds().withIdleSeconds(seconds(value)));
  }

  private static Options connectionSeconds(Options options, String value) {
    return options.withBounds(options.bounds().withConnectionSeconds(seconds(value)));
  }

  private static Options quotaBucket(Options options, String value) {
    int requests =
        whole(value, 1, RequestQuota.MAX, "give a whole number of requests from %d to %d");
    return options.withQuota(new RequestQuota(options.quota().perSecond(), requests));
  }
}
