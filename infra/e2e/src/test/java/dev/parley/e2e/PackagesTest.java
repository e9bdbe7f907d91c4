package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Which packages import which, of the code that is no test.
class PackagesTest {
  private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
  private static final Pattern PACKAGE = Pattern.compile("^package ([\\w.]+);", Pattern.MULTILINE);
  private static final Pattern IMPORT =
      Pattern.compile("^import (?:static )?(dev\\.parley[a-z.]*)\\.[A-Z]", Pattern.MULTILINE);

  /// What each package imports of ours.
  private static final Map<String, Set<String>> imports = new TreeMap<>();

  @BeforeAll
  static void read() throws IOException {
    try (Stream<Path> files = Files.walk(ROOT)) {
      for (Path file :
          files
              .filter(file -> file.toString().endsWith(".java"))
              .filter(file -> ROOT.relativize(file).toString().contains("src/main/"))
              .toList()) {
        String source = Files.readString(file);
        Matcher name = PACKAGE.matcher(source);
        if (name.find()) {
          Set<String> imported = imports.computeIfAbsent(name.group(1), n -> new TreeSet<>());
          IMPORT.matcher(source).results().map(found -> found.group(1)).forEach(imported::add);
          imported.remove(name.group(1));
        }
      }
    }
  }

  @Test
  void packagesDoNotImportEachOtherInACircle() {
    Map<String, Set<String>> circles = new HashMap<>();
    for (String name : imports.keySet()) {
      Set<String> reached = reached(name);
      if (reached.contains(name)) {
        circles.put(name, reached);
      }
    }

    assertEquals(Map.of(), circles);
    assertTrue(imports.size() > 15, imports.keySet().toString());
  }

  @Test
  void thePlatformKnowsNothingOfTheChat() {
    assertEquals(Set.of(), imports.get("dev.parley.platform"));
  }

  @Test
  void theLocalCloudKnowsNothingOfTheChatAndTheChatNothingOfIt() {
    imports.forEach(
        (name, imported) -> {
          boolean local = name.startsWith("dev.parley.local");
          boolean runs = name.startsWith("dev.parley.bench");
          assertTrue(
              runs || imported.stream().allMatch(i -> i.startsWith("dev.parley.local") == local),
              name + " imports " + imported);
        });
  }

  private static Set<String> reached(String from) {
    Set<String> reached = new HashSet<>();
    Deque<String> open = new ArrayDeque<>(imports.getOrDefault(from, Set.of()));
    while (!open.isEmpty()) {
      String next = open.pop();
      if (reached.add(next)) {
        open.addAll(imports.getOrDefault(next, Set.of()));
      }
    }
    return reached;
  }
}
