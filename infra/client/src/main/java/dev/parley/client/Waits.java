package dev.parley.client;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/// How long a client waits.
///
/// @param ms in milliseconds; a wait that is not named is as long as PROTOCOL.md says
public record Waits(Map<Wait, Long> ms) {
  /// What PROTOCOL.md says.
  public static final Waits DEFAULT = new Waits(Map.of());

  public Waits {
    Map<Wait, Long> all = new EnumMap<>(Wait.class);
    for (Wait wait : Wait.values()) {
      all.put(wait, ms.getOrDefault(wait, wait.defaultMs));
    }
    ms = Map.copyOf(all);
  }

  /// The same but for some.
  public Waits with(Map<Wait, Long> others) {
    Map<Wait, Long> all = new EnumMap<>(ms);
    all.putAll(others);
    return new Waits(all);
  }

  public long ms(Wait wait) {
    return ms.getOrDefault(wait, wait.defaultMs);
  }

  long drawRepair() {
    return ThreadLocalRandom.current().nextLong(ms(Wait.REPAIR_MIN), ms(Wait.REPAIR_MAX) + 1);
  }

  long drawRenew() {
    return ThreadLocalRandom.current().nextLong(ms(Wait.RENEW_MIN), ms(Wait.RENEW_MAX) + 1);
  }

  /// A random part of a wait that doubles with each failure.
  long drawBackOff(int failures) {
    long doubled = ms(Wait.BACK_OFF) << Math.min(failures, 20);
    return ThreadLocalRandom.current().nextLong(Math.min(ms(Wait.BACK_OFF_MAX), doubled) + 1);
  }
}
