package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.LocalCloud;
import dev.parley.local.gateway.Representation;
import dev.parley.site.TestAws;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Serves a bucket on a port of this machine as the template's distribution does: its behaviors,
/// its response headers, its compression, and what it forwards to the API, here the local cloud.
///
/// Unlike CloudFront: by HTTP, so that a browser needs no certificate, and the API's address is the
/// local cloud's, in `config.json` and in the Content-Security-Policy.
final class TestCloudFront implements AutoCloseable {
  private static final int HEAD_BYTES_MAX = 16_384;

  private final RawTemplate template = RawTemplate.read();
  private final Set<String> holding;
  private final String socketSecret;
  private final TestAws aws;
  private final LocalCloud cloud;
  private final ServerSocket server;

  /// @param socketSecret the parameter `SocketSecret`
  TestCloudFront(TestAws aws, LocalCloud cloud, String socketSecret) throws IOException {
    this.aws = aws;
    this.cloud = cloud;
    this.socketSecret = socketSecret;
    this.holding = socketSecret.isEmpty() ? Set.of() : Set.of("SocketThroughPage");
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  /// `Config` of SiteContent.
  Map<String, Object> config() {
    Map<String, Object> config = new TreeMap<>();
    RawTemplate.fields(template.property("SiteContent", "Config"))
        .forEach((name, value) -> config.put(name, template.resolve(value, holding)));
    return config;
  }

  /// The response headers policy of the default behavior.
  private Map<String, String> headers() {
    JsonNode policy = template.property("SiteHeaders", "ResponseHeadersPolicyConfig");
    JsonNode security = policy.path("SecurityHeadersConfig");
    Map<String, String> headers = new TreeMap<>();
    headers.put(
        "Content-Security-Policy",
        here(
            template.resolve(
                security.at("/ContentSecurityPolicy/ContentSecurityPolicy"), holding)));
    headers.put(
        "Strict-Transport-Security",
        "max-age=" + security.at("/StrictTransportSecurity/AccessControlMaxAgeSec").asText());
    if (security.has("ContentTypeOptions")) {
      headers.put("X-Content-Type-Options", "nosniff");
    }
    headers.put("X-Frame-Options", security.at("/FrameOptions/FrameOption").asText());
    headers.put("Referrer-Policy", security.at("/ReferrerPolicy/ReferrerPolicy").asText());
    policy
        .at("/CustomHeadersConfig/Items")
        .forEach(item -> headers.put(item.path("Header").asText(), item.path("Value").asText()));
    return headers;
  }

  /// The API's own address, as it is on this machine.
  private String here(String text) {
    return text.replace(
        "wss://" + template.apiId() + ".execute-api.us-east-1.amazonaws.com",
        "ws://localhost:" + cloud.port());
  }

  private void accept() {
    while (true) {
      try {
        Socket viewer = server.accept();
        Thread.ofVirtual().start(() -> serve(viewer));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket viewer) {
    try (viewer) {
      List<String> head = head(viewer.getInputStream());
      String path = head.getFirst().split(" ", 3)[1].replaceFirst("\\?.*", "");
      JsonNode behaviors =
          template.property("SiteDistribution", "DistributionConfig").path("CacheBehaviors");
      JsonNode socket = behaviors.at("/Fn::If/1/0");
      if (!holding.isEmpty() && path.equals(template.resolve(socket.path("PathPattern")))) {
        forward(viewer, head);
      } else {
        file(viewer.getOutputStream(), path, head);
      }
    } catch (IOException e) {
      // The viewer has gone.
    }
  }

  private static List<String> head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0 || head.length() > HEAD_BYTES_MAX) {
        throw new IOException("no request");
      }
      head.append((char) next);
    }
    return List.of(head.toString().strip().split("\r\n", -1));
  }

  private void file(OutputStream out, String path, List<String> request) throws IOException {
    String key = path.equals("/") ? root() : path.substring(1);
    TestAws.Stored stored = aws.objects().get(key);
    if (stored != null && key.equals("config.json")) {
      byte[] config = here(new String(stored.content(), UTF_8)).getBytes(UTF_8);
      stored = new TestAws.Stored(config, stored.contentType());
    }
    Representation representation =
        stored == null
            ? new Representation(404, Map.of(), new byte[0])
            : Representation.of(
                stored.content(),
                stored.contentType(),
                stored.etag(),
                compresses() ? header(request, "Accept-Encoding") : null,
                header(request, "If-None-Match"));
    StringBuilder head = new StringBuilder("HTTP/1.1 " + representation.status() + " \r\n");
    headers().forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
    representation.headers().forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
    if (representation.status() != 304) {
      head.append("Content-Length: " + representation.body().length + "\r\n");
    }
    head.append("Connection: close\r\n\r\n");
    out.write(head.toString().getBytes(ISO_8859_1));
    out.write(representation.body());
    out.flush();
  }

  private boolean compresses() {
    return template
        .property("SiteDistribution", "DistributionConfig")
        .at("/DefaultCacheBehavior/Compress")
        .asBoolean();
  }

  private static @Nullable String header(List<String> request, String name) {
    return request.stream()
        .filter(line -> line.regionMatches(true, 0, name + ":", 0, name.length() + 1))
        .map(line -> line.substring(name.length() + 1).strip())
        .findFirst()
        .orElse(null);
  }

  private String root() {
    return template
        .property("SiteDistribution", "DistributionConfig")
        .path("DefaultRootObject")
        .asText();
  }

  /// A handshake with the headers of the origin request policy and of the origin, then bytes.
  private void forward(Socket viewer, List<String> head) throws IOException {
    Set<String> forwarded =
        Set.copyOf(
            RawTemplate.texts(
                template
                    .property("SocketRequests", "OriginRequestPolicyConfig")
                    .at("/HeadersConfig/Headers")));
    List<String> request = new ArrayList<>(List.of(head.getFirst()));
    request.add("Host: localhost:" + cloud.port());
    request.add("Connection: Upgrade");
    request.add("Upgrade: websocket");
    request.add("CloudFront-Viewer-Address: 198.51.100.10:46532");
    JsonNode origin =
        template
            .property("SiteDistribution", "DistributionConfig")
            .at("/Origins/1/Fn::If/1/OriginCustomHeaders/0");
    request.add(origin.path("HeaderName").asText() + ": " + socketSecret);
    for (String line : head.subList(1, head.size())) {
      String name = line.substring(0, line.indexOf(':'));
      if (forwarded.stream().anyMatch(name::equalsIgnoreCase)
          && !name.toLowerCase(Locale.ROOT).startsWith("cloudfront-")) {
        request.add(line);
      }
    }
    try (Socket api = new Socket(InetAddress.getLoopbackAddress(), cloud.port())) {
      api.getOutputStream().write((String.join("\r\n", request) + "\r\n\r\n").getBytes(ISO_8859_1));
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  viewer.getInputStream().transferTo(api.getOutputStream());
                  api.shutdownOutput();
                } catch (IOException e) {
                  // Either end has gone; the other direction ends, too.
                }
              });
      api.getInputStream().transferTo(viewer.getOutputStream());
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
