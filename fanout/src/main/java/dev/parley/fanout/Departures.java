package dev.parley.fanout;

import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import java.util.List;
import java.util.stream.IntStream;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

/// The queue Departures: users who are away, each to be looked up after a delay. It is a standard
/// queue, since FIFO queues allow no delay per message.
final class Departures {
  /// `SendMessageBatch` takes no more.
  private static final int ENTRIES_MAX = 10;

  /// How long `out`, and an `in` of another function, may take to be pushed, and the index may lag.
  private static final int AFTER_TOLD_SECONDS = 10;

  private final SqsClient sqs;
  private final String queue;
  private final int outSeconds;

  Departures(SqsClient sqs, Settings settings) {
    this.sqs = sqs;
    this.queue = settings.required("DEPARTURES_QUEUE_URL");
    this.outSeconds = settings.number("PRESENCE_OUT_SECONDS", 1, 900);
  }

  /// @throws IllegalStateException where some were not enqueued
  void add(List<Departure> departures) {
    for (int from = 0; from < departures.size(); from += ENTRIES_MAX) {
      List<Departure> batch =
          departures.subList(from, Math.min(departures.size(), from + ENTRIES_MAX));
      Trace.step("enqueue", () -> send(batch));
    }
  }

  private void send(List<Departure> batch) {
    List<SendMessageBatchRequestEntry> entries =
        IntStream.range(0, batch.size()).mapToObj(i -> entry(i, batch.get(i))).toList();
    var response = sqs.sendMessageBatch(send -> send.queueUrl(queue).entries(entries));
    if (!response.failed().isEmpty()) {
      throw new IllegalStateException(
          "%d of %d departures were refused: %s"
              .formatted(
                  response.failed().size(), batch.size(), response.failed().getFirst().code()));
    }
  }

  private SendMessageBatchRequestEntry entry(int number, Departure departure) {
    return SendMessageBatchRequestEntry.builder()
        .id(Integer.toString(number))
        .messageBody(departure.encode())
        .delaySeconds(departure.told() ? AFTER_TOLD_SECONDS : outSeconds)
        .build();
  }
}
