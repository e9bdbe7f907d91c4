package dev.parley.role;

import dev.parley.Limits;
import dev.parley.platform.Settings;
import software.amazon.awssdk.services.sqs.SqsClient;

/// The queue Departures, as far as it carries [Errand]s.
public final class Errands {
  private final SqsClient sqs;
  private final String queue;

  public Errands(SqsClient sqs, Settings settings) {
    this.sqs = sqs;
    this.queue = settings.required("DEPARTURES_QUEUE_URL");
  }

  /// Enqueues an errand: what was removed is looked for again after 5 s, and an invitation is told
  /// at once.
  public void add(Errand errand) {
    int delaySeconds =
        switch (errand) {
          case Errand.Removed removed -> (int) Limits.REMOVED_AGAIN_AFTER.toSeconds();
          case Errand.Invited invited -> 0;
        };
    sqs.sendMessage(
        send -> send.queueUrl(queue).messageBody(errand.encode()).delaySeconds(delaySeconds));
  }
}
