package dev.parley.local.gateway;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The pages of the local cloud itself, below [#ROOT]: files of the class path.
final class LocalPages {
  static final String ROOT = "/_local/";

  /// Everything comes from where the page does, and nobody frames it.
  static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  /// Folders of letters, and in them files with an extension: no name leads elsewhere.
  private static final Pattern NAME = Pattern.compile("([a-z]+/)*[a-z]+\\.[a-z]+");

  private LocalPages() {}

  /// The file that a path asks for, or null if there is none.
  ///
  /// @param path of the request, decoded, with [#ROOT]: `/_local/traces` gives
  ///     `traces/index.html`, `/_local/traces/app.js` gives `traces/app.js`
  static Site.@Nullable File file(String path) {
    String name = path.substring(ROOT.length());
    if (name.indexOf('.') < 0) {
      name = name.isEmpty() || name.endsWith("/") ? name + "index.html" : name + "/index.html";
    }
    if (!NAME.matcher(name).matches()) {
      return null;
    }
    try (InputStream file =
        LocalPages.class.getResourceAsStream("/dev/parley/local/pages/" + name)) {
      return file == null ? null : Site.File.of(name, file.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException("The class path cannot be read", e);
    }
  }
}
