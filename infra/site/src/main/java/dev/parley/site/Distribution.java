package dev.parley.site;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;

/// Tells CloudFront that files have changed: `CreateInvalidation`, the one request that is made of
/// it. The AWS SDK's client of CloudFront would be more than half of the function's package.
///
/// Source: Amazon CloudFront API reference 2020-05-31, "CreateInvalidation".
final class Distribution {
  /// CloudFront is in no Region, and signatures for it are for this one.
  private static final String REGION = "us-east-1";

  static final URI ENDPOINT = URI.create("https://cloudfront.amazonaws.com");

  private static final int CREATED = 201;
  private static final int ATTEMPTS_MAX = 5;
  private static final Duration PAUSE = Duration.ofMillis(500);

  /// What is told of a refusal.
  private static final int REASON_BYTES_MAX = 500;

  private final AwsV4HttpSigner signer = AwsV4HttpSigner.create();
  private final SdkHttpClient http;
  private final AwsCredentialsProvider credentials;
  private final URI endpoint;
  private final String id;

  Distribution(SdkHttpClient http, AwsCredentialsProvider credentials, URI endpoint, String id) {
    this.http = http;
    this.credentials = credentials;
    this.endpoint = endpoint;
    this.id = id;
  }

  /// Lets it fetch every file anew.
  ///
  /// @param reference a request with the same one again has no effect
  void invalidate(String reference) throws IOException, InterruptedException {
    byte[] body =
        """
        <InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">\
        <Paths><Quantity>1</Quantity><Items><Path>/*</Path></Items></Paths>\
        <CallerReference>%s</CallerReference></InvalidationBatch>\
        """
            .formatted(reference)
            .getBytes(UTF_8);
    for (int attempt = 1; ; attempt++) {
      HttpExecuteResponse response = post(body);
      int status = response.httpResponse().statusCode();
      String said = "";
      if (response.responseBody().isPresent()) {
        try (var stream = response.responseBody().get()) {
          said = new String(stream.readNBytes(REASON_BYTES_MAX), UTF_8);
        }
      }
      if (status == CREATED) {
        return;
      }
      boolean passes = status == 429 || status >= 500 || said.contains("Throttling");
      if (!passes || attempt == ATTEMPTS_MAX) {
        throw new IOException("CloudFront answered %d: %s".formatted(status, said));
      }
      Thread.sleep(PAUSE.multipliedBy(1L << attempt));
    }
  }

  private HttpExecuteResponse post(byte[] body) throws IOException {
    ContentStreamProvider content = ContentStreamProvider.fromByteArrayUnsafe(body);
    SdkHttpRequest request =
        SdkHttpRequest.builder()
            .method(SdkHttpMethod.POST)
            .uri(endpoint)
            .encodedPath("/2020-05-31/distribution/%s/invalidation".formatted(id))
            .putHeader("Content-Type", "application/xml")
            .putHeader("Content-Length", Integer.toString(body.length))
            .build();
    SdkHttpRequest signed =
        signer
            .sign(
                sign ->
                    sign.identity(credentials.resolveCredentials())
                        .request(request)
                        .payload(content)
                        .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, "cloudfront")
                        .putProperty(AwsV4HttpSigner.REGION_NAME, REGION))
            .request();
    return http.prepareRequest(
            HttpExecuteRequest.builder().request(signed).contentStreamProvider(content).build())
        .call();
  }
}
