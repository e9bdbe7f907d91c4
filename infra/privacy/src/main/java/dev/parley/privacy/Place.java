package dev.parley.privacy;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.table.Row;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// How far a walk through all stores has come: what is in earlier stores, and in this one up to a
/// row, is done. As text it is what `-Dprivacy.from=` takes, for example `SENDS:eyJzZW5kX2…`.
///
/// @param after the key of the last row that is done; empty at the beginning of the store
record Place(Store store, Map<String, AttributeValue> after) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static Place beginning() {
    return new Place(Store.CONNECTIONS, Map.of());
  }

  /// @throws IllegalArgumentException where it is not what [#toString] makes
  static Place parse(String text) {
    String[] parts = text.split(":", 2);
    for (Store store : Store.values()) {
      if (store.name().equals(parts[0]) && parts.length == 2) {
        return new Place(store, key(store, parts[1]));
      }
    }
    throw new IllegalArgumentException("expected a place that an earlier run has printed");
  }

  private static Map<String, AttributeValue> key(Store store, String text) {
    try {
      Map<String, AttributeValue> key = new HashMap<>();
      JsonNode json = JSON.readTree(new String(Base64.getUrlDecoder().decode(text), UTF_8));
      json.properties()
          .forEach(
              attribute ->
                  key.put(
                      attribute.getKey(),
                      attribute.getValue().isNumber()
                          ? Row.n(attribute.getValue().longValue())
                          : Row.s(attribute.getValue().asText())));
      if (!key.isEmpty() && !key.keySet().equals(Set.copyOf(store.key()))) {
        throw new IllegalArgumentException("expected a key of " + store.table());
      }
      return key;
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("expected a place that an earlier run has printed", e);
    }
  }

  @Override
  public String toString() {
    ObjectNode json = JSON.createObjectNode();
    after.forEach(
        (name, value) -> {
          if (value.n() == null) {
            json.put(name, value.s());
          } else {
            json.put(name, Long.parseLong(value.n()));
          }
        });
    return store.name()
        + ":"
        + Base64.getUrlEncoder().withoutPadding().encodeToString(json.toString().getBytes(UTF_8));
  }
}
