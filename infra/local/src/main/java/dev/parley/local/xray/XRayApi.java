package dev.parley.local.xray;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import dev.parley.local.xray.SegmentDocument.Refusal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// X-Ray's API: `PutTraceSegments`, `GetTraceSummaries`, `BatchGetTraces`, `GetServiceGraph` and
/// `GetTraceGraph`, as the AWS SDKs and the AWS CLI ask and read them.
///
/// `Unlike AWS:` what reads needs no signature: there are no credentials that it could be verified
/// with, and pages of strangers are told by `Host` and `Origin`. A time range may be longer than 6
/// hours. What was put can be read at once. There are no groups, sampling rules and insights.
///
/// Safe for use by many threads.
///
/// Source: service model xray 2016-04-12.
public final class XRayApi {
  /// How many summaries are in one page. What X-Ray's number is is not known [?].
  static final int SUMMARIES_MAX = 100;

  /// API reference, BatchGetTraces.
  static final int TRACE_IDS_MAX = 5;

  private static final Pattern TRACE_ID = Pattern.compile("1-[0-9a-f]{8}-[0-9a-f]{24}");

  private final Traces traces;

  public XRayApi(Traces traces) {
    this.traces = traces;
  }

  /// An answer in JSON.
  ///
  /// @param errorType the error's name, as in `x-amzn-ErrorType`; null where there is none
  public record Answer(int status, @Nullable String errorType, String json) {
    private static Answer error(int status, String type, String message) {
      return new Answer(
          status, type, Json.MAPPER.createObjectNode().put("Message", message).toString());
    }
  }

  /// A request that breaks a rule; its message goes to the caller.
  private static final class InvalidRequest extends RuntimeException {
    private static final long serialVersionUID = 1;

    InvalidRequest(String message) {
      super(message);
    }
  }

  /// Answers a POST.
  ///
  /// @param operation the path below X-Ray's endpoint, without a slash: `TraceSummaries`
  /// @param body JSON, UTF-8
  public Answer answer(String operation, byte[] body) {
    try {
      JsonNode request = Json.STRICT.readTree(body);
      if (!request.isObject()) {
        throw new InvalidRequest("The request is no JSON object");
      }
      JsonNode result =
          switch (operation) {
            case "TraceSegments" -> put(request);
            case "TraceSummaries" -> summaries(request);
            case "Traces" -> batch(request);
            case "ServiceGraph" -> serviceGraph(request);
            case "TraceGraph" -> traceGraph(request);
            default -> null;
          };
      return result == null
          ? Answer.error(
              404,
              "UnknownOperationException",
              "X-Ray's /%s is not supported here".formatted(operation))
          : new Answer(200, null, result.toString());
    } catch (InvalidRequest e) {
      return Answer.error(400, "InvalidRequestException", String.valueOf(e.getMessage()));
    } catch (JsonProcessingException e) {
      return Answer.error(
          400, "InvalidRequestException", "The request is not JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new AssertionError("Bytes are always readable", e);
    }
  }

  /// `PutTraceSegments`. A document is a segment or a subsegment, or an array of them.
  private ObjectNode put(JsonNode request) {
    List<String> documents = strings(request, "TraceSegmentDocuments");
    ObjectNode result = Json.MAPPER.createObjectNode();
    ArrayNode unprocessed = result.putArray("UnprocessedTraceSegments");
    for (String document : documents) {
      for (String one : documents(document)) {
        Refusal refusal = traces.put(one);
        if (refusal != null) {
          ObjectNode segment = unprocessed.addObject();
          if (refusal.id() != null) {
            segment.put("Id", refusal.id());
          }
          segment.put("ErrorCode", refusal.code()).put("Message", refusal.message());
        }
      }
    }
    return result;
  }

  private static List<String> documents(String document) {
    if (document.stripLeading().startsWith("[")) {
      try {
        List<String> documents = new ArrayList<>();
        Json.STRICT.readTree(document).forEach(one -> documents.add(one.toString()));
        return documents;
      } catch (JsonProcessingException _) {
        return List.of(document); // refused as what it is
      }
    }
    return List.of(document);
  }

  // ---- GetTraceSummaries ----------------------------------------------------------------------

  /// The newest traces first, by the moment in which the first document of each came.
  private ObjectNode summaries(JsonNode request) {
    Range range = range(request);
    Predicate<Trace> inRange =
        switch (request.path("TimeRangeType").asText("TraceId")) {
          case "TraceId" -> trace -> range.contains(secondsOf(trace.id())); // reads no document
          case "Event" -> trace -> trace.full().isActive(range.start(), range.end());
          case "Service" ->
              trace ->
                  trace.full().visits().stream()
                      .map(visit -> visit.outcome().endSeconds())
                      .anyMatch(end -> end != null && range.contains(end));
          default -> throw new InvalidRequest("TimeRangeType is TraceId, Event or Service");
        };
    FilterExpression filter;
    try {
      filter = FilterExpression.parse(request.path("FilterExpression").asText(""));
    } catch (IllegalArgumentException e) {
      throw new InvalidRequest(String.valueOf(e.getMessage()));
    }
    long before = before(request);
    ObjectNode result = Json.MAPPER.createObjectNode();
    ArrayNode list = result.putArray("TraceSummaries");
    int processed = 0;
    double approximate = range.start();
    for (Trace trace : traces.newestFirst()) {
      if (trace.number() >= before) {
        continue;
      }
      if (list.size() == SUMMARIES_MAX) {
        result.put("NextToken", HexFormat.of().toHexDigits(trace.number() + 1));
        break;
      }
      if (inRange.test(trace)) {
        FullTrace full = trace.full();
        processed++;
        if (filter.matches(full)) {
          approximate = full.startSeconds();
          list.add(full.summary());
        }
      }
    }
    result.put("ApproximateTime", approximate);
    result.put("TracesProcessedCount", processed);
    return result;
  }

  /// The token is the number of the trace before which the next page begins.
  private static long before(JsonNode request) {
    String token = request.path("NextToken").asText("");
    try {
      return token.isEmpty() ? Long.MAX_VALUE : HexFormat.fromHexDigitsToLong(token);
    } catch (IllegalArgumentException _) {
      throw new InvalidRequest("NextToken is not one that was given");
    }
  }

  private static double secondsOf(String traceId) {
    return Long.parseLong(traceId.substring(2, 10), 16);
  }

  private record Range(double start, double end) {
    boolean contains(double seconds) {
      return seconds >= start && seconds < end;
    }
  }

  private static Range range(JsonNode request) {
    JsonNode start = request.path("StartTime");
    JsonNode end = request.path("EndTime");
    if (!start.isNumber() || !end.isNumber()) {
      throw new InvalidRequest("StartTime and EndTime are seconds since 1970");
    }
    if (start.asDouble() > end.asDouble()) {
      throw new InvalidRequest("EndTime is before StartTime");
    }
    return new Range(start.asDouble(), end.asDouble());
  }

  // ---- BatchGetTraces and graphs --------------------------------------------------------------

  private ObjectNode batch(JsonNode request) {
    ObjectNode result = Json.MAPPER.createObjectNode();
    ArrayNode list = result.putArray("Traces");
    List<String> ids = traceIds(request);
    if (ids.size() > TRACE_IDS_MAX) {
      throw new InvalidRequest("TraceIds has at most %d ids".formatted(TRACE_IDS_MAX));
    }
    for (String id : ids) {
      Trace trace = traces.trace(id);
      if (trace == null) {
        continue; // X-Ray leaves out what it does not have
      }
      Trace.Copy copy = trace.copy();
      ObjectNode one = list.addObject();
      one.put("Id", id);
      one.put("Duration", copy.seconds());
      one.put("LimitExceeded", copy.limitExceeded());
      ArrayNode segments = one.putArray("Segments");
      for (ObjectNode segment : copy.segments()) {
        segments
            .addObject()
            .put("Id", segment.path("id").asText())
            .put("Document", segment.toString());
      }
    }
    result.putArray("UnprocessedTraceIds");
    return result;
  }

  private ObjectNode traceGraph(JsonNode request) {
    List<FullTrace> chosen = new ArrayList<>();
    for (String id : traceIds(request)) {
      Trace trace = traces.trace(id);
      if (trace != null) {
        chosen.add(trace.full());
      }
    }
    ObjectNode result = Json.MAPPER.createObjectNode();
    result.set("Services", ServiceGraph.of(chosen).json());
    return result;
  }

  private ObjectNode serviceGraph(JsonNode request) {
    Range range = range(request);
    if (request.hasNonNull("GroupARN")
        || !request.path("GroupName").asText("Default").equals("Default")) {
      throw new InvalidRequest("There is no group but Default here");
    }
    List<FullTrace> chosen = new ArrayList<>();
    for (Trace trace : traces.newestFirst().reversed()) {
      FullTrace full = trace.full();
      if (full.isActive(range.start(), range.end())) {
        chosen.add(full);
      }
    }
    ObjectNode result = Json.MAPPER.createObjectNode();
    result.put("StartTime", range.start());
    result.put("EndTime", range.end());
    result.set("Services", ServiceGraph.of(chosen).json());
    result.put("ContainsOldGroupVersions", false);
    return result;
  }

  private static List<String> traceIds(JsonNode request) {
    List<String> ids = strings(request, "TraceIds").stream().distinct().toList();
    for (String id : ids) {
      if (!TRACE_ID.matcher(id).matches()) {
        throw new InvalidRequest(
            "TraceIds has an id that is not 1-, 8 hex digits, -, 24 hex digits");
      }
    }
    return ids;
  }

  private static List<String> strings(JsonNode request, String field) {
    List<String> strings = new ArrayList<>();
    for (JsonNode value : request.path(field)) {
      if (!value.isTextual()) {
        throw new InvalidRequest(field + " is a list of texts");
      }
      strings.add(value.asText());
    }
    if (strings.isEmpty()) {
      throw new InvalidRequest(field + " is missing or empty");
    }
    return strings;
  }
}
