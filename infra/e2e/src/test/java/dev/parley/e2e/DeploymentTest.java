package dev.parley.e2e;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.template.StreamMappingResource;
import dev.parley.local.template.TableResource;
import dev.parley.local.template.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What CloudFormation does with `infra/template.yaml`: what it names, in which order it makes it,
/// what an upgrade changes, and what is left when the stack is gone.
class DeploymentTest {
  /// `infra/template.yaml` of the last release.
  private static final Path LAST_RELEASE =
      Path.of("src", "test", "resources", "template-0.1.0.yaml");

  private static final Set<String> PARTS_OF_THE_API =
      Set.of(
          RawTemplate.AUTHORIZER,
          RawTemplate.INTEGRATION,
          RawTemplate.ROUTE,
          RawTemplate.ROUTE_RESPONSE,
          RawTemplate.STAGE);

  private final RawTemplate template = RawTemplate.read();

  // ---- Names ----------------------------------------------------------------------------------

  /// What has a name of its own cannot be made a second time, and not again where it was retained.
  @Test
  void nothingHasAFixedName() {
    List<String> named = new ArrayList<>();
    template
        .resources()
        .forEach(
            (id, resource) -> {
              if (!template.type(id).equals(RawTemplate.PERMISSION)) {
                collectNames(resource.path("Properties"), id, named);
              }
            });

    assertEquals(
        List.of(
            "ChatApi.Name {\"Ref\":\"AWS::StackName\"}",
            // Of this API, where it is the only one.
            "ChatApiConnectAuthorizer.Name \"ChatApiConnectAuthorizer\"",
            "ChatMessages.TableName " + onlyWithFixedNames("ChatMessages"),
            "ChatConnections.TableName " + onlyWithFixedNames("ChatConnections"),
            "ChatRooms.TableName " + onlyWithFixedNames("ChatRooms"),
            "ChatSends.TableName " + onlyWithFixedNames("ChatSends"),
            "ChatSessions.TableName " + onlyWithFixedNames("ChatSessions"),
            "ChatDashboard.DashboardName " + ofTheStackAndItsRegion(),
            "SiteAccess.OriginAccessControlConfig.Name " + ofTheStackAndItsRegion(),
            "SiteHeaders.ResponseHeadersPolicyConfig.Name " + ofTheStackAndItsRegion(),
            "SocketRequests.OriginRequestPolicyConfig.Name " + ofTheStackAndItsRegion()),
        named);
  }

  /// Names in lists (of dimensions, attributes and the like) are of parts, not of resources.
  private static void collectNames(JsonNode properties, String at, List<String> named) {
    RawTemplate.fields(properties)
        .forEach(
            (property, value) -> {
              if (property.matches(
                  "(Table|Queue|Function|Alarm|LogGroup|Dashboard|Bucket|Role)?Name")) {
                named.add(at + "." + property + " " + value);
              } else {
                collectNames(value, at + "." + property, named);
              }
            });
  }

  /// The account's, in all Regions.
  private static String ofTheStackAndItsRegion() {
    return "{\"Fn::Sub\":\"${AWS::StackName}-${AWS::Region}\"}";
  }

  /// Without `FixedTableNames=true` an upgrade of 0.1 would replace its tables by empty ones.
  @Test
  void anUpgradeThatDoesNotSayHowTablesAreCalledIsRefused() {
    JsonNode parameter = template.root().at("/Parameters/FixedTableNames");

    assertFalse(parameter.has("Default"));
    assertEquals(List.of("true", "false"), RawTemplate.texts(parameter.path("AllowedValues")));
    assertEquals(
        "false", template.root().at("/Metadata/LocalCloud/Parameters/FixedTableNames").asText());
  }

  private String defaultOf(String parameter) {
    return template.root().path("Parameters").path(parameter).path("Default").asText();
  }

  private static String onlyWithFixedNames(String table) {
    return "{\"Fn::If\":[\"HasFixedTableNames\",\"%s\",{\"Ref\":\"AWS::NoValue\"}]}"
        .formatted(table);
  }

  /// Two stacks in an account do not count into each other's metrics.
  @Test
  void eachMetricOfTheChatIsOfItsStack() {
    assertEquals(
        "AWS::StackName",
        template
            .root()
            .at("/Globals/Function/Environment/Variables/POWERTOOLS_SERVICE_NAME/Ref")
            .asText());
    int counted = 0;
    for (JsonNode alarm : template.ofType(RawTemplate.ALARM).values()) {
      List<JsonNode> metrics = new ArrayList<>(alarm.findParents("Namespace"));
      for (JsonNode metric : metrics) {
        if (metric.path("Namespace").asText().equals("Parley")) {
          counted++;
          assertEquals(
              "AWS::StackName",
              metric.path("Dimensions").path(0).path("Value").path("Ref").asText());
        }
      }
    }
    assertTrue(counted >= 5, counted + " metrics");
    String dashboard =
        template
            .ofType(RawTemplate.DASHBOARD)
            .values()
            .iterator()
            .next()
            .path("DashboardBody")
            .path("Fn::Sub")
            .asText();
    for (String line : dashboard.split("\n", -1)) {
      if (line.contains("Parley")) {
        assertTrue(line.contains("${AWS::StackName}"), line);
      }
      assertFalse(line.contains("SEARCH('{AWS/"), "what it finds may be another stack's: " + line);
    }
  }

  /// So that a bill can be told apart by stacks.
  @Test
  void whatIsPaidForIsTaggedWithItsStack() {
    for (String type :
        List.of(
            RawTemplate.API,
            RawTemplate.STAGE,
            RawTemplate.TABLE,
            RawTemplate.QUEUE,
            RawTemplate.BUCKET,
            RawTemplate.DISTRIBUTION,
            RawTemplate.LOG_GROUP)) {
      template
          .ofType(type)
          .forEach(
              (id, resource) -> {
                JsonNode tags = resource.path("Tags");
                JsonNode value = tags.isArray() ? tags.path(0).path("Value") : tags.path("stack");
                assertEquals("AWS::StackName", value.path("Ref").asText(), id);
              });
    }
    assertEquals("AWS::StackName", template.root().at("/Globals/Function/Tags/stack/Ref").asText());
  }

  // ---- Order ----------------------------------------------------------------------------------

  /// API Gateway answers "concurrent modification" to changes of one API at the same time.
  @Test
  void noTwoPartsOfTheApiAreMadeSideBySide() {
    Map<String, Set<String>> before = before();
    List<String> parts =
        before.keySet().stream()
            .filter(id -> PARTS_OF_THE_API.contains(template.type(id)))
            .toList();
    List<String> sideBySide = new ArrayList<>();
    for (String one : parts) {
      for (String other : parts) {
        if (one.compareTo(other) < 0
            && !before.getOrDefault(one, Set.of()).contains(other)
            && !before.getOrDefault(other, Set.of()).contains(one)) {
          sideBySide.add(one + " and " + other);
        }
      }
    }

    assertEquals(List.of(), sideBySide);
    assertTrue(parts.size() > 30, parts.toString());
  }

  @Test
  void theStageIsMadeWhenAllElseOfTheApiIsThere() {
    Map<String, Set<String>> before = before();
    Set<String> parts = new TreeSet<>(before.keySet());
    parts.removeIf(id -> !PARTS_OF_THE_API.contains(template.type(id)));
    String stage = template.ofType(RawTemplate.STAGE).keySet().iterator().next();
    parts.remove(stage);

    assertTrue(before.getOrDefault(stage, Set.of()).containsAll(parts));
  }

  /// As CloudFormation would say: circular dependency between resources.
  @Test
  void nothingWaitsForItself() {
    before().forEach((id, needs) -> assertFalse(needs.contains(id), id));
  }

  /// For each resource all those that are made before it.
  private Map<String, Set<String>> before() {
    Map<String, Set<String>> needs = template.needs();
    // What SAM's Globals give to a function, it waits for, too.
    Set<String> global = new TreeSet<>();
    template
        .references()
        .forEach(
            reference -> {
              if (reference.at().startsWith("/Globals/")
                  && !reference.at().contains("DeploymentPreference")) {
                global.add(reference.name());
              }
            });
    global.retainAll(template.resources().keySet());
    Map<String, Set<String>> before = new TreeMap<>();
    for (String id : needs.keySet()) {
      Set<String> found = new HashSet<>();
      Deque<String> open = new ArrayDeque<>(List.of(id));
      while (!open.isEmpty()) {
        String next = open.pop();
        Set<String> direct = new HashSet<>(needs.getOrDefault(next, Set.of()));
        if (template.type(next).equals(RawTemplate.FUNCTION)) {
          direct.addAll(global);
        }
        direct.stream().filter(found::add).forEach(open::add);
      }
      before.put(id, found);
    }
    return before;
  }

  // ---- What is left ---------------------------------------------------------------------------

  /// `RetainExceptOnCreate` keeps nothing of a first deployment that fails.
  @Test
  void messagesRoomsAndRolesOutliveTheStackAndNothingElseDoes() {
    Set<String> kept = new TreeSet<>();
    template
        .resources()
        .forEach(
            (id, resource) -> {
              String deletion = resource.path("DeletionPolicy").asText("Delete");
              String replacement = resource.path("UpdateReplacePolicy").asText("Delete");
              if (deletion.equals("RetainExceptOnCreate") && replacement.equals("Retain")) {
                kept.add(id);
              } else {
                assertEquals("Delete Delete", deletion + " " + replacement, id);
              }
              if (template.type(id).equals(RawTemplate.TABLE)) {
                assertTrue(resource.has("DeletionPolicy"), id + " does not say what is to be left");
              }
            });

    assertEquals(Set.of("ChatMessages", "ChatRoles", "ChatRooms"), kept);
    for (String table : kept) {
      assertEquals(
          "DeletionProtection",
          template.property(table, "DeletionProtectionEnabled").path("Ref").asText());
      assertEquals(
          "PointInTimeRecovery",
          template
              .property(table, "PointInTimeRecoverySpecification")
              .path("PointInTimeRecoveryEnabled")
              .path("Ref")
              .asText());
    }
  }

  // ---- Upgrades -------------------------------------------------------------------------------

  private static final Map<String, String> UPGRADE = Map.of("FixedTableNames", "true");

  @Test
  void anUpgradeFromTheLastReleaseKeepsEachTableAndItsPlaceInTheStream() {
    Template last = Template.read(LAST_RELEASE, Map.of());

    assertEquals(List.of(), losses(last, Template.read(TestCloud.TEMPLATE, UPGRADE)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          TableName: !If [HasFixedTableNames, ChatMessages, | TableName: !If [HasFixedTableNames, Messages, | ChatMessages is called Messages
          {AttributeName: timestamp, KeyType: RANGE}        | {AttributeName: slot, KeyType: RANGE}         | ChatMessages has another key
          {AttributeName: timestamp, AttributeType: N}      | {AttributeName: timestamp, AttributeType: S}  | ChatMessages has another key
          StreamViewType: NEW_IMAGE                         | StreamViewType: KEYS_ONLY                     | ChatMessages has another stream
          IndexName: RoomConnections                        | IndexName: Members                            | ChatConnections has lost the index RoomConnections
          [user, sender, joined_at, expires_at]             | [user, sender, joined_at]                     | ChatConnections has lost the index RoomConnections
          StartingPosition: TRIM_HORIZON                    | StartingPosition: LATEST                      | FanoutFunctionMessages would begin anew
          """)
  void anUpgradeThatWouldReplaceATableIsNoticed(
      String good, String bad, String loss, @TempDir Path folder) throws IOException {
    String content = Files.readString(TestCloud.TEMPLATE);
    assertTrue(content.contains(good), good);
    String changed = content.replace(good, bad);
    if (bad.contains("slot")) {
      changed =
          changed.replace(
              "- {AttributeName: timestamp, AttributeType: N}",
              "- {AttributeName: timestamp, AttributeType: N}\n"
                  + "        - {AttributeName: slot, AttributeType: S}");
    }
    Path file = folder.resolve("template.yaml");
    Files.writeString(file, changed);

    List<String> losses =
        losses(Template.read(LAST_RELEASE, Map.of()), Template.read(file, UPGRADE));

    assertTrue(losses.contains(loss), losses.toString());
  }

  /// What an upgrade would replace, or lose, of what a release has stored.
  private static List<String> losses(Template last, Template next) {
    List<String> losses = new ArrayList<>();
    Map<String, TableResource> tables = new HashMap<>();
    next.tables().forEach(table -> tables.put(table.logicalId(), table));
    for (TableResource table : last.tables()) {
      String id = table.logicalId();
      TableResource now = tables.get(id);
      if (now == null) {
        losses.add(id + " is gone");
        continue;
      }
      if (!now.name().equals(table.name())) {
        losses.add(id + " is called " + now.name());
      }
      if (!now.key().equals(table.key()) || !keyTypes(now).equals(keyTypes(table))) {
        losses.add(id + " has another key");
      }
      if (table.streamViewType() != null && !table.streamViewType().equals(now.streamViewType())) {
        losses.add(id + " has another stream");
      }
      for (TableResource.Index index : table.indexes()) {
        if (!now.indexes().contains(index)) {
          losses.add(id + " has lost the index " + index.name());
        }
      }
    }
    for (StreamMappingResource mapping : last.streamMappings()) {
      boolean kept =
          next.streamMappings().stream()
              .anyMatch(
                  now ->
                      now.logicalId().equals(mapping.logicalId())
                          && now.startingPosition() == mapping.startingPosition());
      if (!kept) {
        losses.add(mapping.logicalId() + " would begin anew");
      }
    }
    return losses;
  }

  private static List<String> keyTypes(TableResource table) {
    return Stream.of(table.key().partition(), String.valueOf(table.key().sort()))
        .map(name -> String.valueOf(table.attributeTypes().get(name)))
        .toList();
  }

  /// Else CloudFormation would make a route while the one with its key is still there, which API
  /// Gateway refuses; or another API, with another address.
  @Test
  void theApiOfTheLastReleaseKeepsItsAddressAndItsRoutes() {
    RawTemplate last = RawTemplate.read(LAST_RELEASE);
    String api = last.ofType("AWS::Serverless::WebSocketApi").keySet().iterator().next();
    JsonNode properties = last.ofType("AWS::Serverless::WebSocketApi").get(api);
    Map<String, String> wanted = new TreeMap<>();
    wanted.put(api, RawTemplate.API);
    wanted.put(api + "Stage", RawTemplate.STAGE);
    wanted.put(api + "ConnectAuthorizer", RawTemplate.AUTHORIZER);
    for (String key : RawTemplate.fields(requireNonNull(properties).path("Routes")).keySet()) {
      // What SAM's translator 1.110 called it.
      String lower = key.replace("$", "").toLowerCase(Locale.ROOT);
      String name = lower.substring(0, 1).toUpperCase(Locale.ROOT) + lower.substring(1);
      wanted.put(api + name + "Route", RawTemplate.ROUTE);
      wanted.put(api + name + "Integration", RawTemplate.INTEGRATION);
      wanted.put(api + name + "Permission", RawTemplate.PERMISSION);
    }
    for (String type : List.of(RawTemplate.ROUTE, RawTemplate.ROUTE_RESPONSE)) {
      last.ofType(type).keySet().forEach(id -> wanted.put(id, type));
    }
    Map<String, String> found = new TreeMap<>();
    wanted.keySet().forEach(id -> found.put(id, template.type(id)));

    assertEquals(wanted, found);
    assertEquals(properties.path("StageName"), template.property(api + "Stage", "StageName"));
  }

  // ---- Versions -------------------------------------------------------------------------------

  /// SiteFunction is called by CloudFormation alone, in the middle of a deployment: it needs no
  /// snapshot, and may not wait for alarms.
  @Test
  void functionsArePublishedWithSnapshotsUnderOneAlias() {
    JsonNode globals = template.root().path("Globals").path("Function");
    assertEquals("PublishedVersions", globals.path("SnapStart").path("ApplyOn").asText());
    assertEquals("live", globals.path("AutoPublishAlias").asText());
    assertEquals("true", globals.path("AutoPublishAliasAllProperties").asText());
    assertEquals("Delete", globals.path("VersionDeletionPolicy").asText());
    template
        .ofType(RawTemplate.FUNCTION)
        .forEach(
            (id, function) -> {
              Set<String> own = new TreeSet<>(RawTemplate.fields(function).keySet());
              own.retainAll(Set.of("SnapStart", "AutoPublishAlias", "DeploymentPreference"));
              assertEquals(
                  id.equals("SiteFunction")
                      ? Set.of("DeploymentPreference", "SnapStart")
                      : Set.of(),
                  own,
                  id);
            });
    assertEquals("None", template.property("SiteFunction", "SnapStart").path("ApplyOn").asText());
    assertEquals(
        "false",
        template.property("SiteFunction", "DeploymentPreference").path("Enabled").asText());
  }

  /// SAM makes a version's logical id of the function's properties, in which it puts the values of
  /// parameters in `Code` only (translator 1.110, `_construct_version`). Without a parameter there,
  /// a change of it never reaches the alias; with one that changes nothing of the function, Lambda
  /// publishes no version, and the deployment fails.
  @Test
  void eachFunctionIsMadeOfTheParametersThatAreNamed() {
    JsonNode globals = template.root().path("Globals").path("Function");
    JsonNode named = globals.path("SourceKMSKeyArn");
    template
        .ofType(RawTemplate.FUNCTION)
        .forEach(
            (id, function) -> {
              Set<String> made = new TreeSet<>();
              for (JsonNode properties : List.of(globals, function)) {
                RawTemplate.fields(properties)
                    .forEach(
                        (name, value) -> {
                          if (!NOT_OF_A_VERSION.contains(name)) {
                            made.addAll(template.parametersOf(value));
                          }
                        });
              }

              assertEquals(made, template.parametersOf(named), id);
              assertFalse(function.has("SourceKMSKeyArn"), id + " has a list of its own");
            });
    assertTrue(template.parametersOf(named).contains("Redeploy"));
    assertEquals("Never", named.path("Fn::If").path(0).asText());
    assertEquals("AWS::NoValue", named.path("Fn::If").path(2).path("Ref").asText());
    assertEquals(
        "{\"Fn::Equals\":[{\"Ref\":\"AWS::Region\"},\"\"]}",
        template.root().path("Conditions").path("Never").toString());
  }

  /// Properties of a function that its versions do not have.
  private static final Set<String> NOT_OF_A_VERSION =
      Set.of(
          "SourceKMSKeyArn",
          "DeploymentPreference",
          "Events",
          "Policies",
          "ReservedConcurrentExecutions",
          "Tags");

  @Test
  void trafficMovesAtOnceUnlessToldOtherwise() {
    JsonNode preference = template.root().at("/Globals/Function/DeploymentPreference");

    assertEquals("GradualDeployment", preference.path("Enabled").path("Ref").asText());
    assertEquals("false", defaultOf("GradualDeployment"));
    for (JsonNode alarm : preference.path("Alarms")) {
      assertEquals(RawTemplate.ALARM, template.type(alarm.path("Ref").asText()));
    }
  }
}
