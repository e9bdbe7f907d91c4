package dev.parley.local.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A WebSocket API whose parts are resources of their own, and functions that are called by their
/// alias.
class ApiTemplateTest {
  /// Every case below changes one thing in this.
  private static final String GOOD =
      """
      Transform: AWS::Serverless-2016-10-31
      Conditions:
        Never: !Equals [!Ref AWS::Region, ""]
      Globals:
        Function:
          Runtime: java25
          AutoPublishAlias: live
          SnapStart: {ApplyOn: PublishedVersions}
          SourceKMSKeyArn: !If [Never, some, !Ref AWS::NoValue]
          Environment: {Variables: {ASKED: !Ref Ask.Alias}}
      Resources:
        Api:
          Type: AWS::ApiGatewayV2::Api
          Properties:
            Name: chat
            ProtocolType: WEBSOCKET
            RouteSelectionExpression: $request.body.action
        Authorizer:
          Type: AWS::ApiGatewayV2::Authorizer
          Properties:
            ApiId: !Ref Api
            Name: ask
            AuthorizerType: REQUEST
            IdentitySource: [route.request.querystring.token]
            AuthorizerUri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Ask.Alias}/invocations
        Integration:
          Type: AWS::ApiGatewayV2::Integration
          DependsOn: Authorizer
          Properties:
            ApiId: !Ref Api
            IntegrationType: AWS_PROXY
            TimeoutInMillis: 1000
            IntegrationUri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Echo.Alias}/invocations
        Connect:
          Type: AWS::ApiGatewayV2::Route
          DependsOn: [Integration]
          Properties:
            ApiId: !Ref Api
            RouteKey: $connect
            AuthorizationType: CUSTOM
            AuthorizerId: !Ref Authorizer
            Target: !Sub integrations/${Integration}
        Say:
          Type: AWS::ApiGatewayV2::Route
          Properties:
            ApiId: !Ref Api
            RouteKey: say
            RouteResponseSelectionExpression: $default
            Target: !Join [/, [integrations, !Ref Integration]]
        Reply:
          Type: AWS::ApiGatewayV2::RouteResponse
          Properties: {ApiId: !Ref Api, RouteId: !Ref Say, RouteResponseKey: $default}
        Stage:
          Type: AWS::ApiGatewayV2::Stage
          DependsOn: Reply
          Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
        Ask:
          Type: AWS::Serverless::Function
          Properties: {Handler: a.Ask}
        Echo:
          Type: AWS::Serverless::Function
          Properties:
            Handler: a.Echo
            Environment:
              Variables: {STAGE: !Ref Stage, API: !GetAtt Api.ApiId, SELF: !Sub "${Echo.Alias}"}
        Old:
          Type: AWS::DynamoDB::Table
          DeletionPolicy: RetainExceptOnCreate
          UpdateReplacePolicy: Retain
          Properties:
            TableName: !If [Never, old, !Ref AWS::NoValue]
            BillingMode: PAY_PER_REQUEST
            DeletionProtectionEnabled: false
            SSESpecification: {SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: any}
            AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
            KeySchema: [{AttributeName: id, KeyType: HASH}]
      """;

  @TempDir private Path folder = Path.of("");

  @Test
  void anApiOfPlainResourcesIsWhatTheySay() throws IOException {
    WebSocketApi api = Objects.requireNonNull(read(GOOD).api());

    assertEquals("test", api.stage());
    assertEquals("$request.body.action", api.routeSelectionExpression());
    assertEquals("Ask", api.authorizerFunction());
    assertEquals(List.of("route.request.querystring.token"), api.identitySources());
    assertEquals(
        Map.of(
            "$connect", new Route("$connect", "Echo", false, Duration.ofSeconds(1)),
            "say", new Route("say", "Echo", true, Duration.ofSeconds(1))),
        api.routes());
  }

  @Test
  void aRouteWithoutAuthorizationLetsEverybodyIn() throws IOException {
    String open =
        GOOD.replace("      AuthorizationType: CUSTOM\n      AuthorizerId: !Ref Authorizer\n", "");

    assertNull(Objects.requireNonNull(read(open).api()).authorizerFunction());
  }

  @Test
  void aFunctionIsCalledByItsAlias() throws IOException {
    FunctionResource echo = Objects.requireNonNull(read(GOOD).functions().get("Echo"));

    assertEquals("live", echo.alias());
    assertEquals(
        Map.of(
            "ASKED", "arn:aws:lambda:us-east-1:000000000000:function:Ask:live",
            "SELF", "arn:aws:lambda:us-east-1:000000000000:function:Echo:live",
            "STAGE", "test",
            "API", "local"),
        echo.environment());
  }

  @Test
  void aNameThatAConditionLeavesOutIsTheLogicalId() throws IOException {
    assertEquals("Old", read(GOOD).tables().getFirst().name());
    assertEquals(
        "old",
        read(GOOD.replace("!Ref AWS::Region, \"\"", "!Ref AWS::Region, us-east-1"))
            .tables()
            .getFirst()
            .name());
  }

  @Test
  void whatHasNoEffectHereIsTold() throws IOException {
    assertEquals(
        List.of(
            "AWS::ApiGatewayV2::Api: Name",
            "AWS::ApiGatewayV2::Authorizer: Name",
            "AWS::DynamoDB::Table: BillingMode, DeletionProtectionEnabled, SSESpecification"),
        read(GOOD).withoutEffect());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          ProtocolType: WEBSOCKET | ProtocolType: HTTP | Api.Properties.ProtocolType: 'HTTP' is not honoured here, only WEBSOCKET
          AWS_PROXY | HTTP_PROXY | Integration.Properties.IntegrationType: 'HTTP_PROXY' is not honoured here, only AWS_PROXY, MOCK: let a function call the service
          functions/${Echo.Alias}/ | functions/${Echo.Alias}:1/ | Integration.Properties.IntegrationUri: 'arn:aws:lambda:us-east-1:000000000000:function:Echo:live:1' is no function of this template
          functions/${Ask.Alias}/invocations | ${Ask.Arn} | Authorizer.Properties.AuthorizerUri: 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/arn:aws:lambda:us-east-1:000000000000:function:Ask' invokes no function: expected arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/<ARN of the function>/invocations
          TimeoutInMillis: 1000 | TimeoutInMillis: 30000 | Integration.Properties.TimeoutInMillis: '30000' is not a whole number from 50 to 29000
          AuthorizationType: CUSTOM | AuthorizationType: AWS_IAM | Connect.Properties.AuthorizationType: 'AWS_IAM' is not honoured here, only NONE, CUSTOM
          AuthorizerId: !Ref Authorizer | AuthorizerId: !Ref Echo | Connect.Properties.AuthorizerId: 'Echo' is no authorizer of this API
          RouteKey: $connect | RouteKey: connect | Connect.Properties.AuthorizationType: only the route $connect has an authorizer
          Target: !Sub integrations/${Integration} | Target: !Sub integrations/${Say} | Connect.Properties.Target: 'integrations/Say' is no integration of this API
          RouteKey: say | RouteKey: $connect | Say.Properties.RouteKey: another route has the key '$connect'
          RouteId: !Ref Say | RouteId: !Ref Integration | Reply.Properties.RouteId: 'Integration' is no route of this template
          AutoDeploy: true | AutoDeploy: false | Stage.Properties.AutoDeploy: must be true, or DeploymentId name a deployment of this API: on AWS the stage would have no routes
          AutoDeploy: true} | AutoDeploy: true, DefaultRouteSettings: {ThrottlingRateLimit: 5}} | Stage.Properties.DefaultRouteSettings.ThrottlingRateLimit: ThrottlingRateLimit and ThrottlingBurstLimit are honoured together only
          AutoDeploy: true} | AutoDeploy: true, RouteSettings: {hop: {ThrottlingRateLimit: 5, ThrottlingBurstLimit: 5}}} | Stage.Properties.RouteSettings.hop: there is no such route
          AutoDeploy: true} | AutoDeploy: true, DefaultRouteSettings: {CachingEnabled: true}} | Stage.Properties.DefaultRouteSettings.CachingEnabled: the local cloud does not honour this property
          StageName: test | StageName: te st | Stage.Properties.StageName: 'te st' does not match [A-Za-z0-9_-]{1,128}
          AuthorizerType: REQUEST | AuthorizerType: JWT | Authorizer.Properties.AuthorizerType: 'JWT' is not honoured here, only REQUEST
          AutoPublishAlias: live | AutoPublishAlias: 7 | Globals.Function.AutoPublishAlias: '7' does not match (?!\\d+$)[A-Za-z0-9_-]{1,128}
          ApplyOn: PublishedVersions | ApplyOn: All | Globals.Function.SnapStart.ApplyOn: 'All' is not honoured here, only PublishedVersions, None
          DependsOn: Authorizer | DependsOn: Nobody | Integration.DependsOn: 'Nobody' is no resource
          DependsOn: Authorizer | DependsOn: Connect | Integration.DependsOn: 'Integration' would have to be there before itself
          DeletionPolicy: RetainExceptOnCreate | DeletionPolicy: Keep | Old.DeletionPolicy: 'Keep' is none of Delete, Retain, RetainExceptOnCreate
          UpdateReplacePolicy: Retain | UpdateReplacePolicy: RetainExceptOnCreate | Old.UpdateReplacePolicy: 'RetainExceptOnCreate' is none of Delete, Retain
          SSEType: KMS | SSEType: AES256 | Old.Properties.SSESpecification.SSEType: 'AES256' is not honoured here, only KMS
          SSEEnabled: true | SSEEnabled: false | Old.Properties.SSESpecification.KMSMasterKeyId: needs SSEEnabled true
          DeletionProtectionEnabled: false | DeletionProtectionEnabled: no thanks | Old.Properties.DeletionProtectionEnabled: 'no thanks' is not honoured here, only true, false
          """)
  void whatCannotBeHonouredIsRefusedByName(String good, String bad, String message) {
    assertTrue(GOOD.contains(good), good);

    TemplateException refusal =
        assertThrows(TemplateException.class, () -> read(GOOD.replace(good, bad)));

    String told = String.valueOf(refusal.getMessage());
    assertTrue(told.startsWith(message.replace('\'', '`') + " (template.yaml:"), told);
  }

  @Test
  void eachRouteIsThrottledByItsOwnSettingsOrTheDefault() throws IOException {
    WebSocketApi api =
        Objects.requireNonNull(
            read(GOOD.replace(
                    "AutoDeploy: true",
                    "AutoDeploy: true, DefaultRouteSettings: {ThrottlingRateLimit: 7,"
                        + " ThrottlingBurstLimit: 8}, RouteSettings: {say: {ThrottlingRateLimit: 1,"
                        + " ThrottlingBurstLimit: 2}}"))
                .api());

    assertEquals(
        new Throttling(7, 8), Objects.requireNonNull(api.routes().get("$connect")).throttling());
    assertEquals(
        new Throttling(1, 2), Objects.requireNonNull(api.routes().get("say")).throttling());
  }

  @Test
  void aSnapshotIsOfAVersionWhichOnlyAnAliasPublishes() {
    String without =
        GOOD.replace("    AutoPublishAlias: live\n", "")
            .replace("${Echo.Alias}", "${Echo.Arn}")
            .replace("${Ask.Alias}", "${Ask.Arn}")
            .replace("!Ref Ask.Alias", "!GetAtt Ask.Arn");

    TemplateException refusal = assertThrows(TemplateException.class, () -> read(without));

    assertFalse(without.contains("Alias"));
    assertTrue(
        String.valueOf(refusal.getMessage())
            .startsWith("Globals.Function.SnapStart: needs AutoPublishAlias"),
        refusal.getMessage());
  }

  @Test
  void anAliasOfAFunctionWithoutOneIsRefused() {
    String without = GOOD.replace("    AutoPublishAlias: live\n", "");

    TemplateException refusal = assertThrows(TemplateException.class, () -> read(without));

    assertTrue(
        String.valueOf(refusal.getMessage()).contains("Ask.Alias` is no parameter, resource"),
        refusal.getMessage());
  }

  private Template read(String content) throws IOException {
    Path file = folder.resolve("template.yaml");
    Files.writeString(file, content);
    return Template.read(file, Map.of());
  }
}
