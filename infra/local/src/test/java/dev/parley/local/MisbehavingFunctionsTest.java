package dev.parley.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.gateway.Client;
import dev.parley.local.lambda.JavaPackage;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A function in a process of its own that does harm, in each language and through the front door:
/// its frame gets an error, and all other frames their answers.
@Timeout(300)
final class MisbehavingFunctionsTest {
  private static final String PYTHON =
      """
      import os, sys

      def handler(event, context):
          body = event["body"]
          kept = []
          while "memory" in body:
              kept.append(bytearray(10_000_000))
          while "hang" in body:
              pass
          while "flood" in body:
              sys.stdout.write("x" * 100_000)
          if "exit" in body:
              os._exit(7)
          if "rubbish" in body:
              return ["no", 7, None]
          return {"statusCode": 200, "body": "fine"}
      """;

  private static final String NODE =
      """
      exports.handler = async ({ body }) => {
        const kept = [];
        while (body.includes('memory')) kept.push(new Array(1_000_000).fill(1.5));
        while (body.includes('hang')) {}
        const write = (done) => process.stdout.write('x'.repeat(100_000), done);
        while (body.includes('flood')) await new Promise(write);
        if (body.includes('exit')) process.exit(7);
        if (body.includes('rubbish')) return ['no', 7, null];
        return { statusCode: 200, body: 'fine' };
      };
      """;

  private static final String JAVA =
      """
      package fn;

      import com.amazonaws.services.lambda.runtime.Context;
      import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
      import java.io.IOException;
      import java.io.InputStream;
      import java.io.OutputStream;
      import java.util.ArrayList;
      import java.util.List;
      import java.util.Scanner;

      public class Harm implements RequestStreamHandler {
        public void handleRequest(InputStream in, OutputStream out, Context context)
            throws IOException {
          String event = new Scanner(in, "UTF-8").useDelimiter("\\\\A").next();
          List<byte[]> kept = new ArrayList<>();
          while (event.contains("memory")) { kept.add(new byte[10_000_000]); }
          while (event.contains("hang")) {}
          while (event.contains("flood")) { System.out.print(new String(new char[100_000])); }
          if (event.contains("exit")) { System.exit(7); }
          boolean rubbish = event.contains("rubbish");
          String fine = "{\\"statusCode\\":200,\\"body\\":\\"fine\\"}";
          out.write((rubbish ? "rub{bish" : fine).getBytes());
        }
      }
      """;

  @TempDir private Path folder = Path.of("");

  private Path template(String runtime, String handler, String code) throws Exception {
    return OneFunction.template(
        folder,
        "",
        "Timeout: 2\nMemorySize: 128\nRuntime: %s\nHandler: %s\n".formatted(runtime, handler)
            + code);
  }

  @ParameterizedTest
  @CsvSource({"python3.12", "nodejs20.x", "java21"})
  void harmCostsItsOwnInvocationAndNothingElse(String runtime) throws Exception {
    Path template =
        switch (runtime) {
          case "python3.12" ->
              template(runtime, "index.handler", "InlineCode: |\n" + PYTHON.indent(2));
          case "nodejs20.x" ->
              template(runtime, "index.handler", "InlineCode: |\n" + NODE.indent(2));
          default -> {
            Path classes =
                JavaPackage.compile(folder.resolve("classes"), Map.of("fn/Harm.java", JAVA));
            yield template(runtime, "fn.Harm", "CodeUri: " + folder.relativize(classes));
          }
        };
    PrintStream console = System.out;
    System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, UTF_8));
    try (LocalCloud cloud = OneFunction.start(Options.inMemory(template).withInProcesses(true))) {
      HttpClient http = HttpClient.newHttpClient();
      Client harming = Client.connect(http, cloud.webSocketUrl());
      Client other = Client.connect(http, cloud.webSocketUrl());
      for (String harm : List.of("exit", "rubbish", "memory", "hang", "flood")) {
        harming.send(harm);
        other.send("well");
        assertEquals("fine", patiently(other), harm);
        harming.send("well");

        Set<String> frames = new HashSet<>(List.of(patiently(harming), patiently(harming)));
        assertTrue(frames.remove("fine"), harm + ": " + frames);
        String error = frames.iterator().next();
        assertTrue(
            error.startsWith("{\"message\": \"Internal server error\", \"connectionId\":\""),
            harm + ": " + error);
      }
      assertEquals(2, cloud.apis().getFirst().gateway().connections());
    } finally {
      System.setOut(console);
    }
  }

  /// A process that has ended takes its time to start again.
  private static String patiently(Client client) throws Exception {
    Wait.until(client::hasSomething);
    return client.receive();
  }
}
