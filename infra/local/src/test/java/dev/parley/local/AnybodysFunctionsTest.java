package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.gateway.Client;
import dev.parley.local.lambda.JavaPackage;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Templates whose functions are in other languages, or are classes that this JVM does not have.
@Timeout(120)
final class AnybodysFunctionsTest {
  private static final Map<String, String> JAVA =
      Map.of(
          "fn/Plain.java",
"""
          package fn;

          import com.amazonaws.services.lambda.runtime.Context;
          import java.util.HashMap;
          import java.util.List;
import java.util.Map;

          public class Plain {
            public static class Frame {
              private String body;

              public String getBody() { return body; }
              public void setBody(String body) { this.body = body; }
            }

            public Map<String, Object> answer(Frame frame, Context context) {
              Map<String, Object> result = new HashMap<>();
              result.put("statusCode", 200);
              result.put("body", System.getenv("GREETING") + " " + frame.getBody());
              return result;
            }
          }
""",
          "fn/Interface.java",
"""
          package fn;

          import com.amazonaws.services.lambda.runtime.Context;
          import com.amazonaws.services.lambda.runtime.RequestHandler;
          import java.util.List;
import java.util.Map;

          public class Interface implements RequestHandler<Plain.Frame, Map<String, Object>> {
            public Map<String, Object> handleRequest(Plain.Frame frame, Context context) {
              return new Plain().answer(frame, context);
            }
          }
""");

  @TempDir private Path folder = Path.of("");

  private Path template(String function) throws Exception {
    return OneFunction.template(
        folder, "", "Timeout: 20\nEnvironment: {Variables: {GREETING: hello}}\n" + function);
  }

  private static String answer(Options options, String frame) throws Exception {
    try (LocalCloud cloud = OneFunction.start(options)) {
      Client client = Client.connect(HttpClient.newHttpClient(), cloud.webSocketUrl());
      client.send(frame);
      return client.receive();
    }
  }

  private String refusal(String function) throws Exception {
    Options options = Options.inMemory(template(function));
    StartException refused = assertThrows(StartException.class, () -> LocalCloud.start(options));
    return String.valueOf(refused.getMessage()).replace(folder.toString(), "…");
  }

  @Test
  void aPythonFunctionInAFolderAnswersAFrame() throws Exception {
    Files.createDirectory(folder.resolve("src"));
    Files.writeString(
        folder.resolve("src/app.py"),
        """
        import os

        def handler(event, context):
            if event["requestContext"]["eventType"] != "MESSAGE":
                raise ValueError(event)
            return {"statusCode": 200, "body": os.environ["GREETING"] + " " + event["body"]}
        """);
    Path template = template("Runtime: python3.12\nHandler: app.handler\nCodeUri: src/");

    assertEquals("hello Ada", answer(Options.inMemory(template), "Ada"));
  }

  @Test
  void aNodeFunctionInTheTemplateAnswersAFrame() throws Exception {
    Path template =
        template(
            """
            Runtime: nodejs20.x
            Handler: index.handler
            InlineCode: |
              exports.handler = async (event) => ({
                statusCode: 200,
                body: `${process.env.GREETING} ${event.body}`,
              });
            """);

    assertEquals("hello Ada", answer(Options.inMemory(template), "Ada"));
  }

  @Test
  void anUberJarRunsInProcessesWithBothKindsOfHandlers() throws Exception {
    Path jar =
        JavaPackage.jar(
            folder.resolve("target/app.jar"), JavaPackage.compile(folder.resolve("classes"), JAVA));
    String uri = "\nRuntime: java11\nCodeUri: " + folder.relativize(jar);

    for (String handler : List.of("fn.Plain::answer", "fn.Interface")) {
      Options options = Options.inMemory(template("Handler: " + handler + uri));
      assertEquals("hello Ada", answer(options, "Ada"), handler);
    }
  }

  @Test
  void whatCannotRunIsToldByNameWithTheWayOut() throws Exception {
    Files.createDirectory(folder.resolve("app"));
    Files.createFile(folder.resolve("app/pom.xml"));

    assertEquals(
        "Fn.Properties.CodeUri: …/app is a folder of sources: build it, and name what has come of"
            + " it (mvn package and its jar), or run sam build and give"
            + " .aws-sam/build/template.yaml",
        refusal("Runtime: java21\nHandler: fn.Plain::answer\nCodeUri: app"));
    assertEquals(
        "Fn.Properties.CodeUri: …/none.zip cannot be unpacked (NoSuchFileException): build it"
            + " (mvn -DskipTests package, or sam build), or correct the template",
        refusal("Runtime: python3.12\nHandler: app.handler\nCodeUri: none.zip"));
    assertEquals(
        "Fn.Properties.CodeUri: expected a zip, a jar or a folder of this machine",
        refusal("Runtime: nodejs20.x\nHandler: app.handler"));
    assertTrue(
        refusal("Runtime: go1.x\nHandler: main\nCodeUri: app")
            .startsWith("Fn.Properties.Runtime: `go1.x` does not run here, only java8.al2, "));
    assertEquals(
        "Fn.Properties.Runtime: provided.al2 runs the file bootstrap of the package, which has"
            + " none: build it, and let it be executable",
        refusal("Runtime: provided.al2\nHandler: main\nCodeUri: app"));
    assertEquals(
        "Fn.Properties.Handler: there is no class of fn.None in .: compile it, or correct the"
            + " template",
        refusal("Runtime: java21\nHandler: fn.None\nCodeUri: ."));
  }
}
