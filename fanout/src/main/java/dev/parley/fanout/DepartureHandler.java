package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import dev.parley.Metrics;
import dev.parley.platform.Aws;
import dev.parley.platform.Deadline;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Invocations;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The queue of users who are away: tells the people of a room that somebody has left, if that user
/// has not come back. Rooms are served side by side; all who left one room within a batch travel in
/// one push.
///
/// A room that fails comes again, until the queue forgets it: presence is a hint.
public final class DepartureHandler implements RequestHandler<SQSEvent, SQSBatchResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(DepartureHandler.class);

  private final Invocations invocations;
  private final InvocationExecutor executor = new InvocationExecutor();
  private final Presence presence;

  public DepartureHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(DepartureHandler.class, DepartureHandler::new);
  }

  public DepartureHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    this.invocations = new Invocations(settings);
    Aws aws = new Aws(settings);
    this.presence = new Presence(aws, aws.dynamoDb(), settings, clock);
  }

  private record Message(String id, Departure departure) {}

  @Override
  public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
    return invocations.handle(
        context, () -> handle(event.getRecords(), presence.lastPush(context)));
  }

  private SQSBatchResponse handle(List<SQSMessage> messages, Deadline lastPush) {
    List<CompletableFuture<List<String>>> rooms = new ArrayList<>();
    List<BatchItemFailure> failures = new ArrayList<>();
    try (Delivery delivery = presence.delivery()) {
      byRoom(messages)
          .forEach(
              (room, departures) ->
                  rooms.add(
                      CompletableFuture.supplyAsync(
                          () -> tell(room, departures, delivery, lastPush), executor)));
      rooms.forEach(room -> room.join().forEach(id -> failures.add(new BatchItemFailure(id))));
    }
    return new SQSBatchResponse(failures);
  }

  private static Map<RoomId, List<Message>> byRoom(List<SQSMessage> messages) {
    Map<RoomId, List<Message>> byRoom = new LinkedHashMap<>();
    for (SQSMessage message : messages) {
      try {
        Departure departure = Departure.decode(message.getBody());
        byRoom
            .computeIfAbsent(departure.room(), room -> new ArrayList<>())
            .add(new Message(message.getMessageId(), departure));
      } catch (IllegalArgumentException e) {
        LOG.error("a message in the queue is no departure: it is let go", e);
        Metrics.PARTS_FAILED.add(1);
      }
    }
    return byRoom;
  }

  /// @return the ids of the messages that must come again
  private List<String> tell(
      RoomId room, List<Message> messages, Delivery delivery, Deadline lastPush) {
    try {
      // The queue may give a message twice.
      Set<Departure> departures = new LinkedHashSet<>();
      messages.forEach(message -> departures.add(message.departure()));
      presence.tell(room, departures, "queue", delivery, lastPush);
      return List.of();
    } catch (RuntimeException e) {
      LOG.error("the departures from room {} failed", room, e);
      Metrics.PARTS_FAILED.add(1);
      return messages.stream().map(Message::id).toList();
    }
  }
}
