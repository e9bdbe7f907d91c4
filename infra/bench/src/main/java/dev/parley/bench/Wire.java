package dev.parley.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// The wire between a client and the gateway: counts what goes over it, in both directions, and can
/// be cut.
final class Wire implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 * 1024;

  private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final AtomicLong bytes = new AtomicLong();
  private final URI gateway;
  private volatile boolean isCut;

  /// @param gateway where clients would connect without it
  Wire(URI gateway) throws IOException {
    this.gateway = gateway;
    Thread.startVirtualThread(this::accept);
  }

  /// Where clients connect.
  URI url() {
    return URI.create("ws://127.0.0.1:%d%s".formatted(server.getLocalPort(), gateway.getPath()));
  }

  long bytes() {
    return bytes.get();
  }

  /// From now on nothing gets through.
  void cut() {
    isCut = true;
    sockets.forEach(Wire::close);
  }

  void mend() {
    isCut = false;
  }

  private void accept() {
    try {
      while (true) {
        Socket client = server.accept();
        if (isCut) {
          client.close();
        } else {
          Socket there = new Socket(gateway.getHost(), gateway.getPort());
          Thread.startVirtualThread(() -> copy(client, there));
          Thread.startVirtualThread(() -> copy(there, client));
        }
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void copy(Socket from, Socket to) {
    sockets.add(from);
    try (from;
        to;
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      from.setTcpNoDelay(true);
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int n = in.read(buffer); n >= 0 && !isCut; n = in.read(buffer)) {
        out.write(buffer, 0, n);
        bytes.addAndGet(n);
      }
    } catch (IOException e) {
      // The other side has gone, or it was cut.
    } finally {
      sockets.remove(from);
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone already.
    }
  }

  @Override
  public void close() throws IOException {
    cut();
    server.close();
  }
}
