package dev.parley.lambda;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.awscore.defaultsmode.DefaultsMode;
import software.amazon.awssdk.awscore.endpoints.AccountIdEndpointMode;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.http.apache5.ProxyConfiguration;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.LegacyRetryStrategy;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.TransactionConflictException;
import software.amazon.awssdk.services.sqs.SqsClient;

/// A function's environment variables: Lambda's, or those that the local cloud gives instead. The
/// endpoint variables are the AWS SDK's own (SDK reference guide, "Service-specific endpoints").
///
/// @param environment by name
public record Settings(Map<String, String> environment) {
  private static final String CLOCK_SKEW = "LOCAL_CLOCK_SKEW_MS";
  private static final Duration ATTEMPT_MAX = Duration.ofSeconds(2);
  private static final Duration CALL_MAX = Duration.ofSeconds(5);
  private static final Duration GATEWAY_MAX = Duration.ofSeconds(1);

  /// The SDK's own default, as is the next.
  private static final int ATTEMPTS_MAX = 4;

  private static final int COMPRESSION_BYTES_MIN = 10_240;

  /// Ends calls that take too long: one thread for all clients. The SDK would give five to each.
  private static final ScheduledExecutorService TIMEOUTS = timeouts();

  private static ScheduledExecutorService timeouts() {
    ScheduledThreadPoolExecutor timeouts =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("call-timeouts").daemon().factory());
    timeouts.setRemoveOnCancelPolicy(true); // nearly all of them
    return timeouts;
  }

  /// @throws IllegalArgumentException where it is missing or empty
  public String required(String name) {
    String value = environment.get(name);
    if (value == null || value.isEmpty()) {
      throw new IllegalArgumentException(name + " is not set");
    }
    return value;
  }

  /// @throws IllegalArgumentException where it is no whole number within these bounds
  public long number(String name, long min, long max) {
    String value = required(name);
    try {
      long number = Long.parseLong(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw new IllegalArgumentException(
        name + " is " + value + ", expected a whole number from " + min + " to " + max);
  }

  /// What time it is, for all that is written, compared or told; deadlines are measured otherwise.
  ///
  /// In the local cloud clocks can be made to differ (EMULATION.md, "Faults on demand"): then it
  /// says so in `LOCAL_CLOCK_SKEW_MS`. On Lambda nobody sets that.
  public InstantSource clock() {
    return environment.containsKey(CLOCK_SKEW)
        ? Clock.offset(Clock.systemUTC(), Duration.ofMillis(number(CLOCK_SKEW, -60_000, 60_000)))
        : InstantSource.system();
  }

  /// Where pushes go: `https://…/production` on AWS, this machine's gateway in the local cloud.
  public URI connectionsUrl() {
    String local = environment.get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI");
    return URI.create(local == null ? required("CONNECTIONS_URL") : local);
  }

  public Region region() {
    return Region.of(required("AWS_REGION"));
  }

  public AwsCredentialsProvider credentials() {
    String key = environment.get("AWS_ACCESS_KEY_ID");
    String secret = environment.get("AWS_SECRET_ACCESS_KEY");
    if (key == null || secret == null) {
      return DefaultCredentialsProvider.builder().build();
    }
    String token = environment.get("AWS_SESSION_TOKEN");
    return StaticCredentialsProvider.create(
        token == null
            ? AwsBasicCredentials.create(key, secret)
            : AwsSessionCredentials.create(key, secret, token));
  }

  /// An HTTP client for the AWS SDK. It takes a proxy where the process was told of one, as the SDK
  /// does, but for `NO_PROXY=*`: so says the local cloud, whose services are on this machine.
  public Apache5HttpClient.Builder http() {
    Apache5HttpClient.Builder http = Apache5HttpClient.builder();
    return "*".equals(environment.get("NO_PROXY"))
        ? http.proxyConfiguration(
            ProxyConfiguration.builder()
                .useSystemPropertyValues(false)
                .useEnvironmentVariableValues(false)
                .build())
        : http;
  }

  /// A client builder that asks nothing of the process: what it would ask is in the environment, or
  /// has one right value in a function.
  private <B extends AwsClientBuilder<B, C> & AwsSyncClientBuilder<B, C>, C> B configured(
      B builder, @Nullable URI endpoint) {
    return builder
        .region(region())
        .credentialsProvider(credentials())
        .endpointOverride(endpoint)
        .fipsEnabled(endpoint == null && isOn("AWS_USE_FIPS_ENDPOINT"))
        .dualstackEnabled(endpoint == null && isOn("AWS_USE_DUALSTACK_ENDPOINT"))
        .defaultsMode(DefaultsMode.LEGACY)
        .httpClientBuilder(http());
  }

  private boolean isOn(String name) {
    return Boolean.parseBoolean(environment.get(name));
  }

  /// A client of the gateway's `@connections`, for what is asked of it now and then. A call is
  /// tried once, and given up after a second: what it would tell is not worth waiting for.
  public ApiGatewayManagementApiClient gateway() {
    return configured(ApiGatewayManagementApiClient.builder(), connectionsUrl())
        .overrideConfiguration(
            overrides()
                .retryStrategy(AwsRetryStrategy.doNotRetry())
                .apiCallTimeout(GATEWAY_MAX)
                .build())
        .build();
  }

  /// A client of SQS.
  public SqsClient sqs() {
    return configured(SqsClient.builder(), endpoint("SQS"))
        .overrideConfiguration(bounded().retryStrategy(retries().build()).build())
        .build();
  }

  /// A client of DynamoDB.
  ///
  /// A single write that meets a transaction on its item is tried again, which the SDK does not do
  /// by itself: a `$disconnect` beside a join in flight must still remove the connection's row
  /// (DynamoDB developer guide, "Transaction conflict handling").
  public DynamoDbClient dynamoDb() {
    return configured(DynamoDbClient.builder(), endpoint("DYNAMODB"))
        .endpointDiscoveryEnabled(false)
        .accountIdEndpointMode(AccountIdEndpointMode.PREFERRED)
        .overrideConfiguration(
            bounded()
                .retryStrategy(
                    retries().retryOnException(TransactionConflictException.class).build())
                .build())
        .build();
  }

  /// Where a service is, or null for AWS.
  private @Nullable URI endpoint(String service) {
    String endpoint = environment.get("AWS_ENDPOINT_URL_" + service);
    return endpoint == null ? null : URI.create(endpoint);
  }

  /// An attempt that takes 2 s is given up, and all attempts of a call together at 5 s: within a
  /// function's timeout.
  private static ClientOverrideConfiguration.Builder bounded() {
    return overrides().apiCallAttemptTimeout(ATTEMPT_MAX).apiCallTimeout(CALL_MAX);
  }

  private static LegacyRetryStrategy.Builder retries() {
    return AwsRetryStrategy.legacyRetryStrategy().toBuilder().maxAttempts(ATTEMPTS_MAX);
  }

  /// Profiles are of people's machines; a function has none.
  private static ClientOverrideConfiguration.Builder overrides() {
    return ClientOverrideConfiguration.builder()
        .defaultProfileFile(ProfileFile.aggregator().build())
        .defaultProfileName("default")
        .compressionConfiguration(
            compress ->
                compress
                    .requestCompressionEnabled(false)
                    .minimumCompressionThresholdInBytes(COMPRESSION_BYTES_MIN))
        .scheduledExecutorService(TIMEOUTS);
  }
}
