package dev.parley.local;

import dev.parley.local.aws.LocalClients;
import dev.parley.local.dynamodb.DynamoDbJars;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.dynamodb.TableException;
import dev.parley.local.dynamodb.TimeToLive;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.faults.Faults;
import dev.parley.local.gateway.Bounds;
import dev.parley.local.gateway.ConnectionJournal;
import dev.parley.local.gateway.Gateway;
import dev.parley.local.issuer.LocalIssuer;
import dev.parley.local.lambda.FunctionProcess.Program;
import dev.parley.local.lambda.FunctionProcesses;
import dev.parley.local.lambda.Instances;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.lambda.ProcessHost;
import dev.parley.local.lambda.Programs;
import dev.parley.local.lambda.ServiceProxy;
import dev.parley.local.metrics.FunctionOutput;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.metrics.Sampler;
import dev.parley.local.net.Loopback;
import dev.parley.local.sqs.LocalSqs;
import dev.parley.local.sqs.QueueException;
import dev.parley.local.sqs.QueueMapping;
import dev.parley.local.streams.Checkpoints;
import dev.parley.local.streams.StreamMapping;
import dev.parley.local.template.FunctionResource;
import dev.parley.local.template.ManagedRuntime;
import dev.parley.local.template.QueueMappingResource;
import dev.parley.local.template.StreamMappingResource;
import dev.parley.local.template.Template;
import dev.parley.local.template.TemplateException;
import dev.parley.local.template.WebSocketApi;
import dev.parley.local.xray.TraceDaemon;
import dev.parley.local.xray.Traces;
import dev.parley.local.xray.Tracing;
import dev.parley.local.xray.XRayApi;
import java.io.IOException;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Assembles a local cloud: reads the template, starts its parts, and gives each what it needs.
final class Assembly {
  private static final Logger LOG = LoggerFactory.getLogger(Assembly.class);

  private static final int PORT_MAX = 65_535;

  private final Options options;
  private final Parts parts;
  private final Faults faults;
  private final Traces traces = new Traces();
  private final MetricStore metrics = new MetricStore();
  private @Nullable Programs programs;
  private final CodeWatch watch = new CodeWatch();

  /// @param parts where whatever is started is put, at once, so that it is closed in any case
  Assembly(Options options, Parts parts) {
    this.options = options;
    this.parts = parts;
    this.faults = new Faults(options.faults());
  }

  /// Starts part after part. They are closed in the opposite order, so what a part needs is opened
  /// before it.
  ///
  /// @throws StartException with a line for the user; what has started is in the parts
  LocalCloud start() throws StartException {
    FunctionOutput.install();
    if (options.watch()) {
      watch.add("The template", options.template(), this::tellOfTemplate);
    }
    int port = gatewayPort();
    LocalIssuer issuer = options.issuer() ? new LocalIssuer(port, InstantSource.system()) : null;
    Template template = readTemplate(issuer);
    List<Place> places = places(template, port);
    if (!template.withoutEffect().isEmpty()) {
      LOG.info(
          "{}: without effect here: {}",
          options.template(),
          String.join("; ", template.withoutEffect()));
    }
    if (options.data() != null) {
      parts.opened(DataFolder.open(options.data(), !template.tables().isEmpty()));
    }
    // The tables take longest: what does not need them starts meanwhile.
    Background<LocalDynamoDb> tables = template.tables().isEmpty() ? null : startTables(template);
    if (tables != null) {
      parts.opened(tables::close);
    }
    Background<LocalSqs> queues = template.queues().isEmpty() ? null : startQueues(template);
    if (queues != null) {
      parts.opened(queues::close);
    }
    TraceDaemon daemon = parts.opened(startDaemon());
    Positions positions = readPositions(places.size());

    LocalDynamoDb dynamoDb = tables == null ? null : tables.started();
    LocalSqs sqs = queues == null ? null : queues.started();
    Map<String, String> endpoints = new HashMap<>(LocalClients.environment());
    if (dynamoDb != null) {
      endpoints.putAll(dynamoDb.environment());
    }
    if (sqs != null) {
      endpoints.putAll(sqs.environment());
    }
    endpoints.put("AWS_ENDPOINT_URL_XRAY", "http://127.0.0.1:%d/_local/xray".formatted(port));
    endpoints.put("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:%d".formatted(daemon.port()));
    Map<String, LocalFunction> functions = functions(template, places, endpoints);
    parts.opened(() -> Parts.closeTogether(functions.values()));
    List<StreamMapping> streamMappings =
        dynamoDb == null
            ? List.of()
            : streamMappings(template, dynamoDb, positions.checkpoints(), functions);
    List<QueueMapping> queueMappings = new ArrayList<>();
    for (QueueMappingResource mapping : template.queueMappings()) {
      queueMappings.add(
          new QueueMapping(
              mapping,
              Objects.requireNonNull(sqs).client(),
              function(functions, mapping.function())::invoke,
              faults,
              metrics));
    }
    parts.opened(
        () ->
            Parts.closeTogether(
                Stream.concat(streamMappings.stream(), queueMappings.stream()).toList()));
    List<LocalCloud.Api> apis = startApis(places, functions, issuer, positions.connections());
    parts.opened(
        new Sampler(
                metrics,
                () -> apis.stream().mapToInt(api -> api.gateway().connections()).sum(),
                dynamoDb == null ? null : dynamoDb.client(),
                template.tables(),
                sqs == null ? null : sqs.client(),
                template.queues())
            .start());
    streamMappings.forEach(StreamMapping::start);
    queueMappings.forEach(QueueMapping::start);
    parts.opened(this::stopFaults);
    if (options.watch()) {
      parts.opened(watch.start());
    }
    return new LocalCloud(parts, dynamoDb, sqs, apis, faults, traces, daemon, metrics);
  }

  private Template readTemplate(@Nullable LocalIssuer issuer) throws StartException {
    try {
      return Template.read(
          options.template(), options.parameters(), issuer == null ? null : issuer.url());
    } catch (TemplateException e) {
      throw new StartException(e.lines(), e);
    }
  }

  /// Tables, queues and sockets would not outlive another start: when, is the user's choice.
  private void tellOfTemplate() {
    LOG.warn("{} has changed: start again to run what it says now", options.template());
  }

  /// An API, and the port where it is served.
  private record Place(WebSocketApi api, int port) {
    String url() {
      return "http://127.0.0.1:%d/%s".formatted(port, api.stage());
    }
  }

  /// The first API on the port that is asked for, the others on those behind it.
  private List<Place> places(Template template, int port) throws StartException {
    List<Place> places = new ArrayList<>();
    for (WebSocketApi api : template.apis()) {
      int behind = port + places.size();
      if (behind > PORT_MAX) {
        throw new StartException(
            "parley.port=%d: the template has %d APIs, which take as many ports: give a lower one"
                .formatted(port, template.apis().size()));
      }
      places.add(new Place(api, places.isEmpty() || options.port() != 0 ? behind : gatewayPort()));
    }
    if (places.isEmpty()) {
      throw new StartException(
          options.template()
              + ": has no WebSocket API (AWS::ApiGatewayV2::Api), so there is nothing to run");
    }
    return places;
  }

  private List<StreamMapping> streamMappings(
      Template template,
      LocalDynamoDb dynamoDb,
      Checkpoints checkpoints,
      Map<String, LocalFunction> functions) {
    TimeToLive timeToLive =
        parts
            .opened(new TimeToLive(dynamoDb.client(), template.tables(), InstantSource.system()))
            .start();
    List<StreamMapping> mappings = new ArrayList<>();
    for (StreamMappingResource mapping : template.streamMappings()) {
      mappings.add(
          new StreamMapping(
              mapping,
              dynamoDb,
              checkpoints,
              timeToLive,
              options.pollsPerSecond(),
              function(functions, mapping.function())::invoke,
              faults,
              metrics));
    }
    return mappings;
  }

  // ---- Tables, queues, and what was kept ------------------------------------------------------

  private Background<LocalDynamoDb> startTables(Template template) throws StartException {
    try {
      DynamoDbJars.require(options.dynamoDb());
    } catch (IOException e) {
      throw new StartException(
          "%s needs DynamoDB Local: %s"
              .formatted(template.tables().getFirst().logicalId(), e.getMessage()),
          e);
    }
    return Background.start(
        "tables",
        () -> {
          LocalDynamoDb started =
              LocalDynamoDb.start(options.dynamoDbPort(), options.data(), options.origins());
          try {
            started.create(template.tables());
          } catch (RuntimeException e) {
            started.close();
            throw e;
          }
          return started;
        },
        thrown ->
            switch (thrown) {
              case BindException taken ->
                  refused("parley.dynamodb.port", options.dynamoDbPort(), taken);
              case TableException mismatch ->
                  new StartException(String.valueOf(mismatch.getMessage()), mismatch);
              default ->
                  new StartException(
                      "DynamoDB Local does not start%s: %s"
                          .formatted(
                              options.data() == null ? "" : " on parley.data=" + options.data(),
                              root(thrown)),
                      thrown);
            });
  }

  private Background<LocalSqs> startQueues(Template template) {
    return Background.start(
        "queues",
        () -> LocalSqs.start(options.sqsPort(), options.origins()).create(template.queues()),
        thrown ->
            switch (thrown) {
              case BindException taken -> refused("parley.sqs.port", options.sqsPort(), taken);
              case QueueException refused ->
                  new StartException(String.valueOf(refused.getMessage()), refused);
              default -> new StartException("ElasticMQ does not start: " + root(thrown), thrown);
            });
  }

  /// What began it: a library's own words for it tend to say nothing.
  private static Throwable root(Throwable thrown) {
    Throwable root = thrown;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  /// Where earlier runs on the same data folder had come to.
  ///
  /// @param connections those of each API
  private record Positions(Checkpoints checkpoints, List<ConnectionJournal> connections) {}

  private Positions readPositions(int apis) throws StartException {
    Path data = options.data();
    try {
      List<ConnectionJournal> connections = new ArrayList<>();
      for (int i = 1; i <= apis; i++) {
        connections.add(
            data == null
                ? ConnectionJournal.inMemory()
                : ConnectionJournal.in(data, i == 1 ? "connections" : "connections" + i));
      }
      return new Positions(
          data == null ? Checkpoints.inMemory() : Checkpoints.in(data), connections);
    } catch (IOException e) {
      throw new StartException(
          ("parley.data=%s holds stream checkpoints or a journal of connections that cannot be read"
                  + " (%s): delete that folder, or choose another")
              .formatted(data, DataFolder.reason(e)),
          e);
    }
  }

  // ---- Functions and traces -------------------------------------------------------------------

  private TraceDaemon startDaemon() throws StartException {
    try {
      return new TraceDaemon(traces, options.xrayPort());
    } catch (BindException e) {
      Integer port = options.xrayPort();
      throw refused("parley.xray.port", port == null ? 0 : port, e);
    } catch (IOException e) {
      throw new StartException("Cannot start: " + e.getMessage(), e);
    }
  }

  private Map<String, LocalFunction> functions(
      Template template, List<Place> places, Map<String, String> endpoints) throws StartException {
    ServiceProxy proxy = startProxy();
    if (options.inProcesses()) {
      var _ = programs();
    }
    Tracing tracing =
        new Tracing(traces, options.sampling(), new Random()).collectFromThisProcess();
    Map<String, LocalFunction> functions = new LinkedHashMap<>();
    for (FunctionResource function : template.functions().values()) {
      Map<String, String> own = new HashMap<>(endpoints);
      own.put(
          "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
          places.stream()
              .filter(place -> place.api().calls(function.logicalId()))
              .findFirst()
              .orElse(places.getFirst())
              .url());
      if (options.watch() && function.codeUri() != null && !isOfClassPath(function)) {
        watch.add(
            function.logicalId(),
            options.template().resolveSibling(function.codeUri()),
            () -> {
              Map<String, String> environment = environment(function, own);
              Instances instances = instances(function, environment);
              function(functions, function.logicalId()).replace(instances, environment);
              LOG.info("{}: its code has changed, and runs from now on", function.name());
            });
      }
      Map<String, String> environment = environment(function, own);
      Instances instances = instances(function, environment);
      functions.put(
          function.logicalId(),
          new LocalFunction(
              function.name(),
              function.alias(),
              instances,
              environment,
              function.timeout(),
              faults,
              proxy,
              function.tracing() ? tracing : Tracing.off(),
              metrics));
    }
    return functions;
  }

  private static Map<String, String> environment(
      FunctionResource function, Map<String, String> endpoints) {
    Map<String, String> environment = new HashMap<>(function.environment());
    environment.putAll(endpoints);
    environment.put("AWS_LAMBDA_FUNCTION_NAME", function.name());
    environment.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Integer.toString(function.memorySizeMb()));
    return environment;
  }

  /// @param environment gets what Lambda sets for the function
  private Instances instances(FunctionResource function, Map<String, String> environment)
      throws StartException {
    return isInThisJvm(function)
        ? inThisJvm(function, environment)
        : inProcesses(function, environment);
  }

  private boolean isInThisJvm(FunctionResource function) {
    return !options.inProcesses() && ManagedRuntime.of(function.runtime()) == ManagedRuntime.JAVA;
  }

  /// Whether it is code of this JVM, which cannot change.
  private boolean isOfClassPath(FunctionResource function) {
    return isInThisJvm(function) && Instances.isOfClassPath(function.handler());
  }

  /// A function in Java, whose class is on the class path or else in its package. One whose handler
  /// is a plain method runs in processes.
  private Instances inThisJvm(FunctionResource function, Map<String, String> environment)
      throws StartException {
    String name = function.name();
    try {
      if (function.codeUri() == null || Instances.isOfClassPath(function.handler())) {
        return Instances.ofClass(name, function.handler());
      }
      Path root = unpacked(function, "CodeUri", code(function));
      Instances instances = Instances.ofPackage(name, function.handler(), root, layers(function));
      if (instances == null) {
        return inProcesses(function, environment);
      }
      FunctionProcesses.addWhatLambdaSets(
          environment,
          new Program(name, List.of(), root, false),
          function.handler(),
          function.runtime(),
          function.alias());
      return instances;
    } catch (IllegalArgumentException | IOException e) {
      throw new StartException(
          "%s.Properties.Handler: %s; compile it, or correct the template"
              .formatted(function.logicalId(), e.getMessage()),
          e);
    }
  }

  private Instances inProcesses(FunctionResource function, Map<String, String> environment)
      throws StartException {
    Program program;
    try {
      Path root =
          function.inlineCode() == null
              ? unpacked(function, "CodeUri", code(function))
              : programs()
                  .host()
                  .write(Programs.inlineFile(function.runtime()), function.inlineCode());
      program = programs().of(function, root, layers(function), environment);
    } catch (IllegalArgumentException | IOException e) {
      throw new StartException(
          "%s.Properties.Runtime: %s".formatted(function.logicalId(), e.getMessage()), e);
    }
    FunctionProcesses.addWhatLambdaSets(
        environment, program, function.handler(), function.runtime(), function.alias());
    return new FunctionProcesses(programs().host(), program, options.limits(), metrics);
  }

  private Path code(FunctionResource function) throws StartException {
    String property = function.logicalId() + ".Properties.CodeUri: ";
    String codeUri = function.codeUri();
    if (codeUri == null) {
      throw new StartException(property + "expected a zip, a jar or a folder of this machine");
    }
    Path code = options.template().resolveSibling(codeUri);
    if (ManagedRuntime.of(function.runtime()) == ManagedRuntime.JAVA
        && Stream.of("pom.xml", "build.gradle", "build.gradle.kts")
            .anyMatch(build -> Files.exists(code.resolve(build)))) {
      throw new StartException(
          ("%s%s is a folder of sources: build it, and name what has come of it (mvn package and"
                  + " its jar), or run sam build and give .aws-sam/build/template.yaml")
              .formatted(property, code));
    }
    return code;
  }

  private List<Path> layers(FunctionResource function) throws StartException {
    List<Path> layers = new ArrayList<>();
    for (String layer : function.layers()) {
      layers.add(unpacked(function, "Layers", options.template().resolveSibling(layer)));
    }
    return layers;
  }

  private Path unpacked(FunctionResource function, String property, Path code)
      throws StartException {
    if (Files.isDirectory(code)) {
      return code.toAbsolutePath().normalize();
    }
    try {
      return programs().host().unpack(code);
    } catch (IOException e) {
      throw new StartException(
          "%s.Properties.%s: %s cannot be unpacked (%s): build it (%s), or correct the template"
              .formatted(
                  function.logicalId(),
                  property,
                  code,
                  DataFolder.reason(e),
                  "mvn -DskipTests package, or sam build"),
          e);
    }
  }

  /// Of the processes, once a function needs one.
  private Programs programs() throws StartException {
    if (programs != null) {
      return programs;
    }
    if (faults.plan().hasAny(Fault.CLOCK_SKEW)) {
      throw new StartException(
          "parley.faults: %s cannot be given to processes, which have this machine's clock: %s"
              .formatted(
                  Fault.CLOCK_SKEW,
                  options.inProcesses()
                      ? "leave it out, or parley.functions=process"
                      : "leave it out"));
    }
    try {
      programs = new Programs(parts.opened(new ProcessHost()));
      return programs;
    } catch (IOException e) {
      throw new StartException(
          "functions in processes need a Unix system with setsid: " + e.getMessage(), e);
    }
  }

  private static LocalFunction function(Map<String, LocalFunction> functions, String name) {
    return Objects.requireNonNull(functions.get(name), name);
  }

  private @Nullable ServiceProxy startProxy() throws StartException {
    try {
      return options.metered() || ServiceProxy.isNeeded(faults)
          ? parts.opened(new ServiceProxy(faults, options.metered()))
          : null;
    } catch (IOException e) {
      throw new StartException("Cannot start: " + e.getMessage(), e);
    }
  }

  /// Before all else, so that nothing waits for them and the functions at work can finish.
  private void stopFaults() {
    faults.stop();
    if (!faults.plan().equals(FaultPlan.NONE)) {
      LOG.info("Faults: {}", faults);
    }
  }

  // ---- The gateway ----------------------------------------------------------------------------

  /// Functions are told the gateway's port before it listens, so that it never answers without
  /// them.
  private int gatewayPort() throws StartException {
    try {
      return options.port() == 0 ? Loopback.freePort() : options.port();
    } catch (IOException e) {
      throw new StartException("Cannot start: " + e.getMessage(), e);
    }
  }

  /// @param journals of each API
  private List<LocalCloud.Api> startApis(
      List<Place> places,
      Map<String, LocalFunction> functions,
      @Nullable LocalIssuer issuer,
      List<ConnectionJournal> journals)
      throws StartException {
    List<LocalCloud.Api> apis = new ArrayList<>();
    parts.opened(() -> Parts.closeTogether(apis.stream().map(LocalCloud.Api::gateway).toList()));
    Bounds bounds = Bounds.ofThisMachine().sharedBy(places.size());
    for (Place place : places) {
      boolean first = apis.isEmpty();
      Gateway gateway =
          startGateway(
              place,
              functions,
              first ? options.site() : null,
              first ? issuer : null,
              journals.get(apis.size()),
              bounds);
      apis.add(new LocalCloud.Api(place.api().logicalId(), place.api().stage(), gateway));
    }
    return apis;
  }

  private Gateway startGateway(
      Place place,
      Map<String, LocalFunction> functions,
      @Nullable Path site,
      @Nullable LocalIssuer issuer,
      ConnectionJournal journal,
      Bounds bounds)
      throws StartException {
    try {
      return new Gateway(
          place.api(),
          functions,
          place.port(),
          site,
          issuer,
          new XRayApi(traces)::answer,
          metrics,
          options.origins(),
          options.quota(),
          faults,
          journal,
          bounds);
    } catch (BindException e) {
      throw refused("parley.port", place.port(), e);
    } catch (IOException | IllegalArgumentException e) {
      throw new StartException(options.template() + ": " + e.getMessage(), e);
    }
  }

  private static StartException refused(String setting, int port, BindException e) {
    return new StartException(
        "%s=%d: %s, or choose another with -D%s=<port> (0 takes a free one)"
            .formatted(setting, port, e.getMessage(), setting),
        e);
  }
}
