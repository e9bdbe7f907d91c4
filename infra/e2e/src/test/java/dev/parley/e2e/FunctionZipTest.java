package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Map.entry;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is in a function's package, as Maven has made it: all that its code can lead to, and not
/// what it does without.
@Timeout(120)
class FunctionZipTest {
  private static final int BYTES_MAX = 12_000_000;

  private static final String CRT = "signatures for several Regions, and checksums of S3";
  private static final String WOVEN = "Powertools' annotations, which are woven in; none is used";

  /// Classes that code in the package names and that are not there, by the beginning of their
  /// names, and who would need them.
  private static final Map<String, String> ABSENT =
      Map.ofEntries(
          entry(
              "com/amazonaws/services/lambda/runtime/serialization/", "Lambda's runtime has them"),
          entry(
              "com/aayushatharva/brotli4j/",
              "an HTTP client that is answered in Brotli; it asks first"),
          entry("org/apache/commons/compress/", "as above, for other compressions"),
          entry("com/lmax/disruptor/", "asynchronous loggers"),
          entry("org/osgi/", "a log in an OSGi container"),
          entry("org/aspectj/lang/ProceedingJoinPoint", WOVEN),
          entry("org/aspectj/lang/Signature", WOVEN),
          entry("org/apache/http/", "the X-Ray SDK's plugin for EKS"),
          entry("com/google/auto/", "the X-Ray SDK's compiler"),
          entry("software/amazon/awssdk/crt/", CRT),
          entry("software/amazon/awssdk/crtcore/", CRT));

  private static final String TOKENS = "com/nimbusds/";
  private static final String MORE_KEYS = "keys and encryptions that no issuer of ours uses";

  /// The same, of what only the route functions have.
  private static final Map<String, String> ABSENT_OF_HANDLERS =
      Map.of("org/bouncycastle/", MORE_KEYS);

  /// What was in the package once, and is not needed.
  private static final List<String> REMOVED =
      List.of(
          "org/apache/http/",
          "org/aspectj/",
          "org/apache/commons/codec/",
          "org/apache/hc/client5/http/impl/async/",
          "org/apache/logging/log4j/core/tools/",
          "com/nimbusds/jose/jwk/source/");

  private static Map<String, String> absentOf(String module) {
    Map<String, String> absent = new TreeMap<>(ABSENT);
    if (module.equals("handlers")) {
      absent.putAll(ABSENT_OF_HANDLERS);
    }
    return absent;
  }

  private record Contents(long bytes, Map<String, byte[]> classes, Set<String> roots) {}

  private static Path zip(String module) {
    Path zip = Path.of("..", "..", module, "target", module + ".zip");
    assumeTrue(Files.exists(zip), "mvn verify packages the functions before this test");
    return zip;
  }

  private static Contents read(String module) throws IOException {
    Path zip = zip(module);
    Contents read = new Contents(Files.size(zip), new TreeMap<>(), new HashSet<>());
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(zip))) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        byte[] content = in.readAllBytes();
        if (entry.getName().endsWith(".jar")) {
          library(entry.getName(), content, read);
        } else {
          add(entry.getName(), content, read);
        }
      }
    }
    return read;
  }

  private static void library(String name, byte[] jar, Contents read) throws IOException {
    try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(jar))) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        assertEquals(ZipEntry.STORED, entry.getMethod(), name + ": it is compressed twice");
        add(entry.getName(), in.readAllBytes(), read);
      }
    }
  }

  private static void add(String name, byte[] content, Contents read) {
    if (name.endsWith(".class")) {
      String type = name.substring(0, name.length() - ".class".length());
      read.classes().putIfAbsent(type, content);
      if (type.startsWith("dev/parley/")) {
        read.roots().add(type);
      }
    } else if (name.startsWith("META-INF/services/")) {
      new String(content, UTF_8)
          .lines()
          .map(line -> line.replaceFirst("#.*", "").strip().replace('.', '/'))
          .filter(line -> !line.isEmpty())
          .forEach(read.roots()::add);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"handlers", "fanout"})
  void everyClassThatTheCodeCanLeadToIsInThePackage(String module) throws IOException {
    Contents read = read(module);
    Set<String> java =
        ModuleFinder.ofSystem().findAll().stream()
            .flatMap(m -> m.descriptor().packages().stream())
            .map(name -> name.replace('.', '/'))
            .collect(Collectors.toSet());
    Map<String, String> missing = new TreeMap<>();
    Set<String> absent = new TreeSet<>();
    Set<String> reached = new HashSet<>(read.roots());
    Deque<String> open = new ArrayDeque<>(reached);
    while (!open.isEmpty()) {
      String type = open.pop();
      byte[] bytes = read.classes().get(type);
      if (bytes == null) {
        continue; // a service of another library's, offered to who has that
      }
      for (String named : named(bytes)) {
        if (read.classes().containsKey(named)) {
          if (reached.add(named)) {
            open.push(named);
          }
        } else if (!java.contains(named.substring(0, Math.max(0, named.lastIndexOf('/'))))) {
          absentOf(module).keySet().stream()
              .filter(named::startsWith)
              .findAny()
              .ifPresentOrElse(absent::add, () -> missing.put(named, type));
        }
      }
    }

    assertEquals(Map.of(), missing, "missing, and who names it");
    assertEquals(absentOf(module).keySet(), absent, "not named any more");
    assertTrue(reached.size() > 5_000, reached.size() + " classes were looked at");
  }

  private static Set<String> named(byte[] bytes) {
    Set<String> named = new HashSet<>();
    for (var entry : ClassFile.of().parse(bytes).constantPool()) {
      if (entry instanceof ClassEntry type) {
        String name = type.asInternalName().replaceFirst("^\\[+L?", "").replaceFirst(";$", "");
        if (name.length() > 1) { // else an array of numbers
          named.add(name);
        }
      }
    }
    return named;
  }

  /// Whoever shows no token needs nothing that reads them.
  @Test
  void onlyRouteFunctionsHaveTheLibraryForTokens() throws IOException {
    assertTrue(read("handlers").classes().keySet().stream().anyMatch(n -> n.startsWith(TOKENS)));
    assertFalse(read("fanout").classes().keySet().stream().anyMatch(n -> n.startsWith(TOKENS)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"handlers", "fanout"})
  void aPackageIsSmallAndHasOneOfEverything(String module) throws IOException {
    Contents read = read(module);

    assertTrue(read.bytes() <= BYTES_MAX, read.bytes() + " bytes");
    for (String removed : REMOVED) {
      assertEquals(
          List.of(),
          read.classes().keySet().stream().filter(name -> name.startsWith(removed)).toList());
    }
  }

  /// Log4j knows no other plugins than those that the package lists (`infra/FunctionZip.java`): one
  /// that is missing is told of on the console.
  @ParameterizedTest
  @ValueSource(strings = {"handlers", "fanout"})
  void thePackageLogsInPowertoolsLayout(String module, @TempDir Path folder) throws Exception {
    unpack(zip(module), folder);
    try (InputStream program = LoggingProcess.class.getResourceAsStream("LoggingProcess.class")) {
      Path there = folder.resolve(Path.of("dev", "parley", "e2e", "LoggingProcess.class"));
      Files.createDirectories(requireNonNull(there.getParent()));
      Files.copy(requireNonNull(program), there);
    }
    String classPath = folder + File.pathSeparator + folder.resolve("lib").resolve("*");
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            classPath,
            LoggingProcess.class.getName());
    builder.environment().clear();
    Process process = builder.redirectErrorStream(true).start();
    List<String> printed =
        new String(process.getInputStream().readAllBytes(), UTF_8).lines().toList();

    assertEquals(0, process.waitFor(), String.join("\n", printed));
    List<JsonNode> lines = new ArrayList<>();
    for (String line : printed) {
      lines.add(new ObjectMapper().readTree(line));
    }
    assertEquals(
        List.of("INFO ours", "WARN others", "ERROR failed"),
        lines.stream()
            .map(line -> line.path("level").asText() + " " + line.path("message").asText())
            .toList());
    assertEquals("1", lines.getFirst().path("function_version").asText());
    assertEquals("kitchen", lines.getFirst().path("room").asText());
    assertTrue(lines.getFirst().path("timestamp").asText().endsWith("Z"));
    assertEquals("no", lines.getLast().at("/error/message").asText());
    assertTrue(lines.getLast().at("/error/stack").asText().contains("LoggingProcess.main"));
  }

  private static void unpack(Path zip, Path folder) throws IOException {
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(zip))) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        Path file = folder.resolve(entry.getName());
        Files.createDirectories(requireNonNull(file.getParent()));
        Files.copy(in, file);
      }
    }
  }
}
