package dev.parley.local.dynamodb;

import java.io.IOException;
import java.io.InputStream;
import java.lang.instrument.Instrumentation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// DynamoDB Local's jars, which are not in `parley-local.jar`: their licence does not allow to pass
/// them on. They are found on this machine, and added to the class path, once there are tables.
///
/// `parley-local.jar` names this class as its `Launcher-Agent-Class`: an agent is the JDK's own way
/// to add to a class path that is in use.
public final class DynamoDbJars {
  /// Written when the jar is built: where they are in a Maven repository, with `:` between them.
  private static final String PATHS = "/META-INF/dynamodb-local";

  private static final String SERVER =
      "/com/amazonaws/services/dynamodbv2/local/server/LocalDynamoDBServerHandler.class";

  /// In what AWS packs.
  private static final String PACKED = "DynamoDBLocal.jar";

  private static final String PACKED_LIBRARIES = "DynamoDBLocal_lib";

  private static volatile @Nullable Instrumentation jvm;

  private DynamoDbJars() {}

  /// Called by the JVM before `main`.
  public static void agentmain(@Nullable String arguments, Instrumentation instrumentation) {
    jvm = instrumentation;
  }

  /// Makes sure that DynamoDB Local is on the class path.
  ///
  /// @param folder as AWS packs it, or a Maven repository; null for the user's own repository
  /// @throws IOException whose message says where it was looked for, and how to get it
  public static void require(@Nullable Path folder) throws IOException {
    if (DynamoDbJars.class.getResource(SERVER) != null) {
      return;
    }
    Instrumentation classPath = jvm;
    if (classPath == null) {
      throw new IOException("DynamoDB Local is not on the class path: add it");
    }
    for (Path jar : jars(folder == null ? repository() : folder)) {
      classPath.appendToSystemClassLoaderSearch(new JarFile(jar.toFile()));
    }
  }

  /// Maven's, unless its settings name another.
  private static Path repository() {
    String named = System.getProperty("maven.repo.local");
    return named == null
        ? Path.of(System.getProperty("user.home"), ".m2", "repository")
        : Path.of(named);
  }

  private static List<Path> jars(Path folder) throws IOException {
    Path packed = folder.resolve(PACKED);
    if (Files.exists(packed)) {
      List<Path> jars = new ArrayList<>(List.of(packed));
      try (Stream<Path> libraries = Files.list(folder.resolve(PACKED_LIBRARIES))) {
        libraries.filter(file -> file.toString().endsWith(".jar")).sorted().forEach(jars::add);
      }
      return jars;
    }
    List<Path> jars = paths().map(folder::resolve).toList();
    for (Path jar : jars) {
      if (!Files.exists(jar)) {
        throw new IOException(
            ("%s is not there: get it with `mvn dependency:get"
                    + " -Dartifact=com.amazonaws:DynamoDBLocal:2.6.1`, or unpack AWS's download and"
                    + " name its folder with -Dparley.dynamodb=<folder>")
                .formatted(jar));
      }
    }
    return jars;
  }

  private static Stream<String> paths() throws IOException {
    try (InputStream paths = DynamoDbJars.class.getResourceAsStream(PATHS)) {
      if (paths == null) {
        throw new IOException("DynamoDB Local is not on the class path: add it");
      }
      return Stream.of(
          new String(paths.readAllBytes(), StandardCharsets.UTF_8).strip().split(":", -1));
    }
  }
}
