package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.role.Permission;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What the documents name is there: files, headings, and the code that a term of the glossary
/// stands for.
class DocumentsTest {
  private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
  private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
  private static final Pattern TERM =
      Pattern.compile("^\\| ([^|]+) \\|.*\\| \\[`([^`]+)`]\\(([^)]+)\\) \\|$");

  private static final Pattern SHOWN_BY = Pattern.compile("`(\\w+Test)#(\\w+)`");

  @Test
  void everyLinkLeadsToAFileAndToAHeadingOfIt() throws IOException {
    List<String> broken = new ArrayList<>();
    int links = 0;
    for (Path document : documents()) {
      Matcher link = LINK.matcher(Files.readString(document));
      while (link.find()) {
        String target = link.group(1);
        if (target.contains("://") || target.startsWith("mailto:")) {
          continue;
        }
        links++;
        String[] parts = target.split("#", 2);
        Path file = parts[0].isEmpty() ? document : document.resolveSibling(parts[0]).normalize();
        if (!Files.exists(file) || (parts.length == 2 && !headings(file).contains(parts[1]))) {
          broken.add(ROOT.relativize(document) + ": " + target);
        }
      }
    }

    assertEquals(List.of(), broken);
    assertTrue(links > 100, links + " links were found");
  }

  @Test
  void everyDecisionHasItsNumberAndARowInTheListOfThem() throws IOException {
    List<String> rows = Files.readAllLines(ROOT.resolve("docs/ARCHITECTURE.md"));
    try (Stream<Path> decisions = Files.list(ROOT.resolve("docs/adr"))) {
      for (Path decision : decisions.toList()) {
        String file = String.valueOf(decision.getFileName());
        String number = file.substring(0, 4);
        String row = "| [%s](adr/%s) | ".formatted(number, file);
        assertTrue(Files.readString(decision).startsWith("# " + number + ": "), file);
        assertEquals(1, rows.stream().filter(line -> line.startsWith(row)).count(), file);
      }
    }
  }

  @Test
  void everyTermOfTheGlossaryIsAWordOfTheFileThatItNames() throws IOException {
    Path glossary = ROOT.resolve("docs/GLOSSARY.md");
    List<String> terms = new ArrayList<>();
    for (String line : Files.readAllLines(glossary)) {
      Matcher term = TERM.matcher(line);
      if (term.matches()) {
        terms.add(term.group(1));
        String code = Files.readString(glossary.resolveSibling(term.group(3)).normalize());
        assertTrue(
            Pattern.compile("\\b" + Pattern.quote(term.group(2)) + "\\b").matcher(code).find(),
            term.group(1) + ": " + term.group(3) + " says nothing of " + term.group(2));
      }
    }

    assertTrue(terms.size() > 20, terms.toString());
    assertEquals(
        terms.stream().sorted(String.CASE_INSENSITIVE_ORDER).toList(),
        terms,
        "in alphabetical order");
  }

  @Test
  void everyThreatIsAnsweredSomewhereAndShownByTestsThatAreThere() throws IOException {
    Map<String, String> tests = tests(ROOT);
    int threats = 0;
    for (String line : Files.readAllLines(ROOT.resolve("docs/SECURITY.md"))) {
      String[] cells = line.split("\\|", -1);
      if (cells.length != 6 || line.contains("who and how") || line.startsWith("|---")) {
        continue;
      }
      threats++;
      assertTrue(Stream.of(cells).skip(1).limit(4).noneMatch(String::isBlank), line);
      assertTrue(requireTests(cells[4], tests) > 0, "no test shows that: " + line);
    }
    assertTrue(threats > 40, threats + " threats were found");
  }

  @Test
  void everyFactOfTheEmulationIsShownByTestsThatAreThere() throws IOException {
    String document = Files.readString(ROOT.resolve("docs/EMULATION.md"));
    int from = document.indexOf("\n## Fact by fact\n");
    Map<String, String> tests = tests(ROOT.resolve("infra/local"));
    int facts = 0;
    String section = document.substring(from, document.indexOf("\n## ", from + 1));
    for (String line : section.lines().toList()) {
      String[] cells = line.split("\\|", -1);
      if (cells.length == 5 && !line.startsWith("| on AWS ") && !line.startsWith("|---")) {
        facts++;
        assertTrue(Stream.of(cells).skip(1).limit(3).noneMatch(String::isBlank), line);
        assertTrue(requireTests(cells[3], tests) > 0, "no test shows that: " + line);
      }
    }
    assertTrue(facts > 50, facts + " facts were found");
  }

  /// The text of each test class by its name.
  private static Map<String, String> tests(Path below) throws IOException {
    Map<String, String> tests = new HashMap<>();
    try (Stream<Path> files = Files.walk(below)) {
      for (Path file : files.filter(f -> f.toString().endsWith("Test.java")).toList()) {
        // Two of one name are of two modules.
        tests.merge(
            file.getFileName().toString().replace(".java", ""),
            Files.readString(file),
            (one, another) -> one + another);
      }
    }
    return tests;
  }

  /// A cell names tests that are there, and nothing else.
  ///
  /// @return how many
  private static int requireTests(String cell, Map<String, String> tests) {
    Matcher named = SHOWN_BY.matcher(cell);
    int found = 0;
    for (; named.find(); found++) {
      assertTrue(
          tests
              .getOrDefault(named.group(1), "")
              .matches("(?s).*@(Parameterized)?Test\\b.*void " + named.group(2) + "\\(.*"),
          named.group() + " is no test");
    }
    assertEquals("", SHOWN_BY.matcher(cell).replaceAll("").replaceAll("[,` ]", ""), cell);
    return found;
  }

  @Test
  void whoMayDoWhatIsPrintedAsTheCodeHasIt() throws IOException {
    String protocol = Files.readString(ROOT.resolve("docs/PROTOCOL.md"));
    int from = protocol.indexOf("| action | in a public room |");
    assertTrue(from > 0);

    assertEquals(Permission.table(), protocol.substring(from, protocol.indexOf("\n\n", from) + 1));
  }

  private static List<Path> documents() throws IOException {
    try (Stream<Path> files = Files.walk(ROOT)) {
      return files
          .filter(file -> file.toString().endsWith(".md"))
          .filter(
              file ->
                  !ROOT.relativize(file).toString().matches("(.*/)?(target|node_modules|\\..*)/.*"))
          .toList();
    }
  }

  /// The anchors of a document's headings, as GitHub makes them.
  private static List<String> headings(Path document) throws IOException {
    return Files.readAllLines(document).stream()
        .filter(line -> line.matches("#+ .*"))
        .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT))
        .map(heading -> heading.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
        .toList();
  }
}
