package dev.parley.local.xray;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.aws.LocalAccount;
import dev.parley.local.json.Json;
import org.jspecify.annotations.Nullable;

/// What served requests: a node of the service map.
///
/// @param type for example `AWS::Lambda::Function`, `remote`, `client`; null where a segment does
///     not say
record Service(String name, @Nullable String type) {
  private static final String TABLE = "AWS::DynamoDB::Table";
  private static final String QUEUE = "AWS::SQS::Queue";

  /// @param segment as of [Trace#segments]
  static Service of(JsonNode segment) {
    String name = segment.path("name").asText();
    String origin = segment.path("origin").isTextual() ? segment.path("origin").asText() : null;
    if (!segment.path("inferred").asBoolean()) {
      return new Service(name, origin);
    }
    JsonNode aws = segment.path("aws");
    return switch (origin) {
      case null -> new Service(name, "remote");
      case TABLE -> new Service(aws.path("table_name").asText(), origin);
      case QUEUE -> new Service(aws.path("queue_url").asText(), origin);
      default -> new Service(name, origin);
    };
  }

  /// @param call a subsegment of the namespace `aws`
  static String typeOfCall(JsonNode call) {
    JsonNode aws = call.path("aws");
    String name = call.path("name").asText();
    if (name.equals("DynamoDB") && aws.path("table_name").isTextual()) {
      return TABLE;
    }
    return name.equals("SQS") && aws.path("queue_url").isTextual() ? QUEUE : "AWS::" + name;
  }

  boolean isQueue() {
    return QUEUE.equals(type);
  }

  /// As X-Ray's `ServiceId` and the beginning of its `Service`.
  ObjectNode json() {
    ObjectNode json = Json.MAPPER.createObjectNode();
    json.put("Name", name);
    json.putArray("Names").add(name);
    if (type != null) {
      json.put("Type", type);
      if (type.startsWith("AWS::")) {
        json.put("AccountId", LocalAccount.NUMBER);
      }
    }
    return json;
  }
}
