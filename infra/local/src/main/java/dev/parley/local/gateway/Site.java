package dev.parley.local.gateway;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The static site: the files of one folder, read anew for each request, so that an edited file is
/// seen when the page is loaded again.
final class Site {
  private static final Map<String, String> CONTENT_TYPES =
      Map.ofEntries(
          Map.entry("html", "text/html; charset=utf-8"),
          Map.entry("js", "text/javascript; charset=utf-8"),
          Map.entry("mjs", "text/javascript; charset=utf-8"),
          Map.entry("css", "text/css; charset=utf-8"),
          Map.entry("json", "application/json"),
          Map.entry("map", "application/json"),
          Map.entry("webmanifest", "application/manifest+json"),
          Map.entry("txt", "text/plain; charset=utf-8"),
          Map.entry("svg", "image/svg+xml"),
          Map.entry("png", "image/png"),
          Map.entry("jpg", "image/jpeg"),
          Map.entry("webp", "image/webp"),
          Map.entry("gif", "image/gif"),
          Map.entry("ico", "image/vnd.microsoft.icon"),
          Map.entry("woff2", "font/woff2"),
          Map.entry("wasm", "application/wasm"));

  /// A file as it is now.
  ///
  /// @param etag changes with the content
  @SuppressWarnings("ArrayRecordComponent") // nobody compares them
  record File(byte[] content, String contentType, String etag) {
    /// @param name whose extension says what it is
    static File of(String name, byte[] content) {
      String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
      try {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
        return new File(
            content,
            CONTENT_TYPES.getOrDefault(extension, "application/octet-stream"),
            '"' + HexFormat.of().formatHex(digest, 0, 8) + '"');
      } catch (NoSuchAlgorithmException e) {
        throw new AssertionError("Every JDK has SHA-256", e);
      }
    }
  }

  private final Path folder;

  /// @throws IllegalArgumentException if there is no such folder
  Site(Path folder) {
    try {
      this.folder = folder.toRealPath();
    } catch (IOException e) {
      throw new IllegalArgumentException("site: there is no folder " + folder, e);
    }
    if (!Files.isDirectory(this.folder)) {
      throw new IllegalArgumentException("site: expected a folder, not " + folder);
    }
  }

  /// The file that a path asks for, or null if there is none inside the folder.
  ///
  /// @param path of the request, decoded: `/` and every other folder give their `index.html`
  @Nullable File file(String path) {
    try {
      Path file = folder.resolve("." + path);
      if (path.endsWith("/")) {
        file = file.resolve("index.html");
      }
      // The real path, so that neither `..` nor a link leads out of the folder.
      Path real = file.toRealPath();
      if (!real.startsWith(folder) || !Files.isRegularFile(real)) {
        return null;
      }
      return File.of(real.getFileName().toString(), Files.readAllBytes(real));
    } catch (IOException | InvalidPathException _) {
      return null;
    }
  }
}
