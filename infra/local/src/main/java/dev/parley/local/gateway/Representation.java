package dev.parley.local.gateway;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// What of a file goes to a client: nothing where the client has it already (304), else the
/// content, smaller where the client takes gzip and the file is worth it. As CloudFront does with
/// `Compress: true` (Developer guide, "Serve compressed files"; RFC 9110, sections 8.8.3 and
/// 13.1.2).
///
/// `Unlike AWS:` never Brotli, which the JDK cannot write.
///
/// @param headers `ETag`, and where they apply `Vary`, `Content-Type` and `Content-Encoding`
@SuppressWarnings("ArrayRecordComponent") // nobody compares them
public record Representation(int status, Map<String, String> headers, byte[] body) {
  private static final int COMPRESSED_BYTES_MIN = 1_000;
  private static final int COMPRESSED_BYTES_MAX = 10_000_000;
  private static final Set<String> COMPRESSED_TYPES =
      Set.of(
          "text/html",
          "text/javascript",
          "text/css",
          "text/plain",
          "application/json",
          "application/manifest+json",
          "application/wasm",
          "image/svg+xml");

  /// Not `gzip;q=0`.
  private static final Pattern GZIP =
      Pattern.compile("(?i)\\s*gzip\\s*(;\\s*q=(1|0\\.0*[1-9]).*)?");

  /// @param etag of the content, strong; with gzip it becomes a weak one
  /// @param acceptEncoding the header of the request
  /// @param ifNoneMatch the header of the request
  public static Representation of(
      byte[] content,
      String contentType,
      String etag,
      @Nullable String acceptEncoding,
      @Nullable String ifNoneMatch) {
    boolean compressible =
        COMPRESSED_TYPES.contains(contentType.split(";", 2)[0])
            && content.length >= COMPRESSED_BYTES_MIN
            && content.length <= COMPRESSED_BYTES_MAX;
    boolean compressed = compressible && acceptEncoding != null && takesGzip(acceptEncoding);
    Map<String, String> headers = new TreeMap<>();
    headers.put("ETag", (compressed ? "W/" : "") + etag);
    if (compressible) {
      headers.put("Vary", "Accept-Encoding");
    }
    if (ifNoneMatch != null && names(ifNoneMatch, etag)) {
      return new Representation(304, headers, new byte[0]);
    }
    headers.put("Content-Type", contentType);
    if (compressed) {
      headers.put("Content-Encoding", "gzip");
    }
    return new Representation(200, headers, compressed ? gzip(content) : content);
  }

  private static boolean takesGzip(String acceptEncoding) {
    return Arrays.stream(acceptEncoding.split(",", -1)).anyMatch(GZIP.asMatchPredicate());
  }

  /// By weak comparison.
  private static boolean names(String ifNoneMatch, String etag) {
    return Arrays.stream(ifNoneMatch.split(",", -1))
        .map(tag -> tag.strip().replaceFirst("^W/", ""))
        .anyMatch(tag -> tag.equals(etag) || tag.equals("*"));
  }

  private static byte[] gzip(byte[] content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
