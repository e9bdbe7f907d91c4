package dev.parley.table;

import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// The result of a transaction.
public sealed interface WriteResult {
  /// All its items are written.
  record Written() implements WriteResult {}

  /// Conditions did not hold; nothing is written.
  ///
  /// @param found for each item whose condition did not hold, the row that was found; without
  ///     attributes where there is none, or where the item does not ask for it
  record Refused(Map<TransactWriteItem, Row> found) implements WriteResult {
    /// The row that an item's condition did not hold for; nothing where its condition held.
    public Optional<Row> found(TransactWriteItem item) {
      return Optional.ofNullable(found.get(item));
    }
  }
}
