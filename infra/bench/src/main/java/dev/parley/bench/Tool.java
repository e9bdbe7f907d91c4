package dev.parley.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import dev.parley.bench.Report.Bound;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// `parley-local.jar` with a template of one function and no tables, as its users start it: without
/// options of the JVM.
///
/// - `start`: from the start of the process to its last line, [#STARTS] times, after one that is
///   not counted.
/// - `connections`: [#CONNECTS] connects, [#AT_ONCE] of them at once, each of which invokes the
///   function in one of two processes; and the resident memory of the jar's process before any, and
///   with [#IDLE] that are idle.
final class Tool {
  static final String START = "start";
  static final String CONNECTIONS = "connections";

  private static final int STARTS = 5;
  private static final int CONNECTS = 1_000;
  private static final int AT_ONCE = 50;
  private static final int IDLE = 10_000;
  private static final Path JAR = Path.of("infra", "tool", "target", "parley-local.jar");

  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: dev
            Routes:
              $connect: {FunctionArn: !GetAtt Hello.Arn}
              $default: {FunctionArn: !GetAtt Hello.Arn}
        Hello:
          Type: AWS::Serverless::Function
          Properties:
            Runtime: java25
            Timeout: 30
            CodeUri: code
            Handler: dev.parley.bench.Tool$Connecting
      """;

  private final Report report;

  Tool(Report report) {
    if (!Files.exists(JAR)) {
      throw new IllegalStateException(JAR + " is not there: package it, as README.md says");
    }
    this.report = report;
  }

  void run(List<String> steps) throws Exception {
    Path folder = Files.createTempDirectory("parley-bench-tool-");
    Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
    Path handler = folder.resolve("code/dev/parley/bench/Tool$Connecting.class");
    Files.createDirectories(handler.getParent());
    try (InputStream code =
        Objects.requireNonNull(Tool.class.getResourceAsStream("Tool$Connecting.class"))) {
      Files.copy(code, handler);
    }
    for (String step : steps) {
      if (step.equals(START)) {
        start(folder);
      } else {
        connections(folder);
      }
    }
  }

  private void start(Path folder) throws Exception {
    List<Double> seconds = new ArrayList<>();
    for (int i = 0; i <= STARTS; i++) {
      try (Started started = new Started(folder)) {
        if (i > 0) {
          seconds.add(started.seconds);
        }
      }
    }
    Map<String, Double> row = new LinkedHashMap<>();
    row.put("median s", Report.median(seconds));
    row.put("least s", Collections.min(seconds));
    row.put("most s", Collections.max(seconds));
    row.put("jar MB", Files.size(JAR) / 1e6);
    report.row("start to ready", row);
    report.target("start to ready, s", Report.median(seconds), Bound.AT_MOST, 2);
  }

  private void connections(Path folder) throws Exception {
    List<Socket> sockets = Collections.synchronizedList(new ArrayList<>());
    try (Started started = new Started(folder)) {
      double before = started.residentMb();
      double seconds = connect(started.address, CONNECTS, sockets);
      double after = started.residentMb();
      connect(started.address, IDLE - CONNECTS, sockets);
      double idle = started.residentMb();
      Map<String, Double> row = new LinkedHashMap<>();
      row.put("s", seconds);
      row.put("MB before", before);
      row.put("MB then", after);
      row.put("MB at " + IDLE, idle);
      row.put("KB each", (idle - before) * 1_000 / IDLE);
      report.row(CONNECTS + " connects", row);
      report.target(CONNECTS + " connects, s", seconds, Bound.AT_MOST, 5);
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  /// @return how many seconds it took
  private static double connect(URI address, int count, List<Socket> sockets) throws Exception {
    long begun = System.nanoTime();
    try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
      List<Future<Boolean>> connected = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        connected.add(threads.submit(() -> sockets.add(connect(address))));
      }
      for (Future<Boolean> each : connected) {
        each.get();
      }
    }
    return (System.nanoTime() - begun) / 1e9;
  }

  private static Socket connect(URI address) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), address.getPort());
    socket.getOutputStream().write(handshake(address).getBytes(US_ASCII));
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = socket.getInputStream().read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
    }
    if (!head.toString().startsWith("HTTP/1.1 101 ")) {
      socket.close();
      throw new IOException("no connection: " + head);
    }
    return socket;
  }

  private static String handshake(URI address) {
    return """
    GET %s HTTP/1.1\r
    Host: localhost:%d\r
    Upgrade: websocket\r
    Connection: Upgrade\r
    Sec-WebSocket-Version: 13\r
    Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r
    \r
    """
        .formatted(address.getPath(), address.getPort());
  }

  /// Takes each connection, and each frame.
  public static final class Connecting
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      return Map.of("statusCode", 200);
    }
  }

  /// The jar, once it is ready.
  private static final class Started implements AutoCloseable {
    private final Process process;
    private final double seconds;
    private final URI address;

    Started(Path folder) throws IOException {
      String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
      long begun = System.nanoTime();
      process =
          new ProcessBuilder(
                  java,
                  "-jar",
                  JAR.toAbsolutePath().toString(),
                  "template.yaml",
                  "--port=0",
                  "--xray-port=0",
                  "--quota=0",
                  "--functions=process")
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .start();
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
      String line = lines.readLine();
      while (line != null && !line.startsWith("Parley is ready: ")) {
        line = lines.readLine();
      }
      if (line == null) {
        throw new IOException("parley-local.jar does not start");
      }
      seconds = (System.nanoTime() - begun) / 1e9;
      address = URI.create(line.substring(line.indexOf("ws://")));
      Thread.startVirtualThread(() -> leave(lines));
    }

    /// Until the process has ended.
    private static void leave(BufferedReader lines) {
      try {
        while (lines.readLine() != null) {}
      } catch (IOException e) {
        // It was closed.
      }
    }

    /// NaN where this system does not tell.
    double residentMb() throws IOException {
      Path status = Path.of("/proc", Long.toString(process.pid()), "status");
      if (!Files.exists(status)) {
        return Double.NaN;
      }
      return Files.readAllLines(status).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1e3)
          .findFirst()
          .orElse(Double.NaN);
    }

    @Override
    public void close() {
      process.destroyForcibly().onExit().join();
    }
  }
}
