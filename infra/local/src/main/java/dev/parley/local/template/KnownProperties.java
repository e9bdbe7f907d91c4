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
  private static final List<String> OF_STAGE =
      List.of(
          "StageName",
          "StageVariables.*",
          "DefaultRouteSettings.ThrottlingRateLimit",
          "DefaultRouteSettings.ThrottlingBurstLimit",
          "RouteSettings.*.ThrottlingRateLimit",
          "RouteSettings.*.ThrottlingBurstLimit");

  private static final List<String> OF_SAM_API =
      Stream.concat(
              OF_STAGE.stream(),
              Stream.of(
                  "RouteSelectionExpression",
                  "ApiKeySelectionExpression",
                  "Auth.AuthType",
                  "Auth.AuthArn",
                  "Auth.IdentitySource",
                  "Routes.*.FunctionArn",
                  "Routes.*.IntegrationTimeout",
                  "Routes.*.RouteResponseSelectionExpression"))
          .toList();

  private static final List<String> OF_FUNCTION =
      List.of(
          "FunctionName",
          "Handler",
          "Timeout",
          "MemorySize",
          "Runtime",
          "PackageType",
          "Layers",
          "SnapStart.ApplyOn",
          "Environment.Variables.*");

  private static final List<String> OF_MAPPING =
      List.of(
          "StartingPosition",
          "BatchSize",
          "MaximumBatchingWindowInSeconds",
          "ParallelizationFactor",
          "BisectBatchOnFunctionError",
          "DestinationConfig.OnFailure.Destination",
          "MaximumRetryAttempts",
          "MaximumRecordAgeInSeconds",
          "FunctionResponseTypes",
          "FilterCriteria.Filters.Pattern",
          "Enabled",
          "ScalingConfig.MaximumConcurrency");

  private static final Map<String, List<String>> HONOURED =
      Map.ofEntries(
          entry("AWS::Serverless::WebSocketApi", OF_SAM_API),
          entry(
              "AWS::ApiGatewayV2::Api",
              List.of("ProtocolType", "RouteSelectionExpression", "ApiKeySelectionExpression")),
          entry(
              "AWS::ApiGatewayV2::Authorizer",
              List.of("ApiId", "AuthorizerType", "AuthorizerUri", "IdentitySource")),
          entry("AWS::ApiGatewayV2::Deployment", List.of("ApiId", "StageName")),
          entry(
              "AWS::ApiGatewayV2::Integration",
              List.of(
                  "ApiId",
                  "IntegrationType",
                  "IntegrationUri",
                  "RequestTemplates.*",
                  "TemplateSelectionExpression",
                  "TimeoutInMillis")),
          entry(
              "AWS::ApiGatewayV2::IntegrationResponse",
              List.of(
                  "ApiId",
                  "IntegrationId",
                  "IntegrationResponseKey",
                  "ResponseTemplates.*",
                  "TemplateSelectionExpression")),
          entry(
              "AWS::ApiGatewayV2::Route",
              List.of(
                  "ApiId",
                  "ApiKeyRequired",
                  "RouteKey",
                  "RouteResponseSelectionExpression",
                  "Target",
                  "AuthorizationType",
                  "AuthorizerId")),
          entry(
              "AWS::ApiGatewayV2::RouteResponse", List.of("ApiId", "RouteId", "RouteResponseKey")),
          entry(
              "AWS::ApiGatewayV2::Stage",
              Stream.concat(Stream.of("ApiId", "AutoDeploy", "DeploymentId"), OF_STAGE.stream())
                  .toList()),
          entry(
              "AWS::Serverless::Function",
              Stream.of(
                      OF_FUNCTION,
                      List.of(
                          "CodeUri",
                          "InlineCode",
                          "Tracing",
                          "AutoPublishAlias",
                          "Events.*.Type",
                          "Events.*.Properties.Stream",
                          "Events.*.Properties.Queue",
                          "Events.*.Properties.DestinationConfig.OnFailure.Type"),
                      OF_MAPPING.stream().map(name -> "Events.*.Properties." + name).toList())
                  .flatMap(List::stream)
                  .toList()),
          entry(
              "AWS::Lambda::Function",
              Stream.concat(
                      OF_FUNCTION.stream(),
                      Stream.of(
                          "Code.ZipFile", "Code.S3Bucket", "Code.S3Key", "TracingConfig.Mode"))
                  .toList()),
          entry(
              "AWS::Lambda::EventSourceMapping",
              Stream.concat(Stream.of("EventSourceArn", "FunctionName"), OF_MAPPING.stream())
                  .toList()),
          entry("AWS::Lambda::Alias", List.of("FunctionName", "FunctionVersion", "Name")),
          entry("AWS::Lambda::Version", List.of("FunctionName")),
          entry("AWS::Lambda::LayerVersion", List.of("Content.S3Bucket", "Content.S3Key")),
          entry("AWS::Serverless::LayerVersion", List.of("ContentUri")),
          entry(
              "AWS::Serverless::SimpleTable",
              List.of("TableName", "PrimaryKey.Name", "PrimaryKey.Type")),
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
                  "TimeToLiveSpecification.Enabled")));

  private static final List<String> OF_STAGE_ON_AWS =
      List.of(
          "Description",
          "AccessLogSettings.**",
          "ClientCertificateId",
          "DefaultRouteSettings.DataTraceEnabled",
          "DefaultRouteSettings.DetailedMetricsEnabled",
          "DefaultRouteSettings.LoggingLevel",
          "RouteSettings.*.DataTraceEnabled",
          "RouteSettings.*.DetailedMetricsEnabled",
          "RouteSettings.*.LoggingLevel",
          "Tags.**");

  private static final List<String> OF_FUNCTION_ON_AWS =
      List.of(
          "Architectures",
          "Description",
          "EphemeralStorage.**",
          "KmsKeyArn",
          // A bound, and others' concurrency that it is taken from.
          "ReservedConcurrentExecutions",
          // Logs go to the terminal.
          "LoggingConfig.**",
          "Role",
          "RuntimeManagementConfig.**",
          "Tags.**",
          "VpcConfig.**");

  private static final List<String> OF_LAYER_ON_AWS =
      List.of(
          "CompatibleArchitectures",
          "CompatibleRuntimes",
          "Description",
          "LayerName",
          "LicenseInfo");

  /// Where these have an effect, it is in the account, on the bill or on the machine. A start names
  /// those that the template has.
  private static final Map<String, List<String>> WITHOUT_LOCAL_EFFECT =
      Map.ofEntries(
          entry(
              "AWS::Serverless::WebSocketApi",
              Stream.concat(
                      OF_STAGE_ON_AWS.stream(),
                      Stream.of(
                          "Name",
                          "Auth.InvokeRole",
                          "DisableExecuteApiEndpoint",
                          "DisableSchemaValidation",
                          "Domain.**",
                          "FailOnWarnings",
                          "IpAddressType",
                          "PropagateTags",
                          "Routes.*.OperationName"))
                  .toList()),
          entry(
              "AWS::ApiGatewayV2::Api",
              List.of(
                  "Name",
                  "Description",
                  "DisableExecuteApiEndpoint",
                  "DisableSchemaValidation",
                  "IpAddressType",
                  "Version",
                  "Tags.**")),
          entry("AWS::ApiGatewayV2::Authorizer", List.of("Name", "AuthorizerCredentialsArn")),
          entry("AWS::ApiGatewayV2::Deployment", List.of("Description")),
          entry(
              "AWS::ApiGatewayV2::Integration",
              List.of(
                  "Description",
                  "IntegrationMethod",
                  "ConnectionType",
                  "ContentHandlingStrategy",
                  "CredentialsArn",
                  "PassthroughBehavior",
                  "PayloadFormatVersion")),
          entry("AWS::ApiGatewayV2::Route", List.of("OperationName")),
          entry("AWS::ApiGatewayV2::Stage", OF_STAGE_ON_AWS),
          entry(
              "AWS::Serverless::Function",
              Stream.concat(
                      OF_FUNCTION_ON_AWS.stream(),
                      Stream.of(
                          "Policies.**",
                          "PermissionsBoundary",
                          "AssumeRolePolicyDocument.**",
                          "RolePath",
                          "PropagateTags",
                          "DeadLetterQueue.**",
                          "EventInvokeConfig.**",
                          "ProvisionedConcurrencyConfig.**",
                          // There is one version, which is the template's.
                          "VersionDescription",
                          "AutoPublishAliasAllProperties",
                          "AutoPublishCodeSha256",
                          "VersionDeletionPolicy",
                          "DeploymentPreference.**",
                          "SourceKMSKeyArn"))
                  .toList()),
          entry(
              "AWS::Lambda::Function",
              Stream.concat(
                      OF_FUNCTION_ON_AWS.stream(),
                      Stream.of(
                          "Code.S3ObjectVersion", "Code.SourceKMSKeyArn", "DeadLetterConfig.**"))
                  .toList()),
          entry("AWS::Lambda::EventSourceMapping", List.of("KmsKeyArn", "Tags.**")),
          entry("AWS::Lambda::Alias", List.of("Description", "ProvisionedConcurrencyConfig.**")),
          entry(
              "AWS::Lambda::Version",
              List.of("Description", "CodeSha256", "ProvisionedConcurrencyConfig.**")),
          entry("AWS::Lambda::LayerVersion", OF_LAYER_ON_AWS),
          entry(
              "AWS::Serverless::LayerVersion",
              Stream.concat(
                      OF_LAYER_ON_AWS.stream(),
                      Stream.of("PublishLambdaVersion", "RetentionPolicy"))
                  .toList()),
          entry(
              "AWS::Serverless::SimpleTable",
              List.of(
                  "PointInTimeRecoverySpecification.**",
                  "ProvisionedThroughput.**",
                  "SSESpecification.**",
                  "Tags.**")),
          entry(
              "AWS::DynamoDB::Table",
              List.of(
                  "BillingMode",
                  "ContributorInsightsSpecification.**",
                  "GlobalSecondaryIndexes.ContributorInsightsSpecification.**",
                  "GlobalSecondaryIndexes.OnDemandThroughput.**",
                  "GlobalSecondaryIndexes.ProvisionedThroughput.**",
                  "OnDemandThroughput.**",
                  "ProvisionedThroughput.**",
                  "TableClass",
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
                  "Tags.**")));

  /// What may stand beside `Type`: of CloudFormation, and `Connectors` of SAM, which grant.
  private static final List<String> ATTRIBUTES =
      List.of(
          "Type",
          "Properties",
          "Condition",
          "Connectors",
          "DeletionPolicy",
          "UpdateReplacePolicy",
          "DependsOn",
          "Metadata");

  /// What is to be done about types that people have.
  private static final Map<String, String> WAYS_OUT =
      Map.of(
          "AWS::Lambda::Url", "a route of a WebSocket API can call the function",
          "AWS::Serverless::Api", "it runs WebSocket APIs only",
          "AWS::Serverless::HttpApi", "it runs WebSocket APIs only",
          "AWS::ApiGateway::RestApi", "it runs WebSocket APIs only");

  private KnownProperties() {}

  static boolean isKnownType(String type) {
    return HONOURED.containsKey(type) || OnAwsOnly.covers(type);
  }

  static String refusalOfType(String type) {
    return type.isEmpty()
        ? "missing"
        : "the local cloud does not honour %s: %s"
            .formatted(
                type,
                WAYS_OUT.getOrDefault(
                    type, "leave it out here by a Condition, or serve it elsewhere"));
  }

  static boolean isKnownAttribute(String attribute) {
    return ATTRIBUTES.contains(attribute);
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
    if (OnAwsOnly.covers(type)) {
      found.putIfAbsent(type, Set.of());
      return;
    }
    Set<String> names =
        WITHOUT_LOCAL_EFFECT.getOrDefault(type, List.of()).stream()
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
      properties.refusals().add(path, "the local cloud does not honour this property");
      return;
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
