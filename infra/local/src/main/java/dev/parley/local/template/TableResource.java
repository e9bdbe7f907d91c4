package dev.parley.local.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An `AWS::DynamoDB::Table`.
///
/// @param logicalId its name in the template
/// @param name its `TableName`
/// @param key its primary key
/// @param attributeTypes `S`, `N` or `B` of each key attribute of the table and its indexes
/// @param indexes its global secondary indexes
/// @param streamViewType for example `NEW_IMAGE`, or null where it has no stream
/// @param timeToLiveAttribute the attribute with an item's end in epoch seconds, or null where
///     items live for ever
public record TableResource(
    String logicalId,
    String name,
    Key key,
    Map<String, String> attributeTypes,
    List<Index> indexes,
    @Nullable String streamViewType,
    @Nullable String timeToLiveAttribute) {

  /// The names of a key's attributes; `sort` is null where the key has only one.
  public record Key(String partition, @Nullable String sort) {}

  /// A global secondary index.
  ///
  /// @param projectionType `ALL`, `KEYS_ONLY` or `INCLUDE`
  /// @param nonKeyAttributes what `INCLUDE` includes
  public record Index(String name, Key key, String projectionType, List<String> nonKeyAttributes) {}
}
