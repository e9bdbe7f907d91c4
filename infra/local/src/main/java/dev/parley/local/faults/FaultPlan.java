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

/// Which faults are to happen, and how often. Immutable.
///
/// ```text
/// seed=7,push.throttled=0.05,push.delayed=0.1/100-1500ms,network.gone=0.001/2000ms
/// ```
///
/// Each fault has a probability, and those that take time a length, or a range of lengths. The same
/// plan with the same seed decides the same: see [Faults].
///
/// @param seed where none is given, one at random
/// @param rules by kind; what is missing does not happen
public record FaultPlan(long seed, Map<Fault, Rule> rules) {
  /// No faults at all.
  public static final FaultPlan NONE = new FaultPlan(0, Map.of());

  private static final int MILLIS_MAX = 60_000;
  private static final Pattern RULE = Pattern.compile("([^/]*)(?:/(\\d{1,9})(?:-(\\d{1,9}))?ms)?");

  /// How often a fault happens, and for how long.
  ///
  /// @param probability 0 to 1
  /// @param millisMin the shortest; 0 where the kind takes no time
  /// @param millisMax the longest; 0 where the kind takes no time
  public record Rule(double probability, int millisMin, int millisMax) {
    public Rule {
      if (!(probability >= 0 && probability <= 1)) {
        throw new IllegalArgumentException("a probability is 0 to 1");
      }
      if (millisMin < 0 || millisMax < millisMin || millisMax > MILLIS_MAX) {
        throw new IllegalArgumentException(
            "a length is 1 to %d ms, or two of these with the lower one first"
                .formatted(MILLIS_MAX));
      }
    }

    int millis(RandomGenerator random) {
      return random.nextInt(millisMin, millisMax + 1);
    }

    @Override
    public String toString() {
      String often =
          new BigDecimal(Double.toString(probability)).stripTrailingZeros().toPlainString();
      return millisMax == 0
          ? often
          : millisMin == millisMax
              ? "%s/%dms".formatted(often, millisMax)
              : "%s/%d-%dms".formatted(often, millisMin, millisMax);
    }
  }

  public FaultPlan {
    Map<Fault, Rule> sorted = new EnumMap<>(Fault.class);
    sorted.putAll(rules);
    sorted.forEach(
        (fault, rule) -> {
          if (fault.timed() != rule.millisMax() > 0) {
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
        int min = fault.timed() ? Integer.parseInt(matcher.group(2)) : 0;
        int max = matcher.group(3) == null ? min : Integer.parseInt(matcher.group(3));
        if (!fault.timed() || max > 0) {
          return new Rule(Double.parseDouble(matcher.group(1)), min, max);
        }
      }
    } catch (IllegalArgumentException e) {
      // Told below, like whatever else is no rule.
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
