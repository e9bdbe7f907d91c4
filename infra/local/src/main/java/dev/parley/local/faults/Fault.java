package dev.parley.local.faults;

/// A kind of fault. Each says when it is decided whether it happens; that is its n-th decision.
public enum Fault {
  /// A push (`@connections` POST to an open connection) is handled, and answered, that much later.
  PUSH_DELAYED("push.delayed", true),

  /// A push is answered 429 and not sent.
  PUSH_THROTTLED("push.throttled", false),

  /// A push is answered 410 and not sent, although the socket lives.
  PUSH_GONE("push.gone", false),

  /// A push is answered 500 and not sent.
  PUSH_FAILED("push.failed", false),

  /// A push is answered 200 and not sent.
  PUSH_LOST("push.lost", false),

  /// A push is sent, and its caller gets no answer: the socket ends without one.
  PUSH_ANSWER_LOST("push.answer.lost", false),

  /// An invocation is killed before its handler runs.
  FUNCTION_KILLED_AT_START("function.killed.at.start", false),

  /// A function is killed at a call of DynamoDB, SQS or `@connections`, which does not get there.
  /// Decided for each call.
  FUNCTION_KILLED_BEFORE_CALL("function.killed.before.call", false),

  /// A function is killed at a call of DynamoDB, SQS or `@connections`, which had its effect.
  /// Decided for each call.
  FUNCTION_KILLED_AFTER_CALL("function.killed.after.call", false),

  /// An invocation is killed after its handler has returned: its result is lost.
  FUNCTION_KILLED_AT_END("function.killed.at.end", false),

  /// An instance of a function stands still for that long, and then goes on: at a call of DynamoDB,
  /// SQS or `@connections` before it gets there, or behind a look at its clock. Decided for each of
  /// both.
  FUNCTION_FROZEN("function.frozen", true),

  /// The clock of an instance of a function is ahead or behind by that much: two of them differ by
  /// up to twice that. Decided for each instance.
  CLOCK_SKEW("clock.skew", true),

  /// A stream batch is delivered that much later.
  STREAM_DELAYED("stream.delayed", true),

  /// A stream batch of several records is delivered in two parts. Decided for those only.
  STREAM_SPLIT("stream.split", false),

  /// A stream batch is delivered again after it was processed.
  STREAM_DUPLICATED("stream.duplicated", false),

  /// Messages of a queue's batch come in another order; those of one message group keep theirs.
  /// Decided where there is another order.
  QUEUE_REORDERED("queue.reordered", false),

  /// A queue's batch is delivered again after it was processed.
  QUEUE_DUPLICATED("queue.duplicated", false),

  /// A call of DynamoDB is throttled: of a batch a part, of anything else all.
  DYNAMODB_THROTTLED("dynamodb.throttled", false),

  /// A call of DynamoDB has its effect, and its caller gets no answer: the socket ends without one.
  DYNAMODB_ANSWER_LOST("dynamodb.answer.lost", false),

  /// A write of DynamoDB takes effect that much later, and its caller gets no answer: the socket
  /// ends at once. Decided for each write.
  DYNAMODB_LATE("dynamodb.late", true),

  /// A query or scan of an index is answered as one like it was answered before, at most so long
  /// ago. Decided where there was one within the longest time of the plan.
  INDEX_LAG("index.lag", true),

  /// A connection ends, and `$disconnect` is not told.
  DISCONNECT_LOST("disconnect.lost", false),

  /// A client's socket is cut at a frame that came in, which is lost. Decided for each frame.
  SOCKET_CUT_IN("socket.cut.in", false),

  /// A client's socket is cut at a frame that was to go out, which is lost. Decided for each frame.
  SOCKET_CUT_OUT("socket.cut.out", false),

  /// All clients' sockets are cut, and for so long new ones are refused. Decided for each frame in
  /// either direction.
  NETWORK_GONE("network.gone", true),

  /// For so long nothing moves in any client's socket, and new ones are refused; then all that
  /// waited goes on its way. Decided for each frame in either direction.
  NETWORK_FROZEN("network.frozen", true);

  private final String key;
  private final boolean timed;

  Fault(String key, boolean timed) {
    this.key = key;
    this.timed = timed;
  }

  /// Its name in a plan, for example `push.throttled`.
  public String key() {
    return key;
  }

  /// Whether a plan says for how long.
  public boolean timed() {
    return timed;
  }

  @Override
  public String toString() {
    return key;
  }
}
