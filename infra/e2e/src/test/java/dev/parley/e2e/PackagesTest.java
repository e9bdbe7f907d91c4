package dev.parley.e2e;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.handlers.SendMessageHandler;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackagesTest {
  private static final String HANDLER = SendMessageHandler.class.getName();
  private static final String CLASS = HANDLER.replace('.', '/') + ".class";

  @TempDir private Path folder = Path.of("");

  @Test
  void aPackageWithTheClassesThatAreTestedIsOfThisBuild() throws Exception {
    byte[] built;
    try (InputStream in = SendMessageHandler.class.getResourceAsStream("/" + CLASS)) {
      built = requireNonNull(in).readAllBytes();
    }

    Packages.requireThisBuild(zip(CLASS, built), HANDLER + "::handleRequest");
  }

  @Test
  void aPackageOfAnotherBuildIsRefused() throws Exception {
    for (Path other :
        new Path[] {zip(CLASS, new byte[] {1}), zip("other", new byte[0]), folder.resolve("no")}) {
      String refusal =
          String.valueOf(
              assertThrows(AssertionError.class, () -> Packages.requireThisBuild(other, HANDLER))
                  .getMessage());
      assertTrue(refusal.endsWith(": mvn -DskipTests package"), refusal);
      assertEquals(1, refusal.lines().count(), refusal);
    }
  }

  private Path zip(String entry, byte[] content) throws IOException {
    Path zip = Files.createTempFile(folder, "package", ".zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      out.putNextEntry(new ZipEntry(entry));
      out.write(content);
    }
    return zip;
  }
}
