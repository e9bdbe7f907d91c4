package dev.parley.platform;

import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;

/// Records the calls of a client of the AWS SDK, all attempts of a call as one. A call to several
/// tables is a node for each.
final class Calls implements ExecutionInterceptor {
  /// The step that a call is made in, and when it began.
  private record Begun(Span step, Instant at) {}

  /// X-Ray's names of services, where they are not the SDK's.
  private static final Map<String, String> NAMES = Map.of("DynamoDb", "DynamoDB", "Sqs", "SQS");

  private static final ExecutionAttribute<Begun> BEGUN = new ExecutionAttribute<>("parley.begun");

  @Override
  public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
    Trace.current()
        .ifPresent(step -> attributes.putAttribute(BEGUN, new Begun(step, Instant.now())));
  }

  @Override
  public void afterExecution(Context.AfterExecution context, ExecutionAttributes attributes) {
    record(context.request(), attributes, null);
  }

  @Override
  public void onExecutionFailure(Context.FailedExecution context, ExecutionAttributes attributes) {
    record(context.request(), attributes, context.exception());
  }

  private static void record(
      SdkRequest request, ExecutionAttributes attributes, @Nullable Throwable failure) {
    Begun begun = attributes.getAttribute(BEGUN);
    if (begun == null) {
      return;
    }
    String service =
        Objects.requireNonNullElse(
            attributes.getAttribute(SdkExecutionAttribute.SERVICE_NAME), "AWS");
    String operation =
        Objects.requireNonNullElse(
            attributes.getAttribute(SdkExecutionAttribute.OPERATION_NAME), "");
    for (Map<String, String> resource : resources(request)) {
      Map<String, String> call = new LinkedHashMap<>();
      call.put("operation", operation);
      call.putAll(resource);
      begun.step().called(NAMES.getOrDefault(service, service), call, begun.at(), results(failure));
    }
  }

  private static Span.CallResults results(@Nullable Throwable failure) {
    if (failure instanceof AwsServiceException refused) {
      boolean throttled = refused.isThrottlingException();
      boolean error = refused.statusCode() < 500;
      return new Span.CallResults(1, throttled ? 1 : 0, error, !error);
    }
    return new Span.CallResults(1, 0, false, failure != null);
  }

  private static List<Map<String, String>> resources(SdkRequest request) {
    return switch (request) {
      case TransactWriteItemsRequest r ->
          tables(r.transactItems().stream().flatMap(Calls::table).distinct().toList());
      case BatchGetItemRequest r -> tables(r.requestItems().keySet());
      case BatchWriteItemRequest r -> tables(r.requestItems().keySet());
      default ->
          List.of(
              named(request, "TableName", "table_name")
                  .or(() -> named(request, "QueueUrl", "queue_url"))
                  .orElse(Map.of()));
    };
  }

  private static List<Map<String, String>> tables(Collection<String> names) {
    return names.stream().map(name -> Map.of("table_name", name)).toList();
  }

  private static Stream<String> table(TransactWriteItem item) {
    return Stream.of(
            Optional.ofNullable(item.put()).map(put -> put.tableName()),
            Optional.ofNullable(item.update()).map(update -> update.tableName()),
            Optional.ofNullable(item.delete()).map(delete -> delete.tableName()),
            Optional.ofNullable(item.conditionCheck()).map(check -> check.tableName()))
        .flatMap(Optional::stream);
  }

  private static Optional<Map<String, String>> named(SdkRequest request, String field, String key) {
    return request.getValueForField(field, String.class).map(value -> Map.of(key, value));
  }
}
