package dev.parley.local.template;

/// How many requests of a route API Gateway lets pass: a token bucket.
///
/// Source: "Protect your WebSocket APIs in API Gateway", API Gateway developer guide.
///
/// @param perSecond how many tokens come each second
/// @param burst how many tokens are kept at most
public record Throttling(int perSecond, int burst) {
  /// No more can be asked for.
  public static final int MAX = 1_000_000;
}
