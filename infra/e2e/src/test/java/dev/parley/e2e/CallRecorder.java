package dev.parley.e2e;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.Appender;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.config.Property;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.DeleteConnectionRequest;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.GetConnectionRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactGetItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageRequest;

/// Notes which IAM actions the functions need, on which resources, between [#start] and [#stop].
/// Each client of the AWS SDK in this module has it (`execution.interceptors` among the test
/// resources); it changes no call.
///
/// A call belongs to the function whose name Powertools has put into the logging context; calls
/// without one are the local cloud's own, or the test's. Pushes are made without a client of the
/// SDK: each function's log tells of them.
public final class CallRecorder implements ExecutionInterceptor {
  private static final String ACCOUNT = "us-east-1:000000000000:";
  private static final String TABLE = "arn:aws:dynamodb:" + ACCOUNT + "table/";
  private static final String QUEUE = "arn:aws:sqs:us-east-1:000000000000:";

  /// By function; null while nobody listens.
  private static volatile @Nullable Map<String, Set<String>> calls;

  /// All of them one after another.
  private static final Queue<String> SEQUENCE = new ConcurrentLinkedQueue<>();

  /// The stage whose connections are called.
  private static volatile String stageArn = "";

  /// As the AWS SDK makes it.
  public CallRecorder() {}

  /// Begins to note.
  ///
  /// @param api the WebSocket API's id
  /// @param stage its stage
  static void start(String api, String stage) {
    stageArn = "arn:aws:execute-api:" + ACCOUNT + api + "/" + stage;
    calls = new ConcurrentHashMap<>();
    SEQUENCE.clear();
    PUSHES.start();
    Configurator.setLevel("dev.parley.fanout", Level.INFO);
    root().addAppender(PUSHES, Level.INFO, null);
  }

  /// Ends it.
  ///
  /// @return by function what it needed, as `action on resource`
  static Map<String, Set<String>> stop() {
    Map<String, Set<String>> noted = calls;
    calls = null;
    root().removeAppender(PUSHES.getName());
    Configurator.setLevel("dev.parley.fanout", Level.WARN);
    return noted == null ? Map.of() : new TreeMap<>(noted);
  }

  /// What was noted of some functions, each call by itself, in their order.
  static List<String> sequence(Predicate<String> functions) {
    return SEQUENCE.stream().filter(call -> functions.test(call.split(" ", 2)[0])).toList();
  }

  private static LoggerConfig root() {
    return LoggerContext.getContext(false).getConfiguration().getRootLogger();
  }

  /// Where a push arrived or found its connection gone, it was made.
  private static final Appender PUSHES =
      new AbstractAppender("pushes", null, null, true, Property.EMPTY_ARRAY) {
        private static final Pattern MADE =
            Pattern.compile("\\d+ events to .* connections: (?!0 delivered, 0 gone).*");

        @Override
        public void append(LogEvent event) {
          String function = event.getContextData().getValue("function_name");
          if (function != null
              && MADE.matcher(event.getMessage().getFormattedMessage()).matches()) {
            note(function, List.of(connections("POST")));
          }
        }
      };

  private static void note(String function, List<String> needs) {
    Map<String, Set<String>> noting = calls;
    if (noting != null) {
      needs.forEach(need -> SEQUENCE.add(function + " " + need));
      noting.computeIfAbsent(function, f -> ConcurrentHashMap.newKeySet()).addAll(needs);
    }
  }

  @Override
  public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
    String function = MDC.get("function_name");
    if (function != null) {
      note(function, needs(context.request()));
    }
  }

  /// What IAM asks for when this call is made. Source: service authorization reference, "Actions,
  /// resources, and condition keys for Amazon DynamoDB"; DynamoDB developer guide, "IAM for
  /// transactions": a transaction needs its items' own actions.
  static List<String> needs(SdkRequest request) {
    List<String> needs = new ArrayList<>();
    switch (request) {
      case GetItemRequest get -> needs.add("dynamodb:GetItem on " + TABLE + get.tableName());
      case PutItemRequest put -> needs.add("dynamodb:PutItem on " + TABLE + put.tableName());
      case UpdateItemRequest update ->
          needs.add("dynamodb:UpdateItem on " + TABLE + update.tableName());
      case DeleteItemRequest delete ->
          needs.add("dynamodb:DeleteItem on " + TABLE + delete.tableName());
      case QueryRequest query ->
          needs.add("dynamodb:Query on " + read(query.tableName(), query.indexName()));
      case ScanRequest scan ->
          needs.add("dynamodb:Scan on " + read(scan.tableName(), scan.indexName()));
      case BatchGetItemRequest get ->
          get.requestItems()
              .keySet()
              .forEach(table -> needs.add("dynamodb:BatchGetItem on " + TABLE + table));
      case BatchWriteItemRequest write ->
          write
              .requestItems()
              .keySet()
              .forEach(table -> needs.add("dynamodb:BatchWriteItem on " + TABLE + table));
      case TransactGetItemsRequest get ->
          get.transactItems()
              .forEach(item -> needs.add("dynamodb:GetItem on " + TABLE + item.get().tableName()));
      case TransactWriteItemsRequest write ->
          write.transactItems().forEach(item -> needs.add(need(item)));
      // Source: the same reference for Amazon SQS: SendMessageBatch needs sqs:SendMessage.
      case SendMessageBatchRequest send ->
          needs.add("sqs:SendMessage on " + queue(send.queueUrl()));
      case SendMessageRequest send -> needs.add("sqs:SendMessage on " + queue(send.queueUrl()));
      case GetConnectionRequest _ -> needs.add(connections("GET"));
      case DeleteConnectionRequest _ -> needs.add(connections("DELETE"));
      // Written down where nothing that is granted equals it, so that the comparison fails.
      default -> needs.add(request.getClass().getSimpleName() + ", which is not known here");
    }
    return needs;
  }

  private static String need(TransactWriteItem item) {
    if (item.put() != null) {
      return "dynamodb:PutItem on " + TABLE + item.put().tableName();
    }
    if (item.update() != null) {
      return "dynamodb:UpdateItem on " + TABLE + item.update().tableName();
    }
    return item.delete() == null
        ? "dynamodb:ConditionCheckItem on " + TABLE + item.conditionCheck().tableName()
        : "dynamodb:DeleteItem on " + TABLE + item.delete().tableName();
  }

  private static String read(String table, @Nullable String index) {
    return TABLE + table + (index == null ? "" : "/index/" + index);
  }

  private static String queue(String url) {
    return QUEUE + url.substring(url.lastIndexOf('/') + 1);
  }

  private static String connections(String method) {
    return "execute-api:ManageConnections on " + stageArn + "/" + method + "/@connections/*";
  }
}
