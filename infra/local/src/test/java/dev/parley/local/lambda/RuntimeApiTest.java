package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.net.Loopback;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The Runtime API as a runtime in any language sees it.
@Timeout(30)
final class RuntimeApiTest {
  private static final String NEXT = "invocation/next";
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final EventLoopGroup LOOPS =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

  @AfterAll
  static void stop() {
    var _ = LOOPS.shutdownGracefully();
  }

  @Test
  void anEventIsHandedOutWithItsHeadersAndItsResultTaken() throws Exception {
    try (RuntimeApi api = new RuntimeApi(LOOPS, false)) {
      CompletableFuture<HttpResponse<String>> next = get(api, NEXT);
      api.initialized().join();

      CompletableFuture<byte[]> result = api.invoke("{\"a\":1}".getBytes(UTF_8), context("r-1"));

      HttpResponse<String> event = next.join();
      assertEquals(200, event.statusCode());
      assertEquals("{\"a\":1}", event.body());
      assertEquals("r-1", header(event, "Lambda-Runtime-Aws-Request-Id"));
      assertEquals("Root=1-0-0;Sampled=0", header(event, "Lambda-Runtime-Trace-Id"));
      assertEquals(
          "arn:aws:lambda:us-east-1:000000000000:function:f",
          header(event, "Lambda-Runtime-Invoked-Function-Arn"));
      long left =
          Long.parseLong(header(event, "Lambda-Runtime-Deadline-Ms")) - System.currentTimeMillis();
      assertTrue(left > 0 && left <= 20_000, left + " ms");
      assertEquals(202, post(api, "invocation/r-1/response", "[2]").statusCode());
      var _ = get(api, NEXT);
      assertEquals("[2]", new String(result.join(), UTF_8));
    }
  }

  @Test
  void anEventWaitsForARuntimeThatHasNotAskedYet() throws Exception {
    try (RuntimeApi api = new RuntimeApi(LOOPS, false)) {
      CompletableFuture<byte[]> result = api.invoke("1".getBytes(UTF_8), context("r-1"));

      assertEquals("1", get(api, NEXT).join().body());
      post(api, "invocation/r-1/response", "one");
      var _ = get(api, NEXT);
      assertEquals("one", new String(result.join(), UTF_8));
    }
  }

  /// Whoever is told of the result gives the runtime another event.
  @Test
  void anInvocationEndsOnceItsRuntimeAsksForTheNextEvent() throws Exception {
    try (RuntimeApi api = new RuntimeApi(LOOPS, false)) {
      CompletableFuture<byte[]> result = api.invoke("1".getBytes(UTF_8), context("r-1"));
      get(api, NEXT).join();
      post(api, "invocation/r-1/response", "one");
      assertFalse(result.isDone(), "it may exit now");

      CompletableFuture<HttpResponse<String>> next = get(api, NEXT);

      assertEquals("one", new String(result.join(), UTF_8));
      var _ = api.invoke("2".getBytes(UTF_8), context("r-2"));
      assertEquals("2", next.join().body());
    }
  }

  @Test
  void whatARuntimeHasAnsweredBeforeItEndsIsItsResult() throws Exception {
    try (RuntimeApi api = new RuntimeApi(LOOPS, false)) {
      CompletableFuture<byte[]> result = api.invoke("1".getBytes(UTF_8), context("r-1"));
      get(api, NEXT).join();
      post(api, "invocation/r-1/response", "one");

      api.end(new FunctionError("Runtime.ExitError", "and it ended"));

      assertEquals("one", new String(result.join(), UTF_8));
      assertEquals(
          "Runtime.ExitError: and it ended",
          failure(api.invoke("2".getBytes(UTF_8), context("r-2"))));
    }
  }

  @Test
  void anErrorIsTakenWithItsTypeItsMessageAndItsStack() throws Exception {
    FunctionError error =
        error(
            "{\"errorMessage\":\"no\",\"errorType\":\"T\",\"stackTrace\":[\"a.B.c(B.java:1)\"]}",
            "Lambda-Runtime-Function-Error-Type",
            "Runtime.UserException",
            "Lambda-Runtime-Function-XRay-Error-Cause",
            """
            {"working_directory": "/", "paths": ["B.java"], "exceptions": [{"type": "T",
             "message": "no", "stack": [{"label": "c", "path": "B.java", "line": 1}]}]}
            """
                .replace("\n", ""));

    assertEquals("T: no", error.errorType() + ": " + error.getMessage());
    assertEquals("[B.c(B.java:1)]", Arrays.toString(error.getStackTrace()));
  }

  /// Java's client says nothing else of a handler that it cannot call.
  @Test
  void anErrorWithoutATypeHasThatOfItsHeader() throws Exception {
    String[] header = {"Lambda-Runtime-Function-Error-Type", "Runtime.BadFunctionCode"};

    FunctionError error = error("{\"errorMessage\":\"no\",\"errorType\":null}", header);
    assertEquals("Runtime.BadFunctionCode: no", error.errorType() + ": " + error.getMessage());
    error = error("no JSON", header);
    assertEquals("Runtime.BadFunctionCode: no JSON", error.errorType() + ": " + error.getMessage());
    error = error("no JSON");
    assertEquals("Runtime.Unknown: no JSON", error.errorType() + ": " + error.getMessage());
  }

  /// A stack that has overflowed has a thousand lines.
  @Test
  void aLongStackIsTakenInAHeader() throws Exception {
    String stack = "{\"label\":\"again\",\"path\":\"Recursion.java\",\"line\":12},".repeat(10_000);

    FunctionError error =
        error(
            "{\"errorType\":\"java.lang.StackOverflowError\"}",
            "Lambda-Runtime-Function-XRay-Error-Cause",
            "{\"exceptions\":[{\"stack\":[" + stack.substring(0, stack.length() - 1) + "]}]}");

    assertEquals("java.lang.StackOverflowError", error.errorType());
    assertEquals(10_000, error.getStackTrace().length);
  }

  /// What a runtime's error is taken for.
  private static FunctionError error(String body, String... headers) throws Exception {
    try (RuntimeApi api = new RuntimeApi(LOOPS, false)) {
      CompletableFuture<byte[]> result = api.invoke("1".getBytes(UTF_8), context("r-1"));
      get(api, NEXT).join();
      HttpRequest.Builder request =
          request(api, "invocation/r-1/error").POST(HttpRequest.BodyPublishers.ofString(body));
      if (headers.length > 0) {
        request.headers(headers);
      }
      assertEquals(
          202,
          HTTP.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode(),
          "it is taken");
      var _ = get(api, NEXT);
      return assertInstanceOf(
          FunctionError.class, assertThrows(CompletionException.class, result::join).getCause());
    }
  }

  @Test
  void whatIsOutOfTurnIsRefusedAndChangesNothing() throws Exception {
    try (RuntimeApi api = new RuntimeApi(LOOPS, false)) {
      assertEquals(403, post(api, "invocation/r-1/response", "").statusCode());
      CompletableFuture<HttpResponse<String>> next = get(api, NEXT);
      api.initialized().join();
      CompletableFuture<byte[]> result = api.invoke("1".getBytes(UTF_8), context("r-1"));
      next.join();
      assertEquals(403, post(api, "init/error", "{}").statusCode());
      assertEquals(400, post(api, "invocation/r-2/response", "").statusCode());
      assertEquals(404, get(api, "restore/next").join().statusCode(), "without SnapStart");

      assertEquals(202, post(api, "invocation/r-1/response", "1").statusCode());
      assertEquals(403, post(api, "invocation/r-1/response", "again").statusCode());
      assertEquals(403, post(api, "invocation/r-1/error", "{}").statusCode());
      var _ = get(api, NEXT);
      assertEquals("1", new String(result.join(), UTF_8));
    }
  }

  /// As on AWS: a runtime whose call was cut off asks again.
  @Test
  void whoAsksAgainBeforeTheResultGetsTheSameEvent() throws Exception {
    try (RuntimeApi api = new RuntimeApi(LOOPS, false)) {
      CompletableFuture<byte[]> result = api.invoke("1".getBytes(UTF_8), context("r-1"));
      get(api, NEXT).join();

      HttpResponse<String> again = get(api, NEXT).join();

      assertEquals(200, again.statusCode());
      assertEquals("1", again.body());
      assertEquals("r-1", header(again, "Lambda-Runtime-Aws-Request-Id"));
      assertEquals(202, post(api, "invocation/r-1/response", "one").statusCode());
      var _ = get(api, NEXT);
      assertEquals("one", new String(result.join(), UTF_8));
    }
  }

  @Test
  void whoAsksAgainWhileThereIsNoEventGetsTheNextOne() throws Exception {
    try (RuntimeApi api = new RuntimeApi(LOOPS, false)) {
      int port = URI.create("http://" + api.address()).getPort();
      try (Socket cutOff = new Socket(Loopback.V4, port)) {
        cutOff
            .getOutputStream()
            .write("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n".getBytes(UTF_8));
        api.initialized().join();
      }
      var _ = api.invoke("1".getBytes(UTF_8), context("r-1"));

      HttpResponse<String> event = get(api, NEXT).join();

      assertEquals(200, event.statusCode());
      assertEquals("1", event.body());
    }
  }

  @Test
  void underSnapStartARuntimeWaitsForItsRestore() throws Exception {
    try (RuntimeApi api = new RuntimeApi(LOOPS, true)) {
      CompletableFuture<HttpResponse<String>> restored = get(api, "restore/next");
      api.initialized().join();
      assertFalse(restored.isDone());

      CompletableFuture<?> ready = api.restore();
      assertEquals(200, restored.join().statusCode());
      assertFalse(ready.isDone(), "before it asks for an event");

      CompletableFuture<HttpResponse<String>> next = get(api, NEXT);
      ready.join();
      var _ = api.invoke("1".getBytes(UTF_8), context("r-1"));
      assertEquals("1", next.join().body());
    }
  }

  @Test
  void aRuntimeThatCannotBeInitialisedOrRestoredSaysWhy() throws Exception {
    String error = "{\"errorMessage\":\"no\",\"errorType\":\"T\"}";
    try (RuntimeApi api = new RuntimeApi(LOOPS, false)) {
      assertEquals(202, post(api, "init/error", error).statusCode());
      api.end(new FunctionError("Runtime.ExitError", "and it ended"));
      assertEquals("T: no", failure(api.initialized()));
    }
    try (RuntimeApi api = new RuntimeApi(LOOPS, true)) {
      CompletableFuture<?> restored = get(api, "restore/next").thenApply(r -> r);
      api.initialized().join();
      CompletableFuture<?> ready = api.restore();
      restored.join();
      assertEquals(202, post(api, "restore/error", error).statusCode());
      assertEquals("T: no", failure(ready));
    }
  }

  @Test
  void aPageFetchesNoEvent() throws Exception {
    try (RuntimeApi api = new RuntimeApi(LOOPS, false)) {
      for (String[] header :
          new String[][] {{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}}) {
        HttpRequest request = request(api, NEXT).header(header[0], header[1]).build();
        assertEquals(
            403,
            HTTP.send(request, HttpResponse.BodyHandlers.discarding()).statusCode(),
            header[0]);
      }
      assertFalse(api.initialized().isDone());
    }
  }

  private static LocalContext context(String requestId) {
    return new LocalContext(
        "f", null, requestId, System.nanoTime() + 20_000_000_000L, "Root=1-0-0;Sampled=0");
  }

  private static String failure(CompletableFuture<?> future) {
    CompletionException failed = assertThrows(CompletionException.class, future::join);
    FunctionError error = assertInstanceOf(FunctionError.class, failed.getCause());
    return error.errorType() + ": " + error.getMessage();
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElseThrow();
  }

  private static HttpRequest.Builder request(RuntimeApi api, String path) {
    return HttpRequest.newBuilder(
        URI.create("http://" + api.address() + "/2018-06-01/runtime/" + path));
  }

  private static CompletableFuture<HttpResponse<String>> get(RuntimeApi api, String path) {
    return HTTP.sendAsync(request(api, path).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static HttpResponse<String> post(RuntimeApi api, String path, String body)
      throws IOException, InterruptedException {
    return HTTP.send(
        request(api, path).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
