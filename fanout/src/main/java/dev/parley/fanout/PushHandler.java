package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Membership;
import dev.parley.connection.SlotRange;
import dev.parley.lambda.Invocation;
import dev.parley.lambda.InvocationExecutor;
import dev.parley.lambda.Settings;
import dev.parley.room.RoomId;
import dev.parley.wire.Event;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Both queues of jobs: pushes the events of each segment to its members, segments side by side,
/// and tries those again who could not be reached.
///
/// Jobs of one segment that come together are merged, in order: the longer the queue, the more
/// events travel in one push. Whoever could not be reached within 250 ms is left to the queue of
/// retries, so that nobody holds up a segment.
public final class PushHandler implements RequestHandler<SQSEvent, SQSBatchResponse> {
  private static final Logger log = LoggerFactory.getLogger(PushHandler.class);
  private static final Duration RETRY_FOR = Duration.ofMillis(250);

  private final InstantSource clock;
  private final InvocationExecutor executor = new InvocationExecutor();
  private final ConnectionTable connections;
  private final JobQueues queues;
  private final Pusher pusher;

  public PushHandler() {
    this(System.getenv());
  }

  public PushHandler(Map<String, String> environment) {
    Settings settings = new Settings(environment);
    this.clock = settings.clock();
    this.connections = new ConnectionTable(settings.dynamoDb(), settings);
    this.queues = new JobQueues(settings);
    this.pusher = new Pusher(settings, connections, RETRY_FOR);
  }

  private record SegmentKey(RoomId room, SlotRange range) {}

  /// What is done at once, and the messages that stand for it.
  private record Work(PushJob job, List<String> messageIds) {}

  @Override
  public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
    return Invocation.handle(context, () -> push(event.getRecords()));
  }

  private SQSBatchResponse push(List<SQSMessage> messages) {
    List<BatchItemFailure> failures = new ArrayList<>();
    Map<Work, CompletableFuture<Void>> pushing = new LinkedHashMap<>();
    for (Work work : merge(messages, failures)) {
      pushing.put(work, CompletableFuture.runAsync(() -> push(work.job()), executor));
    }
    pushing.forEach(
        (work, done) -> {
          try {
            done.join();
          } catch (CompletionException e) {
            log.error("a job for room {} failed", work.job().room(), e.getCause());
            work.messageIds().forEach(id -> failures.add(new BatchItemFailure(id)));
          }
        });
    return new SQSBatchResponse(failures);
  }

  /// One piece of work for each segment, in the order of its messages, and one for each retry.
  private static List<Work> merge(List<SQSMessage> messages, List<BatchItemFailure> failures) {
    Map<SegmentKey, Work> segments = new LinkedHashMap<>();
    List<Work> work = new ArrayList<>();
    for (SQSMessage message : messages) {
      try {
        switch (PushJob.decode(message.getBody())) {
          case PushJob.Segment segment -> {
            Work merged =
                segments.computeIfAbsent(
                    new SegmentKey(segment.room(), segment.range()),
                    key ->
                        new Work(
                            new PushJob.Segment(key.room(), key.range(), new ArrayList<>()),
                            new ArrayList<>()));
            merged.job().events().addAll(segment.events());
            merged.messageIds().add(message.getMessageId());
          }
          case PushJob.Retry retry -> work.add(new Work(retry, List.of(message.getMessageId())));
        }
      } catch (PushJob.InvalidJob e) {
        log.error("a message in the queue is no job: it is left to the dead letters", e);
        failures.add(new BatchItemFailure(message.getMessageId()));
      }
    }
    work.addAll(segments.values());
    return work;
  }

  private void push(PushJob job) {
    Instant now = clock.instant();
    List<byte[]> events = job.events();
    switch (job) {
      case PushJob.Segment segment -> {
        List<ConnectionId> to =
            connections.membersIn(segment.room(), segment.range(), Integer.MAX_VALUE, now).stream()
                .map(Membership::connection)
                .toList();
        push(job.room(), to, events, 1, now, Event.timestamp(events.getFirst()));
      }
      case PushJob.Retry retry ->
          push(job.room(), retry.connections(), events, retry.attempt() + 1, now, null);
    }
  }

  /// @param attempt the number of the next one, for whoever is not reached
  /// @param since the timestamp of the oldest message, where nobody has tried before
  private void push(
      RoomId room,
      List<ConnectionId> to,
      List<byte[]> events,
      int attempt,
      Instant now,
      @Nullable Long since) {
    Pusher.Outcome outcome = pusher.push(to, events, now);
    int givenUp = queues.retry(room, outcome.remainder(), events, attempt);
    outcome.report(log, room, events.size(), to.size(), givenUp, since);
  }
}
