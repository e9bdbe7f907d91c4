package dev.parley.local.sqs;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.parley.local.aws.LocalAccount;
import dev.parley.local.aws.LocalClients;
import dev.parley.local.net.Loopback;
import dev.parley.local.origins.Origins;
import dev.parley.local.template.QueueResource;
import dev.parley.local.template.QueueResource.Redrive;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import javax.management.JMException;
import javax.management.ObjectName;
import org.apache.pekko.actor.ActorSystem;
import org.elasticmq.NodeAddress;
import org.elasticmq.rest.sqs.SQSRestServerBuilder;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.SqsException;

/// ElasticMQ in this JVM, served over HTTP on a port of 127.0.0.1, so that functions and tools
/// such as `aws sqs … --endpoint-url` reach the same queues with any credentials. What a web page
/// could have sent is refused: see [Origins#refusalOfCall]. Queues and messages live in memory and
/// end with it.
///
/// The client here is shared and safe for use by any number of threads until [#close].
public final class LocalSqs implements AutoCloseable {
  private static final int CLOSE_TIMEOUT_SECONDS = 3;

  /// It says nothing, keeps no process alive and stops only when it is told to. Beside this only
  /// the libraries' own defaults count, no `-Dconfig.file` and no other system property.
  private static final Config ACTORS =
      ConfigFactory.parseString(
          """
          pekko {
            loggers = []
            loglevel = OFF
            stdout-loglevel = OFF
            log-dead-letters = off
            daemonic = on
            jvm-exit-on-fatal-error = off
            coordinated-shutdown.run-by-jvm-shutdown-hook = off
            http.server.parsing.max-content-length = 4m
          }
          """);

  private final ActorSystem actors;
  private final URI url;
  private final SdkHttpClient http;
  private final SqsClient client;

  private LocalSqs(ActorSystem actors, URI url) {
    this.actors = actors;
    this.url = url;
    this.http = LocalClients.http();
    this.client = LocalClients.client(SqsClient.builder(), http, url).build();
  }

  /// Starts with no queues, for programs of this machine.
  public static LocalSqs start() throws IOException {
    return start(0, Origins.OF_THIS_MACHINE);
  }

  /// Starts with no queues.
  ///
  /// @param port 0 for a free one
  /// @param origins by which names it may be called
  /// @throws java.net.BindException where the port is taken or not permitted; its message names the
  ///     address
  public static LocalSqs start(int port, Origins origins) throws IOException {
    requireFree(new InetSocketAddress(Loopback.V4, port));
    ActorSystem actors =
        ActorSystem.create(
            "elasticmq", ACTORS.withFallback(ConfigFactory.defaultReference()).resolve());
    SignedHttp.install(actors, origins);
    try {
      int bound =
          SQSRestServerBuilder.withActorSystem(actors)
              .withInterface("127.0.0.1")
              .withPort(port)
              .withServerAddress(asOnAws())
              .withAWSRegion(LocalAccount.REGION)
              .withAWSAccountId(LocalAccount.NUMBER)
              .start()
              .waitUntilStarted()
              .localAddress()
              .getPort();
      return new LocalSqs(actors, URI.create("http://127.0.0.1:" + bound));
    } catch (Exception e) { // Scala declares none, and throws what a socket throws
      stop(actors);
      throw e instanceof IOException io ? io : new IOException(e);
    }
  }

  /// ElasticMQ tells of a port that is taken in many words, none of which is the port.
  private static void requireFree(InetSocketAddress address) throws BindException {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(address, 1);
    } catch (IOException e) {
      throw Loopback.refusal(address, e);
    }
  }

  /// The base of the URLs that ElasticMQ gives its queues, so that they are those of the template.
  private static NodeAddress asOnAws() {
    return new NodeAddress("https", LocalAccount.queuesHost(), 443, "") {
      @Override
      public String fullAddress() {
        return LocalAccount.queuesUrl();
      }
    };
  }

  /// Makes these queues, then points each at its dead-letter queue.
  ///
  /// @throws QueueException where there can be no such queue
  public LocalSqs create(Collection<QueueResource> queues) {
    queues.forEach(queue -> told(queue, this::make));
    queues.forEach(queue -> told(queue, this::redrive));
    return this;
  }

  private static void told(QueueResource queue, Consumer<QueueResource> step) {
    try {
      step.accept(queue);
    } catch (SqsException e) {
      throw new QueueException(
          "%s.Properties: %s".formatted(queue.logicalId(), LocalClients.words(e)), e);
    }
  }

  private void make(QueueResource queue) {
    client.createQueue(create -> create.queueName(queue.name()).attributes(attributes(queue)));
  }

  private void redrive(QueueResource queue) {
    Redrive redrive = queue.redrive();
    if (redrive != null) {
      String policy =
          "{\"deadLetterTargetArn\":\"%s\",\"maxReceiveCount\":%d}"
              .formatted(redrive.deadLetterQueueArn(), redrive.receiveCountMax());
      client.setQueueAttributes(
          set ->
              set.queueUrl(queue.url())
                  .attributes(Map.of(QueueAttributeName.REDRIVE_POLICY, policy)));
    }
  }

  private static Map<QueueAttributeName, String> attributes(QueueResource queue) {
    Map<QueueAttributeName, String> attributes = new EnumMap<>(QueueAttributeName.class);
    attributes.put(
        QueueAttributeName.VISIBILITY_TIMEOUT,
        Long.toString(queue.visibilityTimeout().toSeconds()));
    attributes.put(QueueAttributeName.DELAY_SECONDS, Long.toString(queue.delay().toSeconds()));
    attributes.put(
        QueueAttributeName.RECEIVE_MESSAGE_WAIT_TIME_SECONDS,
        Long.toString(queue.receiveWait().toSeconds()));
    if (queue.fifo()) {
      attributes.put(QueueAttributeName.FIFO_QUEUE, "true");
      attributes.put(
          QueueAttributeName.CONTENT_BASED_DEDUPLICATION,
          Boolean.toString(queue.contentBasedDeduplication()));
    }
    return attributes;
  }

  public SqsClient client() {
    return client;
  }

  /// `http://127.0.0.1:<port>`.
  public URI url() {
    return url;
  }

  /// What a function's AWS SDK needs, beside region and credentials, to find these queues rather
  /// than AWS.
  public Map<String, String> environment() {
    return Map.of("AWS_ENDPOINT_URL_SQS", url.toString());
  }

  /// Ends the client and the server; requests in flight fail.
  @Override
  public void close() {
    client.close();
    http.close();
    stop(actors);
  }

  private static void stop(ActorSystem actors) {
    actors.terminate();
    try {
      actors.getWhenTerminated().toCompletableFuture().get(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
      ManagementFactory.getPlatformMBeanServer()
          .unregisterMBean(new ObjectName("org.elasticmq:name=Queues"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException | JMException e) {
      LoggerFactory.getLogger(LocalSqs.class).debug("ElasticMQ did not end", e);
    }
  }
}
