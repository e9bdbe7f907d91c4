package dev.parley.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.identity.Identity;
import dev.parley.message.Message;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What is pushed to the members of a room, encoded once: one line of JSON.
public final class Event {
  private final byte[] json;
  private final @Nullable Timestamp timestamp;
  private final @Nullable String messageId;
  private final @Nullable Traced traced;

  private Event(
      byte[] json,
      @Nullable Timestamp timestamp,
      @Nullable String messageId,
      @Nullable Traced traced) {
    this.json = json;
    this.timestamp = timestamp;
    this.messageId = messageId;
    this.traced = traced;
  }

  /// A user came (`in`) or went (`out`).
  public enum State {
    IN("in"),
    OUT("out");

    private final String onTheWire;

    State(String onTheWire) {
      this.onTheWire = onTheWire;
    }
  }

  /// @param prev the timestamp handed out before this one, or null at the beginning
  /// @throws IllegalArgumentException where it is larger than a page may be, so that nobody is
  ///     shown what history cannot show: no client of ours can have sent it
  public static Event message(Message message, @Nullable Timestamp prev) {
    return new Event(
        bytes(
            Json.object()
                .put("type", "message")
                .put("room", message.room().name())
                .put("timestamp", message.timestamp().micros())
                .put("prev", prev == null ? null : (Long) prev.micros())
                .put("id", message.id())
                .put("user", message.from().user())
                .put("sender", message.from().sender())
                .put("message", message.text())),
        message.timestamp(),
        message.id(),
        message.trace() == null
            ? null
            : new Traced(
                0, message.id(), message.trace(), message.timestamp().instant(), Traced.JOBS_MAX));
  }

  public static Event presence(RoomId room, Identity identity, State state) {
    return new Event(
        bytes(
            Json.object()
                .put("type", "presence")
                .put("room", room.name())
                .put("user", identity.user())
                .put("sender", identity.sender())
                .put("state", state.onTheWire)),
        null,
        null,
        null);
  }

  /// A connection was taken out of a room.
  ///
  /// @param why for example `kicked`
  public static Event removed(RoomId room, String why) {
    return new Event(
        bytes(Json.object().put("type", "removed").put("room", room.name()).put("reason", why)),
        null,
        null,
        null);
  }

  /// A user may join a private room now.
  ///
  /// @param by who has invited the user
  /// @param via the room over which it is told
  public static Event invitation(RoomId room, @Nullable String title, Identity by, RoomId via) {
    return new Event(
        bytes(
            Json.object()
                .put("type", "invitation")
                .put("room", room.name())
                .put("title", title)
                .put("user", by.user())
                .put("sender", by.sender())
                .put("via", via.name())),
        null,
        null,
        null);
  }

  private static byte[] bytes(ObjectNode json) {
    byte[] bytes = Json.bytes(json);
    if (bytes.length > Reply.PAGE_BYTES_MAX) {
      throw new IllegalArgumentException("an event of " + bytes.length + " bytes fits no page");
    }
    return bytes;
  }

  /// In UTF-8, without a line break. It must not be changed.
  byte[] json() {
    return json;
  }

  /// A message's; nothing of another event.
  Optional<Timestamp> timestamp() {
    return Optional.ofNullable(timestamp);
  }

  /// A message's; nothing of another event.
  Optional<String> messageId() {
    return Optional.ofNullable(messageId);
  }

  /// Of a message whose send was traced.
  Optional<Traced> traced() {
    return Optional.ofNullable(traced);
  }
}
