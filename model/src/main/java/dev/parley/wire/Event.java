package dev.parley.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.Limits;
import dev.parley.identity.Identity;
import dev.parley.message.Message;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Events, which are pushed to the members of a room, encoded in UTF-8.
public final class Event {
  private Event() {}

  /// A member came (`in`) or went (`out`).
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
  public static byte[] message(Message message, @Nullable Timestamp prev) {
    return fitting(
        Json.object()
            .put("type", "message")
            .put("room", message.room().name())
            .put("timestamp", message.timestamp().micros())
            .put("prev", prev == null ? null : (Long) prev.micros())
            .put("id", message.id())
            .put("user", message.from().user())
            .put("sender", message.from().sender())
            .put("message", message.text()));
  }

  public static byte[] presence(RoomId room, String member, Identity identity, State state) {
    return fitting(
        Json.object()
            .put("type", "presence")
            .put("room", room.name())
            .put("member", member)
            .put("user", identity.user())
            .put("sender", identity.sender())
            .put("state", state.onTheWire));
  }

  /// The timestamp of an encoded message, or null of another event.
  public static @Nullable Long timestamp(byte[] event) {
    try {
      JsonNode timestamp = Json.MAPPER.readTree(event).path("timestamp");
      return timestamp.canConvertToLong() ? timestamp.longValue() : null;
    } catch (IOException e) {
      return null;
    }
  }

  /// Packs events into as few frames as 32 KB each allow, in order: one event as it is, several as
  /// an array.
  public static List<byte[]> frames(List<byte[]> events) {
    List<byte[]> frames = new ArrayList<>();
    List<byte[]> frame = new ArrayList<>();
    int bytes = 0;
    for (byte[] event : events) {
      if (!frame.isEmpty() && bytes + event.length + 2 > Limits.FRAME_BYTES_MAX) {
        frames.add(frame(frame));
        frame.clear();
        bytes = 0;
      }
      frame.add(event);
      bytes += event.length + 1;
    }
    if (!frame.isEmpty()) {
      frames.add(frame(frame));
    }
    return frames;
  }

  private static byte[] fitting(ObjectNode json) {
    byte[] event = Json.bytes(json);
    if (event.length > Reply.PAGE_BYTES_MAX) {
      throw new IllegalArgumentException("an event of " + event.length + " bytes fits no page");
    }
    return event;
  }

  private static byte[] frame(List<byte[]> events) {
    if (events.size() == 1) {
      return events.getFirst();
    }
    ByteArrayOutputStream array = new ByteArrayOutputStream();
    char separator = '[';
    for (byte[] event : events) {
      array.write(separator);
      array.writeBytes(event);
      separator = ',';
    }
    array.write(']');
    return array.toByteArray();
  }
}
