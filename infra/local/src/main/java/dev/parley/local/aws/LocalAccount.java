package dev.parley.local.aws;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The AWS account that the local cloud plays: the one place that knows its number, its region and
/// its API's id, and that makes ARNs and URLs of them.
public final class LocalAccount {
  public static final String REGION = "us-east-1";
  public static final String NUMBER = "000000000000";

  /// Of the first WebSocket API: what `Ref` of it gives, what events call `apiId`, and the first
  /// label of its domain. Those of others have a number behind it.
  public static final String API_ID = "local";

  /// The label of every table's stream. Unlike AWS: a word, not the time when the stream was
  /// enabled, which is not known when the template is read.
  private static final String STREAM_LABEL = "local";

  private static final String PARTITION = "aws";
  private static final String URL_SUFFIX = "amazonaws.com";

  /// What `Ref` of a pseudo parameter gives.
  public static final Map<String, String> PSEUDO_PARAMETERS =
      Map.of(
          "AWS::Region", REGION,
          "AWS::AccountId", NUMBER,
          "AWS::Partition", PARTITION,
          "AWS::URLSuffix", URL_SUFFIX,
          "AWS::StackName", "parley",
          "AWS::StackId", arn("cloudformation", "stack/parley/local"));

  /// What `Fn::GetAZs` gives.
  public static final List<String> ZONES = List.of(REGION + "a", REGION + "b", REGION + "c");

  /// What every name of a host ends with that is AWS's and served here.
  public static final String HOST_SUFFIX = "." + URL_SUFFIX;

  /// The names of AWS's hosts that are served here; SDKs have known SQS by three.
  public static final List<String> SERVED_HOSTS =
      Stream.concat(
              Stream.of("*.execute-api." + REGION + HOST_SUFFIX),
              Stream.concat(dynamoDbHosts().stream(), sqsHosts().stream()))
          .toList();

  private LocalAccount() {}

  /// The hosts of DynamoDB and of its streams.
  public static List<String> dynamoDbHosts() {
    return List.of("dynamodb." + REGION + HOST_SUFFIX, "streams.dynamodb." + REGION + HOST_SUFFIX);
  }

  /// The hosts of SQS, of which the first one is in the URLs of queues.
  public static List<String> sqsHosts() {
    return List.of(queuesHost(), REGION + ".queue" + HOST_SUFFIX, "queue" + HOST_SUFFIX);
  }

  /// The host of an API.
  public static String apiHost(String apiId) {
    return "%s.execute-api.%s%s".formatted(apiId, REGION, HOST_SUFFIX);
  }

  public static String functionArn(String name) {
    return arn("lambda", "function:" + name);
  }

  /// An alias of a function.
  public static String aliasArn(String function, String alias) {
    return functionArn(function) + ":" + alias;
  }

  /// How a part of an API names the function or alias that it invokes.
  ///
  /// @param arn the function's, or its alias's
  public static String invocationUri(String arn) {
    return "arn:%s:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations"
        .formatted(PARTITION, REGION, arn);
  }

  public static String tableArn(String name) {
    return arn("dynamodb", "table/" + name);
  }

  /// The stream of a table, as the template and its functions know it; DynamoDB Local calls it
  /// otherwise.
  public static String streamArn(String table) {
    return tableArn(table) + "/stream/" + STREAM_LABEL;
  }

  public static String queueArn(String name) {
    return arn("sqs", name);
  }

  public static String queueUrl(String name) {
    return "%s/%s/%s".formatted(queuesUrl(), NUMBER, name);
  }

  /// What the URL of every queue begins with.
  public static String queuesUrl() {
    return "https://" + queuesHost();
  }

  public static String queuesHost() {
    return "sqs." + REGION + HOST_SUFFIX;
  }

  public static String alarmArn(String name) {
    return arn("cloudwatch", "alarm:" + name);
  }

  public static String layerArn(String name) {
    return arn("lambda", "layer:" + name + ":1");
  }

  public static String roleArn(String name) {
    return "arn:%s:iam::%s:role/%s".formatted(PARTITION, NUMBER, name);
  }

  /// Where an API is on AWS.
  public static String apiEndpoint(String apiId) {
    return "wss://" + apiHost(apiId);
  }

  /// A route of a WebSocket API, as an authorizer allows or denies it.
  ///
  /// @param routeKey for example `$connect`
  public static String methodArn(String apiId, String stage, String routeKey) {
    return arn("execute-api", "%s/%s/%s".formatted(apiId, stage, routeKey));
  }

  private static String arn(String service, String resource) {
    return "arn:%s:%s:%s:%s:%s".formatted(PARTITION, service, REGION, NUMBER, resource);
  }
}
