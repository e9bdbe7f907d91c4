package dev.parley.local.dynamodb;

import dev.parley.local.origins.Origins;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/// Stands before DynamoDB Local, and lets no request through that a web page could have sent.
final class SignedCalls extends Handler.Wrapper {
  private final Origins origins;

  SignedCalls(Handler calls, Origins origins) {
    super(calls);
    this.origins = origins;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    HttpFields headers = request.getHeaders();
    String refusal =
        origins.refusalOfCall(
            headers.getValuesList(HttpHeader.HOST),
            headers.getValuesList("Origin"),
            headers.get(HttpHeader.AUTHORIZATION));
    if (refusal == null) {
      return super.handle(request, response, callback);
    }
    response.setStatus(HttpStatus.FORBIDDEN_403);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
    Content.Sink.write(response, true, Origins.json(refusal), callback);
    return true;
  }
}
