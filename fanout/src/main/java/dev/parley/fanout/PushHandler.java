package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import dev.parley.Metrics;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Membership;
import dev.parley.connection.Memberships;
import dev.parley.connection.PruneQueue;
import dev.parley.platform.Aws;
import dev.parley.platform.Deadline;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Invocations;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.platform.TraceDocuments;
import dev.parley.wire.Events;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.sqs.SqsClient;

/// Both queues of jobs: pushes the events of each segment to its members, segments side by side,
/// and tries those again who could not be reached.
///
/// Jobs of one segment that come together are merged, in order: the longer the queue, the more
/// events travel in one push. Members who could not be reached within 250 ms are left to the queue
/// of retries, so that none of them holds up a segment. So are those who are left when the time of
/// the invocation is nearly over: it ends before it would be killed, and no push is made twice.
public final class PushHandler implements RequestHandler<SQSEvent, SQSBatchResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(PushHandler.class);
  private static final Duration RETRY_FOR = Duration.ofMillis(250);

  /// What one `BatchGetItem` takes.
  private static final int CONFIRMED_AT_ONCE_MAX = 100;

  private final Invocations invocations;
  private final InstantSource clock;
  private final InvocationExecutor executor = new InvocationExecutor();
  private final MemberIndex index;
  private final Memberships memberships;
  private final JobQueues queues;
  private final PruneQueue prunes;
  private final Pusher pusher;
  private final TraceDocuments.Target traces;

  public PushHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(PushHandler.class, PushHandler::new);
  }

  public PushHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    this.invocations = new Invocations(settings);
    Aws aws = new Aws(settings);
    this.clock = clock;
    DynamoDbClient dynamoDb = aws.dynamoDb();
    this.index = new MemberIndex(dynamoDb, settings);
    this.memberships = new Memberships(dynamoDb, settings);
    SqsClient sqs = aws.sqs();
    this.queues = new JobQueues(sqs, settings, clock);
    this.prunes = new PruneQueue(sqs, settings);
    this.pusher = Pusher.of(aws, settings, RETRY_FOR);
    this.traces = new TraceDocuments.Target(aws, settings);
  }

  /// What is done in one step, and the messages that it came from.
  private record Work(PushJob job, List<String> messageIds) {
    /// This work and the next of its group as one, where both are of one segment.
    Optional<Work> mergedWith(Work next) {
      return job instanceof PushJob.Segment segment
              && next.job instanceof PushJob.Segment later
              && segment.isOfSameSegment(later)
          ? Optional.of(
              new Work(
                  segment.and(later),
                  Stream.concat(messageIds.stream(), next.messageIds.stream()).toList()))
          : Optional.empty();
    }
  }

  @Override
  public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
    Deadline lastPush = pusher.lastPush(context);
    return invocations.handle(context, () -> push(event.getRecords(), lastPush));
  }

  private SQSBatchResponse push(List<SQSMessage> messages, Deadline deadline) {
    List<String> failed = new ArrayList<>();
    List<CompletableFuture<List<String>>> pushing = new ArrayList<>();
    try (Delivery delivery = new Delivery(pusher, prunes, clock, traces)) {
      for (List<Work> group : byGroup(messages, failed)) {
        pushing.add(CompletableFuture.supplyAsync(() -> push(group, delivery, deadline), executor));
      }
      pushing.forEach(push -> failed.addAll(push.join()));
    }
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
        Work work = new Work(PushJob.decode(message.getBody()), List.of(message.getMessageId()));
        Map<String, String> attributes =
            Objects.requireNonNullElse(message.getAttributes(), Map.of());
        List<Work> group =
            groups.computeIfAbsent(
                attributes.getOrDefault("MessageGroupId", message.getMessageId()),
                id -> new ArrayList<>());
        Optional<Work> merged =
            group.isEmpty() ? Optional.empty() : group.getLast().mergedWith(work);
        merged.ifPresent(m -> group.removeLast());
        group.add(merged.orElse(work));
      } catch (PushJob.InvalidJob e) {
        LOG.error("a message in the queue is no job: it is left to the dead letters", e);
        Metrics.PARTS_FAILED.add(1);
        failed.add(message.getMessageId());
      }
    }
    return groups.values();
  }

  /// @return the ids of the messages that must come again: from the first failure on
  private List<String> push(List<Work> group, Delivery delivery, Deadline deadline) {
    for (int i = 0; i < group.size(); i++) {
      PushJob job = group.get(i).job();
      MDC.put("room", job.room().name());
      try {
        push(job, delivery, deadline);
      } catch (RuntimeException e) {
        LOG.error("a job for room {} failed", job.room(), e);
        Metrics.PARTS_FAILED.add(1);
        return group.subList(i, group.size()).stream()
            .flatMap(work -> work.messageIds().stream())
            .toList();
      }
    }
    return List.of();
  }

  private void push(PushJob job, Delivery delivery, Deadline deadline) {
    Trace.part(
        "room", !job.events().traced().isEmpty(), part -> push(job, delivery, deadline, part));
  }

  private void push(PushJob job, Delivery delivery, Deadline deadline, Trace.Part part) {
    Events events = delivery.traced(job.events());
    Optional<PushJob.Retry> retry =
        job instanceof PushJob.Retry again ? Optional.of(again) : Optional.empty();
    int attempt = retry.map(PushJob.Retry::attempt).orElse(0);
    Instant since = retry.map(PushJob.Retry::since).orElseGet(clock::instant);
    Trace.annotate("attempt", attempt);
    try {
      delivery.deliver(
          job.room(),
          members(job, deadline),
          events,
          Pusher.Tokens.ONE_BY_ONE,
          deadline,
          (room, lacked, members) -> {
            // Nobody tried those who are late.
            int same = Math.max(1, attempt);
            if (members.late().isEmpty()) {
              return queues.retry(room, members.tried(), lacked, attempt + 1, since);
            }
            // Both go on with the same traces.
            return queues.retry(room, members.tried(), lacked.share(0, 2), attempt + 1, since)
                + queues.retry(room, members.late(), lacked.share(1, 2), same, since);
          });
    } finally {
      delivery.write(part, job.room(), events, "queue");
    }
  }

  private List<Receiver> members(PushJob job, Deadline deadline) {
    return switch (job) {
      case PushJob.Retry retry -> Trace.step("confirm members", () -> members(retry, deadline));
      case PushJob.Segment segment -> Trace.step("read members", () -> members(segment, deadline));
    };
  }

  /// Those who are still in the room: somebody may have taken a connection out of it while the job
  /// waited. A first attempt comes at once: it reads strongly, so that nobody is dropped who has
  /// only just joined.
  private List<Receiver> members(PushJob.Retry retry, Deadline deadline) {
    List<CompletableFuture<List<Membership>>> reading = new ArrayList<>();
    List<ConnectionId> all = retry.connections();
    if (deadline.passed()) {
      // Nobody is pushed to any more, so the framing does not matter: the next attempt reads it.
      return all.stream().map(id -> new Receiver(id, Framing.SINGLE)).toList();
    }
    for (int from = 0; from < all.size(); from += CONFIRMED_AT_ONCE_MAX) {
      List<ConnectionId> some =
          all.subList(from, Math.min(all.size(), from + CONFIRMED_AT_ONCE_MAX));
      reading.add(
          CompletableFuture.supplyAsync(
                  () ->
                      memberships.stillIn(
                          retry.room(), some, retry.attempt() == 0, clock.instant()),
                  executor)
              .orTimeout(deadline.left().toMillis(), TimeUnit.MILLISECONDS));
    }
    return join(reading).stream().flatMap(List::stream).map(Receiver::of).toList();
  }

  /// @throws IllegalStateException where they are not read in time. Nobody was pushed to then, and
  ///     the job comes again as a whole
  private List<Receiver> members(PushJob.Segment segment, Deadline deadline) {
    CompletableFuture<List<Membership>> reading =
        CompletableFuture.supplyAsync(
            () ->
                index.membersIn(
                    segment.room(), segment.range(), Integer.MAX_VALUE, clock.instant()),
            executor);
    reading.orTimeout(deadline.left().toMillis(), TimeUnit.MILLISECONDS);
    return join(List.of(reading)).getFirst().stream().map(Receiver::of).toList();
  }

  private static <T> List<T> join(List<CompletableFuture<T>> reading) {
    try {
      return InvocationExecutor.join(reading);
    } catch (CompletionException e) {
      throw new IllegalStateException("its members could not be read in time", e);
    }
  }
}
