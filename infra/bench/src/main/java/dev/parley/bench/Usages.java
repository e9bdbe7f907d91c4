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
