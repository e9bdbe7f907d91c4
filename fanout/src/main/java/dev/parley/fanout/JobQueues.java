package dev.parley.fanout;

import dev.parley.Sha256;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.SlotRange;
import dev.parley.lambda.Settings;
import dev.parley.room.RoomId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;

/// The two queues in front of the Push function: segments of large rooms (FIFO, one message group
/// for each segment), and what could not be pushed (standard, since FIFO queues allow no delay per
/// message).
final class JobQueues {
  /// What one message holds at most, with room for its header: SQS's own limit was 256 KB for long.
  static final int JOB_BYTES_MAX = 240 * 1024;

  /// `SendMessageBatch` takes 10 entries, and together no more than one message may have.
  private static final int ENTRIES_MAX = 10;

  /// What is tried again this often and fails is given up.
  static final int ATTEMPTS_MAX = 5;

  private final SqsClient sqs;
  private final String segments;
  private final String retries;

  JobQueues(Settings settings) {
    this.sqs = settings.sqs();
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
  void enqueue(RoomId room, List<SlotRange> ranges, List<byte[]> events, String sequences) {
    List<List<byte[]>> chunks = chunks(events);
    for (int i = 0; i < chunks.size(); i++) {
      List<byte[]> chunk = chunks.get(i);
      int number = i;
      sendAll(
          segments,
          ranges.stream()
              .map(
                  range ->
                      SendMessageBatchRequestEntry.builder()
                          .messageGroupId(room.name() + ":" + range)
                          .messageDeduplicationId(
                              Sha256.hex(room + ":" + range + "-" + number + "-" + sequences))
                          .messageBody(new PushJob.Segment(room, range, chunk).encode()))
              .toList());
    }
  }

  /// Enqueues events for the connections that did not take them, with a delay that doubles.
  ///
  /// @param attempt 1 for the first time that they are tried again
  /// @return how many connections are given up, since they were tried often enough: all or none
  int retry(RoomId room, List<ConnectionId> connections, List<byte[]> events, int attempt) {
    if (connections.isEmpty() || attempt > ATTEMPTS_MAX) {
      return connections.size();
    }
    List<SendMessageBatchRequestEntry.Builder> entries = new ArrayList<>();
    for (List<byte[]> chunk : chunks(events)) {
      int bytes = chunk.stream().mapToInt(event -> event.length + 1).sum();
      // A connection's id takes at most 128 bytes, and three for its quotes and comma.
      int perMessage = Math.max(1, (JOB_BYTES_MAX + 8 * 1024 - bytes) / 131);
      for (int from = 0; from < connections.size(); from += perMessage) {
        List<ConnectionId> some =
            connections.subList(from, Math.min(connections.size(), from + perMessage));
        entries.add(
            SendMessageBatchRequestEntry.builder()
                .delaySeconds(1 << (attempt - 1))
                .messageBody(new PushJob.Retry(room, some, attempt, chunk).encode()));
      }
    }
    sendAll(retries, entries);
    return 0;
  }

  /// Events in parts that one message can hold.
  static List<List<byte[]>> chunks(List<byte[]> events) {
    List<List<byte[]>> chunks = new ArrayList<>();
    List<byte[]> chunk = new ArrayList<>();
    int bytes = 0;
    for (byte[] event : events) {
      if (!chunk.isEmpty() && bytes + event.length + 1 > JOB_BYTES_MAX) {
        chunks.add(chunk);
        chunk = new ArrayList<>();
        bytes = 0;
      }
      chunk.add(event);
      bytes += event.length + 1;
    }
    if (!chunk.isEmpty()) {
      chunks.add(chunk);
    }
    return chunks;
  }

  private void sendAll(String queue, List<SendMessageBatchRequestEntry.Builder> entries) {
    List<SendMessageBatchRequestEntry> batch = new ArrayList<>();
    int bytes = 0;
    for (SendMessageBatchRequestEntry.Builder builder : entries) {
      SendMessageBatchRequestEntry entry = builder.id(Integer.toString(batch.size())).build();
      int size = entry.messageBody().getBytes(StandardCharsets.UTF_8).length;
      if (!batch.isEmpty() && (batch.size() == ENTRIES_MAX || bytes + size > JOB_BYTES_MAX)) {
        send(queue, batch);
        batch.clear();
        bytes = 0;
        entry = builder.id("0").build();
      }
      batch.add(entry);
      bytes += size;
    }
    if (!batch.isEmpty()) {
      send(queue, batch);
    }
  }

  private void send(String queue, List<SendMessageBatchRequestEntry> batch) {
    List<SendMessageBatchRequestEntry> entries = List.copyOf(batch);
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
