package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Membership;
import dev.parley.connection.PruneQueue;
import dev.parley.platform.Aws;
import dev.parley.platform.Invocation;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Settings;
import dev.parley.wire.Event;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.sqs.SqsClient;

/// Both queues of jobs: pushes the events of each segment to its members, segments side by side,
/// and tries those again who could not be reached.
///
/// Jobs of one segment that come together are merged, in order: the longer the queue, the more
/// events travel in one push. Whoever could not be reached within 250 ms is left to the queue of
/// retries, so that nobody holds up a segment; and so is everybody who is left when the time for
/// all of it is over, so that no segment holds up the others that came with it.
public final class PushHandler implements RequestHandler<SQSEvent, SQSBatchResponse> {
  private static final Logger log = LoggerFactory.getLogger(PushHandler.class);
  private static final Duration RETRY_FOR = Duration.ofMillis(250);

  /// All pushes of one invocation: half of the function's timeout, the rest is for the tables and
  /// the queues.
  private static final Duration ALL_MAX = Duration.ofSeconds(5);

  private final InstantSource clock;
  private final InvocationExecutor executor = new InvocationExecutor();
  private final MemberIndex index;
  private final JobQueues queues;
  private final PruneQueue prunes;
  private final Pusher pusher;

  public PushHandler() {
    this(System.getenv(), InstantSource.system());
  }

  public PushHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    Aws aws = new Aws(settings);
    this.clock = clock;
    this.index = new MemberIndex(aws.dynamoDb(), settings);
    SqsClient sqs = aws.sqs();
    this.queues = new JobQueues(sqs, settings);
    this.prunes = new PruneQueue(sqs, settings);
    this.pusher = new Pusher(aws, settings, RETRY_FOR);
  }

  /// What is done at once, and the messages that stand for it.
  private record Work(PushJob job, List<String> messageIds) {}

  @Override
  public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
    return Invocation.handle(context, () -> push(event.getRecords()));
  }

  private SQSBatchResponse push(List<SQSMessage> messages) {
    long deadlineNanos = System.nanoTime() + ALL_MAX.toNanos();
    Set<ConnectionId> gone = ConcurrentHashMap.newKeySet();
    List<String> failed = new ArrayList<>();
    List<CompletableFuture<List<String>>> pushing = new ArrayList<>();
    for (List<Work> group : byGroup(messages, failed)) {
      pushing.add(CompletableFuture.supplyAsync(() -> push(group, gone, deadlineNanos), executor));
    }
    pushing.forEach(push -> failed.addAll(push.join()));
    prunes.add(gone);
    return new SQSBatchResponse(failed.stream().map(BatchItemFailure::new).toList());
  }

  /// What each message group has to be done, in the order of its messages; jobs of one segment that
  /// follow each other are one piece of work. A message without a group is a group of its own.
  ///
  /// @param failed gets the ids of messages that are no jobs
  private static Collection<List<Work>> byGroup(List<SQSMessage> messages, List<String> failed) {
    Map<String, List<Work>> groups = new LinkedHashMap<>();
    for (SQSMessage message : messages) {
      try {
        PushJob job = PushJob.decode(message.getBody());
        Map<String, String> attributes =
            Objects.requireNonNullElse(message.getAttributes(), Map.of());
        List<Work> group =
            groups.computeIfAbsent(
                attributes.getOrDefault("MessageGroupId", message.getMessageId()),
                id -> new ArrayList<>());
        if (!group.isEmpty()
            && job instanceof PushJob.Segment segment
            && group.getLast().job() instanceof PushJob.Segment last
            && segment.room().equals(last.room())
            && segment.range().equals(last.range())) {
          List<byte[]> events = new ArrayList<>(last.events());
          events.addAll(segment.events());
          List<String> ids = new ArrayList<>(group.removeLast().messageIds());
          ids.add(message.getMessageId());
          group.add(new Work(new PushJob.Segment(last.room(), last.range(), events), ids));
        } else {
          group.add(new Work(job, List.of(message.getMessageId())));
        }
      } catch (PushJob.InvalidJob e) {
        log.error("a message in the queue is no job: it is left to the dead letters", e);
        failed.add(message.getMessageId());
      }
    }
    return groups.values();
  }

  /// @return the ids of the messages that must come again: from the first failure on
  private List<String> push(List<Work> group, Set<ConnectionId> gone, long deadlineNanos) {
    for (int i = 0; i < group.size(); i++) {
      PushJob job = group.get(i).job();
      try {
        push(job, gone, deadlineNanos);
      } catch (RuntimeException e) {
        log.error("a job for room {} failed", job.room(), e);
        return group.subList(i, group.size()).stream()
            .flatMap(work -> work.messageIds().stream())
            .toList();
      }
    }
    return List.of();
  }

  private void push(PushJob job, Set<ConnectionId> gone, long deadlineNanos) {
    List<byte[]> events = job.events();
    List<ConnectionId> to;
    int attempt;
    switch (job) {
      case PushJob.Segment segment -> {
        to =
            index
                .membersIn(segment.room(), segment.range(), Integer.MAX_VALUE, clock.instant())
                .stream()
                .map(Membership::connection)
                .toList();
        attempt = 0;
      }
      case PushJob.Retry retry -> {
        to = retry.connections();
        attempt = retry.attempt();
      }
    }
    Pusher.Outcome outcome = pusher.push(to, events, gone, deadlineNanos);
    int givenUp = queues.retry(job.room(), outcome.unreached(), events, attempt + 1);
    outcome.report(
        log,
        job.room(),
        events.size(),
        to.size(),
        givenUp,
        attempt == 0 ? Event.timestamp(events.getFirst()) : null);
  }
}
