package dev.parley.e2e;

import java.net.URI;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/// Notes which rows of a DynamoDB Local are written: each call that has succeeded, not those whose
/// condition failed. Each client of the AWS SDK in this module has it, as [CallRecorder].
public final class TableWrites implements ExecutionInterceptor {
  private static final Pattern ASSIGNED =
      Pattern.compile("(?:\\b(?:SET|REMOVE|ADD|DELETE) |, )(#?\\w+)");

  /// By the port of their DynamoDB Local.
  private static final Map<Integer, Listener> LISTENERS = new ConcurrentHashMap<>();

  private record Listener(List<Write> writes, Set<String> expressions) {}

  /// One row that was written.
  ///
  /// @param row its key, among other attributes where it was put
  /// @param attributes those that an update has set; none where the row was put or deleted
  record Write(String table, Map<String, AttributeValue> row, Set<String> attributes) {}

  /// As the AWS SDK makes it.
  public TableWrites() {}

  /// Notes from now on what is written there, on whatever thread.
  ///
  /// @param writes is added to by one call at a time
  /// @param expressions gets each expression of each call, of those that only read too
  static void listen(URI dynamoDb, List<Write> writes, Set<String> expressions) {
    LISTENERS.put(dynamoDb.getPort(), new Listener(writes, expressions));
  }

  static void stop(URI dynamoDb) {
    LISTENERS.remove(dynamoDb.getPort());
  }

  @Override
  public void afterExecution(Context.AfterExecution context, ExecutionAttributes attributes) {
    Listener listening = LISTENERS.get(context.httpRequest().port());
    if (listening == null) {
      return;
    }
    listening.expressions().addAll(expressions(context.request()));
    List<Write> writes = new ArrayList<>();
    switch (context.request()) {
      case PutItemRequest put -> writes.add(new Write(put.tableName(), put.item(), Set.of()));
      case DeleteItemRequest delete ->
          writes.add(new Write(delete.tableName(), delete.key(), Set.of()));
      case UpdateItemRequest update ->
          writes.add(
              new Write(
                  update.tableName(),
                  update.key(),
                  assigned(update.updateExpression(), update.expressionAttributeNames())));
      case TransactWriteItemsRequest transaction ->
          transaction.transactItems().stream().flatMap(TableWrites::write).forEach(writes::add);
      case BatchWriteItemRequest batch ->
          batch
              .requestItems()
              .forEach(
                  (table, requests) ->
                      requests.forEach(
                          request ->
                              writes.add(
                                  new Write(
                                      table,
                                      request.putRequest() == null
                                          ? request.deleteRequest().key()
                                          : request.putRequest().item(),
                                      Set.of()))));
      default -> {}
    }
    synchronized (listening.writes()) {
      listening.writes().addAll(writes);
    }
  }

  /// Whatever DynamoDB would parse.
  private static List<String> expressions(SdkPojo of) {
    List<String> found = new ArrayList<>();
    for (SdkField<?> field : of.sdkFields()) {
      Object value = field.getValueOrDefault(of);
      if (field.memberName().endsWith("Expression") && value instanceof String expression) {
        found.add(expression);
      } else if (value instanceof SdkPojo part && !(part instanceof AttributeValue)) {
        found.addAll(expressions(part));
      } else if (value instanceof List<?> parts) {
        for (Object part : parts) {
          if (part instanceof SdkPojo each) {
            found.addAll(expressions(each));
          }
        }
      }
    }
    return found;
  }

  private static Stream<Write> write(TransactWriteItem item) {
    if (item.put() != null) {
      return Stream.of(new Write(item.put().tableName(), item.put().item(), Set.of()));
    }
    if (item.delete() != null) {
      return Stream.of(new Write(item.delete().tableName(), item.delete().key(), Set.of()));
    }
    return item.update() == null
        ? Stream.empty()
        : Stream.of(
            new Write(
                item.update().tableName(),
                item.update().key(),
                assigned(
                    item.update().updateExpression(), item.update().expressionAttributeNames())));
  }

  /// The attributes that an update expression sets or removes.
  static Set<String> assigned(String expression, Map<String, String> names) {
    Set<String> found = new HashSet<>();
    Matcher name = ASSIGNED.matcher(expression);
    while (name.find()) {
      found.add(names.getOrDefault(name.group(1), name.group(1)));
    }
    return found;
  }
}
