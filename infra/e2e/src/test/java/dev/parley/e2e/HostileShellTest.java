package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a developer's shell says to other programs does not reach the local cloud: it starts, and a
/// message goes through all of it.
class HostileShellTest {
  /// An address of TEST-NET-1 (RFC 5737): no proxy answers there.
  private static final String ELSEWHERE = "http://192.0.2.1:3128";

  @TempDir Path folder;

  @Test
  void aMessageGoesThroughWhateverTheShellSays() throws Exception {
    String garbage =
        Files.write(folder.resolve("garbage"), new byte[] {0, 1, '[', '[', '\n', '=', -1})
            .toString();
    Map<String, String> environment = new HashMap<>();
    for (String proxy : List.of("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY")) {
      environment.put(proxy, ELSEWHERE);
    }
    for (String empty :
        List.of(
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "NO_PROXY")) {
      environment.put(empty, "");
    }
    for (String file : List.of("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE")) {
      environment.put(file, garbage);
    }
    for (String on :
        List.of(
            "AWS_USE_FIPS_ENDPOINT",
            "AWS_USE_DUALSTACK_ENDPOINT",
            "AWS_ENDPOINT_DISCOVERY_ENABLED")) {
      environment.put(on, "true");
    }
    for (String url :
        List.of(
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_DYNAMODB",
            "AWS_ENDPOINT_URL_SQS",
            "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI")) {
      environment.put(url, ELSEWHERE);
    }
    for (String mode :
        List.of(
            "AWS_PROFILE",
            "AWS_RETRY_MODE",
            "AWS_MAX_ATTEMPTS",
            "AWS_DEFAULTS_MODE",
            "AWS_ACCOUNT_ID_ENDPOINT_MODE",
            "AWS_DISABLE_REQUEST_COMPRESSION",
            "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
            "AWS_REQUEST_CHECKSUM_CALCULATION",
            "AWS_RESPONSE_CHECKSUM_VALIDATION",
            "AWS_AUTH_SCHEME_PREFERENCE",
            "AWS_SDK_UA_APP_ID",
            "AWS_EXECUTION_ENV",
            "AWS_LAMBDA_INITIALIZATION_TYPE",
            "AWS_LAMBDA_LOG_LEVEL",
            "AWS_LAMBDA_LOG_FORMAT",
            "AWS_XRAY_DAEMON_ADDRESS",
            "_X_AMZN_TRACE_ID",
            "POWERTOOLS_LOG_LEVEL",
            "POWERTOOLS_LOGGER_SAMPLE_RATE")) {
      environment.put(mode, "nonsense");
    }
    environment.put("LAMBDA_TASK_ROOT", "/var/task");
    environment.put("TZ", "Pacific/Kiritimati");
    environment.put("LANG", "C");
    environment.put("LC_ALL", "C");
    environment.put(
        "JAVA_TOOL_OPTIONS",
        "-Dhttp.proxyHost=192.0.2.1 -Dhttp.proxyPort=3128 -Dhttp.nonProxyHosts="
            + " -Duser.home=/proc/none -Dconfig.file="
            + garbage);

    try (CloudProcess cloud = new CloudProcess(folder.resolve("data"))) {
      // A probability of 0 is no fault, but puts a proxy between the functions and their services.
      cloud.start(40, environment, List.of("-Dparley.faults=function.killed.before.call=0"));

      try (TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=lobby")) {
        JsonNode sent = ada.request("sendMessage", "\"room\":\"lobby\",\"message\":\"hello\"");
        JsonNode event = ada.awaitMessage("hello");

        assertEquals("sent", sent.path("type").asText(), sent.toString());
        assertEquals(sent.path("timestamp"), event.path("timestamp"));
      }

      Instant now = Instant.now();
      List<Instant> logged =
          cloud.output().stream()
              .filter(line -> line.startsWith("{"))
              .map(HostileShellTest::timestamp)
              .toList();
      assertTrue(!logged.isEmpty());
      for (Instant at : logged) {
        assertTrue(Duration.between(at, now).abs().compareTo(Duration.ofHours(1)) < 0, "at " + at);
      }
    }
  }

  private static Instant timestamp(String line) {
    try {
      return Instant.parse(new ObjectMapper().readTree(line).path("timestamp").asText());
    } catch (JsonProcessingException e) {
      throw new AssertionError(line, e);
    }
  }
}
