package dev.parley.local;

import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.sqs.SqsClient;

/// The AWS clients of a function that a test brings along, from the environment that the local
/// cloud gives it.
final class FunctionClients {
  private FunctionClients() {}

  static DynamoDbClient dynamoDb(Map<String, String> environment) {
    return build(DynamoDbClient.builder(), environment.get("AWS_ENDPOINT_URL_DYNAMODB"));
  }

  static SqsClient sqs(Map<String, String> environment) {
    return build(SqsClient.builder(), environment.get("AWS_ENDPOINT_URL_SQS"));
  }

  private static <B extends AwsClientBuilder<B, C>, C> C build(
      B builder, @Nullable String endpoint) {
    return builder
        .endpointOverride(URI.create(String.valueOf(endpoint)))
        .region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b")))
        .build();
  }
}
