package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.faults.Faults;
import dev.parley.local.json.Json;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.xray.Tracing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Handlers in this JVM whose classes it does not have: they come from packages.
@Timeout(60)
final class LoadedHandlerTest {
  private static final Map<String, String> LIBRARY =
      Map.of(
          "lib/Settings.java",
          """
          package lib;

          public class Settings {
            public static String get(String name) {
              return System.getenv(name);
            }
          }
          """);

  private static final Map<String, String> SOURCES =
      Map.of(
          "fn/Reporting.java",
          """
          package fn;

          import com.amazonaws.services.lambda.runtime.Context;
          import com.amazonaws.services.lambda.runtime.RequestHandler;
          import java.util.LinkedHashMap;
          import java.util.Map;
          import java.util.function.UnaryOperator;

          public class Reporting implements RequestHandler<Reporting.Event, Map<String, Object>> {
            private static int invocations;

            public static class Event {
              private String body;
              private int exit = -1;

              public void setBody(String body) { this.body = body; }
              public void setExit(int exit) { this.exit = exit; }
            }

            public Map<String, Object> handleRequest(Event event, Context context) {
              if (event.exit >= 0) {
                System.exit(event.exit);
              }
              UnaryOperator<String> reference = System::getenv;
              Map<String, Object> report = new LinkedHashMap<>();
              report.put("body", event.body);
              report.put("invocations", ++invocations);
              report.put("called", System.getenv("OF_THE_TEMPLATE"));
              report.put("referred", reference.apply("OF_THE_TEMPLATE"));
              report.put("library", lib.Settings.get("OF_THE_TEMPLATE"));
              report.put("whole", System.getenv());
              report.put("time", System.currentTimeMillis() * 1.5 > 7_000_000_000L);
              report.put("cloud", isThere("dev.parley.local.LocalCloud"));
              report.put("netty", isThere("io.netty.channel.Channel"));
              report.put("resource", getClass().getResource("/fn/text.txt") != null);
              report.put(
                  "own",
                  Thread.currentThread().getContextClassLoader() == getClass().getClassLoader());
              report.put("trace", context.getXrayTraceId());
              return report;
            }

            private static boolean isThere(String type) {
              try {
                Class.forName(type);
                return true;
              } catch (ClassNotFoundException e) {
                return false;
              }
            }
          }
          """,
          "fn/Streaming.java",
          """
          package fn;

          import com.amazonaws.services.lambda.runtime.Context;
          import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
          import java.io.IOException;
          import java.io.InputStream;
          import java.io.OutputStream;

          public class Streaming implements RequestStreamHandler {
            public void handleRequest(InputStream in, OutputStream out, Context context)
                throws IOException {
              for (int b = in.read(); b >= 0; b = in.read()) {
                out.write(b);
              }
            }
          }
          """,
          "fn/Plain.java",
          """
          package fn;

          public class Plain {
            public String answer(String event) {
              return event;
            }
          }
          """);

  @SuppressWarnings("NullAway.Init") // set before the first test
  @TempDir
  static Path folder;

  @BeforeAll
  static void build() throws IOException {
    Path library = JavaPackage.compile(folder.resolve("library"), LIBRARY);
    Path classes = JavaPackage.compile(folder.resolve("classes"), SOURCES, library);
    Files.writeString(classes.resolve("fn/text.txt"), "text");
    JavaPackage.jar(classes.resolve("lib/library.jar"), library);
    JavaPackage.jar(folder.resolve("layer/java/lib/layered.jar"), library);
    JavaPackage.compile(
        folder.resolve("bare"), Map.of("fn/Plain.java", SOURCES.get("fn/Plain.java")));
  }

  private static LoadedHandler handler(String handler) throws IOException {
    return requireNonNull(LoadedHandler.of("f", handler, folder.resolve("classes"), List.of()));
  }

  private static LocalFunction function(String handler) throws IOException {
    return new LocalFunction(
        "f",
        null,
        handler(handler),
        Map.of("OF_THE_TEMPLATE", "yes"),
        Duration.ofSeconds(20),
        Faults.none(),
        null,
        Tracing.off(),
        new MetricStore());
  }

  private static String invoke(LocalFunction function, String event) {
    return new String(function.invoke(event.getBytes(UTF_8)), UTF_8);
  }

  @Test
  void itsEnvironmentAndItsClassesAreTheFunctionsOwn() throws Exception {
    LocalFunction function = function("fn.Reporting");

    JsonNode report = Json.MAPPER.readTree(invoke(function, "{\"body\":\"ä\"}"));

    String trace = report.path("trace").asText();
    assertTrue(trace.startsWith("Root=1-"), trace);
    assertEquals(
        Json.MAPPER.readTree(
            """
            {"body": "ä", "invocations": 1, "called": "yes", "referred": "yes",
             "library": "yes",
             "whole": {"OF_THE_TEMPLATE": "yes", "_X_AMZN_TRACE_ID": "%1$s"},
             "time": true, "cloud": false, "netty": false, "resource": true, "own": true,
             "trace": "%1$s"}
            """
                .formatted(trace)),
        report);
  }

  @Test
  void whatIsStaticBelongsToOneInstance() throws Exception {
    LoadedHandler handler = handler("fn.Reporting::handleRequest");
    LocalContext context = new LocalContext("f", null, "id", System.nanoTime(), "Root=1");
    for (int i = 0; i < 2; i++) {
      Instance instance = handler.create(Map.of(), InstantSource.system());
      for (int invocations = 1; invocations <= 2; invocations++) {
        byte[] result = instance.call("{}".getBytes(UTF_8), context);
        assertEquals(invocations, Json.MAPPER.readTree(result).path("invocations").asInt());
      }
      instance.end();
    }
  }

  @Test
  void aFunctionThatEndsItselfCostsItsInvocation() throws Exception {
    LocalFunction function = function("fn.Reporting");
    assertTrue(invoke(function, "{}").contains("\"invocations\":1"));

    FunctionError three = assertThrows(FunctionError.class, () -> invoke(function, "{\"exit\":3}"));
    FunctionError zero = assertThrows(FunctionError.class, () -> invoke(function, "{\"exit\":0}"));

    assertEquals("Runtime.ExitError", three.errorType());
    assertTrue(
        String.valueOf(three.getMessage())
            .matches("RequestId: .* Error: Runtime exited with error: exit status 3"),
        three.getMessage());
    assertTrue(
        String.valueOf(zero.getMessage()).endsWith("Runtime exited without providing a reason"),
        zero.getMessage());
    assertTrue(invoke(function, "{}").contains("\"invocations\":1"), "by a new instance");
  }

  @Test
  void aStreamHandlerGetsTheEventAsItIs() throws Exception {
    assertEquals("{\"a\" : 1}", invoke(function("fn.Streaming"), "{\"a\" : 1}"));
  }

  @Test
  void aLibraryMayBeInALayer() throws Exception {
    Path bare = JavaPackage.compile(folder.resolve("layered"), SOURCES, folder.resolve("library"));
    LoadedHandler handler =
        requireNonNull(
            LoadedHandler.of("f", "fn.Reporting", bare, List.of(folder.resolve("layer"))));
    LocalContext context = new LocalContext("f", null, "id", System.nanoTime(), "Root=1");

    Instance instance = handler.create(Map.of("OF_THE_TEMPLATE", "on"), InstantSource.system());

    JsonNode report = Json.MAPPER.readTree(instance.call("{}".getBytes(UTF_8), context));
    assertEquals("on", report.path("library").asText());
  }

  /// Lambda's classes of events come with the package: those of this JVM may be of another version.
  @Test
  void anEventOfLambdasLibraryIsReadAsLambdaReadsIt() throws Exception {
    Path events =
        Path.of(
            requireNonNull(APIGatewayV2WebSocketEvent.class.getProtectionDomain().getCodeSource())
                .getLocation()
                .toURI());
    Path code =
        JavaPackage.compile(
            folder.resolve("events"),
            Map.of(
                "fn/Typed.java",
                """
                package fn;

                import com.amazonaws.services.lambda.runtime.Context;
                import com.amazonaws.services.lambda.runtime.RequestHandler;
                import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
                import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketResponse;

                public class Typed
                    implements RequestHandler<
                        APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse> {
                  public APIGatewayV2WebSocketResponse handleRequest(
                      APIGatewayV2WebSocketEvent event, Context context) {
                    APIGatewayV2WebSocketResponse response = new APIGatewayV2WebSocketResponse();
                    response.setStatusCode(200);
                    response.setBody(
                        event.getRequestContext().getConnectionId()
                            + (event.getClass().getClassLoader() == getClass().getClassLoader()));
                    return response;
                  }
                }
                """),
            events);
    Files.createDirectory(code.resolve("lib"));
    Files.copy(events, code.resolve("lib/events.jar"));
    LoadedHandler handler = requireNonNull(LoadedHandler.of("f", "fn.Typed", code, List.of()));
    LocalContext context = new LocalContext("f", null, "id", System.nanoTime(), "Root=1");

    byte[] result =
        handler
            .create(Map.of(), InstantSource.system())
            .call("{\"requestContext\":{\"connectionId\":\"L0SM9\"}}".getBytes(UTF_8), context);

    assertEquals("L0SM9true", Json.MAPPER.readTree(result).path("body").asText());
  }

  @Test
  void aPlainMethodNeedsAProcess() throws Exception {
    Path bare = folder.resolve("bare");
    assertNull(LoadedHandler.of("f", "fn.Plain::answer", bare, List.of()));
    assertNull(LoadedHandler.of("f", "fn.Plain", bare, List.of()));
  }

  @Test
  void aClassThatThePackageLacksIsNamed() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> LoadedHandler.of("f", "fn.None", folder.resolve("bare"), List.of()));

    assertEquals("f: handler fn.None: there is no class fn.None", refused.getMessage());
  }
}
