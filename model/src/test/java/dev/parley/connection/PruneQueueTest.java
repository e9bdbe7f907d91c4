package dev.parley.connection;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.TestSqs;
import dev.parley.TestTables;
import dev.parley.platform.Settings;
import dev.parley.platform.TestTicker;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;

class PruneQueueTest {
  private final Settings settings =
      new Settings(TestTables.environment("DisconnectFunction", TestSqs.environment()));
  private final String queue = settings.required("PRUNE_CONNECTIONS_QUEUE_URL");
  private final PruneQueue prunes = new PruneQueue(TestSqs.client(), settings);
  private final TestTicker ticker = new TestTicker();
  private final ConnectionId connection = new ConnectionId(fresh("c"));

  /// What was sent to the queue, or tried to be.
  private final Queue<String> sent = new ConcurrentLinkedQueue<>();

  @Test
  void eachConnectionIsAMessageGroupOfItsOwn() {
    Set<ConnectionId> gone =
        Stream.generate(() -> new ConnectionId(fresh("c"))).limit(25).collect(Collectors.toSet());

    prunes.add(gone);

    List<Message> messages = take(gone, 25);
    assertEquals(25, messages.size());
    assertEquals(
        25,
        messages.stream()
            .map(message -> message.attributes().get(MessageSystemAttributeName.MESSAGE_GROUP_ID))
            .distinct()
            .count());
  }

  @Test
  void twoFunctionsThatFindOneConnectionGoneEnqueueItOnce() {
    ConnectionId last = new ConnectionId(fresh("c"));
    prunes.add(List.of(connection));

    PruneQueue other = new PruneQueue(TestSqs.client(), settings);
    other.add(List.of(connection));
    other.addClosed(last);

    List<Message> messages = take(List.of(connection, last), 2);
    messages.addAll(TestSqs.takeAll(queue, isOneOf(List.of(connection, last))));
    assertEquals(
        Stream.of(connection.value(), last.value()).sorted().toList(),
        messages.stream().map(Message::body).sorted().toList());
  }

  @Test
  void aConnectionThatWasGoneAndThenClosesIsEnqueuedAgain() {
    prunes.add(List.of(connection));
    assertEquals(1, take(List.of(connection), 1).size());

    prunes.addClosed(connection);

    assertEquals(1, take(List.of(connection), 1).size());
  }

  @Test
  void anInstanceEnqueuesAConnectionOnceAMinute() {
    PruneQueue watched = new PruneQueue(TestSqs.client(new Watching()), settings, ticker);

    watched.add(List.of(connection));
    await(() -> sent() == 1);
    watched.add(List.of(connection));
    ticker.pass(Duration.ofSeconds(59));
    watched.add(List.of(connection));
    ticker.pass(Duration.ofSeconds(1));
    watched.add(List.of(connection));

    await(() -> sent() == 2);
    ConnectionId last = new ConnectionId(fresh("c"));
    watched.addClosed(last);
    await(() -> sent.contains(last.value()));
    assertEquals(2, sent());
  }

  @Test
  void aConnectionThatTheQueueRefusedIsEnqueuedWhenItIsFoundGoneAgain() {
    AtomicBoolean refusing = new AtomicBoolean(true);
    PruneQueue watched =
        new PruneQueue(
            TestSqs.client(
                new Watching() {
                  @Override
                  public SdkResponse modifyResponse(
                      Context.ModifyResponse context, ExecutionAttributes attributes) {
                    return refusing.getAndSet(false)
                        ? SendMessageBatchResponse.builder()
                            .failed(BatchResultErrorEntry.builder().id("0").code("Busy").build())
                            .build()
                        : context.response();
                  }
                }),
            settings,
            ticker);

    awaitTwoAttempts(watched);
  }

  @Test
  void aConnectionIsEnqueuedAgainAfterTheQueueCouldNotBeReached() {
    AtomicBoolean failing = new AtomicBoolean(true);
    PruneQueue watched =
        new PruneQueue(
            TestSqs.client(
                new Watching() {
                  @Override
                  public void beforeTransmission(
                      Context.BeforeTransmission context, ExecutionAttributes attributes) {
                    if (failing.getAndSet(false)) {
                      throw SdkClientException.create("no way through");
                    }
                  }
                }),
            settings,
            ticker);

    awaitTwoAttempts(watched);
  }

  /// The first attempt fails, and the connection is found gone until there is another.
  private void awaitTwoAttempts(PruneQueue watched) {
    await(
        () -> {
          watched.add(List.of(connection));
          return sent() == 2;
        });
    assertEquals(1, take(List.of(connection), 1).size());
  }

  private class Watching implements ExecutionInterceptor {
    @Override
    public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
      if (context.request() instanceof SendMessageBatchRequest request) {
        request.entries().forEach(entry -> sent.add(entry.messageBody()));
      }
    }
  }

  private long sent() {
    return sent.stream().filter(connection.value()::equals).count();
  }

  private List<Message> take(Collection<ConnectionId> connections, int count) {
    return TestSqs.take(queue, isOneOf(connections), count);
  }

  private static Predicate<Message> isOneOf(Collection<ConnectionId> connections) {
    return message -> connections.contains(new ConnectionId(message.body()));
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, "it did not happen within 10 s");
      LockSupport.parkNanos(1_000_000);
    }
  }
}
