package dev.parley.fanout;

import dev.parley.Sha256;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.SlotRange;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.wire.Events;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeNameForSends;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeValue;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;

/// The two queues in front of the Push function. PushSegments is FIFO, with one message group for
/// each segment: it holds the events of rooms that are not pushed to directly. PushRetries is a
/// standard queue, since FIFO queues allow no delay per message: it holds the events of members who
/// could not be reached.
final class JobQueues {
  /// Bytes of events in one message: 256 KB, which SQS has always taken, less 16 KB for the header.
  static final int JOB_BYTES_MAX = 240 * 1024;

  /// `SendMessageBatch` takes 10 entries, and together no more than one message may have.
  private static final int ENTRIES_MAX = 10;

  /// Members who could not be reached by this many further attempts are given up.
  static final int ATTEMPTS_MAX = 5;

  /// Members are given up after this time too, where there are more of them than retries have the
  /// pushes for. A client that looks for what it missed may have found it by then.
  static final Duration RETRIED_MAX = Duration.ofMinutes(5);

  private final InvocationExecutor executor = new InvocationExecutor();
  private final InstantSource clock;
  private final SqsClient sqs;
  private final String segments;
  private final String retries;

  JobQueues(SqsClient sqs, Settings settings, InstantSource clock) {
    this.clock = clock;
    this.sqs = sqs;
    this.segments = settings.required("PUSH_SEGMENTS_QUEUE_URL");
    this.retries = settings.required("PUSH_RETRIES_QUEUE_URL");
  }

  /// Some entries could not be enqueued; the queue has the others.
  static final class NotEnqueued extends RuntimeException {
    NotEnqueued(String message) {
      super(message);
    }
  }

  /// Enqueues a room's events for all its segments. Events that are too many for one message become
  /// several, in order: where one fails, nothing later of its group is sent. The same events again,
  /// within 5 minutes, are enqueued once.
  ///
  /// @param sequences identifies the events: the first and the last record's sequence number
  /// @throws NotEnqueued where a part of it was not enqueued: all of it must be sent again
  void enqueue(RoomId room, List<SlotRange> ranges, Events events, String sequences) {
    Trace.step("enqueue", () -> enqueueAll(room, ranges, events, sequences));
  }

  private void enqueueAll(RoomId room, List<SlotRange> ranges, Events events, String sequences) {
    List<Events> chunks = events.chunks(JOB_BYTES_MAX);
    for (int i = 0; i < chunks.size(); i++) {
      List<SendMessageBatchRequestEntry.Builder> entries = new ArrayList<>();
      for (int segment = 0; segment < ranges.size(); segment++) {
        SlotRange range = ranges.get(segment);
        Events shared = chunks.get(i).share(segment, ranges.size());
        entries.add(
            entry(new PushJob.Segment(room, range, shared))
                .messageGroupId(group(room, range))
                .messageDeduplicationId(
                    Sha256.hex(room + ":" + range + "-" + i + "-" + sequences)));
      }
      sendAll(segments, entries);
    }
  }

  /// Enqueues events for those of a room whom a direct push left out, in the message group of the
  /// whole room: what is enqueued for all of it comes after.
  ///
  /// @throws NotEnqueued as above
  void enqueue(RoomId room, List<ConnectionId> connections, Events events) {
    if (!connections.isEmpty()) {
      Trace.step("enqueue", () -> enqueueAll(room, connections, events));
    }
  }

  private void enqueueAll(RoomId room, List<ConnectionId> connections, Events events) {
    for (Events chunk : events.chunks(JOB_BYTES_MAX)) {
      sendAll(
          segments,
          jobs(room, connections, 0, null, chunk).stream()
              .map(
                  job ->
                      entry(job)
                          .messageGroupId(group(room, SlotRange.ALL))
                          .messageDeduplicationId(
                              Sha256.hex(
                                  job.room() + ":" + job.connections() + job.events().lines())))
              .toList());
    }
  }

  private static String group(RoomId room, SlotRange range) {
    return room.name() + ":" + range;
  }

  /// Enqueues events for the connections that did not take them, with a delay that doubles.
  ///
  /// @param attempt 1 for the first time that they are tried again
  /// @param since when they were to be pushed to first
  /// @return how many connections are given up, since they were tried often enough or for too long:
  ///     all or none
  int retry(
      RoomId room, List<ConnectionId> connections, Events events, int attempt, Instant since) {
    boolean over = attempt > ATTEMPTS_MAX || clock.instant().isAfter(since.plus(RETRIED_MAX));
    if (connections.isEmpty() || over) {
      return connections.size();
    }
    Trace.step("enqueue", () -> retryAll(room, connections, events, attempt, since));
    return 0;
  }

  private void retryAll(
      RoomId room, List<ConnectionId> connections, Events events, int attempt, Instant since) {
    sendAll(
        retries,
        events.chunks(JOB_BYTES_MAX).stream()
            .flatMap(chunk -> jobs(room, connections, attempt, since, chunk).stream())
            .map(job -> entry(job).delaySeconds(1 << (attempt - 1)))
            .toList());
  }

  /// Jobs that name their connections; each has all events and some of the connections.
  private static List<PushJob.Retry> jobs(
      RoomId room,
      List<ConnectionId> connections,
      int attempt,
      @Nullable Instant since,
      Events events) {
    // A connection's id takes at most 128 bytes, and three for its quotes and comma.
    int perJob = Math.max(1, (JOB_BYTES_MAX + 8 * 1024 - events.bytes()) / 131);
    int count = Math.ceilDiv(connections.size(), perJob);
    return IntStream.range(0, count)
        .mapToObj(
            job ->
                new PushJob.Retry(
                    room,
                    connections.subList(
                        job * perJob, Math.min(connections.size(), (job + 1) * perJob)),
                    attempt,
                    since,
                    events.share(job, count)))
        .toList();
  }

  /// A job that goes on with the traces of its messages. The queue has a place for one of them, by
  /// which X-Ray links the trace of the function that gets it.
  private static SendMessageBatchRequestEntry.Builder entry(PushJob job) {
    SendMessageBatchRequestEntry.Builder entry =
        SendMessageBatchRequestEntry.builder().messageBody(job.encode());
    job.events().traced().stream()
        .findFirst()
        .ifPresent(
            message ->
                entry.messageSystemAttributes(
                    Map.of(
                        MessageSystemAttributeNameForSends.AWS_TRACE_HEADER,
                        MessageSystemAttributeValue.builder()
                            .dataType("String")
                            .stringValue(message.context().here().header())
                            .build())));
    return entry;
  }

  /// Sends entries of which none has to come before another, in as few calls as they fit, side by
  /// side: a room of many segments must not take the batch's time by so many calls.
  private void sendAll(String queue, List<SendMessageBatchRequestEntry.Builder> entries) {
    List<CompletableFuture<Void>> calls = new ArrayList<>();
    List<SendMessageBatchRequestEntry> batch = new ArrayList<>();
    int bytes = 0;
    for (SendMessageBatchRequestEntry.Builder builder : entries) {
      SendMessageBatchRequestEntry entry = builder.id(Integer.toString(batch.size())).build();
      int size = entry.messageBody().getBytes(StandardCharsets.UTF_8).length;
      if (!batch.isEmpty() && (batch.size() == ENTRIES_MAX || bytes + size > JOB_BYTES_MAX)) {
        calls.add(call(queue, batch));
        batch = new ArrayList<>();
        bytes = 0;
        entry = builder.id("0").build();
      }
      batch.add(entry);
      bytes += size;
    }
    if (!batch.isEmpty()) {
      calls.add(call(queue, batch));
    }
    InvocationExecutor.join(calls);
  }

  private CompletableFuture<Void> call(String queue, List<SendMessageBatchRequestEntry> entries) {
    return CompletableFuture.runAsync(() -> send(queue, entries), executor);
  }

  private void send(String queue, List<SendMessageBatchRequestEntry> entries) {
    SendMessageBatchResponse response =
        sqs.sendMessageBatch(send -> send.queueUrl(queue).entries(entries));
    if (response.hasFailed() && !response.failed().isEmpty()) {
      throw new NotEnqueued(
          "%d of %d entries were refused: %s"
              .formatted(
                  response.failed().size(), entries.size(), response.failed().getFirst().code()));
    }
  }
}
