package dev.parley.local.faults;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Which faults are to happen, how often, and for how long. Immutable.
///
/// ```text
/// seed=7,push.throttled=0.05,push.delayed=0.1/100-1500ms,network.gone=0.001/2000ms
/// ```
///
/// Each fault has a probability, and those that take time a [Length]. The same plan with the same
/// seed decides the same: see [Faults].
///
/// @param seed where none is given, one at random
/// @param rules by kind; what is missing does not happen
public record FaultPlan(long seed, Map<Fault, Rule> rules) {
  /// No faults at all.
  public static final FaultPlan NONE = new FaultPlan(0, Map.of());

  private static final int MILLIS_MAX = 60_000;
  private static final Pattern RULE =
      Pattern.compile("([^/]*)(?:/(\\d{1,9})(?:([-~])(\\d{1,9}))?ms)?");

  /// The 99th percentile of the standard normal distribution.
  private static final double NORMAL_P99 = 2.326348;

  /// How often a fault happens, and for how long.
  ///
  /// @param probability 0 to 1
  /// @param length null where the kind takes no time
  public record Rule(double probability, @Nullable Length length) {
    public Rule {
      if (!(probability >= 0 && probability <= 1)) {
        throw new IllegalArgumentException("a probability is 0 to 1");
      }
    }

    @Override
    public String toString() {
      String often =
          new BigDecimal(Double.toString(probability)).stripTrailingZeros().toPlainString();
      return length == null ? often : often + "/" + length;
    }
  }

  /// How long a fault takes, up to a minute.
  ///
  /// - `500ms` is always the same,
  /// - `100-500ms` is evenly distributed, and
  /// - `10~40ms` is log-normally distributed, as answers of a service are: half of them take up to
  ///   10 ms, and 99 of 100 up to 40 ms.
  ///
  /// @param lowMs the shortest, or the median
  /// @param highMs the longest, or the 99th percentile
  /// @param logNormal which of the two
  public record Length(int lowMs, int highMs, boolean logNormal) {
    public Length {
      if (highMs < lowMs || highMs < 1 || highMs > MILLIS_MAX || lowMs < (logNormal ? 1 : 0)) {
        throw new IllegalArgumentException(
            "a length is 1 to %d ms, or two of these with the lower one first"
                .formatted(MILLIS_MAX));
      }
    }

    /// No length is longer.
    public int longestMs() {
      return logNormal ? MILLIS_MAX : highMs;
    }

    long micros(RandomGenerator random) {
      if (!logNormal) {
        return 1_000L * random.nextInt(lowMs, highMs + 1);
      }
      double sigma = Math.log((double) highMs / lowMs) / NORMAL_P99;
      double micros = 1_000 * lowMs * Math.exp(sigma * random.nextGaussian());
      return Math.min(1_000L * MILLIS_MAX, Math.round(micros));
    }

    @Override
    public String toString() {
      return lowMs == highMs
          ? highMs + "ms"
          : "%d%s%dms".formatted(lowMs, logNormal ? "~" : "-", highMs);
    }
  }

  public FaultPlan {
    Map<Fault, Rule> sorted = new EnumMap<>(Fault.class);
    sorted.putAll(rules);
    sorted.forEach(
        (fault, rule) -> {
          if (fault.timed() != (rule.length() != null)) {
            throw new IllegalArgumentException(
                fault + (fault.timed() ? " takes a length" : " takes no length"));
          }
        });
    rules = Collections.unmodifiableMap(sorted);
  }

  /// Reads a plan; nothing is [#NONE].
  ///
  /// @throws IllegalArgumentException with a line that names what is wrong and what is allowed
  public static FaultPlan parse(String description) {
    if (description.isBlank()) {
      return NONE;
    }
    @Nullable Long seed = null;
    Map<Fault, Rule> rules = new EnumMap<>(Fault.class);
    for (String part : description.split(",", -1)) {
      String[] sides = part.strip().split("=", 2);
      String name = sides[0].strip();
      String value = sides.length == 2 ? sides[1].strip() : "";
      if (name.equals("seed")) {
        requireFirst(name, seed == null);
        seed = seed(value);
      } else {
        Fault fault = fault(name);
        requireFirst(name, !rules.containsKey(fault));
        rules.put(fault, rule(fault, value));
      }
    }
    return new FaultPlan(
        seed == null ? ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE) : seed, rules);
  }

  private static void requireFirst(String name, boolean first) {
    if (!first) {
      throw new IllegalArgumentException(name + " is given twice");
    }
  }

  private static long seed(String value) {
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "seed=%s is not a whole number, for example seed=7".formatted(value));
    }
  }

  private static Fault fault(String name) {
    return Stream.of(Fault.values())
        .filter(fault -> fault.key().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "there is no fault `%s`; there are: seed, %s"
                        .formatted(
                            name,
                            Arrays.stream(Fault.values())
                                .map(Fault::key)
                                .collect(Collectors.joining(", ")))));
  }

  private static Rule rule(Fault fault, String value) {
    Matcher matcher = RULE.matcher(value);
    try {
      if (matcher.matches() && fault.timed() == (matcher.group(2) != null)) {
        return new Rule(
            Double.parseDouble(matcher.group(1)), fault.timed() ? length(matcher) : null);
      }
    } catch (IllegalArgumentException e) {
      // Refused below, like everything that is not a rule.
    }
    throw new IllegalArgumentException(
        "%1$s=%2$s: give a probability from 0 to 1%3$s, for example %1$s=0.05%4$s"
            .formatted(
                fault,
                value,
                fault.timed()
                    ? " and a length of up to %d ms".formatted(MILLIS_MAX)
                    : " and no length",
                fault.timed() ? "/500ms or %s=0.05/100-500ms".formatted(fault) : ""));
  }

  private static Length length(Matcher rule) {
    int low = Integer.parseInt(rule.group(2));
    int high = rule.group(4) == null ? low : Integer.parseInt(rule.group(4));
    return new Length(low, high, "~".equals(rule.group(3)));
  }

  /// Whether one of these can happen.
  public boolean hasAny(Fault... faults) {
    return Stream.of(faults).anyMatch(rules::containsKey);
  }

  /// As [#parse] reads it, with the seed.
  @Override
  public String toString() {
    return Stream.concat(
            Stream.of("seed=" + seed),
            rules.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()))
        .collect(Collectors.joining(","));
  }
}
