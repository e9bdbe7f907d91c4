package dev.parley.local.sqs;

import dev.parley.local.origins.Origins;
import java.lang.reflect.Field;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.ActorSystemImpl;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.event.LoggingAdapter;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.scaladsl.ConnectionContext;
import org.apache.pekko.http.scaladsl.Http;
import org.apache.pekko.http.scaladsl.Http$;
import org.apache.pekko.http.scaladsl.HttpExt;
import org.apache.pekko.http.scaladsl.model.HttpRequest;
import org.apache.pekko.http.scaladsl.model.HttpResponse;
import org.apache.pekko.http.scaladsl.settings.ServerSettings;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.stream.scaladsl.Flow;
import scala.concurrent.Future;

/// Pekko's HTTP server, which ElasticMQ listens with, letting no request through that a web page
/// could have sent.
///
/// ElasticMQ binds its port itself and has no place for a check, and a proxy before it would leave
/// that port open. So this takes the place of the server that it asks its actor system for.
final class SignedHttp extends HttpExt {
  private final Origins origins;

  private SignedHttp(ExtendedActorSystem actors, Origins origins) {
    super(actors.settings().config().getConfig("pekko.http"), actors);
    this.origins = origins;
  }

  /// To be called before anything listens.
  static void install(ActorSystem actors, Origins origins) {
    try {
      Field extensions = ActorSystemImpl.class.getDeclaredField("extensions");
      extensions.setAccessible(true);
      @SuppressWarnings("unchecked")
      Map<Object, Object> byId = (Map<Object, Object>) extensions.get(actors);
      byId.put(Http$.MODULE$, new SignedHttp((ExtendedActorSystem) actors, origins));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("Pekko keeps its extensions in a map of this name", e);
    }
  }

  @Override
  public Future<Http.ServerBinding> bindAndHandleImpl(
      Flow<HttpRequest, HttpResponse, Object> handler,
      String host,
      int port,
      ConnectionContext context,
      ServerSettings settings,
      LoggingAdapter log,
      Materializer materializer) {
    Flow<HttpRequest, HttpResponse, Object> checked =
        org.apache.pekko.stream.javadsl.Flow.<HttpRequest>create()
            .flatMapConcat(
                request -> {
                  String refusal =
                      origins.refusalOfCall(
                          all(request, "host"),
                          all(request, "origin"),
                          String.join("", all(request, "authorization")));
                  if (refusal == null) {
                    return Source.single(request).via(handler);
                  }
                  request.discardEntityBytes(materializer);
                  return Source.single(refused(refusal));
                })
            .mapMaterializedValue(nothing -> (Object) nothing)
            .asScala();
    return super.bindAndHandleImpl(checked, host, port, context, settings, log, materializer);
  }

  private static List<String> all(HttpRequest request, String name) {
    return StreamSupport.stream(request.getHeaders().spliterator(), false)
        .filter(header -> header.is(name))
        .map(HttpHeader::value)
        .toList();
  }

  private static HttpResponse refused(String refusal) {
    return (HttpResponse)
        org.apache.pekko.http.javadsl.model.HttpResponse.create()
            .withStatus(403)
            .withEntity(ContentTypes.APPLICATION_JSON, Origins.json(refusal));
  }
}
