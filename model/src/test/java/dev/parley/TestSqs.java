package dev.parley;

import dev.parley.local.sqs.LocalSqs;
import dev.parley.local.template.Template;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/// The template's queues on ElasticMQ, one set for all tests of a module: a test takes the messages
/// of its own rooms and connections.
public final class TestSqs {
  private static final LocalSqs SQS = start();

  private TestSqs() {}

  private static LocalSqs start() {
    try {
      LocalSqs sqs = LocalSqs.start();
      sqs.create(Template.read(Path.of("..", "infra", "template.yaml"), Map.of()).queues());
      Runtime.getRuntime().addShutdownHook(new Thread(sqs::close));
      return sqs;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static SqsClient client() {
    return SQS.client();
  }

  /// A client of the same queues that an interceptor watches or disturbs.
  public static SqsClient client(ExecutionInterceptor interceptor) {
    Settings settings = new Settings(TestTables.environment("DisconnectFunction", environment()));
    Aws aws = new Aws(settings);
    return SqsClient.builder()
        .region(aws.region())
        .credentialsProvider(aws.credentials())
        .endpointOverride(URI.create(settings.required("AWS_ENDPOINT_URL_SQS")))
        .overrideConfiguration(o -> o.addExecutionInterceptor(interceptor))
        .build();
  }

  /// Takes messages out of a queue, once there are as many as there must be, within 10 s; others
  /// are thrown away.
  ///
  /// @return as many, or more, or fewer where the time is over
  public static List<Message> take(String queueUrl, Predicate<Message> wanted, int count) {
    List<Message> taken = new ArrayList<>();
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (taken.size() < count && System.nanoTime() < deadline) {
      taken.addAll(receive(queueUrl, 1).stream().filter(wanted).toList());
    }
    return taken;
  }

  /// Takes all messages that are there, in the order of each message group; others are thrown away.
  public static List<Message> takeAll(String queueUrl, Predicate<Message> wanted) {
    List<Message> taken = new ArrayList<>();
    List<Message> received;
    do {
      received = receive(queueUrl, 0);
      taken.addAll(received);
    } while (!received.isEmpty());
    taken.removeIf(wanted.negate());
    return taken;
  }

  private static List<Message> receive(String queueUrl, int waitSeconds) {
    List<Message> messages =
        client()
            .receiveMessage(
                receive ->
                    receive
                        .queueUrl(queueUrl)
                        .maxNumberOfMessages(10)
                        .messageSystemAttributeNames(MessageSystemAttributeName.ALL)
                        .waitTimeSeconds(waitSeconds))
            .messages();
    for (Message message : messages) {
      client()
          .deleteMessage(
              delete -> delete.queueUrl(queueUrl).receiptHandle(message.receiptHandle()));
    }
    return messages;
  }

  /// What a function needs to reach the queues.
  public static Map<String, String> environment() {
    return SQS.environment();
  }
}
