package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.SplittableRandom;

/// What one client sends: frames after a good handshake, or requests, one behind the other. The
/// last of them may be broken beyond use; the others leave the socket open.
final class FuzzSource {
  private static final int PARTS_MAX = 120;

  private static final List<String> TEXTS =
      List.of(
          "",
          "{}",
          "{\"action\":\"join\"}",
          "{\"action\":{\"a\":[1,2.5e9,null,true]}}",
          "{\"action\":\"\\ud800\"}",
          "{\"action\":1e999}",
          "{\"action\":\"join\",\"action\":7}",
          "{\"action\":",
          "\u0000\uffff\u2028",
          "😀ü",
          "NaN",
          "\"");

  private static final List<String> PATHS =
      List.of(
          "/",
          "/test",
          "/test?a=b&a=%zz&=&",
          "/test/@connections/L0SM9cOFvHcCIhw%3D",
          "/test/@connections/%00%ff",
          "/test/%40connections/../x",
          "/other/@connections/x",
          "/config.json",
          "/_local/metrics",
          "/_local/traces?x=%",
          "/_local/../../etc/passwd",
          "/_local/xray/TraceSummaries",
          "/_local/xray/Traces",
          "/_local/xray/TraceSegments",
          "/_local/xray/%",
          "//x//",
          "http://localhost/test",
          "http://@/",
          "*");

  private static final List<String> METHODS =
      List.of("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "get", "BREW", "CONNECT");

  private static final List<String> HEADERS =
      List.of(
          "Host: a.localhost",
          "Connection: Upgrade",
          "Connection: keep-alive, Upgrade",
          "Upgrade: websocket",
          "Upgrade: h2c",
          "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Version: 8",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
          "Sec-WebSocket-Key: x",
          "Sec-WebSocket-Protocol: a, b,, c",
          "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
          "Expect: 100-continue",
          "Expect: 200-ok",
          "Authorization: " + GatewayTester.SIGNATURE,
          "Authorization: AWS4-HMAC-SHA256 ,,=,Credential",
          "X-Amz-Date: 20261127T000000Z",
          "X-Forwarded-For: ,,,",
          "X-Forwarded-Host: localhost, evil",
          "Origin: http://localhost:1",
          "Accept-Encoding: gzip;q=x, *;q=2",
          "If-None-Match: \"\", W/",
          "Content-Type: application/json",
          "Cookie: " + "c=1; ".repeat(200),
          "Range: bytes=9-1",
          "Empty:",
          "  folded: yes",
          "no colon");

  private final SplittableRandom random;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private boolean fragmented;

  FuzzSource(long seed) {
    random = new SplittableRandom(seed);
  }

  boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  private <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  byte[] bytes() {
    return bytes.toByteArray();
  }

  // ---- Frames ---------------------------------------------------------------------------------

  /// @return how many there are
  int frames() {
    int frames = 1 + random.nextInt(PARTS_MAX);
    for (int i = 1; i < frames; i++) {
      legalFrame();
    }
    if (chance(70)) {
      brokenFrame();
    } else {
      legalFrame();
    }
    return frames;
  }

  private void legalFrame() {
    if (chance(10)) {
      byte[] payload = new byte[random.nextInt(126)];
      random.nextBytes(payload);
      frame(0x80 | (chance(70) ? RawClient.PING : RawClient.PONG), payload, payload.length, true);
      return;
    }
    boolean last = chance(fragmented ? 60 : 95);
    int opcode = fragmented ? RawClient.CONTINUATION : RawClient.TEXT;
    byte[] payload = (fragmented || !last ? "part " : text()).getBytes(UTF_8);
    fragmented = !last;
    frame((last ? 0x80 : 0) | opcode, payload, payload.length, true);
  }

  private String text() {
    return switch (random.nextInt(20)) {
      case 0 -> "[".repeat(random.nextInt(400));
      case 1 -> "{\"action\":".repeat(random.nextInt(100));
      case 2 -> "{\"action\":\"" + "é".repeat(random.nextInt(300)) + "\"}";
      case 3 ->
          random
              .ints(random.nextInt(64), 1, 0xd800)
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .toString();
      default -> any(TEXTS);
    };
  }

  private void brokenFrame() {
    byte[] payload = new byte[random.nextInt(300)];
    random.nextBytes(payload);
    switch (random.nextInt(8)) {
      case 0 -> frame(random.nextInt(256), payload, payload.length, true);
      case 1 -> frame(0x81, payload, payload.length, false);
      case 2 -> frame(0x81, payload, random.nextLong(), true);
      case 3 -> frame(0x82, payload, payload.length, true);
      case 4 -> frame(0x88, payload, payload.length, true);
      case 5 -> frame(0x81, new byte[Quotas.FRAME_BYTES_MAX + 1], Quotas.FRAME_BYTES_MAX + 1, true);
      case 6 -> frame(0x81, payload, payload.length + 1L + random.nextInt(1_000), true);
      default -> bytes.writeBytes(payload);
    }
  }

  /// @param length as it is told
  private void frame(int head, byte[] payload, long length, boolean masked) {
    bytes.write(head);
    int mask = masked ? 0x80 : 0;
    if (length >= 0 && length < 126) {
      bytes.write(mask | (int) length);
    } else if (length >= 0 && length < 65_536) {
      bytes.write(mask | 126);
      bytes.write((int) length >> 8);
      bytes.write((int) length);
    } else {
      bytes.write(mask | 127);
      for (int shift = 56; shift >= 0; shift -= 8) {
        bytes.write((int) (length >> shift));
      }
    }
    byte[] key = new byte[4];
    if (masked) {
      random.nextBytes(key);
      bytes.writeBytes(key);
    }
    for (int i = 0; i < payload.length; i++) {
      bytes.write(payload[i] ^ key[i % 4]);
    }
  }

  // ---- Requests -------------------------------------------------------------------------------

  /// @return how many there are
  int requests() {
    int requests = 1 + random.nextInt(PARTS_MAX);
    for (int i = 1; i < requests; i++) {
      bytes.writeBytes(request(false).getBytes(ISO_8859_1));
    }
    byte[] last = request(true).getBytes(ISO_8859_1);
    bytes.writeBytes(chance(70) ? mutated(last) : last);
    return requests;
  }

  /// @param any whether it may be one that ends the socket
  private String request(boolean any) {
    StringBuilder request = new StringBuilder();
    String method = any ? any(METHODS) : any(METHODS.subList(0, 6));
    // An upgrade is of no use before others.
    String path = any ? any(PATHS) : any(PATHS.subList(2, PATHS.size() - 2));
    request.append(method).append(' ').append(path);
    request.append(any && chance(10) ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
    request.append("Host: ").append(chance(99) ? "localhost" : "evil.example").append("\r\n");
    for (int i = random.nextInt(6); i > 0; i--) {
      request
          .append(any ? any(HEADERS) : any(HEADERS.subList(10, HEADERS.size() - 2)))
          .append("\r\n");
    }
    if (any && chance(5)) {
      request.append("x: y\r\n".repeat(random.nextInt(3 * Requests.HEADERS_MAX)));
    }
    String body = any(TEXTS) + "x".repeat(chance(2) ? 140_000 : random.nextInt(40));
    String sent = new String(body.getBytes(UTF_8), ISO_8859_1);
    if (any && chance(20)) {
      return request
          .append("Transfer-Encoding: chunked\r\n\r\n")
          .append(Integer.toHexString(sent.length()))
          .append(chance(50) ? "\r\n" : ";x=y\r\n")
          .append(sent)
          .append("\r\n0\r\n\r\n")
          .toString();
    }
    return request
        .append("Content-Length: ")
        .append(any && chance(10) ? any(List.of("-1", "x", "99999999999", "7, 7")) : sent.length())
        .append("\r\n\r\n")
        .append(sent)
        .toString();
  }

  private byte[] mutated(byte[] request) {
    ByteArrayOutputStream mutated = new ByteArrayOutputStream();
    int edits = 1 + random.nextInt(5);
    for (byte octet : request) {
      if (edits > 0 && random.nextInt(Math.min(request.length, 400)) < 4) {
        edits--;
        switch (random.nextInt(5)) {
          case 0 -> mutated.write(random.nextInt(256));
          case 1 -> mutated.write(octet ^ (1 << random.nextInt(8)));
          case 2 -> {
            mutated.write(octet);
            mutated.write(octet);
          }
          case 3 -> {} // it is left out
          default -> {
            return mutated.toByteArray();
          }
        }
      } else {
        mutated.write(octet);
      }
    }
    return mutated.toByteArray();
  }
}
