package dev.parley.local.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Everything that a template may say here. `*` stands for any one name and `**` for all below it;
/// the elements of a list have the path of the list. What is in neither table is refused, because a
/// property that is silently ignored here changes what happens only once it is deployed.
final class KnownProperties {
  private static final Map<String, List<String>> HONOURED =
      Map.of(
          "AWS::Serverless::WebSocketApi",
          List.of(
              "RouteSelectionExpression",
              "StageName",
              "Auth.AuthType",
              "Auth.AuthArn",
              "Auth.IdentitySource",
              "Routes.*.FunctionArn",
              "Routes.*.IntegrationTimeout",
              "Routes.*.RouteResponseSelectionExpression"),
          "AWS::ApiGatewayV2::Route",
          List.of("ApiId", "RouteKey", "RouteResponseSelectionExpression", "Target"),
          "AWS::ApiGatewayV2::RouteResponse",
          List.of("ApiId", "RouteId", "RouteResponseKey"),
          "AWS::Serverless::Function",
          List.of(
              "Handler",
              "Timeout",
              "MemorySize",
              "Runtime",
              "Tracing",
              "Environment.Variables.*",
              "Events.*.Type",
              "Events.*.Properties.Stream",
              "Events.*.Properties.StartingPosition",
              "Events.*.Properties.BatchSize",
              "Events.*.Properties.MaximumBatchingWindowInSeconds",
              "Events.*.Properties.ParallelizationFactor",
              "Events.*.Properties.BisectBatchOnFunctionError",
              "Events.*.Properties.MaximumRetryAttempts",
              "Events.*.Properties.MaximumRecordAgeInSeconds",
              "Events.*.Properties.FunctionResponseTypes",
              "Events.*.Properties.FilterCriteria.Filters.Pattern",
              "Events.*.Properties.Queue",
              "Events.*.Properties.Enabled",
              "Events.*.Properties.ScalingConfig.MaximumConcurrency"),
          "AWS::SQS::Queue",
          List.of(
              "QueueName",
              "FifoQueue",
              "ContentBasedDeduplication",
              "VisibilityTimeout",
              "DelaySeconds",
              "ReceiveMessageWaitTimeSeconds",
              "RedrivePolicy.deadLetterTargetArn",
              "RedrivePolicy.maxReceiveCount"),
          "AWS::DynamoDB::Table",
          List.of(
              "TableName",
              "AttributeDefinitions.AttributeName",
              "AttributeDefinitions.AttributeType",
              "KeySchema.AttributeName",
              "KeySchema.KeyType",
              "GlobalSecondaryIndexes.IndexName",
              "GlobalSecondaryIndexes.KeySchema.AttributeName",
              "GlobalSecondaryIndexes.KeySchema.KeyType",
              "GlobalSecondaryIndexes.Projection.ProjectionType",
              "GlobalSecondaryIndexes.Projection.NonKeyAttributes",
              "StreamSpecification.StreamViewType",
              "TimeToLiveSpecification.AttributeName",
              "TimeToLiveSpecification.Enabled"),
          "AWS::Lambda::Permission",
          List.of(),
          "AWS::CloudWatch::Alarm",
          List.of(),
          "AWS::CloudWatch::Dashboard",
          List.of(),
          "AWS::Logs::LogGroup",
          List.of());

  /// Where these have an effect, it is in the account, on the bill or on the machine.
  private static final Map<String, List<String>> WITHOUT_LOCAL_EFFECT =
      Map.of(
          "AWS::Serverless::WebSocketApi",
          List.of("Name", "Description", "Tags.**", "Auth.InvokeRole"),
          "AWS::Serverless::Function",
          List.of(
              "CodeUri",
              "Architectures",
              "Policies.**",
              "Description",
              // There is one version here.
              "AutoPublishAlias",
              // A bound, and others' concurrency that it is taken from.
              "ReservedConcurrentExecutions",
              // Logs go to the terminal.
              "LoggingConfig.LogGroup",
              "Tags.**"),
          "AWS::DynamoDB::Table",
          List.of(
              "BillingMode",
              "PointInTimeRecoverySpecification.**",
              "SSESpecification.**",
              "DeletionProtectionEnabled",
              "Tags.**"),
          "AWS::SQS::Queue",
          List.of(
              // QueueResource says what AWS would do with these four.
              "DeduplicationScope",
              "FifoThroughputLimit",
              "MessageRetentionPeriod",
              "MaximumMessageSize",
              "SqsManagedSseEnabled",
              "KmsMasterKeyId",
              "KmsDataKeyReusePeriodSeconds",
              "Tags.**"),
          "AWS::Lambda::Permission",
          List.of("**"),
          "AWS::CloudWatch::Alarm",
          List.of("**"),
          "AWS::CloudWatch::Dashboard",
          List.of("**"),
          "AWS::Logs::LogGroup",
          List.of("**"));

  /// What stands beside `Type` and `Properties` of a resource.
  static final List<String> ATTRIBUTES =
      List.of("DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Metadata");

  private KnownProperties() {}

  static boolean isKnownType(String type) {
    return HONOURED.containsKey(type) || OnAwsOnly.covers(type);
  }

  /// Refuses whatever a resource of this type, or what `Globals` gives to all of them, may not say.
  static void require(String type, Section properties) {
    if (!OnAwsOnly.covers(type)) {
      require(type, properties, properties.values(), List.of(), properties.path());
    }
  }

  private static void require(
      String type, Section properties, Object value, List<String> names, String path) {
    if (!isKnown(type, names)) {
      throw properties.problems().at(path, "the local cloud does not honour this property");
    }
    switch (value) {
      case Map<?, ?> map ->
          map.forEach(
              (key, child) -> {
                List<String> below = new ArrayList<>(names);
                below.add(String.valueOf(key));
                require(type, properties, child, below, path + "." + key);
              });
      case List<?> list -> {
        for (int i = 0; i < list.size(); i++) {
          if (list.get(i) instanceof Map<?, ?> map) {
            require(type, properties, map, names, path + "." + i);
          }
        }
      }
      default -> {}
    }
  }

  /// Whether a property, or one below it, may be given.
  ///
  /// @param path from the resource's properties on, for example `[Routes, join, FunctionArn]`
  private static boolean isKnown(String type, List<String> path) {
    return Stream.of(HONOURED, WITHOUT_LOCAL_EFFECT)
        .flatMap(table -> table.getOrDefault(type, List.of()).stream())
        .anyMatch(pattern -> covers(List.of(pattern.split("\\.")), path));
  }

  private static boolean covers(List<String> pattern, List<String> path) {
    for (int i = 0; i < path.size(); i++) {
      if (i == pattern.size()) {
        return false;
      }
      if (pattern.get(i).equals("**")) {
        return true;
      }
      if (!pattern.get(i).equals("*") && !pattern.get(i).equals(path.get(i))) {
        return false;
      }
    }
    return true;
  }
}
