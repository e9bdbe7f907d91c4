package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Who is in a room: as the last list said, and as events have said since it was asked for.
///
/// Safe for use by several threads.
final class People {
  /// Names by user; nobody is known before the first list.
  private @Nullable Map<String, String> names;

  /// What happened since a list was asked for: names of those who came, nothing for those who left.
  private @Nullable Map<String, Optional<String>> meanwhile;

  synchronized Map<String, String> names() {
    return names == null ? Map.of() : Map.copyOf(names);
  }

  /// A malformed event counts as lost.
  synchronized void event(JsonNode json) {
    JsonNode sender = json.path("sender");
    String state = json.path("state").asText();
    if (!json.path("user").isTextual() || !sender.isTextual()) {
      return;
    }
    switch (state) {
      case "in" -> change(json.path("user").asText(), Optional.of(sender.asText()));
      case "out" -> change(json.path("user").asText(), Optional.empty());
      default -> {} // newer servers may send more
    }
  }

  private void change(String user, Optional<String> name) {
    if (meanwhile != null) {
      meanwhile.put(user, name);
    }
    Map<String, String> known = names;
    if (known != null) {
      name.ifPresentOrElse(sender -> known.put(user, sender), () -> known.remove(user));
    }
  }

  /// Lists everybody anew.
  ///
  /// @throws Unanswered where the connection has ended
  void list(String room, Connection connection, Waits waits)
      throws Unanswered, InterruptedException {
    begin();
    Map<String, String> listed = new HashMap<>();
    Map<String, Object> fields = new HashMap<>(Map.of("room", room));
    JsonNode cursor;
    do {
      JsonNode reply = connection.ask("members", fields, waits);
      if (Room.isError(reply)) {
        return;
      }
      for (JsonNode person : reply.path("members")) {
        listed.put(person.path("user").asText(), person.path("sender").asText());
      }
      cursor = reply.path("cursor");
      fields.put("cursor", cursor.asText());
    } while (cursor.isTextual());
    end(listed);
  }

  private synchronized void begin() {
    meanwhile = new HashMap<>();
  }

  /// What happened in the meantime is newer than the list.
  private synchronized void end(Map<String, String> listed) {
    Map<String, Optional<String>> changes = meanwhile == null ? Map.of() : meanwhile;
    names = listed;
    meanwhile = null;
    changes.forEach(this::change);
  }
}
