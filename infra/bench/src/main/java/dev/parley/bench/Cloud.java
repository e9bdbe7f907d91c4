package dev.parley.bench;

import com.amazonaws.xray.AWSXRay;
import dev.parley.Limits;
import dev.parley.Sha256;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Membership;
import dev.parley.connection.Slot;
import dev.parley.connection.SlotRange;
import dev.parley.identity.Identity;
import dev.parley.local.LocalCloud;
import dev.parley.local.Options;
import dev.parley.local.StartException;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.gateway.RequestQuota;
import dev.parley.local.template.FunctionResource;
import dev.parley.local.template.Template;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Select;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// The local cloud in memory, whose pushes take as long as AWS's, with connections in other rooms.
final class Cloud implements AutoCloseable {
  static final String CONNECTIONS = "ChatConnections";
  static final String MESSAGES = "ChatMessages";
  static final int PUSH_MEDIAN_MS = 10;
  static final int PUSH_P99_MS = 40;

  static final Path TEMPLATE = Path.of("infra/template.yaml");

  /// Faults: how long a push takes on AWS.
  static final String LATENCY =
      "seed=1,push.delayed=1/%d~%dms".formatted(PUSH_MEDIAN_MS, PUSH_P99_MS);

  /// A value of `PushesPerSecond` that bounds nothing here.
  static final String UNBOUNDED = "1000000";

  private static final String ALLOWANCES = "ChatAllowances";

  /// As [dev.parley.allowance.AllowanceTable] names the connects of this machine's address.
  private static final String ADDRESS = Sha256.hex("connect address 127.0.0.1");

  /// Everybody connects from one address here, and does more than people do: what is measured is
  /// not how that is limited.
  private static final Map<String, String> GENEROUS =
      Map.of(
          "MessageCostMs", "1",
          "MessageBurstMs", "0",
          "ActionCostMs", "1",
          "ConnectCostMs", "1",
          "AddressConnectCostMs", "1",
          "RoomCostMs", "1",
          "AddressRoomCostMs", "1",
          "FramesPerSecond", UNBOUNDED,
          "ConnectsPerSecond", UNBOUNDED);

  private static final int ROOM_ELSEWHERE = 1_000;
  private static final int WRITERS = 8;
  private static final Duration ROWS_PATIENCE = Duration.ofMinutes(5);

  private final Map<String, FunctionResource> functions =
      Template.read(TEMPLATE, Map.of()).functions();
  private final LocalCloud cloud;
  private final Map<String, String> parameters;
  private final Random random = new Random(3);
  private final List<Members> members = new ArrayList<>();
  private int elsewhere;

  private Cloud(LocalCloud cloud, Map<String, String> parameters) {
    this.cloud = cloud;
    this.parameters = parameters;
  }

  /// One that is measured and not its quota: it bounds neither requests nor pushes a second.
  static Cloud start(double polls) throws StartException {
    return start(polls, Map.of("PushesPerSecond", UNBOUNDED), RequestQuota.NONE, LATENCY);
  }

  static Cloud start(
      double polls, Map<String, String> parameters, RequestQuota quota, String faults)
      throws StartException {
    return start(
        Options.inMemory(TEMPLATE)
            .withParameters(generous(parameters))
            .withPollsPerSecond(polls)
            .withQuota(quota)
            .withFaults(FaultPlan.parse(faults)),
        generous(parameters));
  }

  private static Map<String, String> generous(Map<String, String> parameters) {
    Map<String, String> all = new HashMap<>(GENEROUS);
    all.putAll(parameters);
    return all;
  }

  /// One that counts all that AWS would charge for, and traces all of it.
  static Cloud metered(double polls) throws StartException {
    return start(unbounded(polls).withMetered(true), GENEROUS);
  }

  private static Options unbounded(double polls) {
    return Options.inMemory(TEMPLATE)
        .withParameters(GENEROUS)
        .withPollsPerSecond(polls)
        .withQuota(RequestQuota.NONE)
        .withFaults(FaultPlan.parse(LATENCY));
  }

  /// One with the template's own parameters and AWS's quota.
  ///
  /// @param data where it keeps its tables; null for memory
  /// @param metered whether it counts all that AWS would charge for, and traces all of it
  static Cloud asDeployed(double polls, @Nullable Path data, boolean metered)
      throws StartException {
    return start(
        Options.inMemory(TEMPLATE)
            .withData(data)
            .withPollsPerSecond(polls)
            .withFaults(FaultPlan.parse(LATENCY))
            .withMetered(metered),
        Map.of());
  }

  /// One that serves the page, too.
  static Cloud withPage(double polls, Path page) throws StartException {
    return start(unbounded(polls).withSite(page), GENEROUS);
  }

  /// One in which nothing happens but what is measured: nobody is told who comes.
  static Cloud quiet(double polls) throws StartException {
    return start(polls, Map.of("PresenceMax", "0"), RequestQuota.NONE, "");
  }

  private static Cloud start(Options options, Map<String, String> parameters)
      throws StartException {
    LocalCloud cloud = LocalCloud.start(options);
    // Every push is decided on.
    Meter.countPushes(() -> cloud.faults().decisions(Fault.PUSH_DELAYED));
    AWSXRay.getGlobalRecorder().addSegmentListener(Meter.INVOCATIONS);
    return new Cloud(cloud, parameters);
  }

  /// How many requests were refused so far, because of the quota.
  long requestsRefused() {
    return cloud.requestsRefused();
  }

  /// From now on, pushes to these connections, and to no others, are answered with 429.
  void throttle(Collection<ConnectionId> connections) {
    cloud
        .faults()
        .throttle(connections.stream().map(ConnectionId::value).collect(Collectors.toSet()));
  }

  Members connect(String room, int count) throws InterruptedException {
    return connect(room, "member", count);
  }

  /// @param name what they are called, each with a number behind it
  Members connect(String room, String name, int count) throws InterruptedException {
    return connect(room, name, count, Framing.BATCHED);
  }

  /// @param framing how they take events
  Members connect(String room, String name, int count, Framing framing)
      throws InterruptedException {
    Members connected = Members.connect(cloud.webSocketUrl(), room, name, count, framing);
    members.add(connected);
    awaitConnections();
    connected.quiet(3_000); // presence of small rooms is told
    return connected;
  }

  /// What was used since the start.
  Usage usage() {
    return Usage.of(
        cloud.metrics().totals(),
        function -> Objects.requireNonNull(functions.get(function)).memorySizeMb() / 1_024.0);
  }

  /// How many messages wait for a function in a queue, are delayed or in work. Reports wait for
  /// people.
  int messagesInQueues() {
    List<QueueAttributeName> waiting =
        List.of(
            QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES,
            QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE,
            QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_DELAYED);
    SqsClient sqs = cloud.sqs().client();
    return sqs.listQueues().queueUrls().stream()
        .filter(url -> !url.endsWith("/Reports"))
        .flatMap(
            url ->
                sqs
                    .getQueueAttributes(get -> get.queueUrl(url).attributeNames(waiting))
                    .attributes()
                    .values()
                    .stream())
        .mapToInt(Integer::parseInt)
        .sum();
  }

  URI webSocketUrl() {
    return cloud.webSocketUrl();
  }

  DynamoDbClient dynamoDb() {
    return cloud.dynamoDb().client();
  }

  /// What the Push function would find in its environment.
  Map<String, String> environment() {
    return environment(function("PushFunction"));
  }

  /// What a function of the template is, with this cloud's parameters.
  FunctionResource function(String name) {
    return Objects.requireNonNull(Template.read(TEMPLATE, parameters).functions().get(name), name);
  }

  /// What a function would find in its environment.
  Map<String, String> environment(FunctionResource function) {
    Map<String, String> environment = new HashMap<>(function.environment());
    environment.put("AWS_LAMBDA_FUNCTION_NAME", function.logicalId());
    environment.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Integer.toString(function.memorySizeMb()));
    environment.putAll(cloud.dynamoDb().environment());
    environment.putAll(cloud.sqs().environment());
    environment.put(
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
        "http://127.0.0.1:%d/%s".formatted(cloud.port(), cloud.stage()));
    environment.put(
        "AWS_ENDPOINT_URL_XRAY", "http://127.0.0.1:%d/_local/xray".formatted(cloud.port()));
    environment.put("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:" + cloud.xrayPort());
    return environment;
  }

  /// Puts rows of connections into other rooms, 1,000 in each, who joined an hour ago, until there
  /// are `count`.
  ///
  /// No room can be called as these are, so the Presence function passes over them: it would find
  /// everybody gone while a room is still small.
  void connectionsElsewhere(int count) throws InterruptedException {
    if (elsewhere < count) {
      for (; elsewhere < count; elsewhere += ROOM_ELSEWHERE) {
        put("elsewhere " + elsewhere / ROOM_ELSEWHERE, ids(ROOM_ELSEWHERE));
      }
      awaitPresence();
    }
  }

  /// Waits until the Presence function has read all that was written so far: until somebody who
  /// joins now is told of it.
  private void awaitPresence() throws InterruptedException {
    try (Members last = connect("presence", 1)) {
      long until = System.nanoTime() + ROWS_PATIENCE.toNanos();
      while (last.frames.get() == 0) {
        if (System.nanoTime() > until) {
          throw new IllegalStateException("nobody was told who came into a room");
        }
        Thread.sleep(100);
      }
    }
  }

  /// Puts members into further rooms, room by room, so that each room is told at once.
  void enter(Members entering, String name, List<String> rooms) throws InterruptedException {
    Set<ConnectionId> ids = members(entering.room()).getOrDefault(name, Set.of());
    Instant since = hourAgo();
    for (String room : rooms) {
      put(ids.stream().map(id -> put(membership(id, room, since))).toList(), 1);
    }
    entering.entered(rooms.size());
    awaitConnections();
    entering.quiet(3_000); // presence of small rooms is told
  }

  /// How many connections in other rooms there are.
  int elsewhere() {
    return elsewhere;
  }

  /// Puts rows of connections into a room that joined an hour ago and whose sockets are closed, as
  /// where `$disconnect` did not come.
  Set<ConnectionId> goneConnections(String room, int count) {
    List<ConnectionId> gone = ids(count);
    put(room, gone);
    return Set.copyOf(gone);
  }

  private void put(String room, List<ConnectionId> ids) {
    Instant since = hourAgo();
    List<WriteRequest> rows = new ArrayList<>();
    ids.forEach(id -> rows.add(put(own(id, since))));
    ids.forEach(id -> rows.add(put(membership(id, room, since))));
    put(rows, WRITERS);
  }

  private void put(List<WriteRequest> rows, int atOnce) {
    try (ExecutorService writers = Executors.newFixedThreadPool(atOnce)) {
      for (int i = 0; i < rows.size(); i += 25) {
        List<WriteRequest> batch = rows.subList(i, Math.min(rows.size(), i + 25));
        writers.execute(
            () ->
                dynamoDb().batchWriteItem(write -> write.requestItems(Map.of(CONNECTIONS, batch))));
      }
    }
  }

  /// Leaves no connection anything for actions, and none in debt so far that it would be closed.
  void exhaustConnections() {
    Map<String, String> environment = environment();
    long aheadMs =
        Long.parseLong(Objects.requireNonNull(environment.get("ACTION_BURST_MS")))
            + Long.parseLong(Objects.requireNonNull(environment.get("REFUSALS_MAX"))) / 2;
    for (var row : dynamoDb().scan(scan -> scan.tableName(CONNECTIONS)).items()) {
      if (Objects.equals(row.get("room_id"), s("$connection"))) {
        Map<String, AttributeValue> spent = new HashMap<>(row);
        spent.put("allowance", n(System.currentTimeMillis() + aheadMs));
        dynamoDb().putItem(put -> put.tableName(CONNECTIONS).item(spent));
      }
    }
  }

  /// Leaves this machine's address nothing for connects.
  void exhaustAddress() {
    Instant spent = Instant.now().plus(Duration.ofHours(1));
    dynamoDb()
        .putItem(
            put ->
                put.tableName(ALLOWANCES)
                    .item(
                        Map.of(
                            "id", s(ADDRESS),
                            "allowance", n(spent.toEpochMilli()),
                            "expires_at", n(spent.getEpochSecond()))));
  }

  void relieveAddress() {
    dynamoDb().deleteItem(delete -> delete.tableName(ALLOWANCES).key(Map.of("id", s(ADDRESS))));
  }

  private static Instant hourAgo() {
    return Instant.now().minus(Duration.ofHours(1));
  }

  /// Who is in a room, by what they are called without the number behind it.
  Map<String, Set<ConnectionId>> members(String room) {
    return new MemberIndex(dynamoDb(), new Settings(environment()))
        .membersIn(new RoomId(room), SlotRange.ALL, Integer.MAX_VALUE, Instant.now()).stream()
            .collect(
                Collectors.groupingBy(
                    member -> member.identity().sender().replaceFirst("-\\d+$", ""),
                    Collectors.mapping(Membership::connection, Collectors.toSet())));
  }

  /// How many rows there are of each connection.
  Map<ConnectionId, Long> rows() {
    return dynamoDb()
        .scanPaginator(scan -> scan.tableName(CONNECTIONS).projectionExpression("connection_id"))
        .items()
        .stream()
        .collect(
            Collectors.groupingBy(
                item -> new ConnectionId(new Row(item).string("connection_id")),
                Collectors.counting()));
  }

  /// Waits until the table has the rows of those who are connected or elsewhere, and no others.
  void awaitConnections() throws InterruptedException {
    awaitConnections(
        2 * elsewhere + members.stream().filter(Members::isOpen).mapToInt(Members::rows).sum());
  }

  /// Waits until the table has so many rows.
  void awaitConnections(int wanted) throws InterruptedException {
    long until = System.nanoTime() + ROWS_PATIENCE.toNanos();
    int rows;
    while ((rows = countRows()) != wanted) {
      if (System.nanoTime() > until) {
        throw new IllegalStateException(
            "%d rows of connections instead of %d".formatted(rows, wanted));
      }
      Thread.sleep(1_000);
    }
  }

  private int countRows() {
    return dynamoDb()
        .scanPaginator(scan -> scan.tableName(CONNECTIONS).select(Select.COUNT))
        .stream()
        .mapToInt(page -> page.count())
        .sum();
  }

  private List<ConnectionId> ids(int count) {
    Instant connected = hourAgo();
    return Stream.generate(() -> nextId(connected)).limit(count).toList();
  }

  /// Ids of one moment share a prefix, as the gateway's do.
  private ConnectionId nextId(Instant connected) {
    byte[] bytes =
        ByteBuffer.allocate(11)
            .put((byte) 0)
            .putInt((int) (connected.toEpochMilli() >> 7))
            .putShort((short) 7)
            .putInt(random.nextInt())
            .array();
    return new ConnectionId(Base64.getUrlEncoder().encodeToString(bytes));
  }

  private static Map<String, AttributeValue> own(ConnectionId id, Instant connected) {
    return Map.of(
        "connection_id", s(id.value()),
        "room_id", s("$connection"),
        "user", s("guest:00112233445566778899aabbccddeeff"),
        "sender", s("somebody"),
        "connected_at", n(connected.toEpochMilli()),
        "rooms", n(1),
        "allowance", n(connected.toEpochMilli()),
        "send_allowance", n(connected.toEpochMilli()),
        "expires_at", n(connected.plus(Limits.CONNECTION_ROW_MAX).getEpochSecond()));
  }

  private static Map<String, AttributeValue> membership(
      ConnectionId id, String room, Instant connected) {
    String user = Identity.guest(id.value(), "somebody").user();
    return Map.of(
        "connection_id", s(id.value()),
        "room_id", s(room),
        "user", s(user),
        "sender", s("somebody"),
        "slot", s(Slot.of(room, user, id, Framing.BATCHED).value()),
        "joined_at", n(connected.toEpochMilli()),
        "expires_at", n(connected.plus(Limits.CONNECTION_ROW_MAX).getEpochSecond()));
  }

  /// A message of somebody.
  ///
  /// @param timestamp epoch microseconds
  static WriteRequest message(String room, long timestamp, String text) {
    long expires = timestamp / 1_000_000 + Duration.ofDays(30).toSeconds();
    return put(
        Map.of(
            "room_id", s(room),
            "timestamp", n(timestamp),
            "id", s("0f8fad5b-d9cb-469f-a165-" + timestamp),
            "user", s("guest:00112233445566778899aabbccddeeff"),
            "sender", s("somebody"),
            "message", s(text),
            "expires_at", n(expires)));
  }

  static WriteRequest put(Map<String, AttributeValue> item) {
    return WriteRequest.builder().putRequest(put -> put.item(item)).build();
  }

  static AttributeValue s(String value) {
    return AttributeValue.fromS(value);
  }

  static AttributeValue n(long value) {
    return AttributeValue.fromN(Long.toString(value));
  }

  @Override
  public void close() {
    cloud.close();
  }
}
