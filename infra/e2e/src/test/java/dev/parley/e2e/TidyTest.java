package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The house style, as far as a machine can tell. With `-Dparley.tidy=write` it formats what is
/// not.
class TidyTest {
  private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
  private static final int COLUMNS_MAX = 100;
  private static final Pattern LEFT_OPEN = Pattern.compile("TO" + "DO|FIX" + "ME|@Disa" + "bled");
  private static final Pattern SAYS_NOTHING =
      Pattern.compile(
          "(class|record|interface|enum) \\w+(Manager|Utils?|Helper|Impl)\\b", Pattern.MULTILINE);

  private static final Map<Path, String> sources = new TreeMap<>();

  @BeforeAll
  static void read() throws IOException {
    try (Stream<Path> files = Files.walk(ROOT)) {
      for (Path file : files.filter(TidyTest::isSource).toList()) {
        sources.put(ROOT.relativize(file), Files.readString(file));
      }
    }
  }

  private static boolean isSource(Path file) {
    return file.toString().endsWith(".java")
        && Stream.of("target", "node_modules")
            .noneMatch(f -> file.toString().contains("/" + f + "/"));
  }

  @Test
  void everySourceIsFormatted() {
    assertEquals(List.of(), those((path, source) -> !format(path, source).equals(source)));
  }

  @Test
  void noLineIsTooLong() {
    assertEquals(List.of(), those((path, source) -> code(source).anyMatch(TidyTest::isTooLong)));
  }

  /// The lines outside text blocks.
  private static Stream<String> code(String source) {
    String[] parts = source.split("\"\"\"", -1);
    return IntStream.range(0, parts.length)
        .filter(i -> i % 2 == 0)
        .boxed()
        .flatMap(i -> parts[i].lines());
  }

  private static boolean isTooLong(String line) {
    return line.length() > COLUMNS_MAX && !line.startsWith("import ");
  }

  @Test
  void nothingIsLeftOpen() {
    assertEquals(List.of(), those((path, source) -> LEFT_OPEN.matcher(source).find()));
  }

  @Test
  void namesSayWhatAThingIs() {
    assertEquals(List.of(), those((path, source) -> SAYS_NOTHING.matcher(source).find()));
  }

  @Test
  void everyPackageIsNullMarked() {
    assertEquals(
        List.of(),
        those(
            (path, source) ->
                path.toString().contains("src/main/java")
                    && !sources
                        .getOrDefault(path.resolveSibling("package-info.java"), "")
                        .contains("@NullMarked")));
  }

  private static List<Path> those(BiPredicate<Path, String> untidy) {
    return sources.entrySet().stream()
        .filter(source -> untidy.test(source.getKey(), source.getValue()))
        .map(Map.Entry::getKey)
        .toList();
  }

  private static String format(Path path, String source) {
    try {
      String formatted = new Formatter().formatSourceAndFixImports(source);
      if ("write".equals(System.getProperty("parley.tidy"))) {
        Files.writeString(ROOT.resolve(path), formatted);
        return source;
      }
      return formatted;
    } catch (FormatterException e) {
      throw new AssertionError(path + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
