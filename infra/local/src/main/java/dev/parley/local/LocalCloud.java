package dev.parley.local;

import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.dynamodb.TableException;
import dev.parley.local.dynamodb.TimeToLive;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.faults.Faults;
import dev.parley.local.gateway.ConnectionJournal;
import dev.parley.local.gateway.Gateway;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.lambda.ServiceProxy;
import dev.parley.local.net.Loopback;
import dev.parley.local.sqs.LocalSqs;
import dev.parley.local.sqs.QueueException;
import dev.parley.local.sqs.QueueMapping;
import dev.parley.local.streams.Checkpoints;
import dev.parley.local.streams.StreamMapping;
import dev.parley.local.template.FunctionResource;
import dev.parley.local.template.QueueMappingResource;
import dev.parley.local.template.StreamMappingResource;
import dev.parley.local.template.Template;
import dev.parley.local.template.TemplateException;
import dev.parley.local.template.WebSocketApi;
import dev.parley.local.xray.TraceDaemon;
import java.io.IOException;
import java.net.BindException;
import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A template, running in this JVM: its tables, functions, event source mappings, WebSocket API and
/// site, and a trace daemon.
///
/// Started, it serves; nothing is half there. [#close] ends the sockets first, then lets running
/// invocations finish, then closes the tables, in 5 s at most.
public final class LocalCloud implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LocalCloud.class);

  private final Options options;
  private final Faults faults;

  /// What was started, the last first.
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  private @Nullable LocalDynamoDb dynamoDb;
  private @Nullable LocalSqs sqs;
  private @Nullable Gateway gateway;
  private @Nullable String stage;

  private LocalCloud(Options options) {
    this.options = options;
    this.faults = new Faults(options.faults());
  }

  /// Starts everything that the template has.
  ///
  /// @throws StartException with a line for the user; whatever had started is stopped
  public static LocalCloud start(Options options) throws StartException {
    LocalCloud cloud = new LocalCloud(options);
    boolean started = false;
    try {
      cloud.startParts();
      started = true;
    } catch (RuntimeException e) { // of a library: what is foreseen is told better
      throw new StartException("Cannot start: " + e, e);
    } finally {
      if (!started) {
        cloud.close(); // an Error leaves threads behind, too
      }
    }
    return cloud;
  }

  private void startParts() throws StartException {
    Template template;
    try {
      template = Template.read(options.template(), options.parameters());
    } catch (TemplateException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
    WebSocketApi api = template.api();
    if (api == null) {
      throw new StartException(
          options.template()
              + ": has no AWS::Serverless::WebSocketApi, so there is nothing to run");
    }
    stage = api.stage();
    Path data = options.data();
    if (data != null) {
      opened(DataFolder.open(data));
    }
    // The tables take longest: what does not need them starts meanwhile.
    FutureTask<LocalDynamoDb> tables = new FutureTask<>(() -> tables(template));
    Thread.ofPlatform().daemon().name("tables").start(tables);
    opened(() -> tables.get().close());
    FutureTask<LocalSqs> queues =
        new FutureTask<>(() -> LocalSqs.start(options.origins()).create(template.queues()));
    if (!template.queues().isEmpty()) {
      Thread.ofPlatform().daemon().name("queues").start(queues);
      opened(() -> queues.get().close());
    }
    TraceDaemon traces;
    Checkpoints checkpoints;
    ConnectionJournal journal;
    int port;
    try {
      traces = opened(new TraceDaemon(0));
      traces.collectFromThisProcess();
      // Functions are told the gateway's port before it listens, so that it never answers without
      // them.
      port = options.port() == 0 ? Loopback.freePort() : options.port();
    } catch (IOException e) {
      throw new StartException("Cannot start: " + e.getMessage(), e);
    }
    try {
      checkpoints = data == null ? Checkpoints.inMemory() : Checkpoints.in(data);
      journal = data == null ? ConnectionJournal.inMemory() : ConnectionJournal.in(data);
    } catch (IOException e) {
      throw new StartException(
          ("parley.data=%s holds stream checkpoints or a journal of connections that cannot be read"
                  + " (%s): delete that folder, or choose another")
              .formatted(data, DataFolder.reason(e)),
          e);
    }
    LocalDynamoDb store = started(tables);
    dynamoDb = store;
    Map<String, String> endpoints = new HashMap<>(store.environment());
    if (!template.queues().isEmpty()) {
      sqs = startedQueues(queues);
      endpoints.putAll(sqs.environment());
    }
    Map<String, LocalFunction> functions =
        functions(template, endpoints, port, api.stage(), proxy());
    TimeToLive timeToLive =
        opened(new TimeToLive(store.client(), template.tables(), InstantSource.system())).start();
    List<AutoCloseable> allMappings = new ArrayList<>();
    List<StreamMapping> mappings = new ArrayList<>();
    opened(() -> closeTogether(allMappings));
    for (StreamMappingResource resource : template.streamMappings()) {
      LocalFunction function = Objects.requireNonNull(functions.get(resource.function()));
      try {
        mappings.add(
            new StreamMapping(
                resource,
                store,
                checkpoints,
                timeToLive,
                options.pollsPerSecond(),
                function::invoke,
                faults));
      } catch (IllegalArgumentException e) {
        throw new StartException(resource.logicalId() + ".FilterCriteria: " + e.getMessage(), e);
      }
    }
    allMappings.addAll(mappings);
    List<QueueMapping> queueMappings = queueMappings(template, functions);
    allMappings.addAll(queueMappings);
    try {
      gateway =
          opened(
              new Gateway(
                  api,
                  functions,
                  port,
                  options.site(),
                  traces::text,
                  options.origins(),
                  options.pushLatency(),
                  faults,
                  journal));
    } catch (BindException e) {
      throw refused("parley.port", port, e);
    } catch (IOException | IllegalArgumentException e) {
      throw new StartException(options.template() + ": " + e.getMessage(), e);
    }
    mappings.forEach(StreamMapping::start);
    queueMappings.forEach(QueueMapping::start);
    opened(this::stopFaults);
  }

  /// Before all else, so that nothing waits for them and the functions at work can finish.
  private void stopFaults() {
    faults.stop();
    if (!faults.plan().equals(FaultPlan.NONE)) {
      LOG.info("Faults: {}", faults);
    }
  }

  private @Nullable ServiceProxy proxy() throws StartException {
    try {
      return ServiceProxy.isNeeded(faults) ? opened(new ServiceProxy(faults)) : null;
    } catch (IOException e) {
      throw new StartException("Cannot start: " + e.getMessage(), e);
    }
  }

  private <T extends AutoCloseable> T opened(T part) {
    parts.push(part);
    return part;
  }

  private LocalDynamoDb tables(Template template) throws IOException {
    LocalDynamoDb started =
        LocalDynamoDb.start(options.dynamoDbPort(), options.data(), options.origins());
    try {
      started.create(template.tables());
    } catch (RuntimeException e) {
      started.close();
      throw e;
    }
    return started;
  }

  private LocalDynamoDb started(FutureTask<LocalDynamoDb> tables) throws StartException {
    try {
      return tables.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("The start was interrupted", e);
    } catch (ExecutionException e) {
      throw switch (e.getCause()) {
        case BindException bind -> refused("parley.dynamodb.port", options.dynamoDbPort(), bind);
        case TableException mismatch ->
            new StartException(String.valueOf(mismatch.getMessage()), mismatch);
        case null, default ->
            new StartException(
                "DynamoDB Local does not start%s: %s"
                    .formatted(
                        options.data() == null ? "" : " on parley.data=" + options.data(), root(e)),
                e);
      };
    }
  }

  private static LocalSqs startedQueues(FutureTask<LocalSqs> queues) throws StartException {
    try {
      return queues.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("The start was interrupted", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof QueueException refused
          ? new StartException(String.valueOf(refused.getMessage()), refused)
          : new StartException("ElasticMQ does not start: " + root(e), e);
    }
  }

  /// What began it: a library's own words for it tend to say nothing.
  private static Throwable root(Throwable thrown) {
    Throwable root = thrown;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  private List<QueueMapping> queueMappings(Template template, Map<String, LocalFunction> functions)
      throws StartException {
    List<QueueMapping> mappings = new ArrayList<>();
    for (QueueMappingResource resource : template.queueMappings()) {
      LocalFunction function = Objects.requireNonNull(functions.get(resource.function()));
      try {
        mappings.add(new QueueMapping(resource, sqs().client(), function::invoke, faults));
      } catch (IllegalArgumentException e) {
        throw new StartException(resource.logicalId() + ".FilterCriteria: " + e.getMessage(), e);
      }
    }
    return mappings;
  }

  private static StartException refused(String setting, int port, BindException e) {
    return new StartException(
        "%s=%d: %s, or choose another with -D%s=<port> (0 takes a free one)"
            .formatted(setting, port, e.getMessage(), setting),
        e);
  }

  private Map<String, LocalFunction> functions(
      Template template,
      Map<String, String> endpoints,
      int port,
      String stage,
      @Nullable ServiceProxy proxy)
      throws StartException {
    Map<String, LocalFunction> functions = new LinkedHashMap<>();
    for (FunctionResource function : template.functions().values()) {
      Map<String, String> environment = new HashMap<>(function.environment());
      environment.putAll(endpoints);
      environment.put("AWS_LAMBDA_FUNCTION_NAME", function.logicalId());
      environment.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Integer.toString(function.memorySizeMb()));
      environment.put(
          "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "http://127.0.0.1:" + port + "/" + stage);
      try {
        functions.put(
            function.logicalId(),
            new LocalFunction(
                function.logicalId(),
                function.handler(),
                environment,
                function.timeout(),
                faults,
                proxy));
      } catch (IllegalArgumentException e) {
        throw new StartException(
            "%s.Properties.Handler: %s; compile it, or correct the template"
                .formatted(function.logicalId(), e.getMessage()),
            e);
      }
    }
    return functions;
  }

  /// Each waits for its invocation; one after the other they would take too long.
  private static void closeTogether(List<AutoCloseable> mappings) throws InterruptedException {
    List<Thread> closing =
        mappings.stream().map(mapping -> Thread.ofPlatform().start(() -> close(mapping))).toList();
    for (Thread thread : closing) {
      thread.join();
    }
  }

  /// Where the site and the gateway listen, on both loopback addresses.
  public int port() {
    return started(gateway).port();
  }

  /// The gateway's stage, the last part of [#webSocketUrl()].
  public String stage() {
    return started(stage);
  }

  /// Where clients connect: `ws://127.0.0.1:<port>/<stage>`.
  public URI webSocketUrl() {
    return URI.create("ws://127.0.0.1:" + port() + "/" + stage());
  }

  /// Its tables.
  public LocalDynamoDb dynamoDb() {
    return started(dynamoDb);
  }

  /// Its queues.
  ///
  /// @throws NullPointerException where the template has none
  public LocalSqs sqs() {
    return Objects.requireNonNull(sqs, "the template has no queues");
  }

  /// What goes wrong, as [Options#faults] asked.
  public Faults faults() {
    return faults;
  }

  private static <T> T started(@Nullable T part) {
    return Objects.requireNonNull(part, "only a cloud that started is handed out");
  }

  @Override
  public void close() {
    while (!parts.isEmpty()) {
      close(parts.pop());
    }
  }

  private static void close(AutoCloseable part) {
    try {
      part.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      // The other parts must still be closed.
      LOG.debug("A part did not close", e);
    }
  }
}
