package dev.parley.local.xray;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonNodePath;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import dev.parley.local.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A segment, or a subsegment that was sent alone, in JSON that keeps the rules of X-Ray:
/// `{"trace_id":"1-…","id":"…","name":"…","start_time":1.7e9,"end_time":1.7e9}`.
///
/// Source: "AWS X-Ray segment documents", X-Ray developer guide; `segment-document.schema.json` has
/// its rules.
final class SegmentDocument {
  /// X-Ray endpoints and quotas, "Segment document size".
  static final int BYTES_MAX = 64 * 1024;

  /// Objects and lists in each other: 100 subsegments, so that whatever goes through them needs
  /// little of the stack.
  private static final int NESTING_MAX = 200;

  private static final ObjectReader STRICT =
      new JsonMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(NESTING_MAX).build())
                  .build())
          .reader()
          .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final JsonSchema SCHEMA = schema();

  private final String traceId;
  private final String id;
  private final boolean segment;
  private final boolean inProgress;
  private final byte[] json;

  private SegmentDocument(JsonNode document, byte[] json) {
    this.traceId = document.path("trace_id").asText();
    this.id = document.path("id").asText();
    this.segment = !document.has("type");
    this.inProgress = document.path("in_progress").asBoolean();
    this.json = json;
  }

  private static JsonSchema schema() {
    try (InputStream rules =
        Objects.requireNonNull(
            SegmentDocument.class.getResourceAsStream("segment-document.schema.json"))) {
      return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
          .getSchema(Json.MAPPER.readTree(rules));
    } catch (IOException e) {
      throw new AssertionError("The schema is in this package", e);
    }
  }

  /// Why a document is refused.
  ///
  /// The codes that are known of X-Ray are `ParseError`, `Missing` or `Invalid` and the field
  /// (`MissingName`, `InvalidTraceId`); the others are ours [?]. `Unlike AWS:` the message goes on
  /// to say where in the document, and why.
  ///
  /// @param id the document's, where it has one
  record Refusal(@Nullable String id, String code, String message) {
    static Refusal of(JsonNode document, String code, String details) {
      return new Refusal(
          document.path("id").isTextual() ? document.path("id").asText() : null,
          code,
          "Invalid %s. ErrorCode: %s: %s"
              .formatted(document.has("type") ? "subsegment" : "segment", code, details));
    }
  }

  /// A document that breaks a rule.
  static final class Refused extends Exception {
    private static final long serialVersionUID = 1;
    private final transient Refusal refusal;

    Refused(Refusal refusal) {
      super(refusal.message());
      this.refusal = refusal;
    }

    Refusal refusal() {
      return refusal;
    }
  }

  /// @param json UTF-8
  static SegmentDocument of(byte[] json) throws Refused {
    JsonNode document;
    try {
      document = STRICT.readTree(json);
    } catch (JsonProcessingException e) {
      throw new Refused(
          Refusal.of(Json.MAPPER.nullNode(), "ParseError", "not JSON: " + e.getOriginalMessage()));
    } catch (IOException e) {
      throw new AssertionError("Bytes are always readable", e);
    }
    if (json.length > BYTES_MAX) {
      throw new Refused(
          Refusal.of(
              document,
              "DocumentTooLarge",
              "%d bytes, where a document has at most %d".formatted(json.length, BYTES_MAX)));
    }
    Set<ValidationMessage> broken = SCHEMA.validate(document);
    if (!broken.isEmpty()) {
      ValidationMessage first = broken.iterator().next();
      throw new Refused(Refusal.of(document, code(first), first.getMessage()));
    }
    return new SegmentDocument(document, json);
  }

  private static String code(ValidationMessage broken) {
    if (broken.getProperty() != null && broken.getType().equals("required")) {
      return "Missing" + camelCase(broken.getProperty());
    }
    // The field of the segment or subsegment, so that what a program calls its own values is no
    // code.
    JsonNodePath path = broken.getInstanceLocation();
    for (int i = 0; i < path.getNameCount(); i++) {
      boolean into = i + 1 < path.getNameCount() && path.getElement(i).equals("subsegments");
      if (path.getElement(i) instanceof String field && !into) {
        return "Invalid" + camelCase(field);
      }
    }
    return "ParseError"; // not an object
  }

  /// `trace_id` is `TraceId`.
  private static String camelCase(String field) {
    StringBuilder out = new StringBuilder();
    for (String word : field.split("_", -1)) {
      out.append(word.substring(0, Math.min(1, word.length())).toUpperCase(Locale.ROOT));
      out.append(word.substring(Math.min(1, word.length())));
    }
    return out.toString();
  }

  String traceId() {
    return traceId;
  }

  String id() {
    return id;
  }

  /// False for a subsegment.
  boolean isSegment() {
    return segment;
  }

  boolean isInProgress() {
    return inProgress;
  }

  int bytes() {
    return json.length;
  }

  /// A copy to work on.
  ObjectNode tree() {
    try {
      return (ObjectNode) Json.MAPPER.readTree(json);
    } catch (IOException e) {
      throw new AssertionError("It was read before", e);
    }
  }

  @Override
  public String toString() {
    return new String(json, UTF_8);
  }
}
