package dev.parley.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import dev.parley.bench.Report.Bound;
import dev.parley.local.LocalCloud;
import dev.parley.local.Options;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A frame to a function that answers it, by the language in which that is written: how long the
/// first one takes, for which a process is started, and how long the others take beside a function
/// in the local cloud's own JVM.
///
/// - `cold ms`: the median of [#STARTS] first frames, each to a local cloud that has just started.
/// - `own ms`: the median time of the language's interpreter, or JVM, with a program that does
///   nothing, in the same run.
/// - `warm ms`, `beside ms`: the medians of [#ROUNDS] frames, taken in turn with the function in
///   the JVM. Both have answered [#WARM_UP] frames before.
final class Languages {
  private static final int STARTS = 7;
  private static final int WARM_UP = 500;
  private static final int ROUNDS = 1_000;
  private static final int ANSWER_SECONDS_MAX = 60;

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
              $default:
                FunctionArn: !GetAtt Echo.Arn
                RouteResponseSelectionExpression: $default
        Reply:
          Type: AWS::ApiGatewayV2::RouteResponse
          Properties: {ApiId: !Ref Api, RouteId: !Ref ApiDefaultRoute, RouteResponseKey: $default}
        Echo:
          Type: AWS::Serverless::Function
          Properties:
            Timeout: 60
      """;

  /// @param function the properties of the function in the template
  /// @param whereIs prints the path of the language's interpreter: what is in the `PATH` may be a
  ///     script that chooses among several
  /// @param nothing its arguments for a program that does nothing
  private record Language(String function, List<String> whereIs, List<String> nothing) {}

  private static final Map<String, Language> LANGUAGES = new LinkedHashMap<>();

  static {
    LANGUAGES.put(
        "python",
        new Language(
            """
            Runtime: python3.13
            Handler: index.handler
            InlineCode: |
              def handler(event, context):
                  return {"statusCode": 200, "body": event["body"]}
            """,
            List.of("python3", "-c", "import sys; print(sys.executable)"),
            List.of("-c", "pass")));
    LANGUAGES.put(
        "node",
        new Language(
            """
            Runtime: nodejs22.x
            Handler: index.handler
            InlineCode: |
              exports.handler = async (event) => ({ statusCode: 200, body: event.body });
            """,
            List.of("node", "-p", "process.execPath"),
            List.of("-e", "0")));
    LANGUAGES.put(
        "java",
        new Language(
            """
            Runtime: java25
            CodeUri: code
            Handler: %s::handleRequest
            """
                .formatted(Echo.class.getName()),
            List.of("echo", Path.of(System.getProperty("java.home"), "bin", "java").toString()),
            List.of("--version")));
  }

  static final List<String> NAMES = List.copyOf(LANGUAGES.keySet());

  private final Report report;

  Languages(Report report) {
    this.report = report;
  }

  void run(List<String> names) throws Exception {
    Path folder = Files.createTempDirectory("parley-bench-languages-");
    String file = Echo.class.getName().replace('.', '/') + ".class";
    Path handler = folder.resolve("code").resolve(file);
    Files.createDirectories(Objects.requireNonNull(handler.getParent()));
    try (InputStream code =
        Objects.requireNonNull(Languages.class.getResourceAsStream("/" + file))) {
      Files.copy(code, handler);
    }
    Language here =
        new Language(
            "Runtime: java25\nHandler: " + Echo.class.getName() + "\n", List.of(), List.of());
    for (String name : names) {
      measure(folder, name, Objects.requireNonNull(LANGUAGES.get(name)), here);
    }
  }

  private void measure(Path folder, String name, Language language, Language here)
      throws Exception {
    List<Double> cold = new ArrayList<>();
    List<Double> own = new ArrayList<>();
    List<String> nothing = new ArrayList<>(language.nothing());
    nothing.addFirst(answer(language.whereIs()));
    for (int i = 0; i < STARTS; i++) {
      long begun = System.nanoTime();
      var _ = answer(nothing);
      own.add((System.nanoTime() - begun) / 1e6);
      try (Started started = new Started(folder, language, true)) {
        cold.add(started.answeredMs());
      }
    }
    List<Double> warm = new ArrayList<>();
    List<Double> beside = new ArrayList<>();
    try (Started process = new Started(folder, language, true);
        Started jvm = new Started(folder, here, false)) {
      for (int i = -WARM_UP; i < ROUNDS; i++) {
        double inProcess = process.answeredMs();
        double inJvm = jvm.answeredMs();
        if (i >= 0) {
          warm.add(inProcess);
          beside.add(inJvm);
        }
      }
    }
    Map<String, Double> row = new LinkedHashMap<>();
    row.put("cold ms", Report.median(cold));
    row.put("own ms", Report.median(own));
    row.put("warm ms", Report.median(warm));
    row.put("beside ms", Report.median(beside));
    report.row(name, row);
    report.target(
        name + ": cold less its own, ms",
        Report.median(cold) - Report.median(own),
        Bound.AT_MOST,
        1_000);
    report.target(
        name + ": warm less beside, ms",
        Report.median(warm) - Report.median(beside),
        Bound.AT_MOST,
        5);
  }

  private static String answer(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectInput(new File("/dev/null")).start();
    String printed = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    if (process.waitFor() != 0) {
      throw new IOException(command + " failed");
    }
    return printed;
  }

  /// Answers each frame with itself.
  public static final class Echo
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      return Map.of("statusCode", 200, "body", Objects.requireNonNull(event.get("body")));
    }
  }

  /// A local cloud with one function, and a client.
  private static final class Started implements AutoCloseable, WebSocket.Listener {
    private final LocalCloud cloud;
    private final HttpClient http = HttpClient.newHttpClient();
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final WebSocket socket;

    Started(Path folder, Language language, boolean inProcesses) throws Exception {
      Path template = Files.createTempFile(folder, "template", ".yaml");
      Files.writeString(template, TEMPLATE + language.function().indent(6));
      cloud = LocalCloud.start(Options.inMemory(template).withInProcesses(inProcesses));
      socket = http.newWebSocketBuilder().buildAsync(cloud.webSocketUrl(), this).get();
    }

    double answeredMs() throws Exception {
      long begun = System.nanoTime();
      var _ = socket.sendText("frame", true).get();
      if (!"frame".equals(answers.poll(ANSWER_SECONDS_MAX, TimeUnit.SECONDS))) {
        throw new IOException("the function does not answer");
      }
      return (System.nanoTime() - begun) / 1e6;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
      answers.add(text.toString());
      from.request(1);
      return null;
    }

    @Override
    public void close() {
      http.shutdownNow();
      cloud.close();
    }
  }
}
