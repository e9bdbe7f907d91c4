package dev.parley.local.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class TemplateTest {
  /// Every case below changes one thing in this.
  private static final String GOOD =
      """
      Transform: AWS::Serverless-2016-10-31
      Parameters:
        Stage: {Type: String, Default: test, AllowedPattern: "[a-z]+"}
        Cost: {Type: Number, Default: 5, MinValue: 1, MaxValue: 9}
      Globals:
        Function:
          Runtime: java25
          Environment:
            Variables: {TABLE: !Ref Rows, COST: !Ref Cost, SHARED: global}
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: !Ref Stage
            Routes:
              $connect: {FunctionArn: !GetAtt Echo.Arn}
              sendMessage: {FunctionArn: !GetAtt Echo.Arn, RouteResponseSelectionExpression: $default}
              oneWay: {FunctionArn: !GetAtt Echo.Arn, RouteResponseSelectionExpression: $default}
        Reply:
          Type: AWS::ApiGatewayV2::RouteResponse
          Properties: {ApiId: !Ref Api, RouteId: !Ref ApiSendmessageRoute, RouteResponseKey: $default}
        Alias:
          Type: AWS::ApiGatewayV2::Route
          Properties:
            ApiId: !Ref Api
            RouteKey: sendmessage
            Target: !Sub integrations/${ApiSendmessageIntegration}
        Echo:
          Type: AWS::Serverless::Function
          Properties:
            Handler: a.Echo
            Environment:
              Variables:
                SHARED: own
                URL: !Sub ["${AWS::Region} ${!Kept} ${x} ${Rows.Arn}", {x: !Ref Cost}]
                LIST: !Join [",", [a, !Ref Api, {"Ref": "Echo"}, {"Fn::GetAtt": [Echo, Arn]}]]
            Events:
              Rows:
                Type: DynamoDB
                Properties:
                  Stream: !GetAtt Rows.StreamArn
                  StartingPosition: LATEST
                  BatchSize: 7
        Rows:
          Type: AWS::DynamoDB::Table
          Properties:
            TableName: rows
            AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
            KeySchema: [{AttributeName: id, KeyType: HASH}]
            StreamSpecification: {StreamViewType: NEW_IMAGE}
      """;

  @TempDir private Path folder = Path.of("");

  @Test
  void theProjectsOwnTemplateIsHonoured() {
    Template template = Template.read(Path.of("../template.yaml"), Map.of());

    WebSocketApi api = Objects.requireNonNull(template.api());
    assertEquals("production", api.stage());
    assertEquals("$request.body.action", api.routeSelectionExpression());
    assertEquals("AuthorizerFunction", api.authorizerFunction());
    assertEquals("SendMessageFunction", route(api, "sendmessage").function());
    assertTrue(route(api, "sendmessage").twoWay());
    assertFalse(route(api, "$connect").twoWay());
    assertEquals(
        List.of("FanoutFunctionMessages", "PresenceFunctionConnections"),
        template.streamMappings().stream().map(StreamMappingResource::logicalId).toList());
  }

  @Test
  void globalsParametersAndIntrinsicsAreResolved() throws IOException {
    FunctionResource echo =
        Objects.requireNonNull(read(GOOD, Map.of("Cost", "9")).functions().get("Echo"));

    assertEquals(
        Map.of(
            "TABLE", "rows",
            "COST", "9",
            "SHARED", "own",
            "URL", "us-east-1 ${Kept} 9 arn:aws:dynamodb:us-east-1:000000000000:table/rows",
            "LIST", "a,local,Echo,arn:aws:lambda:us-east-1:000000000000:function:Echo"),
        echo.environment());
    assertEquals(Duration.ofSeconds(3), echo.timeout());
  }

  @Test
  void aRouteRepliesOnlyWithItsExpressionAndARouteResponse() throws IOException {
    WebSocketApi api = Objects.requireNonNull(read(GOOD, Map.of()).api());

    assertTrue(route(api, "sendMessage").twoWay());
    assertFalse(route(api, "oneWay").twoWay());
    assertFalse(route(api, "sendmessage").twoWay());
    assertEquals("Echo", route(api, "sendmessage").function());
  }

  @Test
  void anEventSourceMappingHasLambdasDefaults() throws IOException {
    StreamMappingResource mapping = read(GOOD, Map.of()).streamMappings().getFirst();

    assertEquals("rows", mapping.table());
    assertEquals(7, mapping.batchSize());
    assertEquals(Duration.ZERO, mapping.batchingWindow());
    assertEquals(-1, mapping.retryAttemptsMax());
    assertFalse(mapping.bisectOnError());
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        Arguments.of(
            "oneWay: {FunctionArn: !GetAtt Echo.Arn,",
            "oneWay: {FunctionArn: !GetAtt Echo.Arn, ApiKeyRequired: true,",
            "Api.Properties.Routes.oneWay.ApiKeyRequired: the local cloud does not honour this"
                + " property (template.yaml:19)"),
        Arguments.of(
            "oneWay:",
            "sendmessage:",
            "Api.Properties.Routes.sendmessage: SAM generates the id ApiSendmessageRoute for"
                + " another key too and would drop one of the two; declare this one as an"
                + " AWS::ApiGatewayV2::Route (template.yaml:19)"),
        Arguments.of(
            "$connect: {FunctionArn: !GetAtt Echo.Arn}",
            "$connect: {FunctionArn: !GetAtt Gone.Arn}",
            "Api.Properties.Routes.$connect.FunctionArn: `Gone` is no resource (template.yaml:17)"),
        Arguments.of(
            "$connect: {FunctionArn: !GetAtt Echo.Arn}",
            "$connect: {FunctionArn: !GetAtt Rows.Arn}",
            "Api.Properties.Routes.$connect.FunctionArn:"
                + " `arn:aws:dynamodb:us-east-1:000000000000:table/rows` is no function of this"
                + " template (template.yaml:17)"),
        Arguments.of(
            "RouteKey: sendmessage",
            "RouteKey: sendMessage",
            "Alias.Properties.RouteKey: another route has the key `sendMessage`"
                + " (template.yaml:27)"),
        Arguments.of(
            "${ApiSendmessageIntegration}",
            "${ApiSendMessageIntegration}",
            "Alias.Properties.Target: `ApiSendMessageIntegration` is no parameter, resource or"
                + " pseudo parameter (template.yaml:28)"),
        Arguments.of(
            "!Ref ApiSendmessageRoute",
            "!Ref Echo",
            "Reply.Properties.RouteId: `Echo` is no route of this template (template.yaml:22)"),
        Arguments.of(
            "StageName: !Ref Stage",
            "StageName: !ImportValue Stage",
            "Api.Properties.StageName: the local cloud does not honour Fn::ImportValue, as there is"
                + " no other stack: make it a parameter (template.yaml:15)"),
        Arguments.of(
            "Type: AWS::DynamoDB::Table",
            "Type: AWS::SNS::Topic",
            "Rows.Type: the local cloud does not honour AWS::SNS::Topic: leave it out here by a"
                + " Condition, or serve it elsewhere (template.yaml:46)"),
        Arguments.of(
            "Runtime: java25",
            "Runtime: ruby3.4",
            "Globals.Function.Runtime: `ruby3.4` does not run here, only java8.al2, java11, java17,"
                + " java21, java25, python3.*, nodejs*.x, provided.* (template.yaml:7)"),
        Arguments.of(
            "Handler: a.Echo",
            "Handler: a.Echo\n      Layers: [a]",
            "Echo.Properties.Layers: `a` is no layer of this template: declare it as"
                + " AWS::Serverless::LayerVersion with a folder (template.yaml:33)"),
        Arguments.of(
            "BatchSize: 7",
            "BatchSize: 10001",
            "Echo.Properties.Events.Rows.Properties.BatchSize: `10001` is not a whole number from 1"
                + " to 10000 (template.yaml:44)"),
        Arguments.of(
            "BatchSize: 7",
            "ParallelizationFactor: 2",
            "Echo.Properties.Events.Rows.Properties.ParallelizationFactor: `2` is not honoured"
                + " here, only 1 (template.yaml:44)"),
        Arguments.of(
            "BatchSize: 7",
            "FilterCriteria: {Filters: [%s]}".formatted("{Pattern: '{}'}, ".repeat(6)),
            "Echo.Properties.Events.Rows.Properties.FilterCriteria: a mapping has at most 5 filters"
                + " (template.yaml:44)"),
        Arguments.of(
            "BatchSize: 7",
            "MaximumRecordAgeInSeconds: 10",
            "Echo.Properties.Events.Rows.Properties.MaximumRecordAgeInSeconds: is -1, or 60 to"
                + " 604800 (template.yaml:44)"),
        Arguments.of(
            "BatchSize: 7",
            "FilterCriteria: {Filters: [{Pattern: '{\"eventName\": \"INSERT\"}'}]}",
            "Echo.Properties.Events.Rows.Properties.FilterCriteria: `{\"eventName\": \"INSERT\"}`"
                + " is no filter pattern: \"eventName\" must be an object or an array"
                + " (template.yaml:44)"),
        Arguments.of(
            "Type: DynamoDB\n",
            "Type: Kinesis\n",
            "Echo.Properties.Events.Rows.Type: `Kinesis` is not honoured here, only DynamoDB, SQS"
                + " (template.yaml:40)"),
        Arguments.of(
            "StartingPosition: LATEST",
            "StartingPosition: AT_TIMESTAMP",
            "Echo.Properties.Events.Rows.Properties.StartingPosition: `AT_TIMESTAMP` is not"
                + " honoured here, only TRIM_HORIZON, LATEST (template.yaml:43)"),
        Arguments.of(
            "StreamSpecification: {StreamViewType: NEW_IMAGE}",
            "BillingMode: PAY_PER_REQUEST",
            "Echo.Properties.Events.Rows.Properties.Stream: `Rows` has no attribute StreamArn here"
                + " (template.yaml:42)"),
        Arguments.of(
            "KeySchema: [{AttributeName: id,",
            "KeySchema: [{AttributeName: name,",
            "Rows.Properties.KeySchema.0.AttributeName: AttributeDefinitions has no `name`"
                + " (template.yaml:50)"),
        Arguments.of(
            "Default: test",
            "Default: 1test",
            "Parameters.Stage: `1test` is not what AllowedPattern and the like allow"
                + " (template.yaml:3)"),
        Arguments.of(
            "Default: 5",
            "Default: 10",
            "Parameters.Cost: `10` is not what AllowedPattern and the like allow"
                + " (template.yaml:4)"),
        Arguments.of(
            "Transform:",
            "Hooks: {}\nTransform:",
            "Hooks: the local cloud does not honour this section (template.yaml:1)"),
        Arguments.of(
            "TableName: rows",
            "TableName: !Ref Rows",
            "Rows.Properties.TableName: refers to itself (template.yaml:48)"),
        Arguments.of(
            "TableName: rows",
            "TableName: rows\n      TableName: more",
            "Rows.Properties.TableName: is there twice (template.yaml:49)"));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void whatCannotBeHonouredIsRefusedByNameAndLine(String good, String bad, String message) {
    assertTrue(GOOD.contains(good), good);

    TemplateException refusal =
        assertThrows(TemplateException.class, () -> read(GOOD.replace(good, bad), Map.of()));

    assertEquals(message, refusal.getMessage());
  }

  private static final String CONDITIONAL =
      GOOD.replace(
              "Globals:",
              """
              Conditions:
                IsCheap: !Equals [!Ref Cost, "5"]
                IsTest: {"Fn::Equals": [!Ref Stage, test]}
                IsDear: !Not [!Condition IsCheap]
                Both: !And [!Condition IsCheap, {Condition: IsTest}]
                Either: !Or [!Condition IsDear, !Condition Both]
              Globals:\
              """)
          .replace(
              "SHARED: own",
              """
              SHARED: !If [IsDear, dear, cheap]
                        ONLY_DEAR: !If [IsDear, yes, !Ref AWS::NoValue]
                        EITHER: {"Fn::If": [Either, yes, no]}
                        BOTH: !If [Both, yes, no]\
              """);

  @Test
  void aConditionChoosesAValue() throws IOException {
    Map<String, String> cheap = environment(read(CONDITIONAL, Map.of()));
    Map<String, String> dear = environment(read(CONDITIONAL, Map.of("Cost", "9")));

    assertEquals("cheap", cheap.get("SHARED"));
    assertFalse(cheap.containsKey("ONLY_DEAR"), cheap.toString());
    assertEquals("yes", cheap.get("EITHER"));
    assertEquals("yes", cheap.get("BOTH"));
    assertEquals("dear", dear.get("SHARED"));
    assertEquals("yes", dear.get("ONLY_DEAR"));
    assertEquals("yes", dear.get("EITHER"));
    assertEquals("no", dear.get("BOTH"));
  }

  private static Map<String, String> environment(Template template) {
    return Objects.requireNonNull(template.functions().get("Echo")).environment();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          !If [IsDear, dear,     | !If [IsNothing, dear, | Echo.Properties.Environment.Variables.SHARED: there is no condition `IsNothing`
          !If [IsDear, dear,     | !If [IsDear,      | Echo.Properties.Environment.Variables.SHARED: Fn::If is not given what it takes
          !Not [!Condition       | !Not [            | Conditions.IsDear: Fn::Not is not given what it takes
          !Not [!Condition IsCheap] | IsCheap        | Conditions.IsDear: is no condition
          !Condition IsCheap, {     | !Condition Either, { | Conditions.Both: refers to itself
          """)
  void aConditionThatCannotBeEvaluatedIsRefused(String good, String bad, String message) {
    assertTrue(CONDITIONAL.contains(good), good);

    TemplateException refusal =
        assertThrows(TemplateException.class, () -> read(CONDITIONAL.replace(good, bad), Map.of()));

    assertTrue(
        String.valueOf(refusal.getMessage()).startsWith(message + " (template.yaml:"),
        refusal.getMessage());
  }

  @Test
  void aResourceWhoseConditionDoesNotHoldIsNotThere() throws IOException {
    String conditional =
        CONDITIONAL
            .replace(
                "Resources:\n",
                """
                Outputs:
                  Archive: {Condition: IsDear, Value: !GetAtt Archive.Arn}
                Resources:
                  Archive:
                    Type: AWS::DynamoDB::Table
                    Condition: IsDear
                    Properties:
                      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
                      KeySchema: [{AttributeName: id, KeyType: HASH}]
                  Topic: {Type: AWS::SNS::Topic, Condition: IsTopical}
                  Files: {Type: AWS::S3::Bucket, Condition: IsDear, DependsOn: Topic}
                """)
            .replace("Conditions:\n", "Conditions:\n  IsTopical: !Not [!Condition Both]\n")
            .replace(
                "LIST: !Join [\",\", [", "LIST: !Join [\",\", [!If [IsDear, !Ref Archive, none], ");

    Template cheap = read(conditional, Map.of());
    assertEquals(List.of("rows"), cheap.tables().stream().map(TableResource::name).toList());
    assertFalse(cheap.withoutEffect().contains("AWS::S3::Bucket"));
    assertTrue(Objects.requireNonNull(environment(cheap).get("LIST")).startsWith("none,"));

    String message =
        assertThrows(TemplateException.class, () -> read(conditional, Map.of("Cost", "9")))
            .getMessage();
    assertTrue(String.valueOf(message).startsWith("Topic.Type: the local cloud"), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          !Ref Rows        | !Ref Gone      | Globals.Function.Environment.Variables.TABLE: `Gone` is not there, since IsDear does not hold
          Condition: IsDear | Condition: Is | Gone.Condition: there is no condition `Is`
          """)
  void aReferenceToWhatAConditionLeavesOutIsRefused(String good, String bad, String message) {
    String conditional =
        CONDITIONAL.replace(
            "Resources:\n", "Resources:\n  Gone: {Type: AWS::S3::Bucket, Condition: IsDear}\n");
    assertTrue(conditional.contains(good), good);

    TemplateException refusal =
        assertThrows(TemplateException.class, () -> read(conditional.replace(good, bad), Map.of()));

    String told = String.valueOf(refusal.getMessage());
    assertTrue(told.contains(message + " (template.yaml:"), told);
  }

  @Test
  void allThatIsWrongIsToldAtOnceInTheOrderOfItsLines() {
    String wrong =
        GOOD.replace("Default: 5", "Default: 10")
            .replace("StageName: !Ref Stage", "StageName: !ImportValue Stage")
            .replace("Type: AWS::DynamoDB::Table", "Type: AWS::SNS::Topic")
            .replace("Handler: a.Echo", "Handle: a.Echo\n      Timeout: 901")
            .replace("RouteKey: sendmessage", "RouteKey: [a]")
            .replace("BatchSize: 7", "BatchSize: none");

    assertEquals(
        List.of(
            "template.yaml: 8 things cannot be honoured:",
            "Parameters.Cost: `10` is not what AllowedPattern and the like allow"
                + " (template.yaml:4)",
            "Api.Properties.StageName: the local cloud does not honour Fn::ImportValue, as there is"
                + " no other stack: make it a parameter (template.yaml:15)",
            "Alias.Properties.RouteKey: expected one value (template.yaml:27)",
            "Echo.Properties.Handler: missing (template.yaml:31)",
            "Echo.Properties.Handle: the local cloud does not honour this property"
                + " (template.yaml:32)",
            "Echo.Properties.Timeout: `901` is not a whole number from 1 to 900"
                + " (template.yaml:33)",
            "Echo.Properties.Events.Rows.Properties.BatchSize: `none` is not a whole number from 1"
                + " to 10000 (template.yaml:45)",
            "Rows.Type: the local cloud does not honour AWS::SNS::Topic: leave it out here by a"
                + " Condition, or serve it elsewhere (template.yaml:47)"),
        assertThrows(TemplateException.class, () -> read(wrong, Map.of())).lines());
  }

  @Test
  void whatFollowsFromARefusalIsNotTold() {
    String wrong =
        GOOD.replace("Type: DynamoDB\n", "Type: Schedule\n")
            .replace("BatchSize: 7", "Schedule: rate(1 minute)")
            .replace(
                "Resources:\n",
                """
                Resources:
                  Rest: {Type: AWS::Serverless::HttpApi}
                  Http:
                    Type: AWS::ApiGatewayV2::Api
                    Properties: {ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: ["*"]}}
                  Get:
                    Type: AWS::ApiGatewayV2::Integration
                    Properties: {ApiId: !Ref Http, IntegrationType: HTTP_PROXY, RequestParameters: {a: b}}
                  Send:
                    Type: AWS::ApiGatewayV2::Integration
                    Properties: {ApiId: !Ref Api, IntegrationType: AWS, RequestParameters: {a: !Ref Rest}}
                  SendRoute:
                    Type: AWS::ApiGatewayV2::Route
                    Properties: {ApiId: !Ref Api, RouteKey: send, Target: !Sub "integrations/${Send}"}
                """);

    assertEquals(
        List.of(
            "template.yaml: 4 things cannot be honoured:",
            "Rest.Type: the local cloud does not honour AWS::Serverless::HttpApi: it runs WebSocket"
                + " APIs only (template.yaml:11)",
            "Http.Properties.ProtocolType: `HTTP` is not honoured here, only WEBSOCKET"
                + " (template.yaml:14)",
            "Send.Properties.IntegrationType: `AWS` is not honoured here, only AWS_PROXY, MOCK: let"
                + " a function call the service (template.yaml:20)",
            "Echo.Properties.Events.Rows.Type: `Schedule` is not honoured here, only DynamoDB, SQS"
                + " (template.yaml:53)"),
        assertThrows(TemplateException.class, () -> read(wrong, Map.of())).lines());
  }

  private static final String MAPPED =
      """
      Parameters:
        Size: {Type: String, Default: small}
        Subnets: {Type: "List<AWS::EC2::Subnet::Id>", Default: "a, b"}
        Names: {Type: CommaDelimitedList, Default: "x,y,z"}
        Version: {Type: "AWS::SSM::Parameter::Value<String>", Default: /bootstrap/version}
      Mappings:
        Sizes: {small: {Cost: 1, Names: [s, t]}, large: {Cost: 9, Names: [l]}}
      Rules:
        VersionIsNew:
          Assertions:
            - Assert: !Not [!Contains [["1", "2"], !Ref Version]]
      """
          + GOOD.replace(
                  """
                  Parameters:
                    Stage: {Type: String, Default: test, AllowedPattern: "[a-z]+"}
                    Cost: {Type: Number, Default: 5, MinValue: 1, MaxValue: 9}
                  """,
                  "")
              .replace("!Ref Stage", "test")
              .replace("!Ref Cost", "!FindInMap [Sizes, !Ref Size, Cost]")
              .replace(
                  "SHARED: own",
                  """
                  SHARED: !Join ["-", !Ref Names]
                            SECOND: !Select [1, !Ref Subnets]
                            FROM_MAP: !Join ["", !FindInMap [Sizes, small, Names]]
                            PART: !Select [2, !Split ["/", !Ref Version]]
                            BASE64: {"Fn::Base64": !Sub "${Size}!"}
                            ZONE: !Select [0, !GetAZs ""]
                            STACK: !Select [1, !Split ["/", !Ref AWS::StackId]]\
                  """);

  @Test
  void mappingsListsAndTheOtherFunctionsAreResolved() throws IOException {
    Map<String, String> environment = environment(read(MAPPED, Map.of()));

    assertEquals("x-y-z", environment.get("SHARED"));
    assertEquals("b", environment.get("SECOND"));
    assertEquals("st", environment.get("FROM_MAP"));
    assertEquals("version", environment.get("PART"));
    assertEquals("c21hbGwh", environment.get("BASE64"));
    assertEquals("us-east-1a", environment.get("ZONE"));
    assertEquals("parley", environment.get("STACK"));
    assertEquals("1", environment.get("COST"));
    assertEquals("9", environment(read(MAPPED, Map.of("Size", "large"))).get("COST"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Default: small                  | Default: huge                  | Echo.Properties.Environment.Variables.URL.1.x: Mappings has no `Sizes.huge.Cost`
          !Join ["-", !Ref Names]         | !Sub "${Names}"                | Echo.Properties.Environment.Variables.SHARED: ${Names} is a list: give it to Fn::Join
          Type: CommaDelimitedList        | Type: Boolean                  | Parameters.Names.Type: `Boolean` is no type of parameters that is known here
          !Select [1, !Ref Subnets]       | !Select [7, !Ref Subnets]      | Echo.Properties.Environment.Variables.SECOND: Fn::Select is not given what it takes
          !GetAZs ""                      | !Cidr [10.0.0.0/16, 1, 8]      | Echo.Properties.Environment.Variables.ZONE.1: the local cloud does not honour Fn::Cidr
          Default: /bootstrap/version     | Default: 1                     | Rules.VersionIsNew: does not hold
          """)
  void whatCannotBeResolvedIsRefusedByName(String good, String bad, String message) {
    assertTrue(MAPPED.contains(good), good);

    TemplateException refusal =
        assertThrows(TemplateException.class, () -> read(MAPPED.replace(good, bad), Map.of()));

    String told = String.valueOf(refusal.getMessage());
    assertTrue(told.contains(message + " (template.yaml:"), told);
  }

  private static final String WITH_A_PAGE =
      GOOD.replace("Cost: {Type: Number, Default: 5", "Cost: {Type: Number, Default: 1")
          .replace(
              "Resources:\n",
              """
              Resources:
                Files: {Type: AWS::S3::Bucket, Properties: {BucketName: any, Tags: [{Key: a, Value: b}]}}
                Site:
                  Type: AWS::CloudFront::Distribution
                  Properties: {DistributionConfig: {Origins: [{DomainName: !GetAtt Files.DomainName}]}}
                Uploader:
                  Type: AWS::Serverless::Function
                  Properties: {Handler: is.not.There, AutoPublishAlias: live}
                Content:
                  Type: Custom::Content
                  Properties:
                    ServiceToken: !GetAtt Uploader.Arn
                    Version: !Ref Uploader.Version
                    Whatever: [{It: Wants}, !GetAtt Site.DomainName]
                Other:
                  Type: AWS::CloudFormation::CustomResource
                  Properties: {ServiceToken: !GetAtt Echo.Arn, Answer: !GetAtt Content.Answer}
              """);

  @Test
  void whatServesAPageOnAwsIsTakenWithoutEffect() throws IOException {
    Template template = read(WITH_A_PAGE, Map.of());

    assertTrue(
        template
            .withoutEffect()
            .containsAll(
                List.of(
                    "AWS::CloudFormation::CustomResource",
                    "AWS::CloudFront::Distribution",
                    "AWS::S3::Bucket",
                    "Custom::Content")),
        template.withoutEffect().toString());
    assertEquals(Set.of("Echo"), template.functions().keySet(), "Echo is invoked by others, too");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          !GetAtt Site.DomainName | !GetAtt Site.Name      | Content.Properties.Whatever.1: `Site` has no attribute Name here
          !Ref Uploader.Version   | !Ref Echo.Version      | Content.Properties.Version: `Echo.Version` is no parameter, resource or pseudo parameter
          !GetAtt Uploader.Arn    | !GetAtt Files.Arn      | Content.Properties.ServiceToken: `files.arn` is no function of this template
          AWS::S3::Bucket         | AWS::S3::AccessPoint   | Files.Type: the local cloud does not honour AWS::S3::AccessPoint: leave it out here by a Condition, or serve it elsewhere
          """)
  void whatAPageOfAwsMayNotSayIsRefused(String good, String bad, String message) {
    assertTrue(WITH_A_PAGE.contains(good), good);

    TemplateException refusal =
        assertThrows(TemplateException.class, () -> read(WITH_A_PAGE.replace(good, bad), Map.of()));

    assertTrue(
        String.valueOf(refusal.getMessage()).startsWith(message + " (template.yaml:"),
        refusal.getMessage());
  }

  @Test
  void theTemplateMayGiveAParameterAnotherValueHere() throws IOException {
    String local = "Metadata: {Any: {thing: at all}, LocalCloud: {Parameters: {Cost: 7}}}\n" + GOOD;

    assertEquals("7", environment(read(local, Map.of())).get("COST"));
    assertEquals("8", environment(read(local, Map.of("Cost", "8"))).get("COST"));
    assertEquals(
        "Metadata.LocalCloud.Parameters.Price: the local cloud does not honour this property"
            + " (template.yaml:1)",
        assertThrows(
                TemplateException.class,
                () -> read(local.replace("{Cost: 7}", "{Price: 7}"), Map.of()))
            .getMessage());
    assertEquals(
        "Parameters.Cost: `77` is not what AllowedPattern and the like allow (template.yaml:5)",
        assertThrows(TemplateException.class, () -> read(local.replace("7", "77"), Map.of()))
            .getMessage());
  }

  @Test
  void whereThereIsAnIssuerTheTemplateSaysWhichParametersTellOfIt() throws IOException {
    String told =
        "Metadata: {LocalCloud: {Parameters: {Cost: 7}, Issuer: {Stage: 'at{issuer}'}}}\n" + GOOD;
    Path file = folder.resolve("issuer.yaml");
    Files.writeString(file, told);

    assertEquals("athome", stage(Template.read(file, Map.of(), "home")));
    assertEquals("7", environment(Template.read(file, Map.of(), "home")).get("COST"));
    assertEquals("own", stage(Template.read(file, Map.of("Stage", "own"), "8080")));
    assertEquals("test", stage(Template.read(file, Map.of())));
    Files.writeString(file, GOOD);
    assertEquals(
        "Metadata.LocalCloud.Issuer: missing: it says which parameters tell of an issuer of tokens"
            + " (issuer.yaml)",
        assertThrows(TemplateException.class, () -> Template.read(file, Map.of(), "home"))
            .getMessage());
  }

  private static String stage(Template template) {
    return Objects.requireNonNull(template.api()).stage();
  }

  @Test
  void aRuleThatDoesNotHoldIsRefusedWithItsDescription() throws IOException {
    String ruled =
        """
        Rules:
          DearIsForTests:
            RuleCondition: !Equals [!Ref Cost, 9]
            Assertions:
              - {Assert: !Equals [!Ref Stage, test], AssertDescription: only tests may cost 9}
        """
            + GOOD;

    assertEquals("5", environment(read(ruled, Map.of("Stage", "live"))).get("COST"));
    assertEquals("9", environment(read(ruled, Map.of("Cost", "9"))).get("COST"));
    assertEquals(
        "Rules.DearIsForTests: only tests may cost 9 (template.yaml:2)",
        assertThrows(
                TemplateException.class, () -> read(ruled, Map.of("Cost", "9", "Stage", "live")))
            .getMessage());
  }

  @Test
  void parametersThatTheTemplateLacksAreRefused() {
    TemplateException refusal =
        assertThrows(TemplateException.class, () -> read(GOOD, Map.of("Costs", "1")));

    assertEquals(
        "Parameters.Costs: the template has no such parameter (template.yaml:2)",
        refusal.getMessage());
  }

  @Test
  void aFileThatIsNoTemplateIsRefused() {
    Path missing = folder.resolve("none.yaml");

    assertEquals(
        missing + ": there is no such template",
        assertThrows(TemplateException.class, () -> Template.read(missing, Map.of())).getMessage());
    assertNotNull(assertThrows(TemplateException.class, () -> read("a: [", Map.of())).getMessage());
    assertNotNull(assertThrows(TemplateException.class, () -> read("", Map.of())).getMessage());
    assertNotNull(assertThrows(TemplateException.class, () -> read("- a", Map.of())).getMessage());
  }

  private static Route route(WebSocketApi api, String key) {
    return Objects.requireNonNull(api.routes().get(key), key);
  }

  private Template read(String content, Map<String, String> parameters) throws IOException {
    Path file = folder.resolve("template.yaml");
    Files.writeString(file, content);
    return Template.read(file, parameters);
  }
}
