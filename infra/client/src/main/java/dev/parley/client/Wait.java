package dev.parley.client;

/// What a client waits for, under the names of PROTOCOL.md. Two of a kind are a range, from which
/// each wait is drawn anew.
public enum Wait {
  OVERLAP(10_000),
  REPAIR_MIN(300),
  REPAIR_MAX(1_000),
  SETTLE(2_000),
  LOOK_MIN(5_000),
  LOOK_MAX(10_000),
  PING(60_000),
  PING_MAX(8 * 60_000),
  REPLY(30_000),
  PROBE(10_000),
  OPEN(15_000),
  BACK_OFF(1_000),
  BACK_OFF_MAX(30_000),
  RENEW_MIN(95 * 60_000),
  RENEW_MAX(115 * 60_000),
  LINGER(5_000),
  RESEND_MAX(20 * 3_600_000);

  /// How long it is, unless [Waits] say otherwise.
  final long defaultMs;

  Wait(long defaultMs) {
    this.defaultMs = defaultMs;
  }
}
