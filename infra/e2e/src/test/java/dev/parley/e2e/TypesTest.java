package dev.parley.e2e;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The types that the comments of `web/`, of the local cloud's pages and of the examples' state,
/// checked by the TypeScript compiler. It comes from Maven Central and runs in Playwright's
/// Node.js.
class TypesTest {
  private static final Path WEB = Path.of("..", "..", "web");
  private static final String WEB_JAR = "/META-INF/resources/webjars/typescript/";

  @TempDir private static Path compiler = Path.of("");

  @BeforeAll
  static void unpack() throws IOException, URISyntaxException {
    var folder = requireNonNull(TypesTest.class.getResource(WEB_JAR)).toURI();
    try (FileSystem jar = FileSystems.newFileSystem(folder, Map.of());
        Stream<Path> versions = Files.list(jar.getPath(WEB_JAR))) {
      copy(versions.findFirst().orElseThrow().resolve("lib"), compiler);
    }
  }

  @Test
  void theTypesOfThePageAgree() throws Exception {
    assertEquals("", check(WEB));
  }

  @Test
  void theTypesOfTheLocalCloudsPagesAgree() throws Exception {
    assertEquals("", check(Path.of("..", "local")));
  }

  @Test
  void theTypesOfTheExamplesPagesAgree() throws Exception {
    assertEquals("", check(Path.of("..", "..", "examples")));
  }

  @Test
  void aTypeThatIsWrongIsFound(@TempDir Path page) throws Exception {
    Files.copy(WEB.resolve("jsconfig.json"), page.resolve("jsconfig.json"));
    copy(WEB.resolve("client"), Files.createDirectory(page.resolve("client")));
    Files.writeString(
        page.resolve("use.js"),
        "import { Client } from './client/client.js';\nnew Client({ url: 3 });\n");

    String found = check(page);

    assertTrue(found.contains("use.js(2,14): error TS2322"), found);
  }

  /// What the compiler says of a folder: nothing, where all is well.
  private static String check(Path folder) throws IOException, InterruptedException {
    return TestBrowser.node(
        compiler.resolve("tsc.js"), "--project", folder.resolve("jsconfig.json").toString());
  }

  /// The files of a folder, without the folders in it.
  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, to.resolve(file.getFileName().toString()));
      }
    }
  }
}
