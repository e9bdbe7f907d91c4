package dev.parley.local.aws;

import java.net.URI;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.awscore.defaultsmode.DefaultsMode;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.http.apache5.ProxyConfiguration;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.Region;

/// How services of this machine are reached: AWS clients and what they take from the environment.
///
/// All of it is made up and explicit: whatever the shell says of proxies, regions, profiles,
/// credentials or endpoints is meant for AWS, and none of it counts here.
public final class LocalClients {
  /// Key, secret and session token: no port verifies them.
  public static final String CREDENTIAL = "local";

  private static final String NO_FILE = "/dev/null";

  /// The SDK's own default, as is the next.
  private static final int ATTEMPTS_MAX = 4;

  private static final int COMPRESSION_BYTES_MIN = 10_240;

  /// What the AWS SDK reads from this process whatever a client's builder says, or before it reads
  /// the builder. A damaged profile, or a maximum of attempts that is not a number, would make
  /// every client fail.
  private static final Map<String, String> OF_THE_PROCESS =
      Map.of(
          "aws.configFile", "the local cloud has no profiles",
          "aws.sharedCredentialsFile", "the local cloud has no profiles",
          "aws.maxAttempts", Integer.toString(ATTEMPTS_MAX));

  private LocalClients() {}

  /// ElasticMQ reads these, and they are meant for another program.
  private static final List<String> OF_OTHERS =
      List.of("config.file", "config.resource", "config.url");

  /// For a process that is nothing but the local cloud: what the shell says to the AWS SDK, or to
  /// another program in Scala, does not count in it, and functions have Lambda's time zone. To be
  /// called before anything else.
  public static void ownsThisProcess() {
    OF_THE_PROCESS.forEach(System::setProperty);
    OF_OTHERS.forEach(System::clearProperty);
    TimeZone.setDefault(TimeZone.getTimeZone(ZoneOffset.UTC));
  }

  /// What a service answered, without the SDK's additions.
  public static String words(AwsServiceException refused) {
    AwsErrorDetails details = refused.awsErrorDetails();
    return details != null && details.errorMessage() != null
        ? details.errorMessage()
        : String.valueOf(refused.getMessage());
  }

  /// What a function's AWS SDK needs beside the endpoints, so that it takes nothing else of this
  /// machine: no profile, no key of a machine on AWS, and no proxy.
  public static Map<String, String> environment() {
    return Map.of(
        "AWS_REGION",
        LocalAccount.REGION,
        "AWS_ACCESS_KEY_ID",
        CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY",
        CREDENTIAL,
        "AWS_CONFIG_FILE",
        NO_FILE,
        "AWS_SHARED_CREDENTIALS_FILE",
        NO_FILE,
        "AWS_EC2_METADATA_DISABLED",
        "true",
        "NO_PROXY",
        "*");
  }

  /// An HTTP client for services of this machine, without proxies.
  public static SdkHttpClient http() {
    return Apache5HttpClient.builder()
        .maxConnections(100)
        .proxyConfiguration(
            ProxyConfiguration.builder()
                .useSystemPropertyValues(false)
                .useEnvironmentVariableValues(false)
                .build())
        .build();
  }

  /// A builder with everything said that the AWS SDK would otherwise ask the shell for.
  ///
  /// @param url where the service is
  public static <B extends AwsClientBuilder<B, C> & AwsSyncClientBuilder<B, C>, C> B client(
      B builder, SdkHttpClient http, URI url) {
    return builder
        .httpClient(http)
        .region(Region.of(LocalAccount.REGION))
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create(CREDENTIAL, CREDENTIAL)))
        .endpointOverride(url)
        .fipsEnabled(false)
        .dualstackEnabled(false)
        .defaultsMode(DefaultsMode.LEGACY)
        .overrideConfiguration(
            override ->
                override
                    .defaultProfileFile(ProfileFile.aggregator().build())
                    .defaultProfileName("default")
                    .compressionConfiguration(
                        compress ->
                            compress
                                .requestCompressionEnabled(false)
                                .minimumCompressionThresholdInBytes(COMPRESSION_BYTES_MIN))
                    .retryStrategy(
                        AwsRetryStrategy.legacyRetryStrategy().toBuilder()
                            .maxAttempts(ATTEMPTS_MAX)
                            .build()));
  }
}
