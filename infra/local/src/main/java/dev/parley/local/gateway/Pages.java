package dev.parley.local.gateway;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The local cloud's own pages, which are files of its jar: `/_local/` is a dashboard, and
/// `/_local/traces/` another page. They load nothing, and talk to nobody, but this gateway.
final class Pages {
  static final String PREFIX = "/_local/";

  /// The `Content-Security-Policy` of each.
  static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private static final Pattern FILE = Pattern.compile("([a-z]+/)?([a-z]+\\.(html|css|js|svg))?");
  private static final Pattern FOLDER = Pattern.compile("[a-z]+");

  private Pages() {}

  /// The file that a path asks for, or null if there is none; a folder gives its `index.html`, with
  /// or without a slash at its end.
  static Site.@Nullable File file(String path) {
    String name = path.substring(PREFIX.length());
    if (FOLDER.matcher(name).matches()) {
      name += "/";
    }
    if (!FILE.matcher(name).matches()) {
      return null;
    }
    String file = name.isEmpty() || name.endsWith("/") ? name + "index.html" : name;
    try (InputStream content = Pages.class.getResourceAsStream("/dev/parley/local/pages/" + file)) {
      return content == null ? null : Site.File.of(file, content.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
