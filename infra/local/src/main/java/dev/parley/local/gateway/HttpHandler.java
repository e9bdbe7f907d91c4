package dev.parley.local.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.Faults;
import dev.parley.local.issuer.LocalIssuer;
import dev.parley.local.json.Json;
import dev.parley.local.origins.Origins;
import dev.parley.local.xray.XRayApi;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.codec.http.websocketx.Utf8FrameValidator;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The HTTP requests of one socket, until one of them makes it a WebSocket.
///
/// Everything but that one and questions to X-Ray is answered at once on the event loop, unless a
/// fault delays an `@connections` POST. Behind [Requests], so that the next request waits for the
/// response.
final class HttpHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
  /// What all these handlers share.
  ///
  /// @param origins which hosts may be asked, and which pages may ask
  /// @param throttle which calls of `@connections` are refused
  /// @param network null where nothing is to happen to it
  /// @param site null where there is none
  /// @param issuer null where there is none
  /// @param xray answers an operation below [#XRAY] with a body
  /// @param metrics the JSON of `/_local/metrics`
  /// @param threads for everything that blocks and has no turn
  /// @param turns of messages and handshakes
  record Services(
      Endpoint endpoint,
      ConnectionsApi connectionsApi,
      Origins origins,
      Throttle throttle,
      Faults faults,
      @Nullable Network network,
      String stage,
      @Nullable Site site,
      @Nullable LocalIssuer issuer,
      BiFunction<String, byte[], XRayApi.Answer> xray,
      Supplier<String> metrics,
      Executor threads,
      Turns turns,
      Bounds bounds) {}

  /// X-Ray's endpoint: `POST /_local/xray/TraceSummaries`.
  static final String XRAY = "/_local/xray/";

  private static final Logger LOG = LoggerFactory.getLogger(HttpHandler.class);

  private static final WebSocketDecoderConfig DECODER =
      WebSocketDecoderConfig.newBuilder()
          .maxFramePayloadLength(Quotas.FRAME_BYTES_MAX)
          .closeOnProtocolViolation(false) // SocketHandler closes, because $disconnect tells why
          .withUTF8Validator(false) // it is added after the handshake
          .build();

  private final Services services;

  HttpHandler(Services services) {
    this.services = services;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
    Throwable failure = request.decoderResult().cause();
    if (failure != null) {
      HttpResponseStatus status =
          switch (failure) {
            case TooLongHttpLineException _ -> HttpResponseStatus.REQUEST_URI_TOO_LONG;
            case TooLongHttpHeaderException _ -> HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE;
            default -> HttpResponseStatus.BAD_REQUEST;
          };
      ctx.writeAndFlush(Responses.message(status, status.reasonPhrase()))
          .addListener(ChannelFutureListener.CLOSE);
      return;
    }
    if (request.uri().length() > Quotas.URL_CHARACTERS_MAX) {
      HttpResponseStatus status = HttpResponseStatus.REQUEST_URI_TOO_LONG;
      respond(ctx, request, Responses.message(status, status.reasonPhrase()));
      return;
    }
    Target target;
    try {
      target = Target.of(request, Tls.isSpoken(ctx.channel()));
    } catch (IllegalArgumentException _) {
      HttpResponseStatus status = HttpResponseStatus.BAD_REQUEST;
      respond(ctx, request, Responses.message(status, status.reasonPhrase()));
      return;
    }
    String refusal =
        services
            .origins()
            .refusal(
                List.of(target.host(), target.askedHost()),
                request.headers().getAll(HttpHeaderNames.ORIGIN));
    if (refusal != null) {
      LOG.warn("refused a request: {}", refusal); // a page is not told why its WebSocket fails
      respond(
          ctx,
          request,
          Responses.error(HttpResponseStatus.FORBIDDEN, "ForbiddenException", refusal));
      return;
    }
    String path = target.path();
    String connections = "/" + services.stage() + "/@connections/";
    if (services.network() != null
        && services.network().isDown()
        && !path.startsWith(connections)
        && !path.startsWith(Pages.PREFIX)) {
      var _ = ctx.close(); // functions and the local cloud's own pages are on this side of it
    } else if (path.equals("/" + services.stage()) || path.equals("/" + services.stage() + "/")) {
      connect(ctx, request, target);
    } else if (path.startsWith(connections) && path.length() > connections.length()) {
      String id = path.substring(connections.length());
      connections(ctx, request, id);
    } else if (path.startsWith(XRAY) && request.method().equals(HttpMethod.POST)) {
      xray(ctx, request, target);
    } else if (isUpgrade(request)
        || path.startsWith("/" + services.stage() + "/")
        || path.contains("/@connections")) { // of another stage, or of none
      respond(ctx, request, Responses.forbidden());
    } else {
      respond(ctx, request, page(request, target));
    }
  }

  private void connections(ChannelHandlerContext ctx, FullHttpRequest request, String id) {
    if (!services.throttle().admits()) {
      respond(ctx, request, ConnectionsApi.tooMany());
      return;
    }
    if (!request.method().equals(HttpMethod.POST)) {
      respond(ctx, request, services.connectionsApi().respond(request, id));
      return;
    }
    Faults.Occurrence delay = services.faults().next(Fault.PUSH_DELAYED);
    if (delay == null) {
      respond(ctx, request, services.connectionsApi().respond(request, id));
      return;
    }
    request.retain();
    var _ =
        ctx.executor()
            .schedule(
                () -> {
                  try {
                    respond(ctx, request, services.connectionsApi().respond(request, id));
                  } finally {
                    request.release();
                  }
                },
                delay.micros(),
                TimeUnit.MICROSECONDS);
  }

  /// On a thread of its own, since what is asked may take a while to sum up.
  ///
  /// `Unlike AWS:` what only reads needs no signature, so that the pages here can ask.
  private void xray(ChannelHandlerContext ctx, FullHttpRequest request, Target target) {
    String operation = target.path().substring(XRAY.length());
    String refusal =
        operation.equals("TraceSegments")
            ? services
                .origins()
                .refusalOfCall(
                    List.of(target.host()),
                    request.headers().getAll(HttpHeaderNames.ORIGIN),
                    request.headers().get(HttpHeaderNames.AUTHORIZATION))
            : null;
    if (refusal != null) {
      respond(
          ctx,
          request,
          Responses.error(HttpResponseStatus.FORBIDDEN, "AccessDeniedException", refusal));
      return;
    }
    byte[] body = ByteBufUtil.getBytes(request.content());
    aside(
        services.threads(),
        ctx,
        request,
        "a request to X-Ray",
        () -> {
          XRayApi.Answer answer = services.xray().apply(operation, body);
          FullHttpResponse response =
              Responses.of(
                  HttpResponseStatus.valueOf(answer.status()), "application/json", answer.json());
          if (answer.errorType() != null) {
            response.headers().set("x-amzn-ErrorType", answer.errorType());
          }
          return () -> respond(ctx, request, response);
        });
  }

  private FullHttpResponse page(FullHttpRequest request, Target target) {
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      return Responses.forbidden();
    }
    FullHttpResponse response =
        switch (target.path()) {
          case "/config.json" -> {
            ObjectNode config =
                Json.MAPPER
                    .createObjectNode()
                    .put("webSocketUrl", target.webSocketOrigin() + "/" + services.stage())
                    .put("traceUrl", "/_local/traces?trace={trace}");
            if (services.issuer() != null) {
              config.put("signInUrl", LocalIssuer.PATH + "/");
            }
            yield Responses.of(HttpResponseStatus.OK, "application/json", config.toString());
          }
          case "/_local/metrics" ->
              Responses.of(HttpResponseStatus.OK, "application/json", services.metrics().get());
          case String path when path.startsWith(LocalIssuer.PATH) -> issuer(request, target);
          default -> file(request, target.path());
        };
    // Beside what the page says itself, which cannot know where it is served and has no say in who
    // frames it.
    response
        .headers()
        .set(
            "Content-Security-Policy",
            target.path().startsWith(Pages.PREFIX)
                ? Pages.POLICY
                : "frame-ancestors 'none'; connect-src 'self' " + target.webSocketOrigin());
    response.headers().set("X-Content-Type-Options", "nosniff");
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_CACHE);
    return response;
  }

  /// A signature takes less than a millisecond.
  private FullHttpResponse issuer(FullHttpRequest request, Target target) {
    LocalIssuer issuer = services.issuer();
    if (issuer == null) {
      return Responses.message(HttpResponseStatus.NOT_FOUND, "Not Found");
    }
    LocalIssuer.Answer answer =
        issuer.answer(target.path().substring(LocalIssuer.PATH.length()), target.query());
    return answer == null
        ? file(request, target.path())
        : Responses.of(
            HttpResponseStatus.valueOf(answer.status()), answer.contentType(), answer.body());
  }

  /// The files are few and small, so reading them on the event loop holds nobody up.
  private FullHttpResponse file(FullHttpRequest request, String path) {
    Site.File file =
        path.startsWith(Pages.PREFIX)
            ? Pages.file(path)
            : services.site() == null ? null : services.site().file(path);
    if (file == null) {
      return Responses.message(HttpResponseStatus.NOT_FOUND, "Not Found");
    }
    Representation representation =
        Representation.of(
            file.content(),
            file.contentType(),
            file.etag(),
            request.headers().get(HttpHeaderNames.ACCEPT_ENCODING),
            request.headers().get(HttpHeaderNames.IF_NONE_MATCH));
    FullHttpResponse response =
        Responses.of(
            HttpResponseStatus.valueOf(representation.status()),
            Unpooled.wrappedBuffer(representation.body()));
    representation.headers().forEach(response.headers()::set);
    return response;
  }

  private static boolean isUpgrade(FullHttpRequest request) {
    HttpHeaders headers = request.headers();
    return headers.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true)
        && headers.containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true);
  }

  private void connect(ChannelHandlerContext ctx, FullHttpRequest request, Target target) {
    HttpHeaders headers = request.headers();
    if (!isUpgrade(request)
        || !request.method().equals(HttpMethod.GET)
        || !headers.containsValue(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13", true)) {
      FullHttpResponse response =
          Responses.message(HttpResponseStatus.UPGRADE_REQUIRED, "Upgrade Required");
      response.headers().set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13");
      respond(ctx, request, response);
      return;
    }
    if (!headers.contains(HttpHeaderNames.SEC_WEBSOCKET_KEY)) {
      respond(ctx, request, Responses.message(HttpResponseStatus.BAD_REQUEST, "Bad Request"));
      return;
    }
    String sourceIp =
        NetUtil.toAddressString(((InetSocketAddress) ctx.channel().remoteAddress()).getAddress());
    Handshake handshake = Handshake.of(request, services.endpoint().nextId(), target, sourceIp);
    String connectionId = handshake.caller().connectionId();
    aside(
        work -> services.turns().execute(connectionId, work),
        ctx,
        request,
        "the handshake of " + connectionId,
        () ->
            switch (services.endpoint().admit(handshake)) {
              case Endpoint.Admission.Admitted admitted ->
                  () -> open(ctx, request, handshake.caller(), admitted);
              case Endpoint.Admission.Refused refused ->
                  () ->
                      respond(
                          ctx,
                          request,
                          Responses.message(
                              HttpResponseStatus.valueOf(refused.status()), refused.message()));
            });
  }

  /// Works on a thread of its own, and then answers on the event loop.
  ///
  /// @param threads where it works
  /// @param what is asked, for the log
  /// @param work may block; gives what answers
  private void aside(
      Executor threads,
      ChannelHandlerContext ctx,
      FullHttpRequest request,
      String what,
      Supplier<Runnable> work) {
    request.retain();
    Runnable whole =
        () -> {
          Runnable answering;
          try {
            answering = work.get();
          } catch (RuntimeException | Error e) { // whatever it is, the client waits
            LOG.error("{} is answered 500", what, e);
            HttpResponseStatus status = HttpResponseStatus.INTERNAL_SERVER_ERROR;
            answering =
                () -> respond(ctx, request, Responses.message(status, "Internal server error"));
          }
          Runnable decided = answering;
          try {
            ctx.executor()
                .execute(
                    () -> {
                      try {
                        decided.run();
                      } finally {
                        request.release();
                      }
                    });
          } catch (RejectedExecutionException _) {
            request.release(); // the gateway has stopped, and all sockets with it
          }
        };
    try {
      threads.execute(whole);
    } catch (RejectedExecutionException _) {
      request.release();
      var _ = ctx.close();
    }
  }

  private void open(
      ChannelHandlerContext ctx,
      FullHttpRequest request,
      Caller caller,
      Endpoint.Admission.Admitted admitted) {
    Channel channel = ctx.channel();
    Endpoint endpoint = services.endpoint();
    Connection connection = endpoint.open(caller, admitted, channel);
    if (!channel.isActive()) {
      // The client left while $connect was at work, which knows of it now and must hear of its end.
      connection.end(CloseReason.ABNORMAL);
      return;
    }
    HttpHeaders headers = new DefaultHttpHeaders();
    if (admitted.subprotocol() != null) {
      headers.set(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, admitted.subprotocol());
    }
    channel.pipeline().addLast(new Utf8FrameValidator(false));
    if (services.network() != null) {
      channel.pipeline().addLast(services.network().new Link());
    }
    Executor turns = message -> services.turns().execute(connection.id(), message);
    channel
        .pipeline()
        .addLast(new SocketHandler(endpoint, connection, turns, services.bounds()))
        .remove(this);
    channel.pipeline().remove(Requests.class);
    Intake.handshaker(DECODER)
        .handshake(channel, request, headers, channel.newPromise())
        .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    channel.config().setAutoRead(true);
  }

  /// @param response null for none: the socket ends
  private static void respond(
      ChannelHandlerContext ctx, FullHttpRequest request, @Nullable FullHttpResponse response) {
    if (response == null) {
      var _ = ctx.close();
      return;
    }
    boolean keepAlive = HttpUtil.isKeepAlive(request);
    HttpUtil.setKeepAlive(response, keepAlive);
    var written = ctx.writeAndFlush(response);
    if (!keepAlive) {
      written.addListener(ChannelFutureListener.CLOSE);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    LOG.debug("A request could not be answered", cause);
    var _ = ctx.close();
  }
}
