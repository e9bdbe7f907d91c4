package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.lambda.FunctionProcess.Program;
import dev.parley.local.template.FunctionResource;
import dev.parley.local.template.ManagedRuntime;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes the programs that functions run in: for each language a client of the Runtime API, under
/// what the machine has of that language. For Java that is AWS's client on the JDK of the local
/// cloud, for Python and Node a bootstrap of ours, and for `provided` the package's own.
///
/// Python and Node are looked for in the function's `PATH`, which is the shell's unless the
/// template has another.
public final class Programs {
  /// Unlike AWS: this machine's, where its programs are.
  static final String PATH = System.getenv().getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin");

  /// What Lambda gives to Node's heap, of the function's memory.
  private static final double NODE_HEAP_SHARE = 0.9;

  /// What Lambda turns off where a Node has it, unless the template's `NODE_OPTIONS` turn it on:
  /// "Building Lambda functions with Node.js", Lambda developer guide.
  private static final List<String> NODE_OFF =
      List.of("--no-experimental-require-module", "--no-experimental-detect-module");

  private static final int ANSWER_SECONDS_MAX = 10;
  private static final int ANSWER_BYTES_MAX = 10_000;

  private static final Pattern VERSION = Pattern.compile("(?:Python |v)(\\d+)\\.(\\d+)\\S*");

  private static final Logger LOG = LoggerFactory.getLogger(Programs.class);

  /// The oldest version of a language that its bootstrap runs on.
  private enum Language {
    PYTHON(
        "Python 3.8",
        3,
        8,
        "-c",
        "import sys; print('Python ' + sys.version.split()[0]); print(sys.executable)"),
    NODE(
        "Node 18",
        18,
        0,
        "-p",
        "[process.version, process.execPath,"
            + " ...['%s'].filter(f => process.allowedNodeEnvironmentFlags.has(f))].join('\\n')"
                .formatted(String.join("', '", NODE_OFF)));

    final String leastName;
    final int major;
    final int minor;
    final String option;

    /// Makes a program print its version, then where it is, and Node which flags it has: what is in
    /// the `PATH` may be a script that chooses among several, sets variables, and takes its time.
    final String question;

    Language(String leastName, int major, int minor, String option, String question) {
      this.leastName = leastName;
      this.major = major;
      this.minor = minor;
      this.option = option;
      this.question = question;
    }

    boolean runsOn(Matcher version) {
      int ofMajor = Integer.parseInt(version.group(1));
      int ofMinor = Integer.parseInt(version.group(2));
      return ofMajor > major || (ofMajor == major && ofMinor >= minor);
    }
  }

  private final ProcessHost host;

  /// What each program has answered.
  private final Map<Path, List<String>> answers = new ConcurrentHashMap<>();

  public Programs(ProcessHost host) {
    this.host = host;
  }

  public ProcessHost host() {
    return host;
  }

  /// Lambda's name of the file that a template's inline code is.
  ///
  /// @throws IllegalArgumentException where the runtime takes none
  public static String inlineFile(String runtime) {
    return switch (ManagedRuntime.of(runtime)) {
      case PYTHON -> "index.py";
      case NODE -> "index.js";
      case JAVA, PROVIDED ->
          throw new IllegalArgumentException(
              "%s takes no code in the template: give it a CodeUri".formatted(runtime));
      case null -> throw new IllegalArgumentException("no runtime " + runtime);
    };
  }

  /// Whether a package, or its layers, have a handler's class.
  public static boolean haveClass(String handler, Path root, List<Path> layers) throws IOException {
    String file = handler.replaceFirst("::.*", "").replace('.', '/') + ".class";
    List<Path> libraries = new ArrayList<>(existing(layers, "java/lib"));
    libraries.add(root.resolve("lib"));
    if (Files.exists(root.resolve(file))) {
      return true;
    }
    for (Path library : libraries) {
      if (Files.isDirectory(library)) {
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(library, "*.jar")) {
          for (Path jar : jars) {
            try (ZipFile zip = new ZipFile(jar.toFile())) {
              if (zip.getEntry(file) != null) {
                return true;
              }
            }
          }
        }
      }
    }
    return false;
  }

  /// @param root where the function's package is
  /// @param layers where its layers are, in the template's order
  /// @param environment the function's, which gets what its runtime sets, and its layers' paths
  /// @throws IllegalArgumentException where this machine or the package lacks what is to be run
  public Program of(
      FunctionResource function, Path root, List<Path> layers, Map<String, String> environment) {
    ManagedRuntime runtime = Objects.requireNonNull(ManagedRuntime.of(function.runtime()));
    List<Path> latestFirst = layers.reversed();
    environment.putIfAbsent("PATH", PATH);
    environment.put("LAMBDA_RUNTIME_DIR", host.bootstraps().toString());
    host.fence().addTo(environment, host.bootstraps());
    List<String> command =
        switch (runtime) {
          case JAVA -> java(function, latestFirst);
          case PYTHON -> python(function, latestFirst, environment);
          case NODE -> node(function, root, latestFirst, environment);
          case PROVIDED -> provided(function, root);
        };
    append(environment, "PATH", existing(latestFirst, "bin"));
    List<Path> libraries = new ArrayList<>(List.of(root, root.resolve("lib")));
    libraries.addAll(existing(latestFirst, "lib"));
    append(environment, "LD_LIBRARY_PATH", libraries);
    return new Program(
        function.name(),
        command,
        root,
        // Unlike AWS: Python's hooks are not run, and its keys are in the environment.
        function.snapStart() && runtime == ManagedRuntime.JAVA);
  }

  private List<String> java(FunctionResource function, List<Path> layers) {
    List<Path> classPath = new ArrayList<>(host.java().classPath());
    existing(layers, "java/lib").forEach(lib -> classPath.add(lib.resolve("*")));
    List<String> options = new ArrayList<>(JavaRuntime.COMPILATION);
    options.addAll(host.fence().optionsOfJava(host.bootstraps()));
    return host.java().command(function.handler(), function.memorySizeMb(), options, classPath);
  }

  private List<String> python(
      FunctionResource function, List<Path> layers, Map<String, String> environment) {
    List<String> python =
        program(
            function,
            Language.PYTHON,
            environment,
            List.of(function.runtime(), "python3", "python"));
    append(
        environment,
        "PYTHONPATH",
        existing(layers, "python", "python/lib/%s/site-packages".formatted(function.runtime())));
    // Its output is a log, and the package's folder is not its to write into.
    return List.of(python.get(1), "-u", "-B", bootstrap("bootstrap.py"), host.fence().argument());
  }

  private List<String> node(
      FunctionResource function, Path root, List<Path> layers, Map<String, String> environment) {
    List<String> node = program(function, Language.NODE, environment, List.of("node"));
    String version = function.runtime().replaceAll("\\D", "");
    List<Path> packages =
        new ArrayList<>(
            existing(
                layers, "nodejs/node%s/node_modules".formatted(version), "nodejs/node_modules"));
    packages.add(root);
    append(environment, "NODE_PATH", packages);
    String own = environment.getOrDefault("NODE_OPTIONS", "");
    List<String> command = new ArrayList<>();
    command.add(node.get(1));
    command.add("--max-old-space-size=" + (int) (function.memorySizeMb() * NODE_HEAP_SHARE));
    node.stream()
        .skip(2)
        .filter(flag -> !own.contains(flag.replace("--no-", "--")))
        .forEach(command::add);
    command.add(bootstrap("bootstrap.mjs"));
    command.add(host.fence().argument());
    return command;
  }

  private static List<String> provided(FunctionResource function, Path root) {
    Path bootstrap = root.resolve("bootstrap");
    if (!Files.isRegularFile(bootstrap) || !Files.isExecutable(bootstrap)) {
      throw new IllegalArgumentException(
          "%s runs the file bootstrap of the package, which %s: build it, and let it be executable"
              .formatted(
                  function.runtime(), Files.exists(bootstrap) ? "is not executable" : "has none"));
    }
    return List.of(bootstrap.toString());
  }

  private String bootstrap(String file) {
    return host.bootstraps().resolve(file).toString();
  }

  private static List<Path> existing(List<Path> layers, String... folders) {
    return layers.stream()
        .flatMap(layer -> Stream.of(folders).map(layer::resolve))
        .filter(Files::isDirectory)
        .toList();
  }

  private static void append(Map<String, String> environment, String name, List<Path> paths) {
    String more =
        paths.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    if (!more.isEmpty()) {
      environment.merge(name, more, (own, added) -> own + File.pathSeparator + added);
    }
  }

  /// The programs of one name, in the order of a `PATH`.
  static List<Path> named(String name, String path) {
    return Stream.of(path.split(File.pathSeparator, -1))
        .map(folder -> Path.of(folder.isEmpty() ? "." : folder, name))
        .filter(program -> Files.isRegularFile(program) && Files.isExecutable(program))
        .toList();
  }

  /// @param names of programs, the best first
  /// @return what it has answered: its version, where it is, and the flags that it has of
  ///     [#NODE_OFF]
  private List<String> program(
      FunctionResource function,
      Language language,
      Map<String, String> environment,
      List<String> names) {
    List<String> others = new ArrayList<>();
    String path = Objects.requireNonNull(environment.get("PATH"));
    for (String name : names) {
      for (Path program : named(name, path)) {
        List<String> answer = answers.computeIfAbsent(program, p -> ask(p, language));
        String said = answer.isEmpty() ? "no " + language.leastName : answer.getFirst();
        Matcher version = VERSION.matcher(said);
        if (version.matches() && language.runsOn(version) && answer.size() > 1) {
          LOG.info("{}: {} is {}", function.logicalId(), function.runtime(), answer.subList(0, 2));
          return answer;
        }
        others.add("%s is %s".formatted(program, said));
      }
    }
    throw new IllegalArgumentException(
        "%s needs %s or newer in the PATH, where %s: install it"
            .formatted(
                function.runtime(),
                language.leastName,
                others.isEmpty()
                    ? "there is no " + String.join(", ", names)
                    : String.join(", ", others)));
  }

  private static List<String> ask(Path program, Language language) {
    try {
      ProcessBuilder builder =
          new ProcessBuilder(program.toString(), language.option, language.question)
              .redirectInput(new File("/dev/null"))
              .redirectErrorStream(true);
      // Options that the shell has for it may make it print more.
      builder.environment().keySet().removeIf(name -> name.matches("(NODE_|PYTHON).*"));
      Process process = builder.start();
      try {
        return process.waitFor(ANSWER_SECONDS_MAX, TimeUnit.SECONDS)
            ? new String(process.getInputStream().readNBytes(ANSWER_BYTES_MAX), UTF_8)
                .lines()
                .toList()
            : List.of();
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      LOG.debug("{} does not run", program, e);
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }
}
