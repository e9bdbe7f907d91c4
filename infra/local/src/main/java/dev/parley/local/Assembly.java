package dev.parley.local;

import dev.parley.local.aws.LocalAccount;
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
import dev.parley.local.gateway.Quotas;
import dev.parley.local.gateway.Tls;
import dev.parley.local.issuer.LocalIssuer;
import dev.parley.local.lambda.Fence;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.lambda.ServiceProxy;
import dev.parley.local.metrics.FunctionOutput;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.metrics.Sampler;
import dev.parley.local.net.Loopback;
import dev.parley.local.sqs.LocalSqs;
import dev.parley.local.sqs.QueueException;
import dev.parley.local.sqs.QueueMapping;
import dev.parley.local.streams.Checkpoints;
import dev.parley.local.streams.FailureDestination;
import dev.parley.local.streams.StreamMapping;
import dev.parley.local.template.QueueMappingResource;
import dev.parley.local.template.QueueResource;
import dev.parley.local.template.StreamMappingResource;
import dev.parley.local.template.Template;
import dev.parley.local.template.TemplateException;
import dev.parley.local.template.WebSocketApi;
import dev.parley.local.tls.Certificates;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
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
    requireSignaturesOfTheGateway();
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
    Certificates certificates = readCertificates();

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
    Fence fence = Fence.around(hosts(template, places), certificates);
    Map<String, LocalFunction> functions =
        new FunctionAssembly(
                options,
                parts,
                faults,
                new Tracing(traces, options.sampling(), new Random()).collectFromThisProcess(),
                metrics,
                watch,
                fence)
            .functions(
                template.functions().values(), endpoints, function -> apiUrl(places, function));
    parts.opened(() -> Parts.closeTogether(functions.values()));
    List<StreamMapping> streamMappings =
        dynamoDb == null
            ? List.of()
            : streamMappings(template, dynamoDb, sqs, positions.checkpoints(), functions);
    List<QueueMapping> queueMappings = new ArrayList<>();
    for (QueueMappingResource mapping : template.queueMappings()) {
      LocalFunction function = function(functions, mapping.function());
      queueMappings.add(
          new QueueMapping(
              mapping,
              Objects.requireNonNull(sqs).client(),
              function.concurrencyMax(),
              function::invoke,
              faults,
              metrics));
    }
    parts.opened(
        () ->
            Parts.closeTogether(
                Stream.concat(streamMappings.stream(), queueMappings.stream()).toList()));
    Map<String, Integer> services = new HashMap<>();
    if (dynamoDb != null) {
      LocalAccount.dynamoDbHosts().forEach(host -> services.put(host, dynamoDb.url().getPort()));
    }
    if (sqs != null) {
      LocalAccount.sqsHosts().forEach(host -> services.put(host, sqs.url().getPort()));
    }
    Tls tls = new Tls(certificates, services);
    List<LocalCloud.Api> apis = startApis(places, functions, issuer, tls, positions.connections());
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
    return new LocalCloud(
        parts, dynamoDb, sqs, apis, faults, traces, daemon, metrics, certificates.pem());
  }

  /// Functions sign the address that they call: where it is a proxy's, no push could be verified.
  private void requireSignaturesOfTheGateway() throws StartException {
    List<Fault> faultsOfProxy = ServiceProxy.faultsOf(options.faults());
    if (options.sigv4() && (options.metered() || !faultsOfProxy.isEmpty())) {
      throw new StartException(
          ("parley.sigv4=true cannot go with %s: functions call through a proxy then, and sign its"
                  + " address; leave one of them out")
              .formatted(
                  faultsOfProxy.isEmpty()
                      ? "Options.withMetered"
                      : faultsOfProxy.stream()
                          .map(Fault::key)
                          .collect(Collectors.joining(", ", "parley.faults=", ""))));
    }
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
      if (api.routes().size() > Quotas.ROUTES) {
        LOG.warn(
            "{}: {} has {} routes: AWS takes {} of an API, unless it has raised that for the"
                + " account",
            options.template(),
            api.logicalId(),
            api.routes().size(),
            Quotas.ROUTES);
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
      @Nullable LocalSqs sqs,
      Checkpoints checkpoints,
      Map<String, LocalFunction> functions) {
    TimeToLive timeToLive =
        parts
            .opened(new TimeToLive(dynamoDb.client(), template.tables(), InstantSource.system()))
            .start();
    List<StreamMapping> mappings = new ArrayList<>();
    for (StreamMappingResource mapping : template.streamMappings()) {
      LocalFunction function = function(functions, mapping.function());
      QueueResource onFailure = mapping.onFailure();
      mappings.add(
          new StreamMapping(
              mapping,
              dynamoDb,
              checkpoints,
              timeToLive,
              options.pollsPerSecond(),
              function::invoke,
              onFailure == null
                  ? null
                  : new FailureDestination(
                      Objects.requireNonNull(sqs).client(),
                      onFailure.url(),
                      function.arn(),
                      function.version()),
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
              LocalDynamoDb.start(
                  options.dynamoDbPort(),
                  options.data(),
                  options.origins().withHosts(LocalAccount.dynamoDbHosts()));
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
        () ->
            LocalSqs.start(options.sqsPort(), options.origins().withHosts(LocalAccount.sqsHosts()))
                .create(template.queues()),
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

  private static LocalFunction function(Map<String, LocalFunction> functions, String name) {
    return Objects.requireNonNull(functions.get(name), name);
  }

  /// Before all else, so that nothing waits for them and the functions at work can finish.
  private void stopFaults() {
    faults.stop();
    if (!faults.plan().equals(FaultPlan.NONE)) {
      LOG.info("Faults: {}", faults);
    }
  }

  // ---- Names of hosts --------------------------------------------------------------------------

  /// Reads them from the folder that is asked for, or from the user's own. If nobody asked, a
  /// folder that cannot be used is no reason not to start: there are some for this run only.
  private Certificates readCertificates() throws StartException {
    Path asked = options.tls();
    Path folder = asked == null ? Path.of(System.getProperty("user.home"), ".parley") : asked;
    try {
      return Certificates.in(folder);
    } catch (IOException e) {
      if (asked != null) {
        throw new StartException(
            "parley.tls=%s: the certificate of https and wss cannot be kept there (%s): %s"
                .formatted(
                    folder,
                    DataFolder.reason(e),
                    "choose another folder with -Dparley.tls=<folder>"),
            e);
      }
      LOG.warn(
          "{} cannot be used ({}): https and wss have a certificate for this run only",
          folder,
          DataFolder.reason(e));
    }
    try {
      Path once = Files.createTempDirectory("parley-tls-");
      Certificates certificates = Certificates.in(once);
      parts.opened(certificates::delete);
      return certificates;
    } catch (IOException e) {
      throw new StartException("Cannot start: no certificate can be made: " + e.getMessage(), e);
    }
  }

  /// The port of each host of AWS that is served: that of its API, and for tables and queues the
  /// first one's, which hands on to them.
  private static Map<String, Integer> hosts(Template template, List<Place> places) {
    Map<String, Integer> hosts = new HashMap<>();
    int first = places.getFirst().port();
    if (!template.tables().isEmpty()) {
      LocalAccount.dynamoDbHosts().forEach(host -> hosts.put(host, first));
    }
    if (!template.queues().isEmpty()) {
      LocalAccount.sqsHosts().forEach(host -> hosts.put(host, first));
    }
    places.forEach(place -> hosts.put(LocalAccount.apiHost(place.api().id()), place.port()));
    return hosts;
  }

  /// The API whose routes call a function, or the first one.
  private static String apiUrl(List<Place> places, String function) {
    return places.stream()
        .filter(place -> place.api().calls(function))
        .findFirst()
        .orElse(places.getFirst())
        .url();
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
      Tls tls,
      List<ConnectionJournal> journals)
      throws StartException {
    List<LocalCloud.Api> apis = new ArrayList<>();
    parts.opened(() -> Parts.closeTogether(apis.stream().map(LocalCloud.Api::gateway).toList()));
    Bounds bounds = options.bounds().sharedBy(places.size());
    for (Place place : places) {
      boolean first = apis.isEmpty();
      Gateway gateway =
          startGateway(
              place,
              functions,
              first ? options.site() : null,
              first ? issuer : null,
              tls,
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
      Tls tls,
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
          options.origins().withHosts(List.of(LocalAccount.apiHost(place.api().id()))),
          tls,
          options.quota(),
          options.sigv4(),
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
