package dev.parley.local.dynamodb;

/// A table cannot be used as the template describes it: an earlier run made it with another shape,
/// or DynamoDB refuses it. The message is for the user: it names the table, what is wrong, and the
/// way out.
public final class TableException extends RuntimeException {
  TableException(String message) {
    super(message);
  }

  TableException(String message, Throwable cause) {
    super(message, cause);
  }
}
