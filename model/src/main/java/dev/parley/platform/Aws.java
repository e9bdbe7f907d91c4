package dev.parley.platform;

import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.ContainerCredentialsProvider;
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
import software.amazon.awssdk.regions.PartitionMetadata;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.LegacyRetryStrategy;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.TransactionConflictException;
import software.amazon.awssdk.services.sqs.SqsClient;

/// Clients of the services that a function calls. Where they are, and who calls them, is in its
/// environment, under the AWS SDK's own names (SDK reference guide, "Service-specific endpoints").
/// Each client bounds the time of an attempt and of a call.
public final class Aws {
  /// Where a function that is restored from a snapshot gets its credentials.
  static final String CONTAINER_CREDENTIALS = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

  private static final Duration ATTEMPT_MAX = Duration.ofSeconds(2);

  /// All attempts of a call together.
  public static final Duration CALL_MAX = Duration.ofSeconds(5);

  private static final Duration GATEWAY_MAX = Duration.ofSeconds(1);

  /// The SDK's own default, as is the next.
  private static final int ATTEMPTS_MAX = 4;

  private static final int COMPRESSION_BYTES_MIN = 10_240;

  /// Ends calls that take too long: one thread for all clients. The SDK would give five to each.
  private static final ScheduledExecutorService TIMEOUTS = timeouts();

  private final Settings settings;
  private final Region region;
  private final AwsCredentialsProvider credentials;

  /// @throws IllegalArgumentException where the environment names no region
  public Aws(Settings settings) {
    this.settings = settings;
    this.region = Region.of(settings.required("AWS_REGION"));
    this.credentials = credentials(settings);
  }

  private static ScheduledExecutorService timeouts() {
    ScheduledThreadPoolExecutor timeouts =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("call-timeouts").daemon().factory());
    timeouts.setRemoveOnCancelPolicy(true); // most calls end in time and cancel theirs
    return timeouts;
  }

  /// A function that is restored from a snapshot has them from the container, anew after each
  /// restore: keys in its environment would be those of the snapshot ("Activating and managing
  /// Lambda SnapStart", Lambda developer guide).
  private static AwsCredentialsProvider credentials(Settings settings) {
    if (settings.optional(CONTAINER_CREDENTIALS) != null) {
      return ContainerCredentialsProvider.builder().build();
    }
    String key = settings.optional("AWS_ACCESS_KEY_ID");
    String secret = settings.optional("AWS_SECRET_ACCESS_KEY");
    if (key == null || secret == null) {
      return DefaultCredentialsProvider.builder().build();
    }
    String token = settings.optional("AWS_SESSION_TOKEN");
    return StaticCredentialsProvider.create(
        token == null
            ? AwsBasicCredentials.create(key, secret)
            : AwsSessionCredentials.create(key, secret, token));
  }

  public Region region() {
    return region;
  }

  public AwsCredentialsProvider credentials() {
    return credentials;
  }

  /// Where the gateway takes pushes, for example `https://…/production`.
  ///
  /// @throws IllegalArgumentException where it is not in the environment
  public URI connectionsUrl() {
    URI endpoint = endpoint("APIGATEWAYMANAGEMENTAPI");
    return endpoint == null ? URI.create(settings.required("CONNECTIONS_URL")) : endpoint;
  }

  /// An HTTP client for the AWS SDK. It takes a proxy where the process was told of one, as the SDK
  /// does, except where `NO_PROXY` is `*`.
  public Apache5HttpClient.Builder http() {
    Apache5HttpClient.Builder http = Apache5HttpClient.builder();
    return "*".equals(settings.optional("NO_PROXY"))
        ? http.proxyConfiguration(
            ProxyConfiguration.builder()
                .useSystemPropertyValues(false)
                .useEnvironmentVariableValues(false)
                .build())
        : http;
  }

  /// Where X-Ray takes trace documents.
  URI xrayUrl() {
    return url("xray");
  }

  URI dynamoDbUrl() {
    return url("dynamodb");
  }

  private URI url(String service) {
    URI endpoint = endpoint(service.toUpperCase(Locale.ROOT));
    return endpoint == null
        ? URI.create(
            "https://%s.%s.%s".formatted(service, region, PartitionMetadata.of(region).dnsSuffix()))
        : endpoint;
  }

  /// A client of the gateway's `@connections`, for occasional questions. A call is tried once, and
  /// given up after a second: its answer is not worth waiting for.
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

  /// A client builder that reads no setting of the process. The settings are in the function's
  /// environment, or only one value is right in a function.
  private <B extends AwsClientBuilder<B, C> & AwsSyncClientBuilder<B, C>, C> B configured(
      B builder, @Nullable URI endpoint) {
    return builder
        .region(region)
        .credentialsProvider(credentials)
        .endpointOverride(endpoint)
        .fipsEnabled(endpoint == null && isOn("AWS_USE_FIPS_ENDPOINT"))
        .dualstackEnabled(endpoint == null && isOn("AWS_USE_DUALSTACK_ENDPOINT"))
        .defaultsMode(DefaultsMode.LEGACY)
        .httpClientBuilder(http());
  }

  private boolean isOn(String name) {
    return Boolean.parseBoolean(settings.optional(name));
  }

  /// Where a service is, or null for AWS.
  private @Nullable URI endpoint(String service) {
    String endpoint = settings.optional("AWS_ENDPOINT_URL_" + service);
    return endpoint == null ? null : URI.create(endpoint);
  }

  /// An attempt has 2 s, and all attempts of a call together have 5 s, less than a function's
  /// timeout.
  private static ClientOverrideConfiguration.Builder bounded() {
    return overrides().apiCallAttemptTimeout(ATTEMPT_MAX).apiCallTimeout(CALL_MAX);
  }

  private static LegacyRetryStrategy.Builder retries() {
    return AwsRetryStrategy.legacyRetryStrategy().toBuilder().maxAttempts(ATTEMPTS_MAX);
  }

  /// Profiles belong to people's machines; a function has none.
  private static ClientOverrideConfiguration.Builder overrides() {
    return ClientOverrideConfiguration.builder()
        .addExecutionInterceptor(new Calls())
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
