package dev.parley.platform;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.time.Duration;
import java.util.function.BooleanSupplier;
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

/// Posts JSON to one AWS service, each request signed and answered or not, by the SDK's signer and
/// its HTTP client, without a client of the service around them: its work for each call costs more
/// than the call itself (`docs/adr/0007`).
///
/// A request is tried once, save where its socket turns out to be dead: between two invocations a
/// function is frozen, and does not see that the other side closes its sockets. Then it is tried
/// again at once, once, if the caller allows it.
///
/// Safe for use by many threads.
public final class SignedPost {
  /// What is read of an answer's body: enough to know an error.
  private static final int BODY_BYTES_MAX = 1024;

  /// A socket that is older is not used again. It is less than the minute for which AWS's services
  /// keep an idle one [?], so that a function that was frozen for longer meets no dead sockets.
  private static final Duration SOCKET_AGE_MAX = Duration.ofSeconds(50);

  private final AwsV4HttpSigner signer = AwsV4HttpSigner.create();
  private final AwsCredentialsProvider credentials;
  private final Region region;
  private final String service;
  private final URI url;
  private final SdkHttpClient http;

  /// @param service the name that signatures are for, for example `execute-api`
  /// @param timeout of a connection, and of waiting for an answer
  /// @param concurrency how many requests may be under way at once
  public SignedPost(Aws aws, String service, URI url, Duration timeout, int concurrency) {
    this.credentials = aws.credentials();
    this.region = aws.region();
    this.service = service;
    this.url = url;
    this.http =
        aws.http()
            .maxConnections(concurrency)
            .connectionTimeout(timeout)
            .socketTimeout(timeout)
            .connectionTimeToLive(SOCKET_AGE_MAX)
            .build();
  }

  /// @param body the first bytes of it
  public record Answer(int status, String body) {}

  /// @param path below the service's URL, encoded, with its slash
  /// @param again whether it may be posted once more, asked where its socket was dead
  /// @throws IOException where there is no answer
  public Answer post(String path, byte[] json, BooleanSupplier again) throws IOException {
    try {
      return postOnce(path, json);
    } catch (IOException e) {
      // There is no connection, or no answer in time: another attempt would take as long.
      boolean dead = !(e instanceof ConnectException || e instanceof InterruptedIOException);
      if (!dead || !again.getAsBoolean()) {
        throw e;
      }
      return postOnce(path, json);
    }
  }

  private Answer postOnce(String path, byte[] json) throws IOException {
    ContentStreamProvider content = ContentStreamProvider.fromByteArrayUnsafe(json);
    HttpExecuteResponse response =
        http.prepareRequest(
                HttpExecuteRequest.builder()
                    .request(signed(path, json.length, content))
                    .contentStreamProvider(content)
                    .build())
            .call();
    return new Answer(response.httpResponse().statusCode(), body(response));
  }

  /// Empty where it breaks off: the status says what became of the request.
  private static String body(HttpExecuteResponse response) {
    if (response.responseBody().isEmpty()) {
      return "";
    }
    // A body that is not read to its end would cost the socket.
    try (var stream = response.responseBody().get()) {
      return new String(stream.readNBytes(BODY_BYTES_MAX), UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  private SdkHttpRequest signed(String path, int length, ContentStreamProvider content) {
    AwsCredentials identity = credentials.resolveCredentials();
    SdkHttpFullRequest request =
        SdkHttpFullRequest.builder()
            .method(SdkHttpMethod.POST)
            .protocol(url.getScheme())
            .host(url.getHost())
            .port(url.getPort() < 0 ? null : url.getPort())
            .encodedPath(url.getRawPath() + path)
            .putHeader("Content-Type", "application/json")
            .putHeader("Content-Length", Integer.toString(length))
            .build();
    return signer
        .sign(
            sign ->
                sign.identity(identity)
                    .request(request)
                    .payload(content)
                    .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, service)
                    .putProperty(AwsV4HttpSigner.REGION_NAME, region.id()))
        .request();
  }
}
