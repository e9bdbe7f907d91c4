package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.net.Loopback;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/// A client that speaks bytes: for frames that a well-behaved one does not send.
final class RawClient implements AutoCloseable {
  static final int TEXT = 1;
  static final int CONTINUATION = 0;
  static final int CLOSE = 8;
  static final int PING = 9;
  static final int PONG = 10;

  /// A frame from the server.
  ///
  /// @param last whether it ends its message
  @SuppressWarnings("ArrayRecordComponent") // frames are not compared
  record Frame(int opcode, boolean last, byte[] payload) {
    String text() {
      return new String(payload, UTF_8);
    }

    int closeCode() {
      return ((payload[0] & 0xff) << 8) | (payload[1] & 0xff);
    }
  }

  private final Socket socket = new Socket();
  private final DataInputStream in;
  private final DataOutputStream out;

  RawClient(int port) throws IOException {
    this(Loopback.V4, port);
  }

  RawClient(InetAddress address, int port) throws IOException {
    socket.setReceiveBufferSize(4 * 1024);
    socket.setSoTimeout(10_000);
    socket.connect(new InetSocketAddress(address, port));
    in = new DataInputStream(socket.getInputStream());
    out = new DataOutputStream(socket.getOutputStream());
  }

  static RawClient connected(int port) throws IOException {
    RawClient client = new RawClient(port);
    client.sendHandshake("/test");
    String head = client.readHead();
    assertTrue(head.startsWith("HTTP/1.1 101 "), head);
    return client;
  }

  void sendHandshake(String target) throws IOException {
    write(handshake(target, ""));
  }

  /// @param headers further lines
  static String handshake(String target, String headers) {
    return """
    GET %s HTTP/1.1\r
    Host: gateway.localhost\r
    Connection: Upgrade\r
    Upgrade: websocket\r
    Sec-WebSocket-Version: 13\r
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
    %s\r
    """
        .formatted(target, headers);
  }

  void write(String bytes) throws IOException {
    out.write(bytes.getBytes(ISO_8859_1));
    out.flush();
  }

  /// Up to the empty line.
  String readHead() throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) in.readUnsignedByte());
    }
    return head.toString();
  }

  String readBody(int bytes) throws IOException {
    return new String(in.readNBytes(bytes), ISO_8859_1);
  }

  /// With a mask of zeros.
  void send(int opcode, boolean last, byte[] payload) throws IOException {
    out.writeByte((last ? 0x80 : 0) | opcode);
    if (payload.length < 126) {
      out.writeByte(0x80 | payload.length);
    } else if (payload.length < 65_536) {
      out.writeByte(0x80 | 126);
      out.writeShort(payload.length);
    } else {
      out.writeByte(0x80 | 127);
      out.writeLong(payload.length);
    }
    out.writeInt(0);
    out.write(payload);
    out.flush();
  }

  /// Fragments that do not end their message, in one write.
  void sendFragments(int count, byte[] payload) throws IOException {
    ByteArrayOutputStream frames = new ByteArrayOutputStream();
    for (int i = 0; i < count; i++) {
      frames.write(CONTINUATION);
      frames.write(0x80 | payload.length);
      frames.writeBytes(new byte[4]);
      frames.writeBytes(payload);
    }
    out.write(frames.toByteArray());
    out.flush();
  }

  void sendText(String text) throws IOException {
    send(TEXT, true, text.getBytes(UTF_8));
  }

  Frame receive() throws IOException {
    int first = in.readUnsignedByte();
    int length = in.readUnsignedByte();
    if (length == 126) {
      length = in.readUnsignedShort();
    } else if (length == 127) {
      length = (int) in.readLong();
    }
    return new Frame(first & 0x0f, (first & 0x80) != 0, in.readNBytes(length));
  }

  /// Whether the server has closed the socket.
  boolean isAtEnd() throws IOException {
    return in.read() < 0;
  }

  /// As a process that is killed: the server sees a reset.
  void drop() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
