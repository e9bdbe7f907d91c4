package dev.parley.fanout;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.connection.ConnectionId;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.utils.http.SdkHttpUtils;

/// `POST @connections` of API Gateway, tried once.
///
/// A push is all that the system does by the million, so it is signed and posted here, by the SDK's
/// signer and the SDK's HTTP client, without the SDK's client of this service around them: that
/// one's work for each call costs more than the call itself (`docs/adr/0007`).
///
/// Source: service model apigatewaymanagementapi 2018-11-29, `PostToConnection`.
final class PushClient {
  /// What is read of an error's body.
  private static final int ERROR_BYTES_MAX = 1024;

  private final AwsV4HttpSigner signer = AwsV4HttpSigner.create();
  private final AwsCredentialsProvider credentials;
  private final Region region;
  private final URI url;
  private final String path;
  private final SdkHttpClient http;

  /// @param concurrency how many pushes may be under way at once
  PushClient(Aws aws, Settings settings, int concurrency) {
    Duration timeout = settings.milliseconds("PUSH_TIMEOUT_MS", 1, 10_000);
    this.credentials = aws.credentials();
    this.region = aws.region();
    this.url = aws.connectionsUrl();
    this.path = url.getRawPath() + "/@connections/";
    this.http =
        aws.http()
            .maxConnections(concurrency)
            .connectionTimeout(timeout)
            .socketTimeout(timeout)
            .build();
  }

  /// Sends one frame to one connection.
  PushResult post(ConnectionId to, byte[] frame) {
    ContentStreamProvider content = ContentStreamProvider.fromByteArrayUnsafe(frame);
    try {
      HttpExecuteResponse response =
          http.prepareRequest(
                  HttpExecuteRequest.builder()
                      .request(signed(to, frame.length, content))
                      .contentStreamProvider(content)
                      .build())
              .call();
      int status = response.httpResponse().statusCode();
      // A body that is not read to its end would cost the socket.
      String body = "";
      if (response.responseBody().isPresent()) {
        try (var stream = response.responseBody().get()) {
          body = new String(stream.readNBytes(ERROR_BYTES_MAX), UTF_8);
        }
      }
      return switch (status) {
        case 200 -> new PushResult.Delivered();
        case 410 -> new PushResult.Gone();
        case 429 -> new PushResult.Throttled();
        case 400 ->
            body.contains("connectionId")
                ? new PushResult.Gone()
                : new PushResult.Failed("status 400");
        default -> new PushResult.Failed("status " + status);
      };
    } catch (IOException e) {
      return new PushResult.Failed(String.valueOf(e.getMessage()));
    }
  }

  private SdkHttpRequest signed(ConnectionId to, int length, ContentStreamProvider content) {
    AwsCredentials identity = credentials.resolveCredentials();
    SdkHttpFullRequest request =
        SdkHttpFullRequest.builder()
            .method(SdkHttpMethod.POST)
            .protocol(url.getScheme())
            .host(url.getHost())
            .port(url.getPort() < 0 ? null : url.getPort())
            .encodedPath(path + SdkHttpUtils.urlEncode(to.value()))
            .putHeader("Content-Type", "application/json")
            .putHeader("Content-Length", Integer.toString(length))
            .build();
    return signer
        .sign(
            sign ->
                sign.identity(identity)
                    .request(request)
                    .payload(content)
                    .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, "execute-api")
                    .putProperty(AwsV4HttpSigner.REGION_NAME, region.id()))
        .request();
  }
}
