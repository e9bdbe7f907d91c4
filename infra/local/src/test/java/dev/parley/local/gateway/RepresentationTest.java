package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class RepresentationTest {
  private static final byte[] LONG = "parley ".repeat(200).getBytes(UTF_8);

  @Test
  void aTextIsSmallerForAClientThatTakesGzip() throws IOException {
    Representation sent = script(LONG, "deflate, gzip", null);

    assertEquals(200, sent.status());
    assertEquals(
        Map.of(
            "Content-Encoding", "gzip",
            "Content-Type", "text/javascript; charset=utf-8",
            "ETag", "W/\"a\"",
            "Vary", "Accept-Encoding"),
        sent.headers());
    assertTrue(sent.body().length < 100, "%d bytes".formatted(sent.body().length));
    try (GZIPInputStream body = new GZIPInputStream(new ByteArrayInputStream(sent.body()))) {
      assertArrayEquals(LONG, body.readAllBytes());
    }
  }

  @Test
  void aClientThatDoesNotTakeGzipGetsTheFileItself() {
    for (String accepted : List.of("", "br", "gzip;q=0", "gzip; q=0.000", "x-gzip", "gzipped")) {
      Representation sent = script(LONG, accepted, null);

      assertEquals(
          Map.of(
              "Content-Type", "text/javascript; charset=utf-8",
              "ETag", "\"a\"",
              "Vary", "Accept-Encoding"),
          sent.headers(),
          accepted);
      assertArrayEquals(LONG, sent.body(), accepted);
    }
    for (String accepted : List.of("gzip", "GZIP", " gzip ;q=0.01,br", "br, gzip; q=1.0")) {
      assertEquals("gzip", script(LONG, accepted, null).headers().get("Content-Encoding"));
    }
    assertArrayEquals(LONG, script(LONG, null, null).body());
  }

  @Test
  void aFileThatGzipMakesHardlySmallerIsSentAsItIs() {
    assertEquals(null, encoding(new byte[999], "text/css"));
    assertEquals("gzip", encoding(new byte[1_000], "text/css"));
    assertEquals("gzip", encoding(new byte[10_000_000], "application/json"));
    assertEquals(null, encoding(new byte[10_000_001], "application/json"));
    assertEquals(null, encoding(LONG, "image/png"));
    assertEquals("gzip", encoding(LONG, "image/svg+xml"));
    assertEquals(null, script(new byte[999], "gzip", null).headers().get("Vary"));
  }

  @Test
  void aFileThatTheClientHasIsNotSentAgainHoweverItWasSentBefore() {
    for (String known : List.of("\"a\"", "W/\"a\"", "\"b\", W/\"a\" ,\"c\"", "*")) {
      Representation sent = script(LONG, "gzip", known);

      assertEquals(304, sent.status(), known);
      assertEquals(Map.of("ETag", "W/\"a\"", "Vary", "Accept-Encoding"), sent.headers(), known);
      assertEquals(0, sent.body().length, known);
      assertEquals("\"a\"", script(LONG, null, known).headers().get("ETag"), known);
    }
    for (String other : List.of("", "a", "\"b\"", "W/\"b\", \"c\"", "w/\"a\"")) {
      assertEquals(200, script(LONG, "gzip", other).status(), other);
    }
  }

  private static Representation script(
      byte[] content, @Nullable String acceptEncoding, @Nullable String ifNoneMatch) {
    return Representation.of(
        content, "text/javascript; charset=utf-8", "\"a\"", acceptEncoding, ifNoneMatch);
  }

  private static @Nullable String encoding(byte[] content, String contentType) {
    return Representation.of(content, contentType, "\"a\"", "gzip", null)
        .headers()
        .get("Content-Encoding");
  }
}
