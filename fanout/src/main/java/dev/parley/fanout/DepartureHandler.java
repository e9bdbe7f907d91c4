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
import dev.parley.platform.Invocations;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.role.Errand;
import dev.parley.room.RoomId;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The queue of users to be looked for in a room. Of who is away it tells the people of a room that
/// somebody has left, if that user has not come back. Rooms are served side by side; all who left
/// one room within a batch travel in one push.
///
/// It also runs the errands that a change of roles leaves ([RoleErrands]).
///
/// A room that fails comes again, until the queue forgets it: presence is a hint.
public final class DepartureHandler implements RequestHandler<SQSEvent, SQSBatchResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(DepartureHandler.class);

  private final Invocations invocations;
  private final Presence presence;
  private final RoleErrands errands;

  public DepartureHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(DepartureHandler.class, DepartureHandler::new);
  }

  public DepartureHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    this.invocations = new Invocations(settings);
    Aws aws = new Aws(settings);
    DynamoDbClient dynamoDb = aws.dynamoDb();
    this.presence = new Presence(aws, dynamoDb, settings, clock);
    this.errands = new RoleErrands(dynamoDb, settings, clock);
  }

  private record Message(String id, Departure departure) {}

  @Override
  public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
    return invocations.handle(context, () -> handle(event.getRecords(), context));
  }

  private SQSBatchResponse handle(List<SQSMessage> messages, Context invocation) {
    Deadline lastPush = presence.lastPush(invocation);
    Map<RoomId, List<Message>> byRoom = new LinkedHashMap<>();
    Batch<List<String>> batch = new Batch<>(Presence.AT_ONCE_MAX, invocation);
    try (Delivery delivery = presence.delivery()) {
      for (SQSMessage message : messages) {
        String id = message.getMessageId();
        try {
          Optional<Errand> errand = Errand.decode(message.getBody());
          if (errand.isPresent()) {
            batch.part(List.of(id), () -> errands.run(errand.get(), delivery, lastPush));
          } else {
            Departure departure = Departure.decode(message.getBody());
            byRoom
                .computeIfAbsent(departure.room(), room -> new ArrayList<>())
                .add(new Message(id, departure));
          }
        } catch (IllegalArgumentException e) {
          LOG.error("a message in the queue is neither departure nor errand: it is let go", e);
          Metrics.PARTS_FAILED.add(1);
        }
      }
      byRoom.forEach(
          (room, departures) ->
              batch.part(
                  departures.stream().map(Message::id).toList(),
                  () -> presence.tell(room, distinct(departures), "queue", delivery, lastPush)));
      return new SQSBatchResponse(
          batch.unfinished().stream().flatMap(List::stream).map(BatchItemFailure::new).toList());
    }
  }

  /// One for each user: the queue may give a message twice, and several connections of a user may
  /// have gone at once.
  private static Collection<Departure> distinct(List<Message> messages) {
    Map<List<Object>, Departure> departures = new LinkedHashMap<>();
    for (Message message : messages) {
      Departure departure = message.departure();
      departures.put(List.of(departure.identity().user(), departure.told()), departure);
    }
    return departures.values();
  }
}
