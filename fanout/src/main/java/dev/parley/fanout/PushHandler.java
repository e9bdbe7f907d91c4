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
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
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
    List<ConnectionId> to =
        switch (job) {
          case PushJob.Segment segment ->
              connections
                  .membersIn(segment.room(), segment.range(), Integer.MAX_VALUE, clock.instant())
                  .stream()
                  .map(Membership::connection)
                  .toList();
          case PushJob.Retry retry -> retry.connections();
        };
    int attempt = job instanceof PushJob.Retry retry ? retry.attempt() + 1 : 1;
    Pusher.Outcome outcome = pusher.push(to, job.events(), clock.instant());
    int givenUp = queues.retry(job.room(), outcome.remainder(), job.events(), attempt);
    outcome.log(log, job.room(), job.events().size(), to.size(), givenUp);
  }
}
