package dev.parley.local.eventsource;

/// A record of a stream or a message of a queue, as a function gets it.
public interface BatchItem {
  /// The `itemIdentifier` by which the function's result names it where it failed.
  String identifier();

  /// Its element of the event's `Records`.
  byte[] json();
}
