package dev.parley.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What [Units] has written: what each action uses, in a room of so many members.
record Usages(Map<Action, Usage> byAction) {
  record Action(String name, int members) {}

  /// @param units `docs/units.json`
  static Usages read(JsonNode units) {
    Map<Action, Usage> byAction = new LinkedHashMap<>();
    for (JsonNode action : units.path("actions")) {
      byAction.put(
          new Action(action.path("action").asText(), action.path("members").asInt()),
          Usage.read(action.path("usage")));
    }
    return new Usages(byAction);
  }

  /// The time that functions are charged for, GB-seconds, where none of them waits for the
  /// processor that it has to itself on AWS: each invocation takes as long as it does in quiet.
  ///
  /// @param usage from a machine that has too much to do
  Usage inQuiet(Usage usage) {
    Usage all =
        byAction.values().stream().reduce(new Usage(Map.of()), (sum, each) -> sum.plus(each, 1));
    Usage timed = usage;
    for (Map.Entry<String, Double> measured : usage.by("gbSeconds").entrySet()) {
      String function = measured.getKey();
      double invocations = all.amount("invocations", function);
      if (invocations > 0) {
        double each = all.amount("gbSeconds", function) / invocations;
        double quiet = each * usage.amount("invocations", function);
        timed = timed.with("gbSeconds", function, quiet - measured.getValue());
      }
    }
    return timed;
  }

  /// One that does not depend on who else is there.
  Usage of(String action) {
    return of(action, 1);
  }

  /// @throws IllegalStateException where it was not measured
  Usage of(String action, int members) {
    Usage usage = byAction.get(new Action(action, members));
    if (usage == null) {
      throw new IllegalStateException(
          "docs/units.json has no %s with %d members".formatted(action, members));
    }
    return usage;
  }

  /// The rooms that were measured, but for the one where nobody else is, in ascending order.
  List<Integer> rooms() {
    return byAction.keySet().stream()
        .filter(action -> action.name().equals("message") && action.members() > 1)
        .map(Action::members)
        .sorted()
        .toList();
  }
}
