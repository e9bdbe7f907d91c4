package dev.parley.local.lambda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/// Functions in Java as somebody else's build makes them, of classes that this JVM does not have.
public final class JavaPackage {
  private JavaPackage() {}

  /// Compiles sources for Java 8 into a folder.
  ///
  /// @param sources the text of each by its file, such as `a/B.java`
  /// @param classPath what they need beside Lambda's interfaces
  public static Path compile(Path folder, Map<String, String> sources, Path... classPath)
      throws IOException {
    Path texts = Files.createTempDirectory("sources");
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("--release", "8", "-nowarn", "-Xlint:-options", "-proc:none"));
    arguments.addAll(List.of("-d", Files.createDirectories(folder).toString(), "-cp"));
    arguments.add(
        Stream.concat(JavaRuntime.jars().stream(), Stream.of(classPath))
            .map(Path::toString)
            .collect(Collectors.joining(File.pathSeparator)));
    for (Map.Entry<String, String> source : sources.entrySet()) {
      Path text = texts.resolve(source.getKey());
      Files.createDirectories(Objects.requireNonNull(text.getParent()));
      arguments.add(Files.writeString(text, source.getValue()).toString());
    }
    JavaCompiler javac = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
    assertEquals(0, javac.run(null, null, null, arguments.toArray(String[]::new)));
    return folder;
  }

  /// Puts all files of a folder into a jar.
  public static Path jar(Path jar, Path folder) throws IOException {
    Files.createDirectories(Objects.requireNonNull(jar.getParent()));
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        out.putNextEntry(new JarEntry(folder.relativize(file).toString()));
        Files.copy(file, out);
        out.closeEntry();
      }
    }
    return jar;
  }
}
