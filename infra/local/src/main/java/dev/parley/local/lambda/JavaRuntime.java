package dev.parley.local.lambda;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.api.client.AWSLambda;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.utilslite.SdkInternalThreadLocal;

/// Lambda's managed runtime for Java: AWS's runtime interface client on the JDK that runs the local
/// cloud. It loads the function from its task root, and the root's `lib/*.jar`, by itself.
///
/// Its options are those of the managed runtimes for Java 17 and 21, whose command lines functions
/// have printed: sigpwned/the-lambda-iceberg-dissecting-the-official-java-runtimes. From Java 25 on
/// the JVM stops at its first compiler except under SnapStart ("Customize Java runtime startup
/// behavior", Lambda developer guide).
///
/// `Unlike AWS:` it does so under SnapStart, too: what the compilers do before a snapshot they do
/// once there and at each start here, of which it is half. And there is no AOT cache of the
/// client's classes.
public final class JavaRuntime {
  /// The JVM's heap, of the function's memory: 445,645 KB of 512 MB.
  private static final double HEAP_SHARE = 0.85;

  /// What AWS tells the JVM of its compilers.
  static final List<String> COMPILATION =
      List.of("-XX:+TieredCompilation", "-XX:TieredStopAtLevel=1");

  /// The client would unpack its native part into one file in `/tmp`, whoever else is loading it.
  static final String NATIVE_PART =
      "com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI";

  /// In `parley-local.jar`, where their classes are beside all others: the jars themselves.
  private static final String PACKED = "/java-runtime/";

  private static final List<String> NAMES =
      List.of(
          "aws-lambda-java-core.jar",
          "aws-lambda-java-runtime-interface-client.jar",
          "aws-lambda-java-serialization.jar",
          "utils-lite.jar");

  private final List<String> clientOptions = new ArrayList<>();
  private final List<Path> classPath = new ArrayList<>();

  /// @param folder where the client's native part is put, and its jars where they are packed
  JavaRuntime(Path folder) throws IOException {
    this(folder, nativePart());
  }

  /// @param part the client's native part, or null to do without it
  JavaRuntime(Path folder, @Nullable InputStream part) throws IOException {
    if (part == null) {
      Path instead = Files.createDirectory(folder.resolve("java-client"));
      RuntimeApiClient.writeInto(instead);
      classPath.add(instead);
    } else {
      try (part) {
        Path file = folder.resolve(nativeName());
        Files.copy(part, file);
        clientOptions.add("-D" + NATIVE_PART + "=" + file);
      }
    }
    classPath.addAll(packed() ? unpacked(folder) : jars());
  }

  private static boolean packed() {
    return JavaRuntime.class.getResource(PACKED + NAMES.getFirst()) != null;
  }

  private static List<Path> unpacked(Path folder) throws IOException {
    Path to = Files.createDirectory(folder.resolve("java-runtime"));
    for (String name : NAMES) {
      try (InputStream jar = JavaRuntime.class.getResourceAsStream(PACKED + name)) {
        Files.copy(Objects.requireNonNull(jar, name), to.resolve(name));
      }
    }
    return NAMES.stream().map(to::resolve).toList();
  }

  /// @return null where there is none for this machine
  private static @Nullable InputStream nativePart() {
    return AWSLambda.class.getResourceAsStream("/jni/" + nativeName());
  }

  private static String nativeName() {
    String arch = System.getProperty("os.arch").replace("amd64", "x86_64");
    boolean musl = Files.exists(Path.of("/lib/ld-musl-%s.so.1".formatted(arch)));
    return "libaws-lambda-jni.%s%s-%s.so"
        .formatted(
            System.getProperty("os.name").toLowerCase(Locale.ROOT),
            musl ? "_musl" : "",
            arch.replace("aarch64", "aarch_64"));
  }

  /// What AWS's class path has, before the function's own classes.
  List<Path> classPath() {
    return classPath;
  }

  /// The client's jars, where they are in this JVM's class path.
  public static List<Path> jars() {
    return Stream.of(
            Context.class, AWSLambda.class, PojoSerializer.class, SdkInternalThreadLocal.class)
        .map(JavaRuntime::jar)
        .toList();
  }

  private static Path jar(Class<?> type) {
    try {
      return Path.of(
          Objects.requireNonNull(type.getProtectionDomain().getCodeSource()).getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(type + " was loaded from a path", e);
    }
  }

  /// What a JVM says at each start that finds options in the template's environment.
  ///
  /// `Unlike AWS:` where it is in the log of each start: on a terminal it would stand between the
  /// lines of all functions, as often as there are processes.
  static boolean isOfNoUse(String line) {
    return line.startsWith("Picked up JAVA_TOOL_OPTIONS: ");
  }

  /// The command that runs a function. `Unlike AWS:` where it may name Lambda's hooks
  /// (`org.crac.Core.Compat`), it does not: AWS does not say so of Java 25, and a template that
  /// needs them and forgets to name them is to be found here.
  ///
  /// @param handler `package.Class` or `package.Class::method`
  /// @param memorySizeMb the function's, of which the heap has its share
  public List<String> command(String handler, int memorySizeMb) {
    return command(handler, memorySizeMb, COMPILATION, classPath);
  }

  /// The same with other options than [#COMPILATION] and another class path.
  ///
  /// @param classPath with [#classPath] before whatever else the function does not bring itself
  public List<String> command(
      String handler, int memorySizeMb, List<String> options, List<Path> classPath) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:MaxHeapSize=%dk".formatted((int) (memorySizeMb * 1024 * HEAP_SHARE)));
    command.add("-XX:+UseSerialGC");
    command.addAll(options);
    command.addAll(clientOptions);
    command.addAll(
        List.of(
            "--add-opens=java.base/java.io=ALL-UNNAMED",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-classpath",
            classPath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator)),
            AWSLambda.class.getName(),
            handler));
    return command;
  }
}
