package dev.parley.local.template;

import dev.parley.local.eventsource.EventFilter;
import java.util.List;
import java.util.function.Function;

/// The properties that events of all types have.
final class EventProperties {
  /// Lambda quotas, "Event filtering".
  private static final int FILTERS_MAX = 5;

  private EventProperties() {}

  static boolean reportsItemFailures(Section event) {
    List<String> types = event.strings("FunctionResponseTypes");
    for (String type : types) {
      if (!type.equals("ReportBatchItemFailures")) {
        event.refuse("FunctionResponseTypes", "`" + type + "` is not honoured here");
      }
    }
    return !types.isEmpty();
  }

  /// @param parser makes a filter of patterns
  static EventFilter filter(Section event, Function<List<String>, EventFilter> parser) {
    List<Section> filters = event.section("FilterCriteria").sections("Filters");
    if (filters.size() > FILTERS_MAX) {
      event.refuse("FilterCriteria", "a mapping has at most 5 filters");
    }
    try {
      return parser.apply(filters.stream().map(filter -> filter.string("Pattern")).toList());
    } catch (IllegalArgumentException e) {
      throw event.problem("FilterCriteria", String.valueOf(e.getMessage()));
    }
  }
}
