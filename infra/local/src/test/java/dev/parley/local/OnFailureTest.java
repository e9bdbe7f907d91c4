package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.sqs.model.Message;

/// `DestinationConfig.OnFailure`, of an event of SAM and of a mapping of CloudFormation.
@Timeout(120)
final class OnFailureTest {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Globals:
        Function: {Runtime: java25}
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            Routes: {$default: {FunctionArn: !GetAtt Called.Arn}}
        Called:
          Type: AWS::Serverless::Function
          Properties:
            Handler: dev.parley.local.OnFailureTest$Failing
            AutoPublishAlias: live
            Events:
              Rows:
                Type: DynamoDB
                Properties:
                  Stream: !GetAtt Table.StreamArn
                  StartingPosition: TRIM_HORIZON
                  MaximumRetryAttempts: 0
                  DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
        Plain:
          Type: AWS::Serverless::Function
          Properties: {Handler: dev.parley.local.OnFailureTest$Failing}
        Mapping:
          Type: AWS::Lambda::EventSourceMapping
          Properties:
            FunctionName: !Ref Plain
            EventSourceArn: !GetAtt Table.StreamArn
            StartingPosition: TRIM_HORIZON
            MaximumRetryAttempts: 0
            DestinationConfig: {OnFailure: {Destination: !GetAtt Failed.Arn}}
        Table:
          Type: AWS::DynamoDB::Table
          Properties:
            AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
            KeySchema: [{AttributeName: id, KeyType: HASH}]
            StreamSpecification: {StreamViewType: NEW_IMAGE}
        Failed: {Type: AWS::SQS::Queue}
        Ordered: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
      """;

  @TempDir private Path folder = Path.of("");

  /// Processes nothing.
  public static final class Failing implements RequestHandler<Map<String, Object>, @Nullable Void> {
    @Override
    public @Nullable Void handleRequest(Map<String, Object> event, Context context) {
      throw new IllegalStateException("as asked");
    }
  }

  private Path template(String content) throws Exception {
    return Files.writeString(folder.resolve("template.yaml"), content);
  }

  @Test
  void whatAMappingGivesUpIsInItsQueue() throws Exception {
    try (LocalCloud cloud = LocalCloud.start(Options.inMemory(template(TEMPLATE)))) {
      cloud
          .dynamoDb()
          .client()
          .putItem(put -> put.tableName("Table").item(Map.of("id", AttributeValue.fromS("a"))));

      List<Message> messages = new ArrayList<>();
      Wait.until(
          () -> {
            messages.addAll(
                cloud
                    .sqs()
                    .client()
                    .receiveMessage(
                        receive ->
                            receive.queueUrl(
                                "https://sqs.us-east-1.amazonaws.com/000000000000/Failed"))
                    .messages());
            return messages.size() == 2;
          });
      Set<String> functions = new HashSet<>();
      for (Message message : messages) {
        JsonNode told = Json.MAPPER.readTree(message.body());
        functions.add(
            told.at("/requestContext/functionArn").asText()
                + " "
                + told.at("/responseContext/executedVersion").asText());
        assertEquals("RetryAttemptsExhausted", told.at("/requestContext/condition").asText());
        assertEquals(1, told.at("/DDBStreamBatchInfo/batchSize").asInt());
      }
      assertEquals(
          Set.of(
              "arn:aws:lambda:us-east-1:000000000000:function:Called:live 1",
              "arn:aws:lambda:us-east-1:000000000000:function:Plain $LATEST"),
          functions);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Destination: arn:aws:sns:us-east-1:000000000000:topic",
        "Type: SNS, Destination: arn:aws:sns:us-east-1:000000000000:topic",
        "Destination: !GetAtt Ordered.Arn",
        "Destination: !Ref Failed"
      })
  void whatIsNoStandardQueueIsRefusedByNameWithTheWayOut(String onFailure) throws Exception {
    String given = "Type: SQS, Destination: !GetAtt Failed.Arn";
    Path template = template(TEMPLATE.replace(given, onFailure));

    StartException refused =
        assertThrows(
            StartException.class, () -> LocalCloud.start(Options.inMemory(template)).close());

    String message = String.valueOf(refused.getMessage());
    assertTrue(
        message.contains(
            "Called.Properties.Events.Rows.Properties.DestinationConfig.OnFailure.Destination: `"),
        message);
    assertTrue(message.contains("` is no standard queue of this template: name the ARN"), message);
  }

  @Test
  void anotherTypeThanAQueueIsRefused() throws Exception {
    Path template = template(TEMPLATE.replace("Type: SQS, Destination", "Type: S3, Destination"));

    StartException refused =
        assertThrows(
            StartException.class, () -> LocalCloud.start(Options.inMemory(template)).close());

    String message = String.valueOf(refused.getMessage());
    assertTrue(message.contains("OnFailure.Type: `S3` is not honoured here, only SQS"), message);
  }
}
