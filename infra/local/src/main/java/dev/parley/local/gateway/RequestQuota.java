package dev.parley.local.gateway;

/// How many requests an account may make of API Gateway in a Region: a token bucket. The frames of
/// clients and the calls of `@connections` are requests alike.
///
/// @param perSecond how many tokens come each second; 0 for no quota at all
/// @param bucket how many tokens are kept at most
public record RequestQuota(int perSecond, int bucket) {
  /// No more can be asked for: a push of each connection that there can be, 60 times a second.
  public static final int MAX = 1_000_000;

  public static final RequestQuota NONE = new RequestQuota(0, 1);

  /// What AWS gives to an account in most Regions.
  public static final RequestQuota OF_AWS =
      new RequestQuota(Quotas.REQUESTS_PER_SECOND, Quotas.REQUESTS_BUCKET);

  public RequestQuota {
    if (perSecond < 0 || perSecond > MAX || bucket < 1 || bucket > MAX) {
      throw new IllegalArgumentException(
          "a quota is of 0 to %1$d requests a second, with a bucket of 1 to %1$d".formatted(MAX));
    }
  }
}
