package dev.parley.local.dynamodb;

import dev.parley.local.aws.LocalAccount;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/// DynamoDB Local takes only letters and digits for an access key, and here all keys have the same
/// tables: to it, every signed request is signed by the same one.
final class AnyCredentials extends Handler.Wrapper {
  private static final String SIGNED =
      "AWS4-HMAC-SHA256 Credential=local/20260101/"
          + LocalAccount.REGION
          + "/dynamodb/aws4_request, SignedHeaders=host, Signature=0";

  AnyCredentials(Handler dynamoDbLocal) {
    super(dynamoDbLocal);
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    String authorization = request.getHeaders().get(HttpHeader.AUTHORIZATION);
    if (authorization == null || !authorization.startsWith("AWS4-")) {
      return super.handle(request, response, callback);
    }
    HttpFields headers =
        HttpFields.build(request.getHeaders()).put(HttpHeader.AUTHORIZATION, SIGNED).asImmutable();
    return super.handle(
        new Request.Wrapper(request) {
          @Override
          public HttpFields getHeaders() {
            return headers;
          }
        },
        response,
        callback);
  }
}
