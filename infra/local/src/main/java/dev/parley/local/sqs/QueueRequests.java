package dev.parley.local.sqs;

/// How many requests SQS charges for one call.
public final class QueueRequests {
  /// Source: SQS pricing, "Every 64 KB chunk of a payload is billed as 1 request".
  private static final int CHUNK_BYTES = 64 * 1024;

  private QueueRequests() {}

  /// @param payloadBytes of what is sent, or received
  public static int of(int payloadBytes) {
    return Math.max(1, Math.ceilDiv(payloadBytes, CHUNK_BYTES));
  }
}
