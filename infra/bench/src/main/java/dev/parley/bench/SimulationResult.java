package dev.parley.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// What became of the connections of a [Simulation].
///
/// @param binds the quota that refused first, or `nothing`. Presence is a hint, and does not
///     count.
/// @param pushSecondsMax how long a batch took until its last push
/// @param presence pushes that tell who came and left
/// @param backAfterSeconds when the last of the office was back; 0 where there is no office,
///     infinite where it was not
record SimulationResult(
    String binds,
    long requests,
    long requestsRefused,
    long connectsRefused,
    long invocationsRefused,
    int requestsASecondMax,
    int connectsASecondMax,
    int concurrencyMax,
    double pushSecondsMax,
    long presence,
    long presenceDropped,
    double backAfterSeconds) {
  boolean holds() {
    return binds.equals("nothing");
  }

  private static double percent(long part, long of) {
    return 100.0 * part / Math.max(1, of);
  }

  Map<String, Double> row() {
    Map<String, Double> row = new LinkedHashMap<>();
    row.put("requests/s", (double) requestsASecondMax);
    row.put("refused %", percent(requestsRefused, requests));
    row.put("connects/s", (double) connectsASecondMax);
    row.put("refused", (double) connectsRefused);
    row.put("at work", (double) concurrencyMax);
    row.put("push wait s", pushSecondsMax);
    row.put("presence dropped %", percent(presenceDropped, presence));
    row.put("back after s", Math.min(backAfterSeconds, Simulation.SECONDS));
    return row;
  }

  void write(ObjectNode to) {
    to.put("binds", binds);
    to.put("requestsASecondMax", requestsASecondMax);
    to.put("requestsRefusedPercent", rounded(percent(requestsRefused, requests)));
    to.put("connectsASecondMax", connectsASecondMax);
    to.put("connectsRefused", connectsRefused);
    to.put("concurrencyMax", concurrencyMax);
    to.put("invocationsRefused", invocationsRefused);
    to.put("pushSecondsMax", rounded(pushSecondsMax));
    to.put("presenceDroppedPercent", rounded(percent(presenceDropped, presence)));
    if (backAfterSeconds == Double.POSITIVE_INFINITY) {
      to.put(
          "back",
          String.format(
              Locale.ROOT, "not within %d s", Simulation.SECONDS - Simulation.TROUBLE_AT_SECOND));
    } else if (backAfterSeconds > 0) {
      to.put("back", String.format(Locale.ROOT, "%.0f s", backAfterSeconds));
    } else {
      to.put("back", "");
    }
  }

  private static double rounded(double value) {
    return Math.rint(value * 100) / 100;
  }
}
