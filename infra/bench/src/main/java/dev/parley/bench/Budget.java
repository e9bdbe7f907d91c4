package dev.parley.bench;

import dev.parley.local.template.FunctionResource;
import dev.parley.local.template.Template;
import java.util.Map;
import java.util.Objects;

/// How many pushes a second the functions of the template make at most, kind by kind, and the sizes
/// of rooms from which they act otherwise (`docs/adr/0026`).
///
/// @param perSecond all of them together
/// @param small to small rooms at once
/// @param large to large rooms, and to small ones that are over their share
/// @param retries what could not be pushed before
/// @param coming tells who comes
/// @param leaving tells who leaves
/// @param concurrency pushes that one function has under way at once
/// @param segmentSize members of a small room, at most
/// @param batchSize segments that one function serves in one turn
/// @param presenceMax people of a room that is told who comes and leaves
record Budget(
    int perSecond,
    Share small,
    Share large,
    Share retries,
    Share coming,
    Share leaving,
    int concurrency,
    int segmentSize,
    int batchSize,
    int presenceMax) {

  /// What one kind of function has.
  ///
  /// @param functions how many of a kind are at work at once
  /// @param each pushes a second of each of them, and so many at once after a pause
  record Share(int functions, double each) {
    double all() {
      return functions * each;
    }
  }

  static Budget of(Template template) {
    Map<String, FunctionResource> functions = template.functions();
    Map<String, String> push = environment(functions, "PushFunction");
    return new Budget(
        number(push, "PUSHES_PER_SECOND"),
        share(functions, "FanoutFunction"),
        share(functions, "PushFunction"),
        share(functions, "RetryFunction"),
        share(functions, "PresenceFunction"),
        share(functions, "DepartureFunction"),
        number(push, "PUSH_CONCURRENCY"),
        number(push, "SEGMENT_SIZE"),
        template.queueMappings().stream()
            .filter(mapping -> mapping.function().equals("PushFunction"))
            .findFirst()
            .orElseThrow()
            .batchSize(),
        number(push, "PRESENCE_MAX"));
  }

  private static Share share(Map<String, FunctionResource> functions, String name) {
    Map<String, String> environment = environment(functions, name);
    int count = number(environment, "PUSH_SHARE_FUNCTIONS");
    double percent = number(environment, "PUSH_SHARE_PERCENT");
    return new Share(count, number(environment, "PUSHES_PER_SECOND") * percent / 100 / count);
  }

  private static Map<String, String> environment(
      Map<String, FunctionResource> functions, String name) {
    return Objects.requireNonNull(functions.get(name), name).environment();
  }

  private static int number(Map<String, String> environment, String name) {
    return Integer.parseInt(Objects.requireNonNull(environment.get(name), name));
  }

  /// How many turns of a function a room takes: its segments are a power of two.
  int turns(int members) {
    if (members <= segmentSize) {
      return 1;
    }
    long power = Math.max(1, Math.round(Math.log((double) members / segmentSize) / Math.log(2)));
    return Math.ceilDiv(1 << power, batchSize);
  }
}
