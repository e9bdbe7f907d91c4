package dev.parley.local;

import dev.parley.local.faults.Fault;
import dev.parley.local.faults.Faults;
import dev.parley.local.lambda.Fence;
import dev.parley.local.lambda.FunctionProcess.Program;
import dev.parley.local.lambda.FunctionProcesses;
import dev.parley.local.lambda.Instances;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.lambda.ProcessHost;
import dev.parley.local.lambda.Programs;
import dev.parley.local.lambda.ServiceProxy;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.template.FunctionResource;
import dev.parley.local.template.ManagedRuntime;
import dev.parley.local.xray.Tracing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes the functions of a template: finds the code of each, and what runs it.
final class FunctionAssembly {
  private static final Logger LOG = LoggerFactory.getLogger(FunctionAssembly.class);

  private final Options options;
  private final Parts parts;
  private final Faults faults;
  private final Tracing tracing;
  private final MetricStore metrics;
  private final CodeWatch watch;
  private final Fence fence;
  private final Map<String, LocalFunction> functions = new LinkedHashMap<>();
  private @Nullable Programs programs;

  /// @param watch is told where code is that may change
  /// @param fence around what runs in processes
  FunctionAssembly(
      Options options,
      Parts parts,
      Faults faults,
      Tracing tracing,
      MetricStore metrics,
      CodeWatch watch,
      Fence fence) {
    this.options = options;
    this.parts = parts;
    this.faults = faults;
    this.tracing = tracing;
    this.metrics = metrics;
    this.watch = watch;
    this.fence = fence;
  }

  /// Makes them, by logical id.
  ///
  /// @param endpoints where the local services are
  /// @param api where a function's API is, by the function's logical id
  /// @throws StartException with a line for the user that names the function and the property
  Map<String, LocalFunction> functions(
      Collection<FunctionResource> resources,
      Map<String, String> endpoints,
      UnaryOperator<String> api)
      throws StartException {
    ServiceProxy proxy = startProxy();
    if (options.inProcesses()) {
      var _ = programs();
    }
    for (FunctionResource function : resources) {
      Map<String, String> own = new HashMap<>(endpoints);
      own.put("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", api.apply(function.logicalId()));
      if (options.watch() && function.codeUri() != null && !isInThisJvm(function)) {
        watch.add(
            function.logicalId(),
            options.template().resolveSibling(function.codeUri()),
            () -> takeUp(function, own));
      }
      Map<String, String> environment = environment(function, own);
      functions.put(
          function.logicalId(),
          new LocalFunction(
              function.name(),
              function.alias(),
              instances(function, environment),
              environment,
              function.timeout(),
              faults,
              proxy,
              function.tracing() ? tracing : Tracing.off(),
              metrics));
    }
    return functions;
  }

  private void takeUp(FunctionResource function, Map<String, String> endpoints)
      throws StartException {
    Map<String, String> environment = environment(function, endpoints);
    Instances instances = instances(function, environment);
    Objects.requireNonNull(functions.get(function.logicalId())).replace(instances, environment);
    LOG.info("{}: its code has changed, and runs from now on", function.name());
  }

  private static Map<String, String> environment(
      FunctionResource function, Map<String, String> endpoints) {
    Map<String, String> environment = new HashMap<>(function.environment());
    environment.putAll(endpoints);
    environment.put("AWS_LAMBDA_FUNCTION_NAME", function.name());
    environment.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Integer.toString(function.memorySizeMb()));
    return environment;
  }

  /// Whether it is a class of this JVM's class path, which cannot change.
  private boolean isInThisJvm(FunctionResource function) {
    return !options.inProcesses()
        && ManagedRuntime.of(function.runtime()) == ManagedRuntime.JAVA
        && (function.codeUri() == null || Instances.isOfClassPath(function.handler()));
  }

  /// @param environment gets what Lambda sets for the function
  private Instances instances(FunctionResource function, Map<String, String> environment)
      throws StartException {
    if (!isInThisJvm(function)) {
      return inProcesses(function, environment);
    }
    try {
      return Instances.ofClass(function.name(), function.handler());
    } catch (IllegalArgumentException e) {
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
      List<Path> layers = layers(function);
      requireHandler(function, root, layers);
      program = programs().of(function, root, layers, environment);
    } catch (IllegalArgumentException | IOException e) {
      throw new StartException(
          "%s.Properties.Runtime: %s".formatted(function.logicalId(), e.getMessage()), e);
    }
    FunctionProcesses.addWhatLambdaSets(
        environment, program, function.handler(), function.runtime(), function.alias());
    return new FunctionProcesses(programs().host(), program, options.limits(), metrics);
  }

  /// A class that is missing would be told by each invocation only.
  private static void requireHandler(FunctionResource function, Path root, List<Path> layers)
      throws StartException, IOException {
    if (ManagedRuntime.of(function.runtime()) == ManagedRuntime.JAVA
        && !Programs.haveClass(function.handler(), root, layers)) {
      throw new StartException(
          "%s.Properties.Handler: there is no class of %s in %s: %s"
              .formatted(
                  function.logicalId(),
                  function.handler(),
                  function.codeUri(),
                  "compile it, or correct the template"));
    }
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
      programs = new Programs(parts.opened(new ProcessHost(fence)));
      return programs;
    } catch (IOException e) {
      throw new StartException("functions in processes need a Unix system: " + e.getMessage(), e);
    }
  }

  private @Nullable ServiceProxy startProxy() throws StartException {
    try {
      return options.metered() || !ServiceProxy.faultsOf(faults.plan()).isEmpty()
          ? parts.opened(new ServiceProxy(faults, options.metered()))
          : null;
    } catch (IOException e) {
      throw new StartException("Cannot start: " + e.getMessage(), e);
    }
  }
}
