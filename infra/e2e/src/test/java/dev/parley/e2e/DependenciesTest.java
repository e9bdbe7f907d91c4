package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

/// `docs/DEPENDENCIES.md` is about the libraries that are in the packages which the template
/// deploys.
class DependenciesTest {
  private static final Path DOCUMENT = Path.of("..", "..", "docs", "DEPENDENCIES.md");

  @Test
  void eachLibraryInAPackageHasItsLicence() throws IOException {
    Set<String> missing = new TreeSet<>();
    libraries().forEach(jar -> missing.add(jar.replaceFirst("-[0-9].*", "")));
    missing.removeAll(found("(?s)\n## Licences\n(.*?)\n## ", "`([a-z0-9-]+)`"));
    missing.remove("parley-model");
    assertEquals(Set.of(), missing);
  }

  @Test
  void eachLibraryOfThePageHasItsLicence() throws IOException {
    Set<String> folders =
        entries()
            .filter(entry -> entry.startsWith("site/lib/"))
            .map(entry -> entry.split("/", -1)[2])
            .collect(Collectors.toCollection(TreeSet::new));

    assertEquals(
        Set.copyOf(found("(?s)\n\\| [^\n]* `site/lib/` \\|\n(.*?)\n\n", "`([a-z0-9-]+)`")),
        folders);
    for (String folder : folders) {
      assertTrue(entries().anyMatch(("site/lib/" + folder + "/LICENSE.txt")::equals), folder);
    }
  }

  @Test
  void onlyWhatABrowserLoadsIsInThePackageOfThePage() throws IOException {
    assertEquals(List.of(), entries().filter(entry -> entry.endsWith(".ts")).toList());
  }

  @Test
  void eachAdvisoryIsOfAVersionThatIsInAPackage() throws IOException {
    List<String> versions =
        found("(?s)\n## Known vulnerabilities\n(.*)", "(?m)^\\| ([a-z0-9-]+ [0-9][0-9.]*)");

    assertTrue(versions.size() > 3, versions.toString());
    Set<String> libraries = libraries();
    assertEquals(
        List.of(),
        versions.stream()
            .filter(version -> !libraries.contains(version.replace(' ', '-') + ".jar"))
            .toList());
  }

  private static List<String> found(String section, String pattern) throws IOException {
    String text =
        Pattern.compile(section)
            .matcher(Files.readString(DOCUMENT))
            .results()
            .map(part -> part.group(1))
            .collect(Collectors.joining());
    return Pattern.compile(pattern).matcher(text).results().map(hit -> hit.group(1)).toList();
  }

  /// The files in `lib/` of all packages.
  private static Set<String> libraries() throws IOException {
    return entries()
        .map(entry -> entry.replaceFirst("^lib/", ""))
        .filter(entry -> entry.endsWith(".jar"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /// The files of all packages.
  private static Stream<String> entries() throws IOException {
    Set<String> packages = new TreeSet<>();
    RawTemplate.read()
        .ofType(RawTemplate.FUNCTION)
        .values()
        .forEach(function -> packages.add(function.path("CodeUri").asText()));
    Set<String> entries = new TreeSet<>();
    for (String name : packages) {
      Path zip = TestCloud.TEMPLATE.resolveSibling(name);
      assumeTrue(Files.exists(zip), "mvn verify makes the packages before this test");
      try (ZipFile content = new ZipFile(zip.toFile())) {
        content.stream().map(ZipEntry::getName).forEach(entries::add);
      }
    }
    return entries.stream();
  }
}
