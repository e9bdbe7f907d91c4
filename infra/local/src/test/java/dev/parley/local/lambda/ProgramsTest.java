package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.Wait;
import dev.parley.local.aws.LocalClients;
import dev.parley.local.faults.Faults;
import dev.parley.local.json.Json;
import dev.parley.local.lambda.FunctionProcess.Program;
import dev.parley.local.lambda.FunctionProcesses.Limits;
import dev.parley.local.metrics.FunctionOutput;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.template.FunctionResource;
import dev.parley.local.xray.Tracing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Functions in Python, in Node and of their own runtime. Where the machine lacks a language, its
/// tests are skipped with what is told then.
@Timeout(120)
final class ProgramsTest {
  private static final String PYTHON = "python3.13";
  private static final String NODE = "nodejs22.x";

  /// What a simple handler is in a file of its language.
  private static final Map<String, String> INDEX = Map.of(PYTHON, "index.py", NODE, "index.js");

  @SuppressWarnings("NullAway.Init") // set before the first test
  private static ProcessHost host;

  private static final String NOT_SERVED =
      "sts.amazonaws.com is not served here, and no function reaches the real AWS";

  @TempDir private Path folder = Path.of("");
  private final List<LocalFunction> functions = new ArrayList<>();
  private final MetricStore metrics = new MetricStore();

  @BeforeAll
  static void start() throws IOException {
    host = new ProcessHost(Fence.closed());
  }

  @AfterAll
  static void stop() throws Exception {
    host.close();
  }

  @AfterEach
  void close() {
    functions.forEach(LocalFunction::close);
  }

  // ---- All languages

  @Test
  void aPythonFunctionIsToldOfItsInvocationAsOnAws() throws Exception {
    write(
        "index.py",
        """
        import os

        def handler(event, context):
            return {
                "event": event,
                "id": context.aws_request_id,
                "name": context.function_name,
                "version": context.function_version,
                "arn": context.invoked_function_arn,
                "memory": context.memory_limit_in_mb,
                "group": context.log_group_name,
                "stream": context.log_stream_name,
                "identity": context.identity.cognito_identity_id,
                "client": context.client_context,
                "remaining": context.get_remaining_time_in_millis(),
                "folder": os.getcwd(),
                "environment": dict(os.environ),
            }
        """);

    assertIsTold(PYTHON, "\"256\"", "AWS_Lambda_python3.13");
  }

  @Test
  void aNodeFunctionIsToldOfItsInvocationAsOnAws() throws Exception {
    write(
        "index.js",
        """
        exports.handler = async (event, context) => ({
          event,
          id: context.awsRequestId,
          name: context.functionName,
          version: context.functionVersion,
          arn: context.invokedFunctionArn,
          memory: context.memoryLimitInMB,
          group: context.logGroupName,
          stream: context.logStreamName,
          identity: context.identity ?? null,
          client: context.clientContext ?? null,
          remaining: context.getRemainingTimeInMillis(),
          folder: process.cwd(),
          environment: process.env,
        });
        """);

    assertIsTold(NODE, "\"256\"", "AWS_Lambda_nodejs22.x");
  }

  private void assertIsTold(String runtime, String memory, String executionEnvironment)
      throws IOException {
    LocalFunction function = function(runtime, "index.handler");
    String event = "{\"requestContext\":{\"routeKey\":\"$connect\"},\"body\":\"ä €\"}";

    JsonNode first = json(invoke(function, event));
    JsonNode second = json(invoke(function, "[1]"));

    assertEquals(event, first.path("event").toString());
    assertEquals("[1]", second.path("event").toString());
    assertTrue(first.path("id").asText().matches("[0-9a-f-]{36}"), first::toString);
    assertEquals("f", first.path("name").asText());
    assertEquals("$LATEST", first.path("version").asText());
    assertEquals("arn:aws:lambda:us-east-1:000000000000:function:f", first.path("arn").asText());
    assertEquals(memory, first.path("memory").toString());
    assertEquals("/aws/lambda/f", first.path("group").asText());
    assertEquals("local", first.path("stream").asText());
    assertTrue(first.path("identity").isNull(), first::toString);
    assertTrue(first.path("client").isNull(), first::toString);
    int remaining = first.path("remaining").asInt();
    assertTrue(remaining > 0 && remaining <= 20_000, remaining + " ms");
    assertEquals(folder.toRealPath().toString(), first.path("folder").asText());
    JsonNode environment = first.path("environment");
    Set<String> names = new TreeSet<>();
    environment.fieldNames().forEachRemaining(names::add);
    names.remove("LC_CTYPE"); // Python sets it where this machine does not have the LANG
    Set<String> expected = new TreeSet<>(FunctionProcessesTest.ENVIRONMENT);
    // By these runtimes.
    expected.addAll(Set.of("LAMBDA_RUNTIME_DIR", "LD_LIBRARY_PATH", "_X_AMZN_TRACE_ID"));
    if (runtime.equals(NODE)) {
      expected.add("NODE_PATH");
      assertEquals(folder.toString(), environment.path("NODE_PATH").asText());
    }
    assertEquals(expected, names);
    assertEquals(executionEnvironment, environment.path("AWS_EXECUTION_ENV").asText());
    assertEquals("index.handler", environment.path("_HANDLER").asText());
    assertEquals(
        folder + ":" + folder.resolve("lib"), environment.path("LD_LIBRARY_PATH").asText());
    String trace = environment.path("_X_AMZN_TRACE_ID").asText();
    assertTrue(trace.matches("Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=0"), trace);
    assertFalse(trace.equals(second.at("/environment/_X_AMZN_TRACE_ID").asText()), trace);
    assertFalse(Files.exists(folder.resolve("__pycache__")), "it writes nothing into the package");
  }

  @ParameterizedTest
  @CsvSource({
    PYTHON + ", sub/deep/module.answer",
    PYTHON + ", sub.deep.module.answer",
    NODE + ", sub/deep/module.answer",
    NODE + ", sub/deep/module.nested.answer"
  })
  void aHandlerMayBeInAFolder(String runtime, String handler) throws Exception {
    write("sub/deep/module.py", "def answer(event, context):\n    return 'here'\n");
    write(
        "sub/deep/module.js",
        """
        exports.answer = async () => 'here';
        exports.nested = { answer: exports.answer };
        """);

    assertEquals("\"here\"", invoke(function(runtime, handler), "{}"));
  }

  @Test
  void codeMayBeInTheTemplate() throws Exception {
    Map<String, String> codes =
        Map.of(
            PYTHON, "def handler(event, context):\n    return {'statusCode': 200}\n",
            NODE, "exports.handler = async () => ({ statusCode: 200 });\n");
    for (Map.Entry<String, String> code : codes.entrySet()) {
      String runtime = code.getKey();
      Path root = host.write(Programs.inlineFile(runtime), code.getValue());

      assertEquals(
          "{\"statusCode\":200}",
          invoke(function(runtime, "index.handler", root, List.of(), Map.of()), "{}")
              .replace(" ", ""));
    }
    for (String runtime : List.of("java21", "provided.al2023")) {
      assertThrows(IllegalArgumentException.class, () -> Programs.inlineFile(runtime));
    }
  }

  @Test
  void ofTwoLayersTheLaterOneWins() throws Exception {
    for (Path layer : layers()) {
      String name = layer.getFileName().toString();
      write(layer, "python/layered.py", "NAME = '" + name + "'\n");
      write(layer, "nodejs/node_modules/layered/index.js", "exports.NAME = '" + name + "';\n");
    }
    Path first = layers().getFirst();
    write(first, "python/lib/python3.13/site-packages/only.py", "NAME = 'only'\n");
    write(first, "nodejs/node22/node_modules/only/index.js", "exports.NAME = 'only';\n");
    write(
        "index.py",
        """
        import layered, only

        def handler(event, context):
            return layered.NAME + ' ' + only.NAME
        """);
    write(
        "index.js",
        """
        const layered = require('layered');
        const only = require('only');
        exports.handler = async () => `${layered.NAME} ${only.NAME}`;
        """);

    for (String runtime : INDEX.keySet()) {
      LocalFunction function = function(runtime, "index.handler", folder, layers(), Map.of());
      assertEquals("\"second only\"", invoke(function, "{}"), runtime);
    }
  }

  private List<Path> layers() {
    return List.of(folder.resolve("first"), folder.resolve("second"));
  }

  @ParameterizedTest
  @CsvSource({PYTHON + ", ValueError", NODE + ", RangeError"})
  void whatAHandlerThrowsIsReportedWithItsTypeAndStackAndTheProcessIsUsedAgain(
      String runtime, String type) throws Exception {
    write(
        "index.py",
        """
        import os

        def deeper(event):
            raise ValueError("no ä")

        def handler(event, context):
            return os.getpid() if event == "process" else deeper(event)
        """);
    write(
        "index.js",
        """
        function deeper() {
          throw new RangeError('no ä');
        }
        exports.handler = async (event) => (event === 'process' ? process.pid : deeper());
        """);
    LocalFunction function = function(runtime, "index.handler");
    String process = invoke(function, "\"process\"");

    List<String> printed = printed(() -> assertFails(function, "{}", type, "no ä"), "deeper");

    assertTrue(printed.getFirst().matches("f: .*ERROR.*" + type + ": no ä"), printed::toString);
    FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "{}"));
    assertTrue(
        Arrays.stream(error.getStackTrace()).anyMatch(f -> f.getMethodName().equals("deeper")),
        () -> Arrays.toString(error.getStackTrace()));
    assertEquals(process, invoke(function, "\"process\""));
  }

  @ParameterizedTest
  @CsvSource({
    PYTHON + ", none.handler, Runtime.ImportModuleError",
    PYTHON + ", index.none, Runtime.HandlerNotFound",
    PYTHON + ", index, Runtime.MalformedHandlerName",
    PYTHON + ", wrong.handler, Runtime.UserCodeSyntaxError",
    PYTHON + ", sys.handler, Runtime.BuiltInModuleConflict",
    PYTHON + ", importing.handler, Runtime.ImportModuleError",
    PYTHON + ", throwing.handler, KeyError",
    NODE + ", none.handler, Runtime.ImportModuleError",
    NODE + ", index.none, Runtime.HandlerNotFound",
    NODE + ", index.text, Runtime.HandlerNotFound",
    NODE + ", index, Runtime.MalformedHandlerName",
    NODE + ", ../index.handler, Runtime.MalformedHandlerName",
    NODE + ", wrong.handler, Runtime.UserCodeSyntaxError",
    NODE + ", importing.handler, Runtime.ImportModuleError",
    NODE + ", throwing.handler, TypeError"
  })
  void whatCannotBeInitialisedFailsEveryInvocation(String runtime, String handler, String type)
      throws Exception {
    write("index.py", "def handler(event, context):\n    return event\n");
    write("wrong.py", "def handler(event, context)\n    return event\n");
    write("importing.py", "import nobody_has_this\n");
    write("throwing.py", "{}['a']\n");
    write("index.js", "exports.handler = async (event) => event;\nexports.text = 'a';\n");
    write("wrong.js", "exports.handler = async (event => event;\n");
    write("importing.js", "require('nobody-has-this');\n");
    write("throwing.js", "null.a;\n");
    LocalFunction function = function(runtime, handler);

    for (int i = 0; i < 2; i++) {
      FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "{}"));
      assertEquals(type, error.errorType(), error.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({
    PYTHON + ", Runtime.MarshalError, 'Unable to marshal response: .*set.*'",
    NODE + ", Runtime.JSONStringifyError, Unable to stringify response body"
  })
  void aResultThatIsNoJsonFailsItsInvocation(String runtime, String type, String message)
      throws Exception {
    write("index.py", "def handler(event, context):\n    return {1} if event else None\n");
    write("index.js", "exports.handler = async (event) => (event ? { a: 1n } : undefined);\n");
    LocalFunction function = function(runtime, "index.handler");

    assertFails(function, "1", type, message);
    assertEquals("null", invoke(function, "0"));
  }

  @ParameterizedTest
  @ValueSource(strings = {PYTHON, NODE})
  void aFunctionThatEndsFloodsOrHangsCostsItsInvocation(String runtime) throws Exception {
    write(
        "index.py",
        """
        import os, sys

        def handler(event, context):
            if event == "exit":
                sys.exit(7)
            while event == "hang":
                pass
            if event == "flood":
                while True:
                    sys.stdout.write("x" * 100_000)
            return event
        """);
    write(
        "index.js",
        """
        exports.handler = async (event) => {
          if (event === 'exit') process.exit(7);
          while (event === 'hang') {}
          const write = (done) => process.stdout.write('x'.repeat(100_000), done);
          while (event === 'flood') await new Promise(write);
          return event;
        };
        """);
    LocalFunction function = function(runtime, "index.handler", folder, List.of(), Map.of(), 2);

    String exited = "RequestId: .* Error: Runtime exited with error: exit status 7";
    assertFails(function, "\"exit\"", "Runtime.ExitError", exited);
    assertFails(function, "\"hang\"", "Sandbox.Timedout", ".*timed out after 2.00 seconds");
    List<String> printed =
        printed(
            () -> assertFails(function, "\"flood\"", "Sandbox.Timedout", ".*timed out.*"), "xxx");

    int longest = printed.stream().mapToInt(String::length).max().orElseThrow();
    assertEquals("f: ".length() + FunctionProcess.LINE_CHARACTERS_MAX, longest);
    assertEquals("\"still\"", invoke(function, "\"still\""));
  }

  @ParameterizedTest
  @ValueSource(strings = {PYTHON, NODE})
  void aResultBeyondTheBoundFailsItsInvocation(String runtime) throws Exception {
    write("index.py", "def handler(event, context):\n    return 'x' * event\n");
    write("index.js", "exports.handler = async (event) => 'x'.repeat(event);\n");
    LocalFunction function = function(runtime, "index.handler");

    assertFails(
        function,
        Integer.toString(RuntimeApi.PAYLOAD_BYTES_MAX),
        "Function.ResponseSizeTooLarge",
        ".*exceeded maximum allowed payload size.*");
    assertEquals("\"xx\"", invoke(function, "2"));
  }

  /// An edited file is what runs: a folder is used where it is.
  @ParameterizedTest
  @ValueSource(strings = {PYTHON, NODE})
  void aProcessThatStartsRunsWhatIsInTheFolderThen(String runtime) throws Exception {
    write("index.py", "def handler(event, context):\n    return 1\n");
    write("index.js", "exports.handler = async () => 1;\n");
    assertEquals("1", invoke(function(runtime, "index.handler"), "{}"));

    write("index.py", "def handler(event, context):\n    return 2\n");
    write("index.js", "exports.handler = async () => 2;\n");

    assertEquals("2", invoke(function(runtime, "index.handler"), "{}"));
  }

  // ---- Python

  @Test
  void numbersOfDynamoDbAreNumbersInAPythonFunctionsResult() throws Exception {
    write(
        "index.py",
        """
        from decimal import Decimal

        def handler(event, context):
            return [Decimal("7"), Decimal("1.5"), "ä"]
        """);

    assertEquals("[7, 1.5, \"ä\"]", invoke(function(PYTHON, "index.handler"), "{}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"body": base64.b64encode("ä".encode())}        | {"body": "w6Q="}
          json.dumps({"ok": True}).encode()               | {"ok": true}
          "tenant_id" in vars(context)                    | true
          str(context)[:48].split("=")[0]                 | "LambdaContext([aws_request_id"
          resource.NAME                                   | "the function's"
          """)
  void aPythonFunctionMayReturnOrUseWhatItMayOnAws(String returned, String result)
      throws Exception {
    write("resource.py", "NAME = \"the function's\"\n");
    write(
        "index.py",
        """
        import base64, json, resource

        def handler(event, context):
            return %s
        """
            .formatted(returned));

    assertEquals(result, invoke(function(PYTHON, "index.handler"), "{}"));
  }

  /// Lambda gives a function 1,024 threads.
  @Test
  void aPythonFunctionHasThreadsAndProcessesOfItsOwn() throws Exception {
    write(
        "index.py",
        """
        import multiprocessing, threading

        def twice(number, pipe):
            pipe.send(2 * number)

        def handler(event, context):
            together = threading.Barrier(1_000)
            threads = [threading.Thread(target=together.wait) for _ in range(999)]
            for thread in threads:
                thread.start()
            together.wait()
            spawning = multiprocessing.get_context("spawn")
            ours, its = spawning.Pipe()
            process = spawning.Process(target=twice, args=(21, its))
            process.start()
            answer = ours.recv() if ours.poll(60) else None
            process.join()
            return answer
        """);
    LocalFunction function = function(PYTHON, "index.handler", folder, List.of(), Map.of(), 100);

    assertEquals("42", invoke(function, "{}"));
  }

  /// It would be the Runtime API's, too, which is waited for as long as nobody calls.
  @Test
  void aPythonFunctionsTimeoutOfSocketsIsItsOwn() throws Exception {
    write(
        "index.py",
        """
        import os, socket

        socket.setdefaulttimeout(0.000001)

        def handler(event, context):
            return os.getpid()
        """);
    LocalFunction function = function(PYTHON, "index.handler");

    assertEquals(invoke(function, "{}"), invoke(function, "{}"));
  }

  @Test
  void whatAPythonFunctionLogsIsPrintedWithItsLevelAndRequest() throws Exception {
    write(
        "index.py",
        """
        import logging
        import sys

        logging.getLogger().setLevel(logging.INFO)

        def handler(event, context):
            logging.info("logged")
            print("printed")
            print("erred", file=sys.stderr)
        """);
    LocalFunction function = function(PYTHON, "index.handler");

    List<String> lines = printed(() -> invoke(function, "{}"), "erred");

    assertTrue(
        lines
            .getFirst()
            .matches("f: \\[INFO]\t20[0-9-]+T[0-9:]+\\.[0-9]{3}Z\t[0-9a-f-]{36}\tlogged"),
        lines::toString);
    assertEquals(List.of("f: printed", "f: erred"), lines.subList(1, 3));
  }

  @Test
  void aPythonFunctionThatTakesAllMemoryCostsItsInvocation() throws Exception {
    write(
        "index.py",
        """
        def handler(event, context):
            kept = []
            while event == "all":
                kept.append(bytearray(10_000_000))
            return event
        """);
    LocalFunction function = function(PYTHON, "index.handler");

    assertFails(function, "\"all\"", "MemoryError", "");
    assertEquals("\"some\"", invoke(function, "\"some\""));
  }

  // ---- Node

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          (event, context, callback) => { callback(null, 'called'); }               | "called"
          (event, context, callback) => { setTimeout(() => callback(null, 1), 20); } | 1
          (event, context, callback) => { callback(null, 1); callback(null, 2); }    | 1
          (event, context) => { context.succeed('legacy'); }                         | "legacy"
          (event, context) => { context.done(null, 'legacy'); }                      | "legacy"
          (event) => Promise.resolve(event)                                          | {}
          (event) => 'not awaited'                                                   | null
          (event) => { setTimeout(() => {}, 20); }                                   | null
          async (event, context, callback) => { callback(null, 'first'); return 2; } | "first"
          """)
  void aNodeHandlerEndsByItsPromiseOrItsCallback(String handler, String result) throws Exception {
    write("index.js", "exports.handler = " + handler + ";\n");
    LocalFunction function = function(NODE, "index.handler");

    assertEquals(result, invoke(function, "{}"));
    assertEquals(result, invoke(function, "{}"));
  }

  /// A queue would otherwise delete its messages as handled.
  @ParameterizedTest
  @ValueSource(strings = {NODE, "nodejs24.x"})
  void aPromiseThatIsNeverSettledFailsItsInvocation(String runtime) throws Exception {
    write(
        "index.js",
        """
        exports.handler = async (event) => {
          if (event === 'never') await new Promise(() => {});
          return process.pid;
        };
        """);
    LocalFunction function = function(runtime, "index.handler");
    String process = invoke(function, "{}");

    assertFails(function, "\"never\"", "Runtime.NodeJsExit", ".*was never settled.*");
    assertEquals(process, invoke(function, "{}"));
  }

  @Test
  void aCallbackWaitsForTheEventLoopUnlessItIsToldNotTo() throws Exception {
    write(
        "index.js",
        """
        let late = 0;
        exports.handler = (event, context, callback) => {
          context.callbackWaitsForEmptyEventLoop = event.waits;
          const result = { get late() { return late; } };
          setTimeout(() => { late++; }, event.ms);
          callback(null, result);
        };
        """);
    LocalFunction function = function(NODE, "index.handler");

    assertEquals("{\"late\":1}", invoke(function, "{\"waits\":true,\"ms\":10}"));
    assertEquals("{\"late\":1}", invoke(function, "{\"waits\":false,\"ms\":60000}"));
  }

  @Test
  void anErrorOfACallbackOrWhatIsNoErrorIsReported() throws Exception {
    write(
        "index.js",
        """
        exports.handler = (event, context, callback) => {
          if (event === 'callback') callback(new SyntaxError('called'));
          else if (event === 'text') callback('only text');
          else if (event === 'later') setTimeout(() => { throw new Error('later'); }, 1);
          else if (event === 'rejected') Promise.reject(new Error('nobody'));
          else throw new EvalError('thrown');
        };
        """);
    LocalFunction function = function(NODE, "index.handler");

    assertFails(function, "\"callback\"", "SyntaxError", "called");
    assertFails(function, "\"text\"", "string", "only text");
    assertFails(function, "\"thrown\"", "EvalError", "thrown");
    assertFails(function, "\"later\"", "Error", "later");
    assertFails(function, "\"rejected\"", "Runtime.UnhandledPromiseRejection", "Error: nobody");
  }

  @Test
  void aNodeFunctionMayBeAModule() throws Exception {
    write(
        "a.mjs",
        "const answer = await Promise.resolve('a');\nexport const handler = async () => answer;\n");
    write("b.cjs", "module.exports = { handler: async () => 'b' };\n");
    write("module/package.json", "{\"type\": \"module\"}");
    write(
        "module/c.js",
        "import fs from 'node:fs';\nexport async function handler() { return typeof fs; }\n");

    assertEquals("\"a\"", invoke(function(NODE, "a.handler"), "{}"));
    assertEquals("\"b\"", invoke(function(NODE, "b.handler"), "{}"));
    assertEquals("\"object\"", invoke(function(NODE, "module/c.handler"), "{}"));
  }

  /// As TypeScript makes it.
  @Test
  void aHandlerMayBeTheDefaultOfCommonJs() throws Exception {
    write("index.js", "exports.default = async () => 'default';\n");

    assertEquals("\"default\"", invoke(function(NODE, "index.default"), "{}"));
  }

  @Test
  void aModuleFindsPackagesOfItsLayersToo() throws Exception {
    for (Path layer : layers()) {
      String of = "nodejs/node_modules/layered/";
      write(layer, of + "package.json", "{\"exports\": {\"import\": \"./only.mjs\"}}");
      write(layer, of + "only.mjs", "export const NAME = '" + layer.getFileName() + "';\n");
    }
    write(
        "index.mjs",
        """
        import { NAME } from 'layered';
        export const handler = async (event) => (event ? (await import(event)).a : NAME);
        """);
    LocalFunction function = function(NODE, "index.handler", folder, layers(), Map.of());

    assertEquals("\"second\"", invoke(function, "0"));
    assertFails(function, "\"nobody-has-this\"", "Error", "Cannot find package .*");
    assertFails(function, "\"./none.mjs\"", "Error", "Cannot find module .*");
  }

  /// "Building Lambda functions with Node.js", Lambda developer guide: unless it is asked for.
  @Test
  void aModuleInAPlainFileIsRefused() throws Exception {
    write("index.js", "export const handler = async () => 'module';\n");

    assertFails(function(NODE, "index.handler"), "{}", "Runtime.UserCodeSyntaxError", ".*export.*");
  }

  @Test
  void aNodeFunctionFindsFilesOfItsPackageAndMayReplaceHttp() throws Exception {
    write("utils/answer.js", "exports.ANSWER = 42;\n");
    write(
        "index.js",
        """
        const http = require('http');
        http.request = http.Agent = () => { throw new Error('is a step of the trace'); };
        exports.handler = async () => require('utils/answer').ANSWER;
        """);
    LocalFunction function = function(NODE, "index.handler");

    assertEquals("42", invoke(function, "{}"));
    assertEquals("42", invoke(function, "{}"));
  }

  /// "Lambda functions in Node.js 24", Lambda developer guide.
  @Test
  void fromNode24OnThereAreNoCallbacks() throws Exception {
    write(
        "index.js",
        """
        exports.plain = () => 'returned';
        exports.old = (event, context, callback) => callback(null, 'called');
        """);

    assertEquals("\"returned\"", invoke(function("nodejs24.x", "index.plain"), "{}"));
    assertFails(
        function("nodejs24.x", "index.old"), "{}", "Runtime.CallbackHandlerDeprecated", ".*");
  }

  // ---- The fence

  @ParameterizedTest
  @ValueSource(
      strings = {
        "socket.create_connection(('STS.amazonaws.com.', 443))",
        "socket.socket().connect(('sts.amazonaws.com', 443))",
        "socket.socket().connect_ex((b'sts.amazonaws.com', 443))",
        "ssl.create_default_context().wrap_socket(socket.socket(),"
            + " server_hostname='a').connect(('sts.amazonaws.com', 443))",
        "socket.gethostbyname('sts.amazonaws.com')",
        "socket.gethostbyname_ex('sts.amazonaws.com')"
      })
  void aPythonFunctionNamesNoHostOfAwsInWhateverWay(String call) throws Exception {
    write(
        "index.py",
        """
        import socket, ssl

        def handler(event, context):
            %s
        """
            .formatted(call));

    assertFails(function(PYTHON, "index.handler"), "{}", "gaierror", ".*" + NOT_SERVED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "net.connect(443, 'sts.amazonaws.com')",
        "new net.Socket().connect({ host: 'STS.amazonaws.com.', port: 443 })",
        "tls.connect({ host: 'sts.amazonaws.com', port: 443 })"
      })
  void aNodeFunctionNamesNoHostOfAwsInWhateverWay(String call) throws Exception {
    write(
        "index.js",
        """
        const net = require('net');
        const tls = require('tls');
        exports.handler = () => new Promise((_, reject) => %s.on('error', reject));
        """
            .formatted(call));

    assertFails(function(NODE, "index.handler"), "{}", "Error", NOT_SERVED);
  }

  // ---- A runtime of one's own

  @Test
  void aBootstrapOfThePackageIsRun() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "this machine has no curl");
    write(
        "bootstrap",
        """
        #!/bin/sh
        api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
        while true; do
          event=$(curl -sS -D "$LAMBDA_TASK_ROOT/headers" "$api/invocation/next") || exit 1
          id=$(sed -n 's/^lambda-runtime-aws-request-id: *\\([0-9a-f-]*\\).*/\\1/pi' \
            "$LAMBDA_TASK_ROOT/headers")
          echo "has $event"
          curl -sS -d "{\\"is\\": $event, \\"of\\": \\"${AWS_EXECUTION_ENV-nobody}\\"}" \
            "$api/invocation/$id/response"
        done
        """);
    Files.setPosixFilePermissions(
        folder.resolve("bootstrap"), PosixFilePermissions.fromString("rwxr-xr-x"));
    LocalFunction function = function("provided.al2023", "any");

    List<String> printed =
        printed(
            () -> {
              assertEquals(
                  "{\"is\": {\"a\":1}, \"of\": \"nobody\"}", invoke(function, "{\"a\":1}"));
              assertEquals("{\"is\": 2, \"of\": \"nobody\"}", invoke(function, "2"));
            },
            "has 2");
    assertTrue(printed.contains("f: has {\"a\":1}"), printed::toString);
  }

  // ---- What is missing

  @Test
  void aLanguageThatTheMachineLacksIsToldInOneLine() throws Exception {
    assertEquals(
        "python3.13 needs Python 3.8 or newer in the PATH, where there is no python3.13, python3,"
            + " python: install it",
        refusal(PYTHON, folder.toString()));
    assertEquals(
        "nodejs22.x needs Node 18 or newer in the PATH, where there is no node: install it",
        refusal(NODE, folder.toString()));
    assertEquals(
        "provided.al2 runs the file bootstrap of the package, which has none: build it, and let it"
            + " be executable",
        refusal("provided.al2", folder.toString()));
  }

  @Test
  void aLanguageThatIsTooOldIsToldInOneLine() throws Exception {
    Path old = write("bin/node", "#!/bin/sh\necho v16.20.2\n");
    Path shim = write("bin/python3", "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n");
    for (Path program : List.of(old, shim)) {
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    assertEquals(
        "nodejs22.x needs Node 18 or newer in the PATH, where " + old + " is v16.20.2: install it",
        refusal(NODE, folder.resolve("bin").toString()));
    assertEquals(
        "python3.13 needs Python 3.8 or newer in the PATH, where "
            + shim
            + " is pyenv: command not found: install it",
        refusal(PYTHON, folder.resolve("bin").toString()));
  }

  private String refusal(String runtime, String path) {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new Programs(host)
                    .of(
                        resource(runtime, "index.handler"),
                        folder,
                        List.of(),
                        new HashMap<>(Map.of("PATH", path))));
    return String.valueOf(refused.getMessage());
  }

  // ---- What they have in common

  private Path write(String file, String text) throws IOException {
    return write(folder, file, text);
  }

  private static Path write(Path folder, String file, String text) throws IOException {
    Path path = folder.resolve(file);
    Files.createDirectories(Objects.requireNonNull(path.getParent()));
    return Files.writeString(path, text);
  }

  private static FunctionResource resource(String runtime, String handler) {
    return new FunctionResource(
        "f",
        "f",
        runtime,
        null,
        null,
        List.of(),
        handler,
        Map.of(),
        Duration.ofSeconds(20),
        256,
        false,
        false,
        null);
  }

  private LocalFunction function(String runtime, String handler) {
    return function(runtime, handler, folder, List.of(), Map.of("OF_THE_TEMPLATE", "yes"));
  }

  private LocalFunction function(
      String runtime,
      String handler,
      Path root,
      List<Path> layers,
      Map<String, String> ofTheTemplate) {
    return function(runtime, handler, root, layers, ofTheTemplate, 20);
  }

  private LocalFunction function(
      String runtime,
      String handler,
      Path root,
      List<Path> layers,
      Map<String, String> ofTheTemplate,
      int timeoutSeconds) {
    Map<String, String> environment = new HashMap<>(ofTheTemplate);
    environment.putAll(LocalClients.environment());
    environment.put("AWS_LAMBDA_FUNCTION_NAME", "f");
    environment.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256");
    Program program;
    try {
      program = new Programs(host).of(resource(runtime, handler), root, layers, environment);
    } catch (IllegalArgumentException e) {
      return abort(String.valueOf(e.getMessage()));
    }
    FunctionProcesses.addWhatLambdaSets(environment, program, handler, runtime, null);
    LocalFunction function =
        new LocalFunction(
            "f",
            null,
            new FunctionProcesses(host, program, new Limits(1, Duration.ofMinutes(1)), metrics),
            environment,
            Duration.ofSeconds(timeoutSeconds),
            Faults.none(),
            null,
            Tracing.off(),
            metrics);
    functions.add(function);
    return function;
  }

  private static void assertFails(
      LocalFunction function, String event, String type, String message) {
    FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, event));
    assertEquals(type, error.errorType(), error.getMessage());
    assertTrue(String.valueOf(error.getMessage()).matches(message), error.getMessage());
  }

  /// What is printed until a line has `last`.
  private static List<String> printed(Runnable by, String last) {
    PrintStream console = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, UTF_8));
    try {
      FunctionOutput.install();
      by.run();
      Wait.until(() -> printed.toString(UTF_8).contains(last));
      return printed.toString(UTF_8).lines().toList();
    } finally {
      System.setOut(console);
    }
  }

  private static JsonNode json(String text) throws IOException {
    return Json.MAPPER.readTree(text);
  }

  private static String invoke(LocalFunction function, String event) {
    return new String(function.invoke(event.getBytes(UTF_8)), UTF_8);
  }
}
