package dev.parley.fanout;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.SlotRange;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.wire.Events;
import dev.parley.wire.Traced;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Events for some members of a room, as a queue carries them: a header, which is a line of JSON
/// that says to whom, then each event on a line as it goes over the wire. JSON has no raw line
/// breaks, so no event is parsed on its way.
sealed interface PushJob {
  RoomId room();

  Events events();

  /// All members in a range of slots.
  record Segment(RoomId room, SlotRange range, Events events) implements PushJob {
    boolean isOfSameSegment(Segment other) {
      return room.equals(other.room) && range.equals(other.range);
    }

    /// This job and a later one of the same segment as one.
    Segment and(Segment later) {
      return new Segment(room, range, events.and(later.events));
    }
  }

  /// The members who could not be reached.
  ///
  /// @param attempt 1 for the first time that they are tried again; 0 where time was over before
  ///     they were tried, or had answered
  /// @param since when they were to be pushed to first; null where they were not left to the
  ///     retries yet, or by a version of ours before this one
  record Retry(
      RoomId room,
      List<ConnectionId> connections,
      int attempt,
      @Nullable Instant since,
      Events events)
      implements PushJob {}

  /// A message that is no job of ours.
  final class InvalidJob extends RuntimeException {
    InvalidJob(String message, Exception cause) {
      super(message, cause);
    }
  }

  ObjectMapper JSON = new ObjectMapper();

  /// The header holds the timestamp of the oldest message where this is the first attempt to push
  /// it: how long it took is measured then. It holds the ids of messages for the log, and the trace
  /// headers of those whose sends were traced, which go on at the current step.
  default String encode() {
    ObjectNode header = JSON.createObjectNode().put("room", room().name());
    int attempt = 0;
    switch (this) {
      case Segment segment ->
          header.put("from", segment.range().from()).put("to", segment.range().to());
      case Retry retry -> {
        attempt = retry.attempt();
        header.put("attempt", attempt);
        Instant since = retry.since();
        if (since != null) {
          header.put("since", since.toEpochMilli());
        }
        ArrayNode connections = header.putArray("connections");
        retry.connections().forEach(connection -> connections.add(connection.value()));
      }
    }
    if (attempt == 0) {
      events().oldest().ifPresent(oldest -> header.put("oldest", oldest.micros()));
    }
    if (!events().messageIds().isEmpty()) {
      ArrayNode ids = header.putArray("ids");
      events().messageIds().forEach(ids::add);
    }
    if (!events().traced().isEmpty()) {
      ArrayNode traced = header.put("sent", Instant.now().toEpochMilli()).putArray("traced");
      events()
          .traced()
          .forEach(
              message ->
                  traced
                      .addObject()
                      .put("at", message.at())
                      .put("message", message.message())
                      .put("trace", message.context().here().header())
                      .put("jobs", message.jobs()));
    }
    return header + "\n" + events().lines();
  }

  /// @throws InvalidJob where it is not what [#encode] makes
  static PushJob decode(String body) {
    try {
      List<String> lines = body.lines().toList();
      JsonNode header = JSON.readTree(lines.getFirst());
      Events events =
          Events.of(
              lines.stream().skip(1),
              oldest(header),
              header.path("ids").valueStream().map(JsonNode::asText).toList(),
              traced(header));
      if (events.isEmpty()) {
        throw new IllegalArgumentException("there are no events");
      }
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
      JsonNode since = header.get("since");
      return new Retry(
          room,
          connections,
          header.path("attempt").intValue(),
          since == null ? null : Instant.ofEpochMilli(since.longValue()),
          events);
    } catch (JsonProcessingException | RuntimeException e) {
      throw new InvalidJob("a message in the queue is no job", e);
    }
  }

  private static List<Traced> traced(JsonNode header) {
    List<Traced> traced = new ArrayList<>();
    Instant sent = Instant.ofEpochMilli(header.path("sent").longValue());
    for (JsonNode message : header.path("traced")) {
      Trace.Context.of(message.path("trace").textValue())
          .map(
              context ->
                  new Traced(
                      message.path("at").intValue(),
                      message.path("message").asText(),
                      context,
                      sent,
                      message.path("jobs").intValue()))
          .ifPresent(traced::add);
    }
    return traced;
  }

  /// Nothing where it is missing: a version of ours before this one did not write it.
  private static @Nullable Timestamp oldest(JsonNode header) {
    JsonNode oldest = header.get("oldest");
    return oldest == null ? null : new Timestamp(oldest.longValue());
  }
}
