package dev.parley.local.sqs;

/// SQS refuses a queue as the template gives it. The message is for the user: it names the queue
/// and what is wrong.
public final class QueueException extends RuntimeException {
  QueueException(String message, Throwable cause) {
    super(message, cause);
  }
}
