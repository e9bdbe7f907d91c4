package dev.parley.fanout;

/// What became of one push to one connection.
sealed interface Delivery {
  record Delivered() implements Delivery {}

  /// The socket closed earlier (410, or 400 "Invalid connectionId"): forget it, and carry on.
  record Gone() implements Delivery {}

  /// 429: too many pushes at once, or this client does not read. It says nothing against the
  /// connection.
  record Throttled() implements Delivery {}

  /// The gateway failed or did not answer in time; the push may have arrived.
  record Failed(String cause) implements Delivery {}

  /// The time for it was over before it was pushed, or before the gateway had answered: then it may
  /// still arrive.
  record Late() implements Delivery {}
}
