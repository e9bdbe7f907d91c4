package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.gateway.Client;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a user's settings make of the gateway, on a template without functions.
@Timeout(60)
final class GatewaySettingsTest {
  private static final String TEMPLATE =
      """
      Resources:
        Api:
          Type: AWS::ApiGatewayV2::Api
          Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
        Route:
          Type: AWS::ApiGatewayV2::Route
          Properties:
            ApiId: !Ref Api
            RouteKey: $default
            RouteResponseSelectionExpression: $default
            Target: !Sub integrations/${Echo}
        Response:
          Type: AWS::ApiGatewayV2::RouteResponse
          Properties: {ApiId: !Ref Api, RouteId: !Ref Route, RouteResponseKey: $default}
        Echo:
          Type: AWS::ApiGatewayV2::Integration
          Properties:
            ApiId: !Ref Api
            IntegrationType: MOCK
            TemplateSelectionExpression: "200"
            RequestTemplates: {"200": '{"statusCode": 200}'}
        Reply:
          Type: AWS::ApiGatewayV2::IntegrationResponse
          Properties:
            ApiId: !Ref Api
            IntegrationId: !Ref Echo
            IntegrationResponseKey: $default
            TemplateSelectionExpression: "200"
            ResponseTemplates: {"200": still here}
        Stage:
          Type: AWS::ApiGatewayV2::Stage
          Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
      """;

  @TempDir private Path folder = Path.of("");

  private LocalCloud start(String... settings) throws Exception {
    Path template = Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
    List<String> arguments = new ArrayList<>(List.of(template.toString(), "--port=0"));
    arguments.addAll(List.of(settings));
    Properties none = new Properties();
    none.setProperty("parley.xray.port", "0");
    return LocalCloud.start(Settings.options(arguments, none));
  }

  @ParameterizedTest
  @ValueSource(strings = {"--idle-seconds=0.2", "--connection-seconds=0.5"})
  void aConnectionIsClosedWith1001WhenItsShortenedTimeIsOver(String setting) throws Exception {
    try (LocalCloud cloud = start(setting);
        HttpClient http = HttpClient.newHttpClient()) {
      Client client = Client.connect(http, cloud.webSocketUrl());
      client.send("{}");
      assertEquals("still here", client.receive());

      String closed = String.valueOf(client.closed());
      assertTrue(closed.contains("1001"), closed);
      assertTrue(closed.contains("Going away"), closed);
    }
  }

  @Test
  void whatOnlyLooksSignedIsTakenUnlessSignaturesAreVerified() throws Exception {
    assertEquals("410 GoneException", answer());
    assertEquals("403 IncompleteSignatureException", answer("--sigv4"));
    assertEquals("403 IncompleteSignatureException", answer("--sigv4", "--faults=push.lost=1"));
  }

  private String answer(String... settings) throws Exception {
    try (LocalCloud cloud = start(settings);
        HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<Void> response =
          http.send(
              HttpRequest.newBuilder(
                      URI.create(
                          "http://127.0.0.1:%d/test/@connections/L0SM9cOFvHcCIhw%%3D"
                              .formatted(cloud.port())))
                  .header(
                      "Authorization",
                      "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=d")
                  .build(),
              HttpResponse.BodyHandlers.discarding());
      return response.statusCode()
          + " "
          + response.headers().firstValue("x-amzn-ErrorType").orElse("");
    }
  }
}
