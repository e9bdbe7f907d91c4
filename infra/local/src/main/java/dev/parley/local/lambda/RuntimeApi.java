package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.parley.local.aws.LocalClients;
import dev.parley.local.json.Json;
import dev.parley.local.net.Loopback;
import dev.parley.local.origins.Origins;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The Lambda Runtime API of one process, on a free port of 127.0.0.1: the process fetches its
/// events there and brings the results. The port says which process asks.
///
/// ```text
/// GET  /2018-06-01/runtime/invocation/next           the next event, once there is one
/// POST /2018-06-01/runtime/invocation/{id}/response  its result
/// POST /2018-06-01/runtime/invocation/{id}/error     it failed
/// POST /2018-06-01/runtime/init/error                the function cannot be initialised
/// GET  /2018-06-01/runtime/restore/next              initialised; answered when it is restored
/// POST /2018-06-01/runtime/restore/error             it cannot be restored
/// GET  /2021-04-23/credentials                       what a restored function signs with
/// ```
///
/// The last three are there under SnapStart only. A call out of turn gets 403, and one for another
/// invocation 400. A call for the next event that is repeated takes the place of the one before, or
/// gets the same event again.
///
/// An invocation ends once the process asks for the next event, or has ended: a runtime may answer
/// and exit, and nobody else's event is to be given to it then.
///
/// Sources: "Using the Lambda runtime API for custom runtimes" and "Implementing SnapStart hooks
/// for container images", Lambda developer guide; the order of calls, statuses and bodies:
/// `aws-lambda-runtime-interface-emulator`.
///
/// Safe for use by many threads.
final class RuntimeApi implements AutoCloseable {
  /// Lambda quotas, "Invocation payload": 6 MB, which is 6 MB and 100 bytes.
  static final int PAYLOAD_BYTES_MAX = 6 * 1024 * 1024 + 100;

  /// A result beyond the bound is read, so that it is refused by a message.
  private static final int BODY_BYTES_MAX = 2 * PAYLOAD_BYTES_MAX;

  private static final String RUNTIME = "/2018-06-01/runtime/";
  private static final Pattern INVOCATION =
      Pattern.compile(RUNTIME + "invocation/([^/]+)/(response|error)");
  static final String CREDENTIALS = "/2021-04-23/credentials";
  private static final Duration CREDENTIALS_LAST = Duration.ofHours(6);

  /// Beside the body of an error: of what kind it is, for example `Runtime.UserException`, and what
  /// X-Ray is told of it (X-Ray developer guide, "AWS X-Ray segment documents", `cause`).
  private static final String ERROR_TYPE = "Lambda-Runtime-Function-Error-Type";

  private static final String XRAY_CAUSE = "Lambda-Runtime-Function-XRay-Error-Cause";

  private static final Logger LOG = LoggerFactory.getLogger(RuntimeApi.class);

  private enum State {
    /// The process was started.
    INITIALIZING,
    /// It waits in `restore/next`, and is restored.
    CHECKPOINTED,
    RESTORING,
    /// It waits in `invocation/next`.
    WAITING,
    /// It has an event.
    INVOKED,
    /// It has answered, and not asked for the next event yet.
    ANSWERED
  }

  /// An event that is given to the process, and what comes of it.
  private static final class Invocation {
    final byte[] event;
    final LocalContext context;
    final CompletableFuture<byte[]> result = new CompletableFuture<>();

    /// Completes the result with what the process has answered; null before that.
    @Nullable Runnable outcome;

    Invocation(byte[] event, LocalContext context) {
      this.event = event;
      this.context = context;
    }
  }

  private final boolean snapStart;
  private final String token = UUID.randomUUID().toString();
  private final Channel server;
  private final CompletableFuture<@Nullable Void> initialized = new CompletableFuture<>();
  private final CompletableFuture<@Nullable Void> restored = new CompletableFuture<>();
  private State state = State.INITIALIZING;

  /// The socket of a call that waits: `next`, or `restore/next`.
  private @Nullable ChannelHandlerContext waiting;

  private @Nullable Invocation invocation;
  private @Nullable FunctionError ended;
  private boolean hungUp;

  /// @throws IOException if there is no free port
  RuntimeApi(EventLoopGroup loops, boolean snapStart) throws IOException {
    this.snapStart = snapStart;
    this.server = Loopback.http(loops, BODY_BYTES_MAX, Requests::new);
  }

  /// For `AWS_LAMBDA_RUNTIME_API`. Clients of some languages take no path in it.
  String address() {
    return "127.0.0.1:" + ((InetSocketAddress) server.localAddress()).getPort();
  }

  /// What `AWS_CONTAINER_AUTHORIZATION_TOKEN` is.
  String token() {
    return token;
  }

  /// Done once the process asks for its first event, or under SnapStart to be restored; fails where
  /// it cannot be initialised.
  CompletableFuture<@Nullable Void> initialized() {
    return initialized;
  }

  /// Answers `restore/next`.
  ///
  /// @return done once the process asks for its first event
  CompletableFuture<@Nullable Void> restore() {
    synchronized (this) {
      if (state == State.CHECKPOINTED && ended == null) {
        state = State.RESTORING;
        answerWaiting(response(200, new byte[0]));
      }
    }
    return restored;
  }

  /// Gives the process an event, once it is done with the one before.
  ///
  /// @return its result, or a [FunctionError]
  CompletableFuture<byte[]> invoke(byte[] event, LocalContext context) {
    Invocation given = new Invocation(event, context);
    synchronized (this) {
      if (ended != null) {
        given.result.completeExceptionally(ended);
      } else {
        invocation = given;
        if (state == State.WAITING) {
          give(given);
        }
      }
    }
    return given.result;
  }

  /// Ends the call for the next event without an answer, and takes no further ones.
  void hangUp() {
    synchronized (this) {
      hungUp = true;
      if (waiting != null) {
        var _ = waiting.close();
      }
    }
    close();
  }

  /// The process has ended, or is to: whatever waits for it fails, but for what it has answered.
  synchronized void end(FunctionError why) {
    if (ended == null) {
      ended = why;
      initialized.completeExceptionally(why);
      restored.completeExceptionally(why);
      if (invocation != null && invocation.outcome == null) {
        invocation.result.completeExceptionally(why);
      }
      finish();
    }
  }

  /// The process is done with what it has answered.
  private void finish() {
    if (invocation != null && invocation.outcome != null) {
      invocation.outcome.run();
      invocation = null;
    }
  }

  @Override
  public void close() {
    var _ = server.close();
  }

  private void give(Invocation given) {
    state = State.INVOKED;
    LocalContext context = given.context;
    Map<String, String> headers =
        Map.of(
            "Lambda-Runtime-Aws-Request-Id", context.requestId(),
            "Lambda-Runtime-Deadline-Ms",
                Long.toString(System.currentTimeMillis() + context.getRemainingTimeInMillis()),
            "Lambda-Runtime-Invoked-Function-Arn", context.getInvokedFunctionArn(),
            "Lambda-Runtime-Trace-Id", context.traceHeader());
    FullHttpResponse response = response(200, given.event);
    headers.forEach((name, value) -> response.headers().set(name, value));
    answerWaiting(response);
  }

  private void answerWaiting(FullHttpResponse response) {
    if (waiting != null) {
      var _ = waiting.writeAndFlush(response);
      waiting = null;
    }
  }

  /// @return null where it is answered later
  private synchronized @Nullable FullHttpResponse answer(
      FullHttpRequest request, ChannelHandlerContext socket) {
    String path = request.uri();
    Matcher result = INVOCATION.matcher(path);
    boolean get = request.method().name().equals("GET");
    boolean post = request.method().name().equals("POST");
    byte[] body = ByteBufUtil.getBytes(request.content());
    if (get && path.equals(RUNTIME + "invocation/next")) {
      return next(socket);
    }
    if (post && result.matches()) {
      FunctionError error = result.group(2).equals("error") ? error(request.headers(), body) : null;
      return result(result.group(1), error, body);
    }
    if (post && path.equals(RUNTIME + "init/error")) {
      return failed(initialized, State.INITIALIZING, error(request.headers(), body));
    }
    if (snapStart && get && path.equals(RUNTIME + "restore/next")) {
      return checkpointed(socket);
    }
    if (snapStart && post && path.equals(RUNTIME + "restore/error")) {
      return failed(restored, State.RESTORING, error(request.headers(), body));
    }
    if (snapStart && get && path.equals(CREDENTIALS)) {
      return credentials(request.headers().get("Authorization"));
    }
    return response(404, new byte[0]);
  }

  private @Nullable FullHttpResponse next(ChannelHandlerContext socket) {
    if (state == State.CHECKPOINTED) {
      return outOfTurn();
    }
    waiting = socket;
    if (state != State.INVOKED) {
      state = State.WAITING;
      finish();
      initialized.complete(null);
      restored.complete(null);
    }
    if (hungUp) {
      var _ = socket.close();
    } else if (invocation != null) {
      give(invocation);
    }
    return null;
  }

  private @Nullable FullHttpResponse checkpointed(ChannelHandlerContext socket) {
    if (state != State.INITIALIZING) {
      return outOfTurn();
    }
    state = State.CHECKPOINTED;
    waiting = socket;
    initialized.complete(null);
    return null;
  }

  /// @param error what the process reports instead of a result, or null
  private FullHttpResponse result(String requestId, @Nullable FunctionError error, byte[] body) {
    Invocation of = invocation;
    if (state != State.INVOKED || of == null) {
      return outOfTurn();
    }
    if (!of.context.requestId().equals(requestId)) {
      return refusal(400, "InvalidRequestID", "Invalid request ID");
    }
    state = State.ANSWERED;
    boolean tooLarge = error == null && body.length > PAYLOAD_BYTES_MAX;
    FunctionError failure =
        tooLarge
            ? new FunctionError(
                "Function.ResponseSizeTooLarge",
                "Response payload size exceeded maximum allowed payload size (%d bytes)."
                    .formatted(PAYLOAD_BYTES_MAX))
            : error;
    of.outcome =
        () -> {
          var _ =
              failure == null ? of.result.complete(body) : of.result.completeExceptionally(failure);
        };
    return tooLarge
        ? refusal(
            413,
            "RequestEntityTooLarge",
            "Exceeded maximum allowed payload size (%d bytes).".formatted(PAYLOAD_BYTES_MAX))
        : accepted();
  }

  private FullHttpResponse failed(
      CompletableFuture<@Nullable Void> what, State in, FunctionError error) {
    // Java's client reports what fails before a checkpoint as it does what fails before an event.
    if (state != in) {
      return outOfTurn();
    }
    what.completeExceptionally(error);
    return accepted();
  }

  /// `{"errorMessage": …, "errorType": …, "stackTrace": […]}`, or whatever a runtime sends. Java's
  /// client gives no type where it cannot call the handler.
  private static FunctionError error(HttpHeaders headers, byte[] body) {
    JsonNode error = json(body);
    String type = error.path("errorType").textValue();
    List<StackTraceElement> stack = new ArrayList<>();
    json(headers.get(XRAY_CAUSE, "").getBytes(UTF_8))
        .at("/exceptions/0/stack")
        .forEach(frame -> stack.add(frame(frame)));
    return new FunctionError(
        type == null ? headers.get(ERROR_TYPE, "Runtime.Unknown") : type,
        error.isObject() ? error.path("errorMessage").asText("") : new String(body, UTF_8),
        stack.toArray(StackTraceElement[]::new));
  }

  private static JsonNode json(byte[] text) {
    try {
      return Json.MAPPER.readTree(text);
    } catch (IOException _) {
      return MissingNode.getInstance();
    }
  }

  /// @param frame `{"label": "handleRequest", "path": "Handler.java", "line": 12}`. The X-Ray SDK
  ///     makes a label of a class and a method; whose client tells no class, tells its file
  private static StackTraceElement frame(JsonNode frame) {
    String path = frame.path("path").asText("");
    return new StackTraceElement(
        path.replaceFirst("\\.[^.]*$", ""),
        frame.path("label").asText(""),
        path,
        frame.path("line").asInt());
  }

  /// Under SnapStart keys are fetched after the restore; in the environment they would be part of
  /// the snapshot.
  private FullHttpResponse credentials(@Nullable String authorization) {
    if (!token.equals(authorization)) {
      return refusal(403, "AccessDenied", "The token is not AWS_CONTAINER_AUTHORIZATION_TOKEN");
    }
    String key = LocalClients.CREDENTIAL;
    return response(
        200,
        Json.MAPPER
            .createObjectNode()
            .put("AccessKeyId", key)
            .put("SecretAccessKey", key)
            .put("Token", key)
            .put("Expiration", Instant.now().plus(CREDENTIALS_LAST).toString())
            .toString()
            .getBytes(UTF_8));
  }

  private FullHttpResponse outOfTurn() {
    return refusal(
        403, "InvalidStateTransition", "This call is not expected while the runtime is " + state);
  }

  private static FullHttpResponse accepted() {
    return response(202, "{\"status\":\"OK\"}\n".getBytes(UTF_8));
  }

  private static FullHttpResponse refusal(int status, String type, String message) {
    return response(
        status,
        Json.MAPPER
            .createObjectNode()
            .put("errorType", type)
            .put("errorMessage", message)
            .toString()
            .getBytes(UTF_8));
  }

  private static FullHttpResponse response(int status, byte[] body) {
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), Unpooled.wrappedBuffer(body));
    // The native part of Java's client takes it for granted.
    response.headers().set("content-type", "application/json");
    response.headers().set("content-length", body.length);
    return response;
  }

  private final class Requests extends SimpleChannelInboundHandler<FullHttpRequest> {
    @Override
    protected void channelRead0(ChannelHandlerContext socket, FullHttpRequest request) {
      String refusal =
          Origins.OF_THIS_MACHINE.refusal(
              request.headers().getAll("host"), request.headers().getAll("origin"));
      // A page could fetch an event by a plain GET, which has no origin; browsers mark it so.
      if (refusal == null && request.headers().contains("sec-fetch-site")) {
        refusal = "This port is for a function's runtime, not for pages.";
      }
      FullHttpResponse response =
          refusal == null ? answer(request, socket) : refusal(403, "AccessDenied", refusal);
      if (response != null) {
        var _ = socket.writeAndFlush(response);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext socket, Throwable cause) {
      LOG.debug("A runtime's socket broke", cause);
      var _ = socket.close();
    }
  }
}
