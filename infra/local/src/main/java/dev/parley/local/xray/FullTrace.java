package dev.parley.local.xray;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.parley.local.json.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A trace as far as it is searched and summed up: without the documents.
///
/// @param revision grows with each document
/// @param startSeconds of the earliest segment
/// @param endSeconds of the segment that ended last
/// @param partial whether something is still in progress
/// @param entry the visit that the trace began with; null while only subsegments have come
/// @param visits one for each segment, also the inferred ones
/// @param calls between them
/// @param links to other traces, whose messages this one is about
/// @param sends what was sent to queues, by the id of each segment and subsegment that did it
record FullTrace(
    String id,
    int revision,
    double startSeconds,
    double endSeconds,
    boolean partial,
    @Nullable Visit entry,
    List<Visit> visits,
    List<Call> calls,
    List<Link> links,
    Map<String, Send> sends)
    implements Facts {
  /// "X-Ray indexes up to 50 annotations per trace" (X-Ray developer guide, "AWS X-Ray segment
  /// documents").
  static final int ANNOTATIONS_MAX = 50;

  /// How something went.
  ///
  /// @param endSeconds null while it is in progress
  record Outcome(
      double startSeconds,
      @Nullable Double endSeconds,
      boolean error,
      boolean throttle,
      boolean fault)
      implements Facts {
    static Outcome of(JsonNode entity) {
      int status = entity.at("/http/response/status").asInt();
      JsonNode end = entity.path("end_time");
      return new Outcome(
          entity.path("start_time").asDouble(),
          end.isNumber() ? end.asDouble() : null,
          entity.path("error").asBoolean() || (status >= 400 && status < 500),
          entity.path("throttle").asBoolean() || status == 429,
          entity.path("fault").asBoolean() || status >= 500);
    }

    boolean ok() {
      return !error && !throttle && !fault;
    }

    /// Null while it is in progress.
    @Nullable Double seconds() {
      return endSeconds == null ? null : Math.max(0, endSeconds - startSeconds);
    }

    @Override
    public List<JsonNode> values(String keyword) {
      return switch (keyword) {
        case "ok" -> List.of(BooleanNode.valueOf(ok()));
        case "error" -> List.of(BooleanNode.valueOf(error));
        case "throttle" -> List.of(BooleanNode.valueOf(throttle));
        case "fault" -> List.of(BooleanNode.valueOf(fault));
        case "partial" -> List.of(BooleanNode.valueOf(endSeconds == null));
        case "responsetime", "duration" ->
            seconds() == null ? List.of() : List.of(DoubleNode.valueOf(seconds()));
        default -> List.of();
      };
    }
  }

  /// A segment: one service at work for the trace.
  ///
  /// @param root whether nothing in the trace called it
  /// @param inferred from the call, since the service sends no segments
  /// @param http its `http`, or a missing node
  /// @param annotations its own and its subsegments'
  record Visit(
      Service service,
      boolean root,
      boolean inferred,
      Outcome outcome,
      JsonNode http,
      Map<String, Set<JsonNode>> annotations,
      Set<String> users,
      Set<String> resourceArns)
      implements Facts {
    @Override
    public List<JsonNode> values(String keyword) {
      return switch (keyword) {
        case "root" -> List.of(BooleanNode.valueOf(root));
        case "inferred" -> List.of(BooleanNode.valueOf(inferred));
        case "name" -> List.of(TextNode.valueOf(service.name()));
        case "type" ->
            service.type() == null ? List.of() : List.of(TextNode.valueOf(service.type()));
        case "user" -> texts(users);
        case "resource.arn" -> texts(resourceArns);
        case "http.status" -> present(http.at("/response/status"));
        case "http.url" -> present(http.at("/request/url"));
        case "http.method" -> present(http.at("/request/method"));
        case "http.useragent" -> present(http.at("/request/user_agent"));
        case "http.clientip" -> present(http.at("/request/client_ip"));
        default ->
            keyword.startsWith(ANNOTATION)
                ? List.copyOf(
                    annotations.getOrDefault(keyword.substring(ANNOTATION.length()), Set.of()))
                : outcome.values(keyword);
      };
    }

    private static List<JsonNode> present(JsonNode value) {
      return value.isMissingNode() ? List.of() : List.of(value);
    }

    private static List<JsonNode> texts(Set<String> values) {
      return values.stream().<JsonNode>map(TextNode::valueOf).toList();
    }
  }

  /// One service asked another.
  ///
  /// @param from null for a client that is not traced
  record Call(@Nullable Service from, Service to, Outcome outcome) implements Facts {
    @Override
    public List<JsonNode> values(String keyword) {
      return outcome.values(keyword);
    }
  }

  /// A visit that is about messages of another trace.
  ///
  /// @param entityId the segment or subsegment there that sent the message
  record Link(Service to, Outcome outcome, String traceId, String entityId) {}

  /// A message was sent to a queue.
  record Send(Service queue, double seconds) {}

  /// @param segments as of [Trace#segments]
  static FullTrace of(String id, int revision, List<ObjectNode> segments) {
    Map<String, ObjectNode> owners = new HashMap<>();
    Map<String, String> parents = new HashMap<>();
    segments.stream()
        .filter(FullTrace::isVisit)
        .forEach(segment -> index(segment, segment, owners, parents));
    Set<Map.Entry<String, JsonNode>> indexed = new HashSet<>();
    List<Visit> visits = new ArrayList<>();
    List<Call> calls = new ArrayList<>();
    List<Link> links = new ArrayList<>();
    Map<String, Send> sends = new HashMap<>();
    double start = Double.MAX_VALUE;
    double end = 0;
    boolean partial = false;
    for (ObjectNode segment : segments) {
      Outcome outcome = Outcome.of(segment);
      start = Math.min(start, outcome.startSeconds());
      end = Math.max(end, outcome.endSeconds() == null ? 0 : outcome.endSeconds());
      partial |= isPartial(segment);
      if (!isVisit(segment)) {
        continue;
      }
      Service service = Service.of(segment);
      String parentId = segment.path("parent_id").asText();
      ObjectNode caller = owners.get(parentId);
      Visit visit = visit(segment, service, caller == null, outcome, indexed);
      visits.add(visit);
      calls.add(new Call(caller == null ? null : Service.of(caller), service, outcome));
      for (JsonNode link : segment.path("links")) {
        links.add(
            new Link(service, outcome, link.path("trace_id").asText(), link.path("id").asText()));
      }
      if (service.isQueue()) {
        Send send = new Send(service, outcome.startSeconds());
        String sender = parentId;
        while (sender != null && sends.putIfAbsent(sender, send) == null) {
          sender = parents.get(sender);
        }
      }
    }
    Visit entry =
        visits.stream()
            .filter(visit -> !visit.inferred() && visit.root())
            .findFirst()
            .orElse(visits.isEmpty() ? null : visits.getFirst());
    return new FullTrace(
        id, revision, start, Math.max(start, end), partial, entry, visits, calls, links, sends);
  }

  /// Whether it is not a subsegment whose parent has not come.
  private static boolean isVisit(JsonNode segment) {
    return !segment.has("type");
  }

  /// @param owners the segment that each entity is in
  /// @param parents the entity that each subsegment is in
  private static void index(
      JsonNode entity,
      ObjectNode owner,
      Map<String, ObjectNode> owners,
      Map<String, String> parents) {
    String id = entity.path("id").asText();
    owners.put(id, owner);
    for (JsonNode child : entity.path("subsegments")) {
      parents.put(child.path("id").asText(), id);
      index(child, owner, owners, parents);
    }
  }

  private static boolean isPartial(JsonNode entity) {
    if (entity.path("in_progress").asBoolean()) {
      return true;
    }
    for (JsonNode child : entity.path("subsegments")) {
      if (isPartial(child)) {
        return true;
      }
    }
    return false;
  }

  /// @param indexed the annotations that the trace is found by so far
  private static Visit visit(
      JsonNode segment,
      Service service,
      boolean root,
      Outcome outcome,
      Set<Map.Entry<String, JsonNode>> indexed) {
    Map<String, Set<JsonNode>> annotations = new LinkedHashMap<>();
    Set<String> users = new LinkedHashSet<>();
    gather(segment, annotations, users, indexed);
    JsonNode arn = segment.path("resource_arn");
    return new Visit(
        service,
        root,
        segment.path("inferred").asBoolean(),
        outcome,
        segment.path("http"),
        annotations,
        users,
        arn.isTextual() ? Set.of(arn.asText()) : Set.of());
  }

  private static void gather(
      JsonNode entity,
      Map<String, Set<JsonNode>> annotations,
      Set<String> users,
      Set<Map.Entry<String, JsonNode>> indexed) {
    for (Map.Entry<String, JsonNode> annotation : entity.path("annotations").properties()) {
      Map.Entry<String, JsonNode> copy = Map.entry(annotation.getKey(), annotation.getValue());
      if (indexed.contains(copy) || indexed.size() < ANNOTATIONS_MAX) {
        indexed.add(copy);
        annotations
            .computeIfAbsent(annotation.getKey(), _ -> new LinkedHashSet<>())
            .add(annotation.getValue());
      }
    }
    if (entity.path("user").isTextual()) {
      users.add(entity.path("user").asText());
    }
    for (JsonNode child : entity.path("subsegments")) {
      gather(child, annotations, users, indexed);
    }
  }

  double seconds() {
    return endSeconds - startSeconds;
  }

  /// Whether something of it happened between these times.
  boolean isActive(double fromSeconds, double toSeconds) {
    return startSeconds < toSeconds && (endSeconds >= fromSeconds || partial);
  }

  @Override
  public List<JsonNode> values(String keyword) {
    return switch (keyword) {
      case "duration" -> List.of(DoubleNode.valueOf(seconds()));
      case "partial" -> List.of(BooleanNode.valueOf(partial));
      case "throttle" -> List.of(BooleanNode.valueOf(hasThrottle()));
      case "inferred" -> List.of(BooleanNode.valueOf(visits.stream().anyMatch(Visit::inferred)));
      case "user", "resource.arn" -> ofAll(keyword);
      default ->
          keyword.startsWith(ANNOTATION)
              ? ofAll(keyword)
              : entry == null ? List.of() : entry.values(keyword);
    };
  }

  private List<JsonNode> ofAll(String keyword) {
    return visits.stream().flatMap(visit -> visit.values(keyword).stream()).toList();
  }

  private boolean hasThrottle() {
    return visits.stream().anyMatch(visit -> visit.outcome().throttle());
  }

  /// X-Ray's `TraceSummary`.
  ///
  /// `Unlike AWS:` no root causes are looked for, and there are no instances and availability zones
  /// to list.
  ObjectNode summary() {
    ObjectNode json = Json.MAPPER.createObjectNode();
    json.put("Id", id);
    json.put("StartTime", startSeconds);
    json.put("Duration", seconds());
    if (entry != null && entry.outcome().seconds() != null) {
      json.put("ResponseTime", entry.outcome().seconds());
    }
    json.put("HasFault", entry != null && entry.outcome().fault());
    json.put("HasError", entry != null && entry.outcome().error());
    json.put("HasThrottle", hasThrottle());
    json.put("IsPartial", partial);
    ObjectNode http = json.putObject("Http");
    if (entry != null) {
      putFirst(http, "HttpURL", entry.values("http.url"));
      putFirst(http, "HttpStatus", entry.values("http.status"));
      putFirst(http, "HttpMethod", entry.values("http.method"));
      putFirst(http, "UserAgent", entry.values("http.useragent"));
      putFirst(http, "ClientIp", entry.values("http.clientip"));
    }
    json.set("Annotations", annotationsJson());
    Map<String, Set<Service>> users = new LinkedHashMap<>();
    Set<Service> services = new LinkedHashSet<>();
    Set<String> arns = new LinkedHashSet<>();
    for (Visit visit : visits) {
      services.add(visit.service());
      arns.addAll(visit.resourceArns());
      for (String user : visit.users()) {
        users.computeIfAbsent(user, _ -> new LinkedHashSet<>()).add(visit.service());
      }
    }
    ArrayNode userList = json.putArray("Users");
    users.forEach(
        (user, of) -> userList.addObject().put("UserName", user).set("ServiceIds", ids(of)));
    json.set("ServiceIds", ids(services));
    ArrayNode arnList = json.putArray("ResourceARNs");
    arns.forEach(arn -> arnList.addObject().put("ARN", arn));
    json.putArray("InstanceIds");
    json.putArray("AvailabilityZones");
    if (entry != null) {
      json.set("EntryPoint", entry.service().json());
    }
    json.putArray("FaultRootCauses");
    json.putArray("ErrorRootCauses");
    json.putArray("ResponseTimeRootCauses");
    json.put("Revision", revision);
    return json;
  }

  private static void putFirst(ObjectNode json, String field, List<JsonNode> values) {
    if (!values.isEmpty()) {
      json.set(field, values.getFirst());
    }
  }

  private ObjectNode annotationsJson() {
    Map<String, Map<JsonNode, Set<Service>>> all = new LinkedHashMap<>();
    for (Visit visit : visits) {
      visit
          .annotations()
          .forEach(
              (key, values) ->
                  values.forEach(
                      value ->
                          all.computeIfAbsent(key, _ -> new LinkedHashMap<>())
                              .computeIfAbsent(value, _ -> new LinkedHashSet<>())
                              .add(visit.service())));
    }
    ObjectNode json = Json.MAPPER.createObjectNode();
    all.forEach(
        (key, values) -> {
          ArrayNode list = json.putArray(key);
          values.forEach(
              (value, services) -> {
                ObjectNode one = list.addObject();
                one.putObject("AnnotationValue").set(valueType(value), value);
                one.set("ServiceIds", ids(services));
              });
        });
    return json;
  }

  private static String valueType(JsonNode value) {
    return value.isNumber() ? "NumberValue" : value.isBoolean() ? "BooleanValue" : "StringValue";
  }

  private static ArrayNode ids(Set<Service> services) {
    ArrayNode list = Json.MAPPER.createArrayNode();
    services.forEach(service -> list.add(service.json()));
    return list;
  }
}
