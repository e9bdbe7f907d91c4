package dev.parley.platform;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The X-Ray daemon that Lambda runs beside a sampled invocation: it takes documents by UDP. What
/// cannot be sent is logged, and nothing else fails.
///
/// Source: "Sending segment documents to X-Ray", X-Ray developer guide.
final class XRayDaemon {
  private static final Logger LOG = LoggerFactory.getLogger(XRayDaemon.class);
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final byte[] DATAGRAM_HEADER =
      "{\"format\": \"json\", \"version\": 1}\n".getBytes(UTF_8);

  /// What a datagram carries, and less than X-Ray takes (64 KB; X-Ray endpoints and quotas,
  /// "Segment document size").
  private static final int DOCUMENT_BYTES_MAX = 65_507 - DATAGRAM_HEADER.length;

  private static final Pattern ADDRESS = Pattern.compile("(?:.*udp:)?([^\\s:]+):([0-9]{1,5})");

  private final InetSocketAddress address;

  private XRayDaemon(InetSocketAddress address) {
    this.address = address;
  }

  /// The one that `AWS_XRAY_DAEMON_ADDRESS` names, for example `169.254.79.129:2000`, or
  /// `tcp:127.0.0.1:2000 udp:127.0.0.2:2001`; null where there is none.
  static @Nullable XRayDaemon of(Settings settings) {
    String address = settings.optional("AWS_XRAY_DAEMON_ADDRESS");
    Matcher matcher = ADDRESS.matcher(Objects.requireNonNullElse(address, ""));
    return matcher.matches()
        ? new XRayDaemon(
            new InetSocketAddress(matcher.group(1), Integer.parseInt(matcher.group(2))))
        : null;
  }

  /// A segment or subsegment as X-Ray takes it; nothing where it is too large.
  static Optional<byte[]> document(ObjectNode json) {
    byte[] document;
    try {
      document = MAPPER.writeValueAsBytes(json);
    } catch (IOException e) {
      throw new AssertionError("a tree of JSON can be written", e);
    }
    if (document.length <= DOCUMENT_BYTES_MAX) {
      return Optional.of(document);
    }
    LOG.warn("a trace document of {} bytes is not sent", document.length);
    return Optional.empty();
  }

  void send(List<byte[]> documents) {
    try (DatagramSocket socket = new DatagramSocket()) {
      for (byte[] document : documents) {
        byte[] datagram = new byte[DATAGRAM_HEADER.length + document.length];
        System.arraycopy(DATAGRAM_HEADER, 0, datagram, 0, DATAGRAM_HEADER.length);
        System.arraycopy(document, 0, datagram, DATAGRAM_HEADER.length, document.length);
        socket.send(new DatagramPacket(datagram, datagram.length, address));
      }
    } catch (IOException | RuntimeException e) { // an address that is not known, for example
      LOG.warn("{} trace documents were not sent: {}", documents.size(), e.getMessage());
    }
  }
}
