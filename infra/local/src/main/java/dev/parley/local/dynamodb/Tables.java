package dev.parley.local.dynamodb;

import dev.parley.local.aws.LocalClients;
import dev.parley.local.template.TableResource;
import dev.parley.local.template.TableResource.Index;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.GlobalSecondaryIndex;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.Projection;
import software.amazon.awssdk.services.dynamodb.model.StreamSpecification;
import software.amazon.awssdk.services.dynamodb.model.TableDescription;

/// The tables of a template in DynamoDB Local: made where they are missing, and refused where an
/// earlier run made them otherwise.
///
/// @param folder where they are kept, to be named in a refusal; null for memory
record Tables(DynamoDbClient client, @Nullable Path folder) {
  /// Makes the tables that are missing, with their indexes and streams.
  ///
  /// Unlike AWS: a table does not know its TTL attribute. DynamoDB Local would start a sweep of its
  /// own, which fails without a word in a table with an index; [TimeToLive] sweeps all tables.
  ///
  /// @throws TableException where a table of an earlier run has another shape, or there can be no
  ///     such table
  void create(Collection<TableResource> tables) {
    Set<String> existing =
        client.listTablesPaginator().tableNames().stream().collect(Collectors.toSet());
    for (TableResource table : tables) {
      if (existing.contains(table.name())) {
        requireSameShape(table);
      } else {
        create(table);
      }
    }
  }

  private void create(TableResource table) {
    try {
      client.createTable(request(table));
    } catch (DynamoDbException e) {
      throw new TableException(
          "%s.Properties: %s".formatted(table.logicalId(), LocalClients.words(e)), e);
    }
  }

  private static CreateTableRequest request(TableResource table) {
    CreateTableRequest.Builder request =
        CreateTableRequest.builder()
            .tableName(table.name())
            .billingMode(BillingMode.PAY_PER_REQUEST)
            .keySchema(schema(table.key()))
            .attributeDefinitions(
                table.attributeTypes().entrySet().stream()
                    .map(
                        type ->
                            AttributeDefinition.builder()
                                .attributeName(type.getKey())
                                .attributeType(type.getValue())
                                .build())
                    .toList());
    if (!table.indexes().isEmpty()) {
      request.globalSecondaryIndexes(table.indexes().stream().map(Tables::index).toList());
    }
    if (table.streamViewType() != null) {
      request.streamSpecification(
          StreamSpecification.builder()
              .streamEnabled(true)
              .streamViewType(table.streamViewType())
              .build());
    }
    return request.build();
  }

  private static GlobalSecondaryIndex index(Index index) {
    Projection.Builder projection = Projection.builder().projectionType(index.projectionType());
    if (!index.nonKeyAttributes().isEmpty()) {
      projection.nonKeyAttributes(index.nonKeyAttributes());
    }
    return GlobalSecondaryIndex.builder()
        .indexName(index.name())
        .keySchema(schema(index.key()))
        .projection(projection.build())
        .build();
  }

  private static List<KeySchemaElement> schema(TableResource.Key key) {
    List<KeySchemaElement> schema = new ArrayList<>();
    schema.add(element(key.partition(), KeyType.HASH));
    if (key.sort() != null) {
      schema.add(element(key.sort(), KeyType.RANGE));
    }
    return schema;
  }

  private static KeySchemaElement element(String name, KeyType type) {
    return KeySchemaElement.builder().attributeName(name).keyType(type).build();
  }

  private void requireSameShape(TableResource table) {
    TableDescription found = client.describeTable(t -> t.tableName(table.name())).table();
    CreateTableRequest wanted = request(table);
    Map<String, Boolean> same = new LinkedHashMap<>();
    same.put("key", found.keySchema().equals(wanted.keySchema()));
    same.put(
        "key attribute types",
        Set.copyOf(found.attributeDefinitions()).equals(Set.copyOf(wanted.attributeDefinitions())));
    same.put(
        "indexes",
        found.globalSecondaryIndexes().stream()
            .map(index -> shape(index.indexName(), index.keySchema(), index.projection()))
            .collect(Collectors.toSet())
            .equals(
                wanted.globalSecondaryIndexes().stream()
                    .map(index -> shape(index.indexName(), index.keySchema(), index.projection()))
                    .collect(Collectors.toSet())));
    same.put("stream", Objects.equals(found.streamSpecification(), wanted.streamSpecification()));
    List<String> different =
        same.entrySet().stream().filter(e -> !e.getValue()).map(Map.Entry::getKey).toList();
    if (!different.isEmpty()) {
      throw new TableException(
          ("The table %s in %s was made by another template (%s): delete that folder, or choose"
                  + " another with parley.data")
              .formatted(table.name(), folder, String.join(", ", different)));
    }
  }

  private static List<Object> shape(
      String name, List<KeySchemaElement> keySchema, Projection projection) {
    return List.of(
        name, keySchema, projection.projectionType(), Set.copyOf(projection.nonKeyAttributes()));
  }
}
