package dev.parley.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Membership;
import dev.parley.connection.SlotRange;
import dev.parley.fanout.FanoutHandler;
import dev.parley.fanout.Jobs;
import dev.parley.fanout.PushHandler;
import dev.parley.handlers.SendMessageHandler;
import dev.parley.local.faults.Faults;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.xray.Traces;
import dev.parley.local.xray.Tracing;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/// A process that does nothing but push, or write messages, with more and with less of it sampled.
/// It is used as [CostProcess] is.
final class TraceCostProcess {
  private static final int SAMPLES = 9;
  private static final String HEADER =
      "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
  private static final JsonMapper JSON = new JsonMapper();

  /// Of all functions: they share the room, and so its head.
  private static final AtomicLong SEQUENCE = new AtomicLong();

  private TraceCostProcess() {}

  enum Sampled {
    NOTHING("nothing", 0),
    SOME("5 %", 0.05),
    ALL("all", 1);

    final String name;
    private final double share;

    Sampled(String name, double share) {
      this.name = name;
      this.share = share;
    }
  }

  /// @param arguments [TraceCost#PUSH], [TraceCost#FANOUT] or [TraceCost#MESSAGE]; then the room
  public static void main(String[] arguments) throws Exception {
    String what = arguments[0];
    RoomId room = new RoomId(arguments[1]);
    Settings settings = new Settings(System.getenv());
    List<Membership> members =
        new MemberIndex(new Aws(settings).dynamoDb(), settings)
            .membersIn(room, SlotRange.ALL, Integer.MAX_VALUE, Instant.now());
    int each = what.equals(TraceCost.MESSAGE) ? 1 : members.size();
    int count = what.equals(TraceCost.PUSH) ? 3_000 : 300 * each;
    Map<Sampled, CostProcess.Work> works = new EnumMap<>(Sampled.class);
    for (Sampled sampled : Sampled.values()) {
      works.put(
          sampled,
          switch (what) {
            case TraceCost.PUSH -> pushes(room, sampled);
            case TraceCost.FANOUT -> fanouts(room, sampled);
            default -> messages(room, members.getFirst(), sampled);
          });
    }
    for (CostProcess.Work work : works.values()) {
      CostProcess.run(work, each, 3 * count);
    }
    List<Sampled> turns = new ArrayList<>(Arrays.asList(Sampled.values()));
    for (int i = 0; i < SAMPLES; i++) {
      Collections.rotate(turns, 1);
      for (Sampled sampled : turns) {
        CostProcess.sample(sampled.name, Objects.requireNonNull(works.get(sampled)), each, count);
      }
    }
    System.exit(0);
  }

  private static LocalFunction function(Class<?> handler, Sampled sampled) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("MESSAGE_COST_MS", "1");
    environment.put("MESSAGE_BURST_MS", "0");
    environment.put("AWS_LAMBDA_FUNCTION_NAME", handler.getSimpleName());
    return new LocalFunction(
        handler.getSimpleName(),
        handler.getName(),
        environment,
        Duration.ofMinutes(1),
        Faults.none(),
        null,
        new Tracing(new Traces(), sampled.share, new Random(1)).collectFromThisProcess(),
        new MetricStore());
  }

  /// The Push function with a job of one message for a room of one segment: traced, or not.
  private static CostProcess.Work pushes(RoomId room, Sampled sampled) {
    LocalFunction function = function(PushHandler.class, sampled);
    String event = new String(Members.event(room, 0), UTF_8);
    byte[] untraced = jobs(Jobs.segments(room, 0, event, null));
    byte[] traced = jobs(Jobs.segments(room, 0, event, HEADER));
    Random random = new Random(2);
    return () ->
        check(
            function.invoke(random.nextDouble() < sampled.share ? traced : untraced),
            "batchItemFailures",
            "[]");
  }

  private static byte[] jobs(List<String> bodies) {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode records = root.putArray("Records");
    for (String body : bodies) {
      records
          .addObject()
          .put("messageId", "job-" + records.size())
          .put("body", body)
          .put("eventSource", "aws:sqs");
    }
    return root.toString().getBytes(UTF_8);
  }

  /// The Fanout function with a batch of one message, each later than the one before in its stream.
  private static CostProcess.Work fanouts(RoomId room, Sampled sampled) {
    LocalFunction function = function(FanoutHandler.class, sampled);
    Random random = new Random(3);
    return () -> {
      long sequence = SEQUENCE.incrementAndGet();
      String trace =
          random.nextDouble() < sampled.share ? ",\"trace\":{\"S\":\"%s\"}".formatted(HEADER) : "";
      String keys =
          "\"room_id\":{\"S\":\"%s\"},\"timestamp\":{\"N\":\"%d\"}"
              .formatted(room.name(), sequence);
      String event =
          """
          {"Records":[{"eventName":"INSERT","eventSourceARN":"arn:aws:dynamodb:t/stream/bench",
            "dynamodb":{"SequenceNumber":"%d","Keys":{%s},"NewImage":{%s,"id":{"S":"m"},
              "user":{"S":"u"},"sender":{"S":"s"},"message":{"S":"hello"}%s}}}]}
          """
              .formatted(sequence, keys, keys, trace);
      check(function.invoke(event.getBytes(UTF_8)), "batchItemFailures", "[]");
    };
  }

  private static CostProcess.Work messages(RoomId room, Membership member, Sampled sampled) {
    LocalFunction function = function(SendMessageHandler.class, sampled);
    ObjectNode event = JSON.createObjectNode();
    event.put(
        "body",
        "{\"action\":\"sendMessage\",\"room\":\"%s\",\"message\":\"hello\"}"
            .formatted(room.name()));
    ObjectNode context = event.putObject("requestContext");
    context.put("connectionId", member.connection().value());
    context.put("connectedAt", 0);
    context
        .putObject("authorizer")
        .put("user", member.identity().user())
        .put("sender", member.identity().sender());
    byte[] bytes = event.toString().getBytes(UTF_8);
    return () -> check(function.invoke(bytes), "body", "sent");
  }

  private static void check(byte[] result, String field, String wanted) throws Exception {
    JsonNode value = JSON.readTree(result).path(field);
    if (!value.toString().contains(wanted)) {
      throw new IllegalStateException("it answered " + new String(result, UTF_8));
    }
  }
}
