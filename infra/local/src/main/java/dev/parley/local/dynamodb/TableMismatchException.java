package dev.parley.local.dynamodb;

/// A table of an earlier run has another shape than the template gives it. The message is for the
/// user: it names the table, the difference and the folder, and the way out.
public final class TableMismatchException extends RuntimeException {
  TableMismatchException(String message) {
    super(message);
  }
}
