package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import dev.parley.local.gateway.Client;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NamesTest {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Globals:
        Function:
          Runtime: java25
          Environment:
            Variables:
              API: !Ref Api
              URL: !Sub https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/test
              ARN: !GetAtt Tell.Arn
              REGION: !Ref AWS::Region
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: test
            Auth: {AuthType: CUSTOM, AuthArn: !GetAtt Admit.Arn}
            Routes:
              $connect: {FunctionArn: !GetAtt Tell.Arn}
              $default:
                FunctionArn: !GetAtt Tell.Arn
                RouteResponseSelectionExpression: $default
        Reply:
          Type: AWS::ApiGatewayV2::RouteResponse
          Properties: {ApiId: !Ref Api, RouteId: !Ref ApiDefaultRoute, RouteResponseKey: $default}
        Tell:
          Type: AWS::Serverless::Function
          Properties: {Handler: "dev.parley.local.NamesTest$Tell"}
        Admit:
          Type: AWS::Serverless::Function
          Properties: {Handler: "dev.parley.local.NamesTest$Admit"}
      """;

  private static final BlockingQueue<String> METHOD_ARNS = new LinkedBlockingQueue<>();

  @TempDir private Path folder = Path.of("");

  /// Answers with the names that the template, the event and the context tell it.
  public static final class Tell
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    private final Map<String, String> environment;

    /// As the local cloud makes it.
    public Tell(Map<String, String> environment) {
      this.environment = environment;
    }

    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      Object apiId =
          event.get("requestContext") instanceof Map<?, ?> of ? of.get("apiId") : "no context";
      String body =
          "%s %s %s | %s %s | %s %s"
              .formatted(
                  environment.get("API"),
                  apiId,
                  environment.get("URL"),
                  environment.get("ARN"),
                  context.getInvokedFunctionArn(),
                  environment.get("REGION"),
                  environment.get("AWS_REGION"));
      return Map.of("statusCode", 200, "body", body);
    }
  }

  /// Admits everybody.
  public static final class Admit
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      String methodArn = String.valueOf(event.get("methodArn"));
      METHOD_ARNS.add(methodArn);
      Map<String, Object> statement =
          Map.of("Effect", "Allow", "Action", "execute-api:Invoke", "Resource", methodArn);
      return Map.of("principalId", "me", "policyDocument", Map.of("Statement", List.of(statement)));
    }
  }

  @Test
  void theApiHasOneIdAndEveryArnOneRegion() throws Exception {
    Path template = Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
    try (LocalCloud cloud = LocalCloud.start(Options.inMemory(template))) {
      Client client = Client.connect(HttpClient.newHttpClient(), cloud.webSocketUrl());
      client.send("{}");

      String arn = "arn:aws:lambda:us-east-1:000000000000:function:Tell";
      assertEquals(
          "local local https://local.execute-api.us-east-1.amazonaws.com/test | %s %s"
                  .formatted(arn, arn)
              + " | us-east-1 us-east-1",
          client.receive());
    }
    assertEquals(
        "arn:aws:execute-api:us-east-1:000000000000:local/test/$connect", METHOD_ARNS.poll());
  }
}
