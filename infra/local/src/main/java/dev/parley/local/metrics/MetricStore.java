package dev.parley.local.metrics;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/// The last 15 minutes of metrics, in periods of 5 s. What belongs to another time is forgotten,
/// and so are series beyond the first 500 that have a value in these 15 minutes: a function that
/// measures with ever new dimensions costs no memory.
///
/// `Unlike AWS:` where a metric is kept for 15 months, in periods of a minute.
///
/// Safe for use by many threads.
public final class MetricStore {
  static final int PERIOD_MS = 5_000;
  static final int PERIODS = 180;
  static final int SERIES_MAX = 500;

  private final InstantSource clock;

  /// What came in all, whatever has been forgotten of it since.
  private final Map<Series, Double> totals = new HashMap<>();

  /// The periods that have values, by their number since 1970.
  private final Map<Series, TreeMap<Long, Distribution>> values = new LinkedHashMap<>();

  /// The period in which old values were last removed.
  private long swept;

  private long refused;

  public MetricStore() {
    this(InstantSource.system());
  }

  MetricStore(InstantSource clock) {
    this.clock = clock;
  }

  /// Keeps a value of now.
  public void add(Series series, double value) {
    add(series, value, clock.instant());
  }

  /// Keeps a value of another time, unless it is too long ago or ahead.
  public synchronized void add(Series series, double value, Instant at) {
    long now = sweep();
    long period = Math.floorDiv(at.toEpochMilli(), PERIOD_MS);
    count(series, value);
    if (!Double.isFinite(value) || period <= now - PERIODS || period > now) {
      return;
    }
    TreeMap<Long, Distribution> periods = values.get(series);
    if (periods == null) {
      if (values.size() == SERIES_MAX) {
        refused++;
        return;
      }
      periods = new TreeMap<>();
      values.put(series, periods);
    }
    periods.computeIfAbsent(period, p -> new Distribution()).add(value);
  }

  /// Adds to the total of a series, which may have no other values.
  synchronized void count(Series series, double value) {
    if (Double.isFinite(value) && (totals.containsKey(series) || totals.size() < SERIES_MAX)) {
      totals.merge(series, value, Double::sum);
    }
  }

  /// Removes what is too old.
  ///
  /// @return the period of now
  private long sweep() {
    long now = Math.floorDiv(clock.millis(), PERIOD_MS);
    if (now != swept) {
      swept = now;
      values.values().forEach(periods -> periods.headMap(now - PERIODS, true).clear());
      values.values().removeIf(TreeMap::isEmpty);
    }
    return now;
  }

  /// The sum of all values of each of the first 500 series since the start.
  public synchronized Map<Series, Double> totals() {
    return Map.copyOf(totals);
  }

  /// All of it, for example
  /// `{"periodMs": 5000, "periods": 180, "end": 1795654805000, "refused": 0, "series":
  /// [{"namespace": "Parley", "name": "Pushes", "dimensions": {"Service": "parley"}, "unit":
  /// "Count", "points": [[179, 1, 12, 12, 12, 12]]}]}`.
  ///
  /// `end` is the end of the period that is under way, in epoch milliseconds. A point is the number
  /// of its period, from 0 for the oldest; how many values there were; their sum; their maximum;
  /// and their 50th and 99th percentile.
  public synchronized String json() {
    long now = sweep();
    ObjectNode json = Json.MAPPER.createObjectNode();
    json.put("periodMs", PERIOD_MS).put("periods", PERIODS);
    json.put("end", (now + 1) * PERIOD_MS).put("refused", refused);
    ArrayNode all = json.putArray("series");
    values.forEach(
        (series, periods) -> {
          ObjectNode one = all.addObject();
          one.put("namespace", series.namespace()).put("name", series.name());
          ObjectNode dimensions = one.putObject("dimensions");
          series.ordered().forEach(dimensions::put);
          ArrayNode points = one.put("unit", series.unit()).putArray("points");
          periods.forEach(
              (period, of) -> {
                ArrayNode point = points.addArray().add(period - now + PERIODS - 1);
                point.add(of.count());
                add(point, of.sum());
                add(point, of.max());
                add(point, of.percentile(50));
                add(point, of.percentile(99));
              });
        });
    return json.toString();
  }

  /// A whole number without `.0`, others to the thousandth.
  private static void add(ArrayNode point, double value) {
    double rounded = Math.rint(value * 1_000) / 1_000;
    if (rounded == Math.rint(rounded) && Math.abs(rounded) < 1e15) {
      point.add((long) rounded);
    } else {
      point.add(rounded);
    }
  }
}
