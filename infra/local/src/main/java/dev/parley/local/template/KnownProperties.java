package dev.parley.local.template;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Everything that a template may say here. `*` stands for any one name and `**` for all below it;
/// the elements of a list have the path of the list. What is in neither table is refused, because a
/// property that is silently ignored here changes what happens only once it is deployed.
final class KnownProperties {
  private static final Map<String, List<String>> HONOURED =
      Map.ofEntries(
          entry(
              "AWS::Serverless::WebSocketApi",
              List.of(
                  "RouteSelectionExpression",
                  "StageName",
                  "Auth.AuthType",
                  "Auth.AuthArn",
                  "Auth.IdentitySource",
                  "Routes.*.FunctionArn",
                  "Routes.*.IntegrationTimeout",
                  "Routes.*.RouteResponseSelectionExpression")),
          entry("AWS::ApiGatewayV2::Api", List.of("ProtocolType", "RouteSelectionExpression")),
          entry(
              "AWS::ApiGatewayV2::Authorizer",
              List.of("ApiId", "AuthorizerType", "AuthorizerUri", "IdentitySource")),
          entry(
              "AWS::ApiGatewayV2::Integration",
              List.of("ApiId", "IntegrationType", "IntegrationUri", "TimeoutInMillis")),
          entry(
              "AWS::ApiGatewayV2::Route",
              List.of(
                  "ApiId",
                  "RouteKey",
                  "RouteResponseSelectionExpression",
                  "Target",
                  "AuthorizationType",
                  "AuthorizerId")),
          entry(
              "AWS::ApiGatewayV2::RouteResponse", List.of("ApiId", "RouteId", "RouteResponseKey")),
          entry(
              "AWS::ApiGatewayV2::Stage",
              List.of(
                  "ApiId",
                  "StageName",
                  "AutoDeploy",
                  "DefaultRouteSettings.ThrottlingRateLimit",
                  "DefaultRouteSettings.ThrottlingBurstLimit",
                  "RouteSettings.*.ThrottlingRateLimit",
                  "RouteSettings.*.ThrottlingBurstLimit")),
          entry(
              "AWS::Serverless::Function",
              List.of(
                  "Handler",
                  "Timeout",
                  "MemorySize",
                  "Runtime",
                  "CodeUri",
                  "InlineCode",
                  "Layers",
                  "SnapStart.ApplyOn",
                  "Tracing",
                  "AutoPublishAlias",
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
                  "Events.*.Properties.ScalingConfig.MaximumConcurrency")),
          entry(
              "AWS::SQS::Queue",
              List.of(
                  "QueueName",
                  "FifoQueue",
                  "ContentBasedDeduplication",
                  "VisibilityTimeout",
                  "DelaySeconds",
                  "ReceiveMessageWaitTimeSeconds",
                  "RedrivePolicy.deadLetterTargetArn",
                  "RedrivePolicy.maxReceiveCount")),
          entry(
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
                  "TimeToLiveSpecification.Enabled")),
          entry("AWS::Lambda::Permission", List.of()),
          entry("AWS::CloudWatch::Alarm", List.of()),
          entry("AWS::CloudWatch::Dashboard", List.of()),
          entry("AWS::Logs::LogGroup", List.of()));

  /// Where these have an effect, it is in the account, on the bill or on the machine. A start names
  /// those that the template has.
  private static final Map<String, List<String>> WITHOUT_LOCAL_EFFECT =
      Map.ofEntries(
          entry(
              "AWS::Serverless::WebSocketApi",
              List.of("Name", "Description", "Tags.**", "Auth.InvokeRole")),
          entry("AWS::ApiGatewayV2::Api", List.of("Name", "Description", "Tags.**")),
          entry("AWS::ApiGatewayV2::Authorizer", List.of("Name")),
          entry("AWS::ApiGatewayV2::Integration", List.of("Description", "IntegrationMethod")),
          entry("AWS::ApiGatewayV2::Stage", List.of("Description", "Tags.**")),
          entry(
              "AWS::Serverless::Function",
              List.of(
                  "Architectures",
                  "Policies.**",
                  "Description",
                  // A bound, and others' concurrency that it is taken from.
                  "ReservedConcurrentExecutions",
                  // Logs go to the terminal.
                  "LoggingConfig.LogGroup",
                  // There is one version, which is the template's.
                  "AutoPublishAliasAllProperties",
                  "VersionDeletionPolicy",
                  "DeploymentPreference.**",
                  "SourceKMSKeyArn",
                  "Tags.**")),
          entry(
              "AWS::DynamoDB::Table",
              List.of(
                  "BillingMode",
                  "PointInTimeRecoverySpecification.**",
                  "SSESpecification.**",
                  "DeletionProtectionEnabled",
                  "Tags.**")),
          entry(
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
                  "Tags.**")),
          entry("AWS::Lambda::Permission", List.of("**")),
          entry("AWS::CloudWatch::Alarm", List.of("**")),
          entry("AWS::CloudWatch::Dashboard", List.of("**")),
          entry("AWS::Logs::LogGroup", List.of("**")));

  /// What stands beside `Type` and `Properties` of a resource.
  private static final List<String> ATTRIBUTES =
      List.of("DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Metadata");

  private KnownProperties() {}

  static boolean isKnownType(String type) {
    return HONOURED.containsKey(type) || OnAwsOnly.covers(type);
  }

  /// Whether a resource of this type may have an attribute. What has no effect here may be there on
  /// a condition; for others it would have to be known before anything refers to them.
  static boolean isKnownAttribute(String type, String attribute) {
    return ATTRIBUTES.contains(attribute)
        || (attribute.equals("Condition") && OnAwsOnly.covers(type));
  }

  /// Refuses whatever a resource of this type, or what `Globals` gives to all of them, may not say.
  static void require(String type, Section properties) {
    if (!OnAwsOnly.covers(type)) {
      require(type, properties, properties.values(), List.of(), properties.path());
    }
  }

  /// Adds what a resource of this type has without an effect here: the type alone where that is all
  /// of it, else the properties.
  static void collectWithoutEffect(
      String type, Section properties, Map<String, Set<String>> found) {
    List<String> without = WITHOUT_LOCAL_EFFECT.getOrDefault(type, List.of());
    if (without.contains("**") || OnAwsOnly.covers(type)) {
      found.putIfAbsent(type, Set.of());
      return;
    }
    Set<String> names =
        without.stream()
            .map(name -> name.split("\\.", 2)[0])
            .filter(name -> !isHonoured(type, name))
            .collect(Collectors.toSet());
    names.retainAll(properties.values().keySet());
    if (!names.isEmpty()) {
      found.computeIfAbsent(type, any -> new TreeSet<>()).addAll(names);
    }
  }

  /// Whether a property has an effect here, or one below it.
  private static boolean isHonoured(String type, String name) {
    return HONOURED.getOrDefault(type, List.of()).stream()
        .anyMatch(pattern -> pattern.equals(name) || pattern.startsWith(name + "."));
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
