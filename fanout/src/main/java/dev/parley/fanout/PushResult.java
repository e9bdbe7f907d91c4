package dev.parley.fanout;

/// What became of one push to one connection.
sealed interface PushResult {
  record Delivered() implements PushResult {}

  /// The socket closed earlier (410, or 400 "Invalid connectionId"): forget it, and carry on.
  record Gone() implements PushResult {}

  /// 429: too many pushes at once, or this client does not read. It says nothing against the
  /// connection.
  record Throttled() implements PushResult {}

  /// The gateway failed or did not answer in time; the push may have arrived.
  record Failed(String cause) implements PushResult {}

  /// The time was over before it was pushed.
  record Late() implements PushResult {}
}
