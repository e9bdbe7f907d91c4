package dev.parley.platform;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// Stands in for all services that a function calls, on this machine: it gives every request the
/// same answer, and closes the connection. It has an X-Ray daemon too, which listens to nothing.
final class StandIn implements AutoCloseable {
  private static final int BACKLOG_MAX = 50;

  /// Who connects asks at once. One who does not is not waited for.
  private static final int REQUEST_MS_MAX = 5_000;

  private final ServerSocket server;
  private final DatagramSocket daemon;
  private final ExecutorService accepting = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger calls = new AtomicInteger();
  private final byte[] answer;

  /// @param answer JSON
  StandIn(byte[] answer) throws IOException {
    this.answer = answer;
    server = new ServerSocket(0, BACKLOG_MAX, InetAddress.getLoopbackAddress());
    daemon = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    accepting.execute(this::accept);
  }

  boolean wasCalled() {
    return calls.get() > 0;
  }

  /// Leads a function here, whatever it calls.
  Map<String, String> environment() {
    String url = "http://127.0.0.1:" + server.getLocalPort();
    return Map.of(
        "AWS_ENDPOINT_URL_DYNAMODB", url,
        "AWS_ENDPOINT_URL_SQS", url,
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", url,
        "AWS_ENDPOINT_URL_XRAY", url,
        "AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:" + daemon.getLocalPort());
  }

  private void accept() {
    try (ExecutorService answers = Executors.newVirtualThreadPerTaskExecutor()) {
      while (!server.isClosed()) {
        try {
          Socket socket = server.accept();
          answers.execute(() -> answer(socket));
        } catch (IOException e) {
          // It was closed.
        }
      }
    }
  }

  private void answer(Socket socket) {
    try (socket;
        InputStream in = new BufferedInputStream(socket.getInputStream());
        OutputStream out = socket.getOutputStream()) {
      socket.setSoTimeout(REQUEST_MS_MAX);
      int length = 0;
      for (String line = line(in); !line.isEmpty(); line = line(in)) {
        String header = line.toLowerCase(Locale.ROOT);
        if (header.startsWith("content-length:")) {
          length = Integer.parseInt(header.substring("content-length:".length()).strip());
        } else if (header.startsWith("expect:")) {
          out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(ISO_8859_1));
        }
      }
      in.readNBytes(length);
      calls.incrementAndGet();
      String head =
          "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
              + "Content-Length: %d\r\nConnection: close\r\n\r\n".formatted(answer.length);
      out.write(head.getBytes(ISO_8859_1));
      out.write(answer);
    } catch (IOException e) {
      // The caller has gone.
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      line.append((char) c);
    }
    return line.toString().strip();
  }

  /// Waits for answers that are under way, also to those who connect just now: no socket is left.
  @Override
  public void close() throws IOException {
    daemon.close();
    server.close();
    accepting.close();
  }
}
