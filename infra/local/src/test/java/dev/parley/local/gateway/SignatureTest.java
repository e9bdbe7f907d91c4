package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.HttpSigner;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.ApiGatewayManagementApiException;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.GoneException;
import software.amazon.awssdk.utils.StringInputStream;

/// `@connections` where signatures are verified: by the AWS SDK, and by its signer for what an SDK
/// never sends.
@Timeout(30)
final class SignatureTest {
  private static final String OK = "{\"statusCode\":200}";
  private static final AwsCredentials LOCAL = AwsBasicCredentials.create("local", "local");

  private GatewayTester tester;

  @BeforeEach
  void start() throws Exception {
    tester = new GatewayTester().sigv4().oneWay("$connect", _ -> OK).start();
  }

  @AfterEach
  void stop() {
    tester.close();
  }

  private ApiGatewayManagementApiClient sdk(AwsCredentialsProvider credentials, Region region) {
    return ApiGatewayManagementApiClient.builder()
        .endpointOverride(URI.create("http://127.0.0.1:%d/test".formatted(tester.port())))
        .region(region)
        .credentialsProvider(credentials)
        .httpClientBuilder(Apache5HttpClient.builder())
        .overrideConfiguration(o -> o.retryStrategy(DefaultRetryStrategy.doNotRetry()))
        .build();
  }

  private String connectedId() throws InterruptedException {
    return GatewayTester.connectionId(tester.event("$connect"));
  }

  @Test
  void whatTheSdkSignsWithTheLocalCredentialsIsTaken() throws Exception {
    for (AwsCredentials credentials :
        List.of(LOCAL, AwsSessionCredentials.create("local", "local", "any token"))) {
      Client client = tester.connect();
      String id = connectedId();
      try (ApiGatewayManagementApiClient sdk =
          sdk(StaticCredentialsProvider.create(credentials), Region.US_EAST_1)) {
        sdk.postToConnection(
            r -> r.connectionId(id).data(SdkBytes.fromByteArray("signed ü".getBytes(UTF_8))));
        assertEquals("signed ü", client.receive());
        assertEquals("127.0.0.1", sdk.getConnection(r -> r.connectionId(id)).identity().sourceIp());
        sdk.deleteConnection(r -> r.connectionId(id));
        assertThrows(GoneException.class, () -> sdk.deleteConnection(r -> r.connectionId(id)));
      }
      client.closed();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "local | wrong | us-east-1 | InvalidSignatureException | The request signature we"
            + " calculated does not match the signature you provided.",
        "AKIA | local | us-east-1 | UnrecognizedClientException | The security token included in"
            + " the request is invalid.",
        "local | local | eu-west-1 | InvalidSignatureException | Credential should be scoped to a"
            + " valid region, not 'eu-west-1'.",
      })
  void otherCredentialsAreRefusedAsByAws(
      String key, String secret, String region, String type, String message) throws Exception {
    try (ApiGatewayManagementApiClient sdk =
        sdk(
            StaticCredentialsProvider.create(AwsBasicCredentials.create(key, secret)),
            Region.of(region))) {
      Client client = tester.connect();
      String id = connectedId();

      ApiGatewayManagementApiException refused =
          assertThrows(
              ApiGatewayManagementApiException.class,
              () ->
                  sdk.postToConnection(r -> r.connectionId(id).data(SdkBytes.fromUtf8String(""))));

      assertEquals(403, refused.statusCode());
      assertEquals(type, refused.awsErrorDetails().errorCode());
      assertTrue(
          refused.awsErrorDetails().errorMessage().startsWith(message), refused.getMessage());
      assertTrue(client.hasNothing());
    }
  }

  @Test
  void aRequestWithoutASignatureIsRefusedAsByAws() throws Exception {
    try (ApiGatewayManagementApiClient sdk =
        sdk(AnonymousCredentialsProvider.create(), Region.US_EAST_1)) {
      ApiGatewayManagementApiException refused =
          assertThrows(
              ApiGatewayManagementApiException.class,
              () -> sdk.getConnection(r -> r.connectionId("L0SM9cOFvHcCIhw=")));
      assertEquals("MissingAuthenticationTokenException", refused.awsErrorDetails().errorCode());
    }
    assertRefused(
        "IncompleteSignatureException",
        "Authorization header requires 'Credential' parameter. Authorization header requires"
            + " 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter."
            + " Authorization header requires existence of a 'X-Amz-Date' header.",
        tester.get("/test/@connections/L0SM9cOFvHcCIhw=", "Authorization", "Bearer x"));
  }

  /// What the SDK's signer makes of a POST, as names and values.
  private List<String> signed(Clock clock, String service, String path, Map<String, String> more) {
    SdkHttpRequest.Builder request =
        SdkHttpRequest.builder()
            .method(SdkHttpMethod.POST)
            .uri(URI.create("http://127.0.0.1:" + tester.port() + path));
    more.forEach(request::putHeader);
    SdkHttpRequest signed =
        AwsV4HttpSigner.create()
            .sign(
                sign ->
                    sign.identity(LOCAL)
                        .request(request.build())
                        .payload(() -> new StringInputStream("said"))
                        .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, service)
                        .putProperty(AwsV4HttpSigner.REGION_NAME, "us-east-1")
                        .putProperty(HttpSigner.SIGNING_CLOCK, clock))
            .request();
    List<String> headers = new ArrayList<>();
    signed
        .headers()
        .forEach(
            (name, values) -> {
              if (!name.equalsIgnoreCase("Host")) {
                headers.addAll(List.of(name, values.getFirst()));
              }
            });
    return headers;
  }

  private HttpResponse<String> post(String path, String body, List<String> headers)
      throws Exception {
    return tester.request("POST", path, body, headers.toArray(String[]::new));
  }

  private static void assertRefused(String type, String message, HttpResponse<String> response)
      throws Exception {
    JsonNode body = Json.MAPPER.readTree(response.body());
    assertEquals(403, response.statusCode(), response.body());
    assertEquals(type, response.headers().firstValue("x-amzn-ErrorType").orElse(""));
    assertTrue(body.path("message").asText().startsWith(message), response.body());
  }

  @Test
  void onlyWhatWasSignedIsTaken() throws Exception {
    Client client = tester.connect();
    String path = "/test/@connections/" + connectedId().replace("=", "%3D");
    Clock now = Clock.systemUTC();
    List<String> headers = signed(now, "execute-api", path, Map.of("X-Amz-Meta", "a  b"));

    assertEquals(200, post(path, "said", headers).statusCode());
    assertEquals("said", client.receive());
    String mismatch = "The request signature we calculated does not match";
    assertRefused("InvalidSignatureException", mismatch, post(path, "sait", headers));
    assertRefused("InvalidSignatureException", mismatch, post(path + "?a=b", "said", headers));
    assertRefused(
        "InvalidSignatureException",
        mismatch,
        tester.request("PUT", path, "said", headers.toArray(String[]::new)));
    List<String> changed = new ArrayList<>(headers);
    changed.replaceAll(value -> value.equals("a  b") ? "a c" : value);
    assertRefused("InvalidSignatureException", mismatch, post(path, "said", changed));
  }

  /// The names begin alike, and what follows them is before and behind `=` in the order of bytes.
  @Test
  void anyQueryThatTheSdkSignsIsTaken() throws Exception {
    String connection = "/test/@connections/L0SM9cOFvHcCIhw%3D?";
    assertQueryIsTaken("?id=1&id2=2", connection + "id=1&id2=2");
    assertQueryIsTaken("?b=%20x&a", connection + "b=%20x&a");
    long seed = ThreadLocalRandom.current().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 100; i++) {
      String query =
          Stream.generate(() -> word(random, "id") + "=" + word(random, ""))
              .limit(1 + random.nextInt(6))
              .collect(Collectors.joining("&"));
      assertQueryIsTaken("seed %d, query %d: %s".formatted(seed, i, query), connection + query);
    }
  }

  /// An unknown connection is looked up for those only whose signature is right.
  private void assertQueryIsTaken(String message, String path) throws Exception {
    List<String> headers = signed(Clock.systemUTC(), "execute-api", path, Map.of());
    assertEquals(410, post(path, "said", headers).statusCode(), message);
  }

  private static String word(Random random, String begin) {
    String letters = "01aAz-._~=&+ /%\"!ü€";
    StringBuilder word = new StringBuilder(begin);
    for (int length = random.nextInt(4); length > 0; length--) {
      word.append(letters.charAt(random.nextInt(letters.length())));
    }
    return URLEncoder.encode(word.toString(), UTF_8).replace("+", "%20");
  }

  @Test
  void aRefusalTellsWhatHadToBeSigned() throws Exception {
    String path = "/test/@connections/L0SM9cOFvHcCIhw%3D";

    String body =
        post(path, "sait", signed(Clock.systemUTC(), "execute-api", path, Map.of())).body();

    String message = Json.MAPPER.readTree(body).path("message").asText();
    assertTrue(
        message.contains("'POST\n/test/%40connections/L0SM9cOFvHcCIhw%253D\n\nhost:127.0.0.1:"),
        message);
  }

  @ParameterizedTest
  @ValueSource(longs = {-301, 301})
  void aDateBeyondFiveMinutesIsRefused(long seconds) throws Exception {
    String path = "/test/@connections/L0SM9cOFvHcCIhw%3D";
    Clock near = Clock.offset(Clock.systemUTC(), Duration.ofSeconds(seconds / 301 * 240));
    Clock far = Clock.offset(Clock.systemUTC(), Duration.ofSeconds(seconds * 2));

    assertEquals(410, post(path, "said", signed(near, "execute-api", path, Map.of())).statusCode());
    assertRefused(
        "InvalidSignatureException",
        seconds < 0 ? "Signature expired: " : "Signature not yet current: ",
        post(path, "said", signed(far, "execute-api", path, Map.of())));
  }

  @Test
  void theScopeIsTheApisAndTheHostIsSigned() throws Exception {
    String path = "/test/@connections/L0SM9cOFvHcCIhw%3D";
    Clock now = Clock.fixed(Instant.now(), ZoneOffset.UTC);

    assertRefused(
        "InvalidSignatureException",
        "Credential should be scoped to correct service: 'execute-api'.",
        post(path, "said", signed(now, "dynamodb", path, Map.of())));
    List<String> headers = signed(now, "execute-api", path, Map.of());
    List<String> hostless = new ArrayList<>(headers);
    hostless.replaceAll(value -> value.replace("SignedHeaders=host;", "SignedHeaders="));
    assertRefused(
        "InvalidSignatureException",
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        post(path, "said", hostless));
    List<String> withToken = new ArrayList<>(headers);
    withToken.addAll(List.of("X-Amz-Security-Token", "added"));
    assertRefused(
        "InvalidSignatureException",
        "'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization.",
        post(path, "said", withToken));
    List<String> dated = new ArrayList<>(headers);
    dated.replaceAll(value -> value.matches("\\d{8}T\\d{6}Z") ? "yesterday" : value);
    assertRefused(
        "IncompleteSignatureException",
        "Date must be in ISO-8601 'basic format'. Got 'yesterday'.",
        post(path, "said", dated));
    List<String> scoped = new ArrayList<>(headers);
    scoped.replaceAll(value -> value.replace("/us-east-1/execute-api/", "/"));
    assertRefused(
        "IncompleteSignatureException",
        "Credential must have exactly 5 slash-delimited elements",
        post(path, "said", scoped));
  }
}
