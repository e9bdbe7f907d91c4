package dev.parley.e2e;

import dev.parley.local.LocalCloud;
import dev.parley.local.Options;
import dev.parley.local.StartException;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.lambda.FunctionProcesses.Limits;
import dev.parley.table.Row;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// The whole system, in memory, on free ports. Streams are polled more often than on AWS, so that
/// tests need not wait as long as clients there do, and not so often that the polls of an idle
/// cloud take much of the machine: fifty a second take half a core.
final class TestCloud {
  static final Path TEMPLATE = Path.of("..", "template.yaml");
  static final Path SITE = Path.of("..", "..", "web");
  private static final double POLLS_PER_SECOND = 20;

  /// With `-Dparley.functions=process` the functions are their packages, each in processes of its
  /// own.
  static final boolean IN_PROCESSES = "process".equals(System.getProperty("parley.functions"));

  /// A JVM's first push takes its time.
  static final Map<String, String> OF_PROCESSES =
      Map.of("DirectPushMs", "10000", "PushTimeoutMs", "2000");

  /// Tests say more than people do, make more rooms, and all connect from one address. [LimitsTest]
  /// is about the limits.
  private static final Map<String, String> GENEROUS =
      Map.of(
          "MessageCostMs", "1",
          "AddressConnectCostMs", "1",
          "RoomCostMs", "1",
          "AddressRoomCostMs", "1",
          "FramesPerSecond", "1000000",
          "ConnectsPerSecond", "1000000");

  /// On few cores a second process of a function starts later than the first has finished.
  private static final Limits ONE_OF_EACH = new Limits(1, Limits.USUAL.idle());

  private TestCloud() {}

  /// Who is away has left after a second.
  static LocalCloud start() throws StartException {
    return start(TEMPLATE, Map.of("PresenceOutSeconds", "1"));
  }

  static LocalCloud start(Path template, Map<String, String> parameters) throws StartException {
    return start(template, parameters, FaultPlan.NONE);
  }

  static LocalCloud start(Path template, Map<String, String> parameters, FaultPlan faults)
      throws StartException {
    return LocalCloud.start(options(template, parameters).withFaults(faults));
  }

  static Options options(Path template, Map<String, String> parameters) {
    if (IN_PROCESSES) {
      Packages.requireThisBuild();
    }
    Map<String, String> all = new HashMap<>(GENEROUS);
    all.putAll(IN_PROCESSES ? OF_PROCESSES : Map.of());
    all.putAll(parameters);
    return Options.inMemory(template)
        .withParameters(all)
        .withPollsPerSecond(POLLS_PER_SECOND)
        .withSite(SITE)
        .withInProcesses(IN_PROCESSES)
        .withLimits(ONE_OF_EACH);
  }

  /// The connection of a user who has one.
  ///
  /// @param sender the user's display name
  static String connectionOf(LocalCloud cloud, String sender) {
    return cloud
        .dynamoDb()
        .client()
        .scanPaginator(scan -> scan.tableName("ChatConnections").consistentRead(true))
        .items()
        .stream()
        .map(Row::new)
        .filter(row -> sender.equals(row.optionalString("sender")))
        .findFirst()
        .orElseThrow()
        .string("connection_id");
  }

  /// Writes into the own row of a user's connection that its token has the admin role.
  static void makeAdmin(LocalCloud cloud, String sender) {
    String connection = connectionOf(cloud, sender);
    cloud
        .dynamoDb()
        .client()
        .updateItem(
            update ->
                update
                    .tableName("ChatConnections")
                    .key(
                        Map.of("connection_id", Row.s(connection), "room_id", Row.s("$connection")))
                    .updateExpression("SET #admin = :true")
                    .expressionAttributeNames(Map.of("#admin", "admin"))
                    .expressionAttributeValues(Map.of(":true", AttributeValue.fromBool(true))));
  }
}
