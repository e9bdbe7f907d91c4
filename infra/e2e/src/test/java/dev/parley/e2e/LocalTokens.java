package dev.parley.e2e;

import dev.parley.local.LocalCloud;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/// Tokens of the issuer that a cloud runs.
final class LocalTokens {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private LocalTokens() {}

  /// @param more parameters, for example `&roles=chat-admin`, or nothing
  static String of(LocalCloud cloud, String user, int seconds, String more)
      throws IOException, InterruptedException {
    URI uri =
        URI.create(
            "http://localhost:%d/_local/issuer/token?user=%s&seconds=%d%s"
                .formatted(cloud.port(), user, seconds, more));
    return HTTP.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body();
  }
}
