package dev.parley.e2e;

import static java.util.Objects.requireNonNull;

import dev.parley.local.template.FunctionResource;
import dev.parley.local.template.Template;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// The functions as they are deployed. Maven makes them after a module's own tests: a test that
/// runs before that would run what was built earlier.
final class Packages {
  private Packages() {}

  /// @throws AssertionError where the package of a function is not of this build
  static void requireThisBuild() {
    for (FunctionResource function :
        Template.read(TestCloud.TEMPLATE, Map.of()).functions().values()) {
      requireThisBuild(zip(function), function.handler());
    }
  }

  static Path zip(FunctionResource function) {
    return TestCloud.TEMPLATE.resolveSibling(requireNonNull(function.codeUri()));
  }

  /// @param handler whose class is compared
  static void requireThisBuild(Path zip, String handler) {
    String name = handler.replaceFirst("::.*", "").replace('.', '/') + ".class";
    boolean same;
    try (ZipFile packages = new ZipFile(zip.toFile());
        InputStream built = requireNonNull(Packages.class.getResourceAsStream("/" + name))) {
      ZipEntry entry = packages.getEntry(name);
      same =
          entry != null
              && Arrays.equals(packages.getInputStream(entry).readAllBytes(), built.readAllBytes());
    } catch (IOException e) {
      throw new AssertionError(zip + " cannot be read: mvn -DskipTests package", e);
    }
    if (!same) {
      throw new AssertionError(zip + " is of another build: mvn -DskipTests package");
    }
  }
}
