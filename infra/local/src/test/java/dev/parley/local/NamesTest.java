package dev.parley.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.gateway.Client;
import dev.parley.local.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// One thing has one name, wherever a function comes across it: in its environment, by `Ref`,
/// `GetAtt` and `Sub`; in events; and in its context.
@Timeout(120)
final class NamesTest {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Globals:
        Function:
          Runtime: java25
          Handler: dev.parley.local.NamesTest$Tell
          Environment:
            Variables:
              API: !Ref Api
              DOMAIN: !Sub "${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
              ENDPOINT: !GetAtt Api.ApiEndpoint
              METHOD: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/test/$connect
              REGION: !Ref AWS::Region
              TELL: !GetAtt Tell.Arn
              TELL_NAME: !Ref Tell
              LIVE: !Ref Live.Alias
              LIVE_NAME: !Ref Live
              STREAM: !GetAtt Rows.StreamArn
              TABLE: !Ref Rows
              QUEUE: !GetAtt Waiting.Arn
              QUEUE_NAME: !GetAtt Waiting.QueueName
              QUEUE_URL: !Ref Waiting
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: test
            Auth: {AuthType: CUSTOM, AuthArn: !GetAtt Admit.Arn}
            Routes:
              $connect: {FunctionArn: !GetAtt Tell.Arn}
              $default: {FunctionArn: !Ref Live.Alias}
        Tell:
          Type: AWS::Serverless::Function
          Properties:
            Events:
              Rows:
                Type: DynamoDB
                Properties: {Stream: !GetAtt Rows.StreamArn, StartingPosition: TRIM_HORIZON}
              Waiting: {Type: SQS, Properties: {Queue: !GetAtt Waiting.Arn}}
        Live:
          Type: AWS::Serverless::Function
          Properties: {AutoPublishAlias: live}
        Admit:
          Type: AWS::Serverless::Function
          Properties: {Handler: "dev.parley.local.NamesTest$Admit"}
        Rows:
          Type: AWS::DynamoDB::Table
          Properties:
            AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
            KeySchema: [{AttributeName: id, KeyType: HASH}]
            StreamSpecification: {StreamViewType: NEW_IMAGE}
        Waiting: {Type: AWS::SQS::Queue}
      """;

  private static final BlockingQueue<JsonNode> TOLD = new LinkedBlockingQueue<>();

  @TempDir private Path folder = Path.of("");

  private static void tell(JsonNode event, Context context, Map<String, String> environment) {
    ObjectNode told = Json.MAPPER.createObjectNode();
    told.set("event", event);
    told.put("arn", context.getInvokedFunctionArn());
    told.put("name", context.getFunctionName());
    told.put("version", context.getFunctionVersion());
    told.set("environment", Json.MAPPER.valueToTree(environment));
    TOLD.add(told);
  }

  /// Tells the test what it is told.
  public static final class Tell implements RequestStreamHandler {
    private final Map<String, String> environment;

    /// As the local cloud makes it.
    public Tell(Map<String, String> environment) {
      this.environment = environment;
    }

    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context)
        throws IOException {
      tell(Json.MAPPER.readTree(in), context, environment);
      out.write("{\"statusCode\":200}".getBytes(UTF_8));
    }
  }

  /// Admits everybody.
  public static final class Admit implements RequestStreamHandler {
    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context)
        throws IOException {
      JsonNode event = Json.MAPPER.readTree(in);
      tell(event, context, Map.of());
      out.write(
          """
          {"principalId": "me", "policyDocument": {"Statement": [
            {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": %s}]}}
          """
              .formatted(event.path("methodArn"))
              .getBytes(UTF_8));
    }
  }

  private static JsonNode told() throws InterruptedException {
    JsonNode told = TOLD.poll(20, TimeUnit.SECONDS);
    return told == null ? Json.MAPPER.missingNode() : told;
  }

  @Test
  void oneThingHasOneNameWhereverItIsTold() throws Exception {
    TOLD.clear();
    Path template = Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
    try (LocalCloud cloud = LocalCloud.start(Options.inMemory(template))) {
      HttpClient http = HttpClient.newHttpClient();
      Client client = Client.connect(http, cloud.webSocketUrl());
      JsonNode authorized = told();
      JsonNode connected = told();
      JsonNode names = connected.path("environment");
      assertEquals(text(names, "METHOD"), authorized.at("/event/methodArn").asText());
      assertEquals(text(names, "TELL").replace(":Tell", ":Admit"), authorized.path("arn").asText());
      for (JsonNode told : new JsonNode[] {authorized, connected}) {
        assertEquals(text(names, "API"), told.at("/event/requestContext/apiId").asText());
      }
      assertEquals(text(names, "TELL"), connected.path("arn").asText());
      assertEquals(text(names, "TELL_NAME"), connected.path("name").asText());
      assertEquals("$LATEST", connected.path("version").asText());
      assertEquals(text(names, "TELL_NAME"), text(names, "AWS_LAMBDA_FUNCTION_NAME"));
      assertEquals(text(names, "REGION"), text(names, "AWS_REGION"));
      assertEquals(
          text(names, "API"),
          text(names, "DOMAIN").substring(0, text(names, "DOMAIN").indexOf('.')));
      assertEquals("wss://" + text(names, "DOMAIN"), text(names, "ENDPOINT"));

      client.send("{}");
      JsonNode live = told();
      assertEquals(text(names, "LIVE"), live.path("arn").asText());
      assertEquals(text(names, "LIVE_NAME"), live.path("name").asText());
      assertEquals(text(names, "TELL").replace(":Tell", ":Live:live"), text(names, "LIVE"));
      assertEquals("1", live.path("version").asText());
      assertEquals(text(names, "API"), live.at("/event/requestContext/apiId").asText());

      cloud
          .dynamoDb()
          .client()
          .putItem(
              put ->
                  put.tableName(text(names, "TABLE"))
                      .item(Map.of("id", AttributeValue.fromS("a"))));
      JsonNode row = told().at("/event/Records/0");
      assertEquals(text(names, "STREAM"), row.path("eventSourceARN").asText());
      assertEquals(text(names, "REGION"), row.path("awsRegion").asText());

      cloud
          .sqs()
          .client()
          .sendMessage(send -> send.queueUrl(text(names, "QUEUE_URL")).messageBody("a"));
      JsonNode message = told().at("/event/Records/0");
      assertEquals(text(names, "QUEUE"), message.path("eventSourceARN").asText());
      assertEquals(
          text(names, "QUEUE_NAME"),
          text(names, "QUEUE").substring(text(names, "QUEUE").lastIndexOf(':') + 1));
    }
  }

  private static String text(JsonNode names, String name) {
    return names.path(name).asText();
  }
}
