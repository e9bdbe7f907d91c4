package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.parley.Limits;
import dev.parley.e2e.RawTemplate.Reference;
import dev.parley.e2e.RawTemplate.Route;
import dev.parley.local.gateway.Quotas;
import dev.parley.privacy.Privacy;
import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The structure of `infra/template.yaml`: what neither a schema nor a start of the local cloud
/// finds.
class TemplateTest {
  private final RawTemplate template = RawTemplate.read();

  // ---- References -----------------------------------------------------------------------------

  @Test
  void everyReferenceResolves() {
    Set<String> names = new HashSet<>(RawTemplate.PSEUDO_PARAMETERS.keySet());
    names.addAll(template.parameters().keySet());
    names.addAll(template.resources().keySet());
    names.addAll(template.generatedIds());

    List<Reference> dangling =
        template.references().stream()
            .filter(
                reference ->
                    !names.contains(reference.name())
                        || (reference.attribute() != null
                            && !attributes(reference.name()).contains(reference.attribute())))
            .toList();

    assertEquals(List.of(), dangling);
    assertFalse(template.references().isEmpty());
  }

  /// Sources: CloudFormation template reference, "Return values" of each type.
  private Set<String> attributes(String resource) {
    return switch (template.type(resource)) {
      case RawTemplate.FUNCTION -> Set.of("Arn", "Alias", "Version");
      case RawTemplate.ALARM -> Set.of("Arn");
      case RawTemplate.TABLE ->
          template.property(resource, "StreamSpecification").isObject()
              ? Set.of("Arn", "StreamArn")
              : Set.of("Arn");
      case RawTemplate.QUEUE -> Set.of("Arn", "QueueName", "QueueUrl");
      case RawTemplate.BUCKET -> Set.of("Arn", "RegionalDomainName");
      case RawTemplate.DISTRIBUTION -> Set.of("DomainName");
      case "AWS::CloudFront::OriginAccessControl" -> Set.of("Id");
      default -> Set.of();
    };
  }

  @Test
  void everyParameterIsUsed() {
    Set<String> used =
        template.references().stream().map(Reference::name).collect(Collectors.toSet());

    assertEquals(
        List.of(),
        template.parameters().keySet().stream().filter(name -> !used.contains(name)).toList());
  }

  /// Where `!Sub` is forgotten, the placeholder itself is deployed.
  @Test
  void noPlaceholderStandsOutsideOfSub() {
    List<String> forgotten = new ArrayList<>();
    collectPlaceholders(template.root(), forgotten);

    assertEquals(List.of(), forgotten);
  }

  private static void collectPlaceholders(JsonNode node, List<String> found) {
    if (node.isTextual() && RawTemplate.placeholders(node.asText()).findAny().isPresent()) {
      found.add(node.asText());
    }
    node.properties()
        .forEach(
            entry -> {
              if (!entry.getKey().equals("Fn::Sub")) {
                collectPlaceholders(entry.getValue(), found);
              }
            });
    if (node.isArray()) {
      node.forEach(element -> collectPlaceholders(element, found));
    }
  }

  // ---- Routes ---------------------------------------------------------------------------------

  @Test
  void everyRouteHasItsFunction() {
    for (Route route : template.routes()) {
      assertEquals(RawTemplate.FUNCTION, template.type(route.function()), route.toString());
    }
    assertEquals(RawTemplate.FUNCTION, template.type(template.authorizer()));
  }

  @Test
  void everyFunctionIsInvokedByARouteTheAuthorizerAStreamAQueueOrCloudFormation() {
    Set<String> invoked = new TreeSet<>();
    template.routes().forEach(route -> invoked.add(route.function()));
    invoked.add(template.authorizer());
    template
        .ofType(RawTemplate.SITE_CONTENT)
        .values()
        .forEach(
            content ->
                invoked.add(RawTemplate.attributeOwner(content.path("ServiceToken"), "Arn")));
    template
        .ofType(RawTemplate.FUNCTION)
        .forEach(
            (id, function) -> {
              if (function.has("Events")) {
                invoked.add(id);
              }
            });

    assertEquals(new TreeSet<>(template.ofType(RawTemplate.FUNCTION).keySet()), invoked);
  }

  @Test
  void whatAClientCanCallRepliesAndConnectAndDisconnectDoNot() {
    Set<String> silent =
        template.routes().stream()
            .filter(route -> !route.replies())
            .map(Route::key)
            .collect(Collectors.toSet());

    assertEquals(Set.of("$connect", "$disconnect"), silent);
  }

  /// A reply reaches its client only where the route names a selection expression and has a
  /// response (API Gateway developer guide, "Set up a WebSocket API route response").
  @Test
  void whatRepliesHasOneRouteResponseAndNothingElseHasOne() {
    Map<String, Integer> responses = new TreeMap<>();
    template
        .ofType(RawTemplate.ROUTE_RESPONSE)
        .forEach(
            (id, response) -> {
              assertEquals("$default", response.path("RouteResponseKey").asText(), id);
              assertEquals(template.apiId(), response.path("ApiId").path("Ref").asText(), id);
              responses.merge(response.path("RouteId").path("Ref").asText(), 1, Integer::sum);
            });

    Map<String, Integer> wanted = new TreeMap<>();
    template.routes().stream().filter(Route::replies).forEach(route -> wanted.put(route.id(), 1));
    assertEquals(wanted, responses);
  }

  /// The alias of each, and nothing else: what `$LATEST` answers begins without a snapshot. An
  /// integration waits for its permission, so that no upgrade has one without the other.
  @Test
  void theApiMayInvokeWhatItsRoutesAndItsAuthorizerInvoke() {
    Map<String, Set<String>> wanted = new TreeMap<>();
    for (Route route : template.routes()) {
      wanted.put(
          "%s/%s/%s".formatted(template.apiId(), template.stage(), route.key()),
          Set.of(route.function()));
    }
    wanted.put(template.apiId() + "/authorizers/*", Set.of(template.authorizer()));

    Map<String, Set<String>> found = new TreeMap<>();
    template
        .ofType(RawTemplate.PERMISSION)
        .forEach(
            (id, permission) -> {
              String function =
                  permission.path("FunctionName").path("Ref").asText().replace(".Alias", "");
              assertEquals(
                  "arn:aws:lambda:us-east-1:000000000000:function:" + function + ":live",
                  template.resolve(permission.path("FunctionName")),
                  id);
              assertEquals("lambda:InvokeFunction", permission.path("Action").asText(), id);
              assertEquals("apigateway.amazonaws.com", permission.path("Principal").asText(), id);
              String source = template.resolve(permission.path("SourceArn"));
              String prefix = "arn:aws:execute-api:us-east-1:000000000000:";
              assertTrue(source.startsWith(prefix), source);
              found
                  .computeIfAbsent(source.substring(prefix.length()), any -> new TreeSet<>())
                  .add(function);
            });

    assertEquals(wanted, found);
    Map<String, Set<String>> needs = template.needs();
    template
        .ofType(RawTemplate.PERMISSION)
        .keySet()
        .forEach(
            id ->
                assertTrue(
                    needs.values().stream().anyMatch(names -> names.contains(id)),
                    "nothing waits for " + id));
  }

  @Test
  void eachRouteHasAKeyOfItsOwn() {
    Set<String> keys = new HashSet<>();
    for (Route route : template.routes()) {
      assertTrue(keys.add(route.key()), route.key() + " is there twice");
    }
  }

  /// After that time the client has its Internal server error, whatever the function comes to.
  @Test
  void aRoutesFunctionEndsBeforeTheGatewayGivesUp() {
    for (Route route : template.routes()) {
      int seconds = template.functionProperty(route.function(), "Timeout").asInt();
      assertTrue(
          seconds > 0 && seconds < Quotas.INTEGRATION_TIMEOUT_MAX.toSeconds(), route.toString());
    }
  }

  /// An erasure waits for what was in flight.
  @Test
  void aRoutesFunctionEndsBeforeAnErasureGoesOn() {
    for (Route route : template.routes()) {
      assertTrue(
          template.functionProperty(route.function(), "Timeout").asInt()
              < Privacy.IN_FLIGHT_MAX.toSeconds(),
          route.toString());
    }
  }

  // ---- Functions ------------------------------------------------------------------------------

  /// Lambda takes the constructor without arguments. The local cloud takes that only where there is
  /// none with the environment, and a clock where the handler looks at one.
  @Test
  void everyHandlerCanBeMadeByLambdaAndByTheLocalCloud() throws Exception {
    for (String function : template.ofType(RawTemplate.FUNCTION).keySet()) {
      String name = template.functionProperty(function, "Handler").asText();
      Class<?> handler = Class.forName(name, false, getClass().getClassLoader());

      assertTrue(Modifier.isPublic(handler.getModifiers()), name);
      assertTrue(Modifier.isPublic(handler.getConstructor().getModifiers()), name);
      for (Constructor<?> constructor : handler.getConstructors()) {
        List<Class<?>> takes = List.of(constructor.getParameterTypes());
        assertTrue(
            List.of(List.of(), List.of(Map.class), List.of(Map.class, InstantSource.class))
                .contains(takes),
            name + takes);
      }
    }
  }

  /// `dev.parley.fanout.FanoutHandler` is in `../fanout/target/fanout.zip`, and that of the page in
  /// `site/target/site.zip`, beside the template.
  @Test
  void everyHandlerIsInThePackageOfItsOwnModule() {
    for (String function : template.ofType(RawTemplate.FUNCTION).keySet()) {
      String module =
          template
              .functionProperty(function, "Handler")
              .asText()
              .replaceFirst("dev\\.parley\\.([a-z]+)\\.[A-Za-z]+", "$1");
      assertEquals(
          "%s/target/%s.zip".formatted(module.equals("site") ? module : "../" + module, module),
          template.functionProperty(function, "CodeUri").asText(),
          function);
    }
  }

  /// One word for one thing: `join`, `JoinFunction`, `JoinHandler`. The actions on roles share a
  /// function, in which each has a class of its own: `kick`, `KickAction`.
  @Test
  void aRouteItsFunctionAndItsHandlerShareTheirName() throws Exception {
    for (Route route : template.routes()) {
      String name = route.key().replace("$", "");
      if (route.function().equals("RoleFunction")) {
        String action = name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
        Class.forName("dev.parley.handlers." + action + "Action");
        continue;
      }
      assertTrue(route.function().equalsIgnoreCase(name + "Function"), route.toString());
      assertEquals(
          "dev.parley.handlers." + route.function().replace("Function", "Handler"),
          template.functionProperty(route.function(), "Handler").asText());
    }
  }

  /// Pings are the most frequent frames and lead to nothing: their traces would only cost. SAM
  /// gives a role rights in X-Ray unless tracing is disabled.
  @Test
  void everyFunctionIsTracedButThatOfPingsAndThatOfThePage() {
    for (String function : template.ofType(RawTemplate.FUNCTION).keySet()) {
      assertEquals(
          switch (function) {
            case "PingFunction" -> "PassThrough";
            case "SiteFunction" -> "Disabled";
            default -> "Active";
          },
          template.functionProperty(function, "Tracing").asText(),
          function);
    }
  }

  /// [RolesTest] compares with what a function calls.
  @Test
  void everyFunctionHasARoleOfItsOwnForNothingButThisTemplatesResources() {
    Set<String> resources = new HashSet<>();
    template
        .ofType(RawTemplate.TABLE)
        .forEach(
            (id, table) -> {
              String arn = "arn:aws:dynamodb:us-east-1:000000000000:table/" + id;
              resources.add(arn);
              for (JsonNode index : RawTemplate.each(table.path("GlobalSecondaryIndexes"))) {
                resources.add(arn + "/index/" + index.path("IndexName").asText());
              }
            });
    template
        .ofType(RawTemplate.QUEUE)
        .forEach(
            (id, queue) ->
                resources.add(
                    "arn:aws:sqs:us-east-1:000000000000:"
                        + id
                        + (queue.path("FifoQueue").asBoolean() ? ".fifo" : "")));
    for (String bucket : template.ofType(RawTemplate.BUCKET).keySet()) {
      resources.addAll(List.of("arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*"));
    }
    for (String distribution : template.ofType(RawTemplate.DISTRIBUTION).keySet()) {
      resources.add("arn:aws:cloudfront::000000000000:distribution/" + distribution);
    }
    String stage =
        "arn:aws:execute-api:us-east-1:000000000000:%s/%s"
            .formatted(template.apiId(), template.stage());
    resources.add(stage + "/GET/@connections/*");
    resources.add(stage + "/POST/@connections/*");
    resources.add(stage + "/DELETE/@connections/*");

    JsonNode globals = template.root().path("Globals").path("Function");
    assertFalse(globals.has("Role") || globals.has("Policies"), "one role for everybody");
    template
        .ofType(RawTemplate.FUNCTION)
        .forEach(
            (id, function) -> {
              assertFalse(function.has("Role"), id + " has a role that others may share");
              for (JsonNode policy : RawTemplate.each(function.path("Policies"))) {
                assertTrue(
                    policy.has("Statement") || keyPolicy(policy) != null, id + ": " + policy);
                assertEquals(1, policy.size(), id);
              }
              for (JsonNode statement : RawTemplate.statements(function)) {
                assertEquals(
                    Set.of("Effect", "Action", "Resource"),
                    RawTemplate.fields(statement).keySet(),
                    id);
                assertEquals("Allow", statement.path("Effect").asText(), id);
                for (String action : RawTemplate.texts(statement.path("Action"))) {
                  assertTrue(action.matches("[a-z0-9-]+:[A-Za-z]+"), id + ": " + action);
                }
                for (JsonNode resource : RawTemplate.each(statement.path("Resource"))) {
                  assertFalse(resource.isTextual(), id + ": " + resource + " is in no template");
                  assertTrue(resources.contains(template.resolve(resource)), id + ": " + resource);
                }
              }
            });
  }

  // ---- The page -------------------------------------------------------------------------------

  @Test
  void thePagesOwnOriginMayConnectAndOthersThatAreNamed() {
    JsonNode join =
        template
            .functionProperty("ConnectFunction", "Environment")
            .at("/Variables/ALLOWED_ORIGINS/Fn::Join");

    assertEquals(",", join.path(0).asText());
    assertEquals(
        List.of("https://sitedistribution.cloudfront.net", "https://", ""),
        RawTemplate.each(join.path(1)).stream()
            .map(value -> template.resolve(value, Set.of("HasPageDomain", "HasAllowedOrigins")))
            .toList());
    assertEquals("", parameter("AllowedOrigins"), "nobody else's, unless it is given");
    assertEquals(
        "*",
        template.root().at("/Metadata/LocalCloud/Parameters/AllowedOrigins").asText(),
        "here the gateway decides");
  }

  /// The page may talk to itself and to what its `config.json` names, and to nobody else.
  @Test
  void thePolicyFollowsFromTheConfiguration() {
    String policy = "/ResponseHeadersPolicyConfig/SecurityHeadersConfig/ContentSecurityPolicy";
    for (Set<String> holding : List.of(Set.<String>of(), Set.of("SocketThroughPage"))) {
      JsonNode config = template.property("SiteContent", "Config");
      assertEquals(Set.of("webSocketUrl"), RawTemplate.fields(config).keySet());
      String url = template.resolve(config.path("webSocketUrl"), holding);
      String named = url.startsWith("/") ? "" : " " + url.replaceFirst("(//[^/]+)/.*", "$1");

      String csp =
          template.resolve(
              template
                  .resources()
                  .getOrDefault("SiteHeaders", MissingNode.getInstance())
                  .at("/Properties" + policy + "/ContentSecurityPolicy"),
              holding);

      assertTrue(csp.contains("; connect-src 'self'" + named + "; "), csp);
      assertTrue(csp.startsWith("default-src 'none'; script-src 'self'; style-src 'self'; "), csp);
      assertTrue(csp.endsWith("; frame-ancestors 'none'"), csp);
    }
  }

  /// It would go on to answer so for 10 s, handshakes too.
  @Test
  void cloudFrontKeepsNoFailureOfWhatIsBehindIt() {
    Map<String, String> kept = new TreeMap<>();
    template
        .property("SiteDistribution", "DistributionConfig")
        .path("CustomErrorResponses")
        .forEach(
            answer ->
                kept.put(
                    answer.path("ErrorCode").asText(), answer.path("ErrorCachingMinTTL").asText()));

    assertEquals(Map.of("500", "0", "502", "0", "503", "0", "504", "0"), kept);
  }

  /// An account has 20 origin request policies.
  @Test
  void aStackWhoseSocketIsNotBehindThePageHasNoPolicyForIt() {
    assertEquals(
        "SocketThroughPage", template.root().at("/Resources/SocketRequests/Condition").asText());
  }

  /// SAM puts the values of parameters into the processed template, which whoever may read the
  /// stack may read: a secret among them would be none.
  @Test
  void aSecretReachesNoFunction() {
    Set<String> secrets = new TreeSet<>();
    template
        .parameters()
        .forEach(
            (name, parameter) -> {
              if (parameter.path("NoEcho").asBoolean()) {
                secrets.add(name);
              }
            });
    assertEquals(Set.of("SocketSecret"), secrets);

    Set<String> given = new TreeSet<>(template.parametersOf(template.root().path("Globals")));
    template
        .ofType(RawTemplate.FUNCTION)
        .values()
        .forEach(f -> given.addAll(template.parametersOf(f)));

    assertTrue(given.contains("SocketSecretSha256"));
    given.retainAll(secrets);
    assertEquals(Set.of(), given);
  }

  /// Only CloudFront reads the bucket, and only for this distribution.
  @Test
  void theBucketIsPrivate() {
    JsonNode block = template.property("SiteBucket", "PublicAccessBlockConfiguration");
    assertEquals(4, block.size());
    block.forEach(setting -> assertEquals("true", setting.asText()));
    for (JsonNode statement :
        template.property("SiteBucketPolicy", "PolicyDocument").path("Statement")) {
      assertEquals("cloudfront.amazonaws.com", statement.at("/Principal/Service").asText());
      assertEquals(
          "arn:aws:cloudfront::000000000000:distribution/SiteDistribution",
          template.resolve(statement.at("/Condition/StringEquals/AWS:SourceArn")));
      assertTrue(
          Set.of("s3:GetObject", "s3:ListBucket").contains(statement.path("Action").asText()));
    }
  }

  // ---- The key --------------------------------------------------------------------------------

  private static final String KEY = "EncryptionKeyArn";

  /// The policy of a function that lets it use the key where there is one, or null.
  private static @Nullable String keyPolicy(JsonNode policy) {
    JsonNode choice = policy.path("Fn::If");
    return choice.path(0).asText().equals("HasEncryptionKey")
            && choice.path(2).path("Ref").asText().equals("AWS::NoValue")
        ? choice.path(1).path("Ref").asText()
        : null;
  }

  @Test
  void whatIsStoredIsEncryptedWithTheKeyThatIsGiven() {
    ObjectMapper json = new ObjectMapper();
    JsonNode key = json.valueToTree(Map.of("Ref", KEY));
    JsonNode none = json.valueToTree(Map.of("Ref", "AWS::NoValue"));
    JsonNode ifGiven = json.valueToTree(Map.of("Fn::If", List.of("HasEncryptionKey", key, none)));
    JsonNode table =
        json.valueToTree(
            Map.of(
                "Fn::If",
                List.of(
                    "HasEncryptionKey",
                    Map.of("SSEEnabled", "true", "SSEType", "KMS", "KMSMasterKeyId", key),
                    none)));
    JsonNode ofSqs = json.valueToTree(Map.of("Fn::If", List.of("HasEncryptionKey", none, "true")));

    template
        .ofType(RawTemplate.TABLE)
        .forEach((id, found) -> assertEquals(table, found.path("SSESpecification"), id));
    template
        .ofType(RawTemplate.QUEUE)
        .forEach(
            (id, found) -> {
              assertEquals(ifGiven, found.path("KmsMasterKeyId"), id);
              assertEquals(ofSqs, found.path("SqsManagedSseEnabled"), id);
            });
    template
        .ofType(RawTemplate.LOG_GROUP)
        .forEach((id, found) -> assertEquals(ifGiven, found.path("KmsKeyId"), id));
    assertEquals("", parameter(KEY), "AWS's own, unless one is given");
  }

  /// DynamoDB and SQS use the key in the name of whoever calls them (their developer guides,
  /// "Encryption at rest" and "Key management"): a function that reads or writes a table, sends to
  /// a queue or is invoked by one has the policy for that, and no other.
  @Test
  void aFunctionMayUseTheKeyForWhatItCalls() {
    template
        .ofType(RawTemplate.FUNCTION)
        .forEach(
            (id, function) -> {
              Set<String> wanted = new TreeSet<>();
              for (JsonNode statement : RawTemplate.statements(function)) {
                for (String action : RawTemplate.texts(statement.path("Action"))) {
                  switch (action.replaceFirst(":.*", "")) {
                    case "dynamodb" -> wanted.add("TablesKeyPolicy");
                    case "sqs" -> wanted.add("SendersKeyPolicy");
                    default -> {}
                  }
                }
              }
              for (JsonNode event : RawTemplate.fields(function.path("Events")).values()) {
                wanted.add(
                    event.path("Type").asText().equals("SQS")
                        ? "ReadersKeyPolicy"
                        : "TablesKeyPolicy");
              }
              Set<String> found = new TreeSet<>();
              for (JsonNode policy : RawTemplate.each(function.path("Policies"))) {
                if (keyPolicy(policy) != null) {
                  found.add(keyPolicy(policy));
                }
              }

              assertEquals(wanted, found, id);
            });
  }

  @Test
  void theKeyIsUsedThroughTheServicesThatStoreAndForNothingElse() {
    Map<String, String> found = new TreeMap<>();
    template
        .ofType(RawTemplate.MANAGED_POLICY)
        .forEach(
            (id, policy) -> {
              assertEquals(
                  "HasEncryptionKey",
                  template.root().at("/Resources/" + id + "/Condition").asText());
              assertEquals(Set.of("PolicyDocument"), RawTemplate.fields(policy).keySet());
              JsonNode statements = policy.at("/PolicyDocument/Statement");
              assertEquals(1, statements.size(), id);
              JsonNode statement = statements.path(0);
              assertEquals("Allow", statement.path("Effect").asText());
              assertEquals(KEY, statement.path("Resource").path("Ref").asText());
              JsonNode condition = statement.path("Condition");
              assertEquals(1, condition.size());
              assertEquals(1, condition.path("StringEquals").size());
              found.put(
                  id,
                  RawTemplate.texts(statement.path("Action"))
                      + " "
                      + template.resolve(condition.at("/StringEquals/kms:ViaService")));
            });

    assertEquals(
        Map.of(
            "TablesKeyPolicy", "[kms:Decrypt] dynamodb.us-east-1.amazonaws.com",
            "SendersKeyPolicy", "[kms:GenerateDataKey, kms:Decrypt] sqs.us-east-1.amazonaws.com",
            "ReadersKeyPolicy", "[kms:Decrypt] sqs.us-east-1.amazonaws.com"),
        found);
  }

  /// What outlives the stack can be restored and protected. The rest must be neither: who is
  /// connected, from which address, would be kept for 35 days more, and the stack could not be
  /// deleted.
  @Test
  void whatOutlivesTheStackIsProtectedByParametersAndNothingElseIs() {
    template
        .ofType(RawTemplate.TABLE)
        .forEach(
            (id, table) -> {
              boolean outlives =
                  template
                      .root()
                      .at("/Resources/" + id + "/DeletionPolicy")
                      .asText()
                      .equals("RetainExceptOnCreate");
              assertEquals(
                  outlives ? "PointInTimeRecovery" : "",
                  table
                      .at("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled/Ref")
                      .asText(),
                  id);
              assertEquals(
                  outlives ? "DeletionProtection" : "",
                  table.at("/DeletionProtectionEnabled/Ref").asText(),
                  id);
            });
    assertEquals("true", parameter("PointInTimeRecovery"));
  }

  // ---- No wildcard, no secret -----------------------------------------------------------------

  /// What comes after a resource of the stack in an ARN, where whoever calls chooses it: the
  /// connections of the stage, its authorizers, the files of the bucket.
  private static final Set<String> CHOSEN_BY_THE_CALLER =
      Set.of("/@connections/*", "/authorizers/*", "${SiteBucket.Arn}/*");

  @Test
  void noPolicyHasAWildcard() {
    List<String> found = new ArrayList<>();
    template
        .resources()
        .forEach(
            (id, resource) -> {
              collectWildcards(id, resource.path("Properties"), "", found);
              if (resource.path("Type").asText().equals(RawTemplate.FUNCTION)) {
                for (JsonNode policy : RawTemplate.each(resource.at("/Properties/Policies"))) {
                  assertFalse(policy.isTextual(), id + " has a policy of AWS: " + policy);
                }
              }
            });

    assertEquals(List.of(), found);
  }

  /// In whatever names actions, resources or principals.
  private static void collectWildcards(String id, JsonNode node, String at, List<String> found) {
    for (Map.Entry<String, JsonNode> entry : RawTemplate.fields(node).entrySet()) {
      String name = entry.getKey();
      if (Set.of("NotAction", "NotResource", "NotPrincipal").contains(name)) {
        found.add(id + at + ": " + name);
      } else if (Set.of("Action", "Resource", "Principal", "SourceArn").contains(name)) {
        texts(entry.getValue())
            .filter(text -> text.contains("*"))
            .filter(
                text ->
                    name.equals("Action")
                        || CHOSEN_BY_THE_CALLER.stream()
                            .noneMatch(
                                end ->
                                    text.endsWith(end)
                                        && text.indexOf('*') == text.length() - 1
                                        && text.contains("${")))
            .forEach(text -> found.add(id + at + "/" + name + ": " + text));
      } else {
        collectWildcards(id, entry.getValue(), at + "/" + name, found);
      }
    }
    if (node.isArray()) {
      node.forEach(element -> collectWildcards(id, element, at, found));
    }
  }

  /// All texts in a value.
  private static Stream<String> texts(JsonNode node) {
    return node.isTextual()
        ? Stream.of(node.asText())
        : node.valueStream().flatMap(TemplateTest::texts);
  }

  /// A parameter that is a secret is not shown, and has no default that everybody knows. Nothing
  /// else in the template looks like one: a key of AWS, a private key, or 32 characters in a
  /// row with a digit among them.
  @Test
  void noSecretStandsInTheTemplate() {
    template
        .parameters()
        .forEach(
            (name, parameter) -> {
              if (parameter.path("NoEcho").asBoolean() || name.matches(".*(Secret|Password|Key)")) {
                assertTrue(parameter.path("NoEcho").asBoolean(), name + " is shown");
                assertEquals("", parameter.path("Default").asText(), name);
              }
            });
    Set<String> ofAws = new HashSet<>();
    for (JsonNode id : template.root().findValues("CachePolicyId")) {
      ofAws.add(id.asText());
    }
    assertEquals(
        List.of(),
        texts(template.root())
            .filter(text -> !ofAws.contains(text))
            .filter(text -> LIKE_A_SECRET.matcher(text).find())
            .toList());
    for (String secret :
        List.of(
            "AKIA" + "IOSFODNN7EXAMPLE",
            "-----BEGIN " + "PRIVATE KEY-----",
            "0b5f3c1e9d8a7b6c5d4e3f2a1b0c9d8e",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")) {
      assertTrue(LIKE_A_SECRET.matcher("SOME_KEY=" + secret).find(), secret);
    }
  }

  private static final Pattern LIKE_A_SECRET =
      Pattern.compile(
          "\\b(AKIA|ASIA)[A-Z0-9]{16}\\b|PRIVATE KEY"
              + "|(?=[A-Za-z+/_-]*[0-9])[A-Za-z0-9+/_-]{32,}");

  // ---- Tables and streams ---------------------------------------------------------------------

  @Test
  void theTablesAreThoseOfTheDesign() {
    Map<String, String> tables = new LinkedHashMap<>();
    template.ofType(RawTemplate.TABLE).forEach((id, table) -> describe(id, table, tables));

    assertEquals(
        Map.of(
            "ChatMessages",
            "room_id S, timestamp N; stream NEW_IMAGE; expires at expires_at",
            "ChatConnections",
            "connection_id S, room_id S; stream NEW_AND_OLD_IMAGES; expires at expires_at",
            "ChatConnections RoomConnections",
            "room_id S, slot S; INCLUDE [user, sender, joined_at, expires_at]",
            "ChatRooms",
            "room_id S; expires at expires_at",
            "ChatRoles",
            "user S, room_id S; expires at expires_at",
            "ChatRoles RoomRoles",
            "room_id S, user S; INCLUDE [role, since, banned_until]",
            "ChatAllowances",
            "id S; expires at expires_at",
            "ChatSends",
            "send_id S; expires at expires_at",
            "ChatSessions",
            "connection_id S; expires at expires_at",
            "ChatErasures",
            "user_digest S; expires at expires_at"),
        tables);
  }

  private static void describe(String name, JsonNode table, Map<String, String> tables) {
    Map<String, String> types = new LinkedHashMap<>();
    for (JsonNode attribute : table.path("AttributeDefinitions")) {
      types.put(attribute.path("AttributeName").asText(), attribute.path("AttributeType").asText());
    }
    Set<String> keys = new HashSet<>();
    StringBuilder text = new StringBuilder(key(table, types, keys));
    JsonNode stream = table.path("StreamSpecification");
    if (!stream.isMissingNode()) {
      text.append("; stream ").append(stream.path("StreamViewType").asText());
    }
    JsonNode timeToLive = table.path("TimeToLiveSpecification");
    if (timeToLive.path("Enabled").asText().equals("true")) {
      text.append("; expires at ").append(timeToLive.path("AttributeName").asText());
    }
    tables.put(name, text.toString());
    for (JsonNode index : table.path("GlobalSecondaryIndexes")) {
      JsonNode projection = index.path("Projection");
      tables.put(
          name + " " + index.path("IndexName").asText(),
          "%s; %s %s"
              .formatted(
                  key(index, types, keys),
                  projection.path("ProjectionType").asText(),
                  RawTemplate.texts(projection.path("NonKeyAttributes"))));
    }
    assertEquals(types.keySet(), keys, name + " defines attributes that are no keys");
  }

  /// The partition key, then the sort key if there is one.
  private static String key(JsonNode owner, Map<String, String> types, Set<String> keys) {
    List<String> parts = new ArrayList<>();
    for (JsonNode part : owner.path("KeySchema")) {
      String name = part.path("AttributeName").asText();
      keys.add(name);
      parts.add(name + " " + types.get(name));
      assertEquals(
          parts.size() == 1 ? "HASH" : "RANGE", part.path("KeyType").asText(), owner.toString());
    }
    return String.join(", ", parts);
  }

  /// Lambda asks for six times the function's timeout, lest a message be seen twice; what fails for
  /// good is kept for two weeks.
  @Test
  void aQueueHidesWhatIsInWorkAndKeepsWhatFails() {
    Map<String, JsonNode> queues = template.ofType(RawTemplate.QUEUE);
    for (String id : List.of("PushSegments", "PushRetries", "PruneConnections")) {
      JsonNode queue = queues.getOrDefault(id, MissingNode.getInstance());
      String reader =
          switch (id) {
            case "PushSegments" -> "PushFunction";
            case "PushRetries" -> "RetryFunction";
            default -> "PruneFunction";
          };
      int timeout = template.functionProperty(reader, "Timeout").asInt();
      assertEquals(6 * timeout, queue.path("VisibilityTimeout").asInt(), id);
      JsonNode dead =
          queues.getOrDefault(
              RawTemplate.attributeOwner(
                  queue.path("RedrivePolicy").path("deadLetterTargetArn"), "Arn"),
              MissingNode.getInstance());
      assertEquals(1_209_600, dead.path("MessageRetentionPeriod").asInt(), id);
      assertEquals(queue.path("FifoQueue"), dead.path("FifoQueue"), id);
    }
    for (String id : List.of("PushSegments", "PruneConnections")) {
      JsonNode fifo = queues.getOrDefault(id, MissingNode.getInstance());
      assertEquals("messageGroup", fifo.path("DeduplicationScope").asText());
      assertEquals("perMessageGroupId", fifo.path("FifoThroughputLimit").asText());
    }
  }

  /// All functions that push stay within `PushesPerSecond` together, because each kind has a share,
  /// and so many of a kind at once share that as their mapping lets run.
  @Test
  void theFunctionsThatPushShareTheBudget() {
    int percent = 0;
    Set<String> sharing = new HashSet<>();
    for (Map.Entry<String, JsonNode> entry : template.ofType(RawTemplate.FUNCTION).entrySet()) {
      String id = entry.getKey();
      JsonNode function = entry.getValue();
      boolean pushes =
          RawTemplate.statements(function).stream()
              .flatMap(statement -> RawTemplate.each(statement.path("Resource")).stream())
              .anyMatch(resource -> template.resolve(resource).endsWith("/POST/@connections/*"));
      JsonNode variables = function.path("Environment").path("Variables");
      assertEquals(pushes, variables.has("PUSH_SHARE_PERCENT"), id);
      if (!pushes) {
        continue;
      }
      sharing.add(id);
      percent += variables.path("PUSH_SHARE_PERCENT").asInt();
      JsonNode functions = variables.path("PUSH_SHARE_FUNCTIONS");
      assertEquals(1, function.path("Events").size(), id + " has the share of one mapping");
      JsonNode event = RawTemplate.fields(function.path("Events")).values().iterator().next();
      if (event.path("Type").asText().equals("SQS")) {
        assertEquals(
            functions,
            event.path("Properties").path("ScalingConfig").path("MaximumConcurrency"),
            id);
      } else {
        assertEquals("StreamFunctions", functions.path("Ref").asText(), id);
        assertEquals(
            functions,
            function.path("ReservedConcurrentExecutions").path("Fn::If").path(1),
            id + " is bounded where the account allows it");
      }
    }

    assertEquals(
        Set.of(
            "FanoutFunction",
            "PushFunction",
            "RetryFunction",
            "PresenceFunction",
            "DepartureFunction"),
        sharing);
    assertEquals(100, percent);
    assertEquals("false", parameter("ReserveStreamFunctions"));
  }

  /// A room that is small by its members can be pushed to at once.
  @Test
  void oneFunctionMayPushToAWholeSmallRoomAtOnce() {
    assertTrue(number("SegmentSize") <= perSecond("FanoutFunction", number("PushesPerSecond")));
  }

  /// Also where the account's quota is the smallest: PresenceFunction has a second's pushes in its
  /// bucket, and 5 s for one room.
  @Test
  void aWholeRoomCanBeToldWhoComesAndWhoLeaves() {
    for (String function : List.of("PresenceFunction", "DepartureFunction")) {
      assertTrue(number("PresenceMax") <= (1 + 5) * perSecond(function, 2_000), function);
    }
  }

  /// What one function of a kind may push a second.
  private int perSecond(String function, int pushesPerSecond) {
    JsonNode variables = template.functionProperty(function, "Environment").path("Variables");
    JsonNode functions = variables.path("PUSH_SHARE_FUNCTIONS");
    int atOnce = functions.has("Ref") ? number(functions.path("Ref").asText()) : functions.asInt();
    return pushesPerSecond * variables.path("PUSH_SHARE_PERCENT").asInt() / 100 / atOnce;
  }

  private int number(String parameter) {
    return Integer.parseInt(parameter(parameter));
  }

  /// A message is kept from its sending on, its delay included.
  @Test
  void aDepartureOutlivesItsDelayAndSeveralAttempts() {
    JsonNode queue =
        template.ofType(RawTemplate.QUEUE).getOrDefault("Departures", MissingNode.getInstance());
    int delayMax =
        template
            .parameters()
            .getOrDefault("PresenceOutSeconds", MissingNode.getInstance())
            .path("MaxValue")
            .asInt();
    int hidden = queue.path("VisibilityTimeout").asInt();

    assertTrue(queue.path("MessageRetentionPeriod").asInt() >= delayMax + 5 * hidden);
    assertEquals(6 * template.functionProperty("DepartureFunction", "Timeout").asInt(), hidden);
  }

  private String parameter(String name) {
    return template
        .parameters()
        .getOrDefault(name, MissingNode.getInstance())
        .path("Default")
        .asText();
  }

  /// API Gateway's own quota, of which frames have the rest.
  @Test
  void theBudgetIsFourFifthsOfTheQuota() {
    assertEquals(Quotas.REQUESTS_PER_SECOND * 4 / 5, number("PushesPerSecond"));
  }

  /// The segments of a room are a power of two, and a full batch is one too: one function does not
  /// get more of them than another.
  @Test
  void segmentsFallEvenlyToTheFunctions() {
    int batchSize =
        template
            .functionProperty("PushFunction", "Events")
            .at("/Segments/Properties/BatchSize")
            .asInt();

    assertEquals(1, Integer.bitCount(batchSize), "a batch of " + batchSize);
  }

  /// A job that failed once is pushed before a room goes the direct way again.
  @Test
  void aRoomIsQueuedForLongerThanAJobIsHidden() {
    JsonNode segments =
        template.ofType(RawTemplate.QUEUE).getOrDefault("PushSegments", MissingNode.getInstance());

    assertTrue(
        Limits.QUEUED_CALM.toSeconds() > segments.path("VisibilityTimeout").asInt(),
        "queued for " + Limits.QUEUED_CALM);
  }

  /// Nothing is lost: a batch that fails is halved and tried again, without end. A parallelization
  /// factor would reorder rooms.
  @Test
  void theStreamOfMessagesDiscardsNothingAndKeepsItsOrder() throws Exception {
    JsonNode mapping = mappingOf("ChatMessages");

    assertEquals("1000", mapping.path("BatchSize").asText());
    assertEquals("TRIM_HORIZON", mapping.path("StartingPosition").asText());
    assertEquals("true", mapping.path("BisectBatchOnFunctionError").asText());
    assertEquals(
        List.of("ReportBatchItemFailures"),
        RawTemplate.texts(mapping.path("FunctionResponseTypes")));
    for (String absent :
        List.of(
            "MaximumRetryAttempts",
            "MaximumRecordAgeInSeconds",
            "MaximumBatchingWindowInSeconds",
            "ParallelizationFactor",
            "DestinationConfig")) {
      assertFalse(mapping.has(absent), absent);
    }
    assertEquals(Set.of("INSERT"), eventNames(mapping));
  }

  /// An allowance that is spent changes a row, and must invoke nobody. Nor must a token that is
  /// renewed. Who is taken out of a room leaves a row without a slot, and gets one by a join.
  @Test
  void theStreamOfConnectionsIsFilteredToComingsAndGoings() throws Exception {
    JsonNode mapping = mappingOf("ChatConnections");

    assertEquals(
        List.of(
            "{\"eventName\":[\"INSERT\",\"REMOVE\"]}",
            changed("NewImage", "OldImage"),
            changed("OldImage", "NewImage")),
        patterns(mapping));
    assertEquals("1", mapping.path("MaximumBatchingWindowInSeconds").asText());
    assertEquals(
        List.of("ReportBatchItemFailures"),
        RawTemplate.texts(mapping.path("FunctionResponseTypes")));
  }

  private static String changed(String removed, String slot) {
    return """
    {"eventName":["MODIFY"],"dynamodb":{"%s":{"removed":{"S":[{"exists":true}]}},\
    "%s":{"slot":{"S":[{"exists":true}]}}}}\
    """
        .formatted(removed, slot);
  }

  private static Set<String> eventNames(JsonNode mapping) throws Exception {
    List<String> patterns = patterns(mapping);
    assertEquals(1, patterns.size());
    JsonNode pattern = new ObjectMapper().readTree(patterns.getFirst());
    assertEquals(Set.of("eventName"), RawTemplate.fields(pattern).keySet());
    return new HashSet<>(RawTemplate.texts(pattern.path("eventName")));
  }

  /// Without white space.
  private static List<String> patterns(JsonNode mapping) throws Exception {
    List<String> patterns = new ArrayList<>();
    for (JsonNode filter : mapping.path("FilterCriteria").path("Filters")) {
      patterns.add(new ObjectMapper().readTree(filter.path("Pattern").asText()).toString());
    }
    return patterns;
  }

  /// The one mapping of a table's stream.
  private JsonNode mappingOf(String table) {
    List<JsonNode> mappings = new ArrayList<>();
    for (JsonNode function : template.ofType(RawTemplate.FUNCTION).values()) {
      for (JsonNode event : RawTemplate.fields(function.path("Events")).values()) {
        JsonNode mapping = event.path("Properties");
        if (RawTemplate.attributeOwner(mapping.path("Stream"), "StreamArn").equals(table)) {
          assertEquals("DynamoDB", event.path("Type").asText());
          mappings.add(mapping);
        }
      }
    }
    assertEquals(1, mappings.size(), "mappings of " + table);
    return mappings.getFirst();
  }
}
