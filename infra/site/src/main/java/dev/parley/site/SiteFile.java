package dev.parley.site;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A file of the page, as visitors get it.
///
/// @param key its path below the page's address, for example `client/client.js`
@SuppressWarnings("ArrayRecordComponent") // nobody compares them
public record SiteFile(String key, byte[] content) {
  static final String CONFIG = "config.json";
  private static final String INDEX = "index.html";

  private static final Map<String, String> CONTENT_TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "json", "application/json",
          "txt", "text/plain; charset=utf-8",
          "svg", "image/svg+xml",
          "png", "image/png");

  /// Our own scripts. Those of others are as small as they make them.
  private static final Pattern SCRIPT = Pattern.compile("(?!lib/).*\\.js");

  /// Comments that have their lines to themselves.
  private static final Pattern COMMENT =
      Pattern.compile("(?m)^[ \\t]*(?:/\\*\\*(?:[^*]|\\*(?!/))*+\\*/|//.*)[ \\t]*$");

  /// The files of a folder and `config.json`, `index.html` last: it leads to all others.
  static List<SiteFile> of(Path folder, Config config) throws IOException {
    List<SiteFile> files = in(folder);
    files.add(new SiteFile(CONFIG, config.json()));
    files.sort(
        Comparator.comparing((SiteFile file) -> file.key().equals(INDEX))
            .thenComparing(SiteFile::key));
    return files;
  }

  /// The files of a folder, in no order.
  public static List<SiteFile> in(Path folder) throws IOException {
    List<SiteFile> files = new ArrayList<>();
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        String key = folder.relativize(path).toString().replace('\\', '/');
        byte[] content = Files.readAllBytes(path);
        files.add(
            new SiteFile(key, SCRIPT.matcher(key).matches() ? withoutComments(content) : content));
      }
    }
    return files;
  }

  /// A script without its comments, which are a third of what a visitor would fetch. Every line
  /// keeps its number.
  private static byte[] withoutComments(byte[] script) {
    return COMMENT
        .matcher(new String(script, UTF_8))
        .replaceAll(
            comment -> "\n".repeat((int) comment.group().chars().filter(c -> c == '\n').count()))
        .getBytes(UTF_8);
  }

  String contentType() {
    String extension = key.substring(key.lastIndexOf('.') + 1);
    return CONTENT_TYPES.getOrDefault(extension, "application/octet-stream");
  }

  /// What S3 calls this content, where it is encrypted by S3's own keys (S3 API reference,
  /// "Object").
  String etag() {
    try {
      byte[] digest = MessageDigest.getInstance("MD5").digest(content);
      return '"' + HexFormat.of().formatHex(digest) + '"';
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("Every JDK has MD5", e);
    }
  }
}
