package dev.parley.fanout;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.SlotRange;
import dev.parley.room.RoomId;
import java.util.ArrayList;
import java.util.List;

/// Events that are to be pushed to some members of a room, as a queue carries them: a line of JSON
/// that says to whom, then a line for each event as it goes over the wire. JSON has no raw line
/// breaks, so nothing need be parsed to be sent on.
sealed interface PushJob {
  RoomId room();

  /// Encoded, in order.
  List<byte[]> events();

  /// All members in a range of slots.
  record Segment(RoomId room, SlotRange range, List<byte[]> events) implements PushJob {}

  /// The members who could not be reached.
  ///
  /// @param attempt 1 for the first time that they are tried again; 0 where time was over before
  ///     they were tried, or had answered
  record Retry(RoomId room, List<ConnectionId> connections, int attempt, List<byte[]> events)
      implements PushJob {}

  /// A message that is no job of ours.
  final class InvalidJob extends RuntimeException {
    InvalidJob(String message, Exception cause) {
      super(message, cause);
    }
  }

  ObjectMapper JSON = new ObjectMapper();

  default String encode() {
    ObjectNode header = JSON.createObjectNode().put("room", room().name());
    switch (this) {
      case Segment segment ->
          header.put("from", segment.range().from()).put("to", segment.range().to());
      case Retry retry -> {
        header.put("attempt", retry.attempt());
        ArrayNode connections = header.putArray("connections");
        retry.connections().forEach(connection -> connections.add(connection.value()));
      }
    }
    StringBuilder body = new StringBuilder(header.toString());
    for (byte[] event : events()) {
      body.append('\n').append(new String(event, UTF_8));
    }
    return body.toString();
  }

  /// @throws InvalidJob where it is not what [#encode] makes
  static PushJob decode(String body) {
    try {
      List<String> lines = body.lines().toList();
      List<byte[]> events = lines.stream().skip(1).map(event -> event.getBytes(UTF_8)).toList();
      if (events.isEmpty()) {
        throw new IllegalArgumentException("there are no events");
      }
      JsonNode header = JSON.readTree(lines.getFirst());
      RoomId room = new RoomId(header.path("room").textValue());
      if (!header.has("connections")) {
        return new Segment(
            room,
            new SlotRange(header.path("from").longValue(), header.path("to").longValue()),
            events);
      }
      List<ConnectionId> connections = new ArrayList<>();
      header
          .path("connections")
          .forEach(connection -> connections.add(new ConnectionId(connection.textValue())));
      return new Retry(room, connections, header.path("attempt").intValue(), events);
    } catch (JsonProcessingException | RuntimeException e) {
      throw new InvalidJob("a message in the queue is no job", e);
    }
  }
}
