package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.Wait;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.ApiGatewayManagementApiException;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.ForbiddenException;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.GetConnectionResponse;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.GoneException;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.LimitExceededException;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.PayloadTooLargeException;

/// What the back end gets, through the SDK that it uses.
@Timeout(30)
final class ConnectionsApiTest {
  private static final String OK = "{\"statusCode\":200}";
  private static final String NOBODY = "L0SM9cOFvHcCIhw=";

  private GatewayTester tester;
  private ApiGatewayManagementApiClient sdk;

  @BeforeEach
  void start() throws Exception {
    tester =
        new GatewayTester()
            .oneWay("$connect", _ -> OK)
            .oneWay("$disconnect", _ -> OK)
            .twoWay("$default", e -> "{\"statusCode\":200,\"body\":" + e.path("body") + "}")
            .start();
    sdk = client(StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local")));
  }

  private ApiGatewayManagementApiClient client(AwsCredentialsProvider credentials) {
    return client(credentials, "/test");
  }

  private ApiGatewayManagementApiClient client(AwsCredentialsProvider credentials, String path) {
    return ApiGatewayManagementApiClient.builder()
        .endpointOverride(URI.create("http://127.0.0.1:" + tester.port() + path))
        .region(Region.US_EAST_1)
        .credentialsProvider(credentials)
        .httpClientBuilder(Apache5HttpClient.builder())
        .overrideConfiguration(o -> o.retryStrategy(DefaultRetryStrategy.doNotRetry()))
        .build();
  }

  @AfterEach
  void stop() {
    sdk.close();
    tester.close();
  }

  @Test
  void aThrottledPushIsRefusedAndNotSent() throws Exception {
    Client client = tester.connect();
    String id = connectedId();
    tester.faults().throttle(Set.of(id));

    assertThrows(LimitExceededException.class, () -> post(id, "refused"));

    tester.faults().throttle(Set.of());
    post(id, "sent");
    assertEquals("sent", client.receive());
  }

  @Test
  void whatIsPostedIsReceivedInOrder() throws Exception {
    Client client = tester.connect();
    String id = connectedId();

    for (int i = 0; i < 100; i++) {
      post(id, "message ü " + i);
    }

    for (int i = 0; i < 100; i++) {
      assertEquals("message ü " + i, client.receive());
    }
  }

  @Test
  void theLargestMessageComesInFrames() throws Exception {
    String id;
    try (RawClient client = RawClient.connected(tester.port())) {
      id = connectedId();
      post(id, "a".repeat(Quotas.FRAME_BYTES_MAX));
      assertTrue(client.receive().last());
      post(id, "a".repeat(Quotas.MESSAGE_BYTES_MAX));
      for (int i = 0; i < 4; i++) {
        RawClient.Frame frame = client.receive();
        assertEquals(Quotas.FRAME_BYTES_MAX, frame.payload().length);
        assertEquals(i == 3, frame.last());
      }
    }
  }

  @Test
  void aMessageThatIsTooLargeIsRefusedAndTheClientIsServedOn() throws Exception {
    Client client = tester.connect();
    String id = connectedId();

    PayloadTooLargeException e =
        assertThrows(
            PayloadTooLargeException.class,
            () -> post(id, "a".repeat(Quotas.MESSAGE_BYTES_MAX + 1)));
    assertEquals(413, e.statusCode());
    assertThrows(PayloadTooLargeException.class, () -> post(id, "a".repeat(2_000_000)));
    post(id, "fits");

    assertEquals("fits", client.receive());
    assertEquals(
        "{\"message\":\"Message too long\"}",
        tester.connections("POST", id, "a".repeat(Quotas.MESSAGE_BYTES_MAX + 1)).body());
  }

  @Test
  void whatIsNoUtf8IsRefusedAndTheClientStays() throws Exception {
    try (RawClient client = RawClient.connected(tester.port())) {
      String id = connectedId();
      for (int[] malformed :
          new int[][] {
            {0xc3, 0x28}, // half a character, then another
            {'a', 0xe2, 0x82}, // cut off
            {0xc0, 0x80}, // longer than it must be
            {0xed, 0xa0, 0x80}, // half a surrogate pair
            {0xf4, 0x90, 0x80, 0x80}, // beyond the last character
            {0xff}
          }) {
        byte[] bytes = new byte[malformed.length];
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = (byte) malformed[i];
        }
        ApiGatewayManagementApiException e =
            assertThrows(
                ApiGatewayManagementApiException.class,
                () ->
                    sdk.postToConnection(
                        r -> r.connectionId(id).data(SdkBytes.fromByteArray(bytes))));
        assertEquals(400, e.statusCode());
        assertEquals("BadRequestException", e.awsErrorDetails().errorCode());
        assertEquals("Message is not UTF-8", e.awsErrorDetails().errorMessage());
      }
      post(id, "fine: 😀");

      assertEquals("fine: 😀", client.receive().text());
    }
  }

  @Test
  void aConnectionIsDescribed() throws Exception {
    Client client = tester.connect("", "User-Agent", "tester");
    String id = connectedId();

    GetConnectionResponse before = sdk.getConnection(r -> r.connectionId(id));
    Wait.until(() -> Instant.now().isAfter(before.lastActiveAt().plusMillis(2)));
    client.send("hello");
    client.receive();
    GetConnectionResponse after = sdk.getConnection(r -> r.connectionId(id));

    assertEquals("127.0.0.1", after.identity().sourceIp());
    assertEquals("tester", after.identity().userAgent());
    assertEquals(before.connectedAt(), after.connectedAt());
    assertTrue(after.lastActiveAt().isAfter(before.lastActiveAt()));
    assertTrue(
        tester
            .connections("GET", id, "")
            .body()
            .matches("\\{\"connectedAt\":\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d.*Z\",.*}"));
  }

  @Test
  void aConnectionThatIsDeletedIsClosedAfterWhatWasPosted() throws Exception {
    Client client = tester.connect();
    String id = connectedId();

    post(id, "last words");
    sdk.deleteConnection(r -> r.connectionId(id));

    assertEquals("last words", client.receive());
    assertEquals(new CloseReason(1000, "Connection Closed Normally"), client.closed());
    var context = tester.event("$disconnect").path("requestContext");
    assertEquals(1000, context.path("disconnectStatusCode").asInt());
    assertEquals("Connection Closed Normally", context.path("disconnectReason").asText());
    assertThrows(GoneException.class, () -> sdk.deleteConnection(r -> r.connectionId(id)));
    assertThrows(GoneException.class, () -> post(id, "late"));
  }

  @Test
  void aConnectionThatIsNotThereIsGone() throws Exception {
    GoneException e = assertThrows(GoneException.class, () -> post(NOBODY, "x"));
    assertEquals(410, e.statusCode());
    assertThrows(GoneException.class, () -> sdk.getConnection(r -> r.connectionId(NOBODY)));
    assertThrows(GoneException.class, () -> sdk.deleteConnection(r -> r.connectionId(NOBODY)));
    Client client = tester.connect();
    String id = connectedId();
    client.abort();
    tester.event("$disconnect");

    assertThrows(GoneException.class, () -> post(id, "x"));
  }

  @Test
  void aMalformedIdIsABadRequest() throws Exception {
    ApiGatewayManagementApiException e =
        assertThrows(ApiGatewayManagementApiException.class, () -> post("not-a-connection", "x"));

    assertEquals(400, e.statusCode());
    assertEquals("BadRequestException", e.awsErrorDetails().errorCode());
    assertEquals("Invalid connectionId", e.awsErrorDetails().errorMessage());
    assertFalse(e instanceof GoneException);
    assertEquals(
        "{\"message\":\"Invalid connectionId\"}", tester.connections("POST", "a=", "").body());
  }

  @Test
  void aRequestThatIsNotSignedIsForbidden() throws Exception {
    try (ApiGatewayManagementApiClient anonymous = client(AnonymousCredentialsProvider.create())) {
      ApiGatewayManagementApiException e =
          assertThrows(
              ApiGatewayManagementApiException.class,
              () -> anonymous.getConnection(r -> r.connectionId(NOBODY)));
      assertEquals(403, e.statusCode());
      assertEquals("MissingAuthenticationTokenException", e.awsErrorDetails().errorCode());
    }
    HttpResponse<String> garbled =
        tester.get("/test/@connections/" + NOBODY, "Authorization", "Bearer x");
    assertEquals(403, garbled.statusCode());
    assertEquals(
        "IncompleteSignatureException",
        garbled.headers().firstValue("x-amzn-ErrorType").orElse(""));
    assertEquals(
        "{\"message\":\"Missing Authentication Token\"}",
        tester.get("/test/@connections/" + NOBODY).body());
  }

  @Test
  void anotherStageIsForbiddenWhateverIsAskedOfIt() throws Exception {
    Client client = tester.connect();
    String id = connectedId();
    for (String path : List.of("/other", "", "/test/more")) {
      try (ApiGatewayManagementApiClient other =
          client(
              StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local")),
              path)) {
        ForbiddenException e =
            assertThrows(
                ForbiddenException.class, () -> other.getConnection(r -> r.connectionId(id)));
        assertEquals(403, e.statusCode());
        assertEquals("Forbidden", e.awsErrorDetails().errorMessage());
        assertThrows(
            ForbiddenException.class, () -> other.deleteConnection(r -> r.connectionId(id)));
        assertThrows(
            ForbiddenException.class,
            () ->
                other.postToConnection(
                    r -> r.connectionId(id).data(SdkBytes.fromUtf8String("astray"))));
      }
    }
    post(id, "here");

    assertEquals("here", client.receive());
  }

  @Test
  void whatConnectionsDoesNotKnowIsForbidden() throws Exception {
    var _ = tester.connect();
    String path = "/test/@connections/" + connectedId().replace("=", "%3D");
    for (String method : List.of("PUT", "PATCH", "OPTIONS", "HEAD")) {
      assertForbidden(tester.request(method, path, "", "Authorization", GatewayTester.SIGNATURE));
    }
    for (String unknown : List.of("/test/@connections", "/test/@connections/", "/test/x")) {
      assertForbidden(
          tester.request("POST", unknown, "", "Authorization", GatewayTester.SIGNATURE));
    }
    assertForbidden(tester.request("POST", "/", ""));
  }

  private static void assertForbidden(HttpResponse<String> response) {
    assertEquals(403, response.statusCode(), response.uri().getPath());
    assertEquals(
        "ForbiddenException", response.headers().firstValue("x-amzn-ErrorType").orElse(""));
  }

  @Test
  void aClientThatDoesNotReadIsRefusedWhileOthersAreServed() throws Exception {
    try (RawClient slow = RawClient.connected(tester.port())) {
      String slowId = connectedId();
      Client quick = tester.connect();
      String quickId = connectedId();
      String large = "a".repeat(Quotas.FRAME_BYTES_MAX);

      int accepted = 0;
      LimitExceededException refused = null;
      while (refused == null && accepted < 1_000) {
        try {
          post(slowId, accepted + large.substring(4));
          accepted++;
        } catch (LimitExceededException e) {
          refused = e;
        }
      }
      post(quickId, "quick");

      assertTrue(refused != null, "everything was queued");
      assertEquals(429, refused.statusCode());
      assertEquals("quick", quick.receive());
      // Nothing that was accepted is lost, and there is room again once it has been read.
      for (int i = 0; i < accepted; i++) {
        assertTrue(slow.receive().text().startsWith(i + "a"));
      }
      post(slowId, "again");
      assertEquals("again", slow.receive().text());
    }
  }

  @Test
  void evenEmptyMessagesAreRefusedOnceTooManyWait() throws Exception {
    try (RawClient _ = RawClient.connected(tester.port())) {
      String id = connectedId();
      String large = "a".repeat(Quotas.FRAME_BYTES_MAX);
      assertThrows(
          LimitExceededException.class,
          () -> {
            for (int i = 0; i < 1_000; i++) {
              post(id, large);
            }
          });

      assertThrows(
          LimitExceededException.class,
          () -> {
            for (int i = 0; i < 1_000; i++) {
              post(id, "");
            }
          });
    }
  }

  @Test
  void pushesFromManyThreadsArriveWhole() throws Exception {
    Client client = tester.connect();
    String id = connectedId();
    Semaphore refused = new Semaphore(0);
    int pushes = 64;

    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      for (int i = 0; i < pushes; i++) {
        String message = (i % 10 + "").repeat(3 * Quotas.FRAME_BYTES_MAX);
        threads.execute(
            () -> {
              try {
                post(id, message);
              } catch (LimitExceededException _) {
                refused.release();
              }
            });
      }
      threads.shutdown();
      assertTrue(threads.awaitTermination(20, TimeUnit.SECONDS));
    }
    for (int i = 0; i < pushes - refused.availablePermits(); i++) {
      String message = client.receive();
      assertEquals(message.substring(0, 1).repeat(3 * Quotas.FRAME_BYTES_MAX), message);
    }
  }

  private String connectedId() throws InterruptedException {
    return GatewayTester.connectionId(tester.event("$connect"));
  }

  private void post(String id, String message) {
    sdk.postToConnection(
        r -> r.connectionId(id).data(SdkBytes.fromByteArray(message.getBytes(UTF_8))));
  }
}
