package dev.parley.fanout;

import dev.parley.connection.ConnectionId;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import dev.parley.platform.SignedPost;
import java.io.IOException;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import software.amazon.awssdk.utils.http.SdkHttpUtils;

/// `POST @connections` of API Gateway, tried once, or a second time where its socket was dead.
///
/// A push is all that the system does by the million, hence by a [SignedPost].
///
/// Source: service model apigatewaymanagementapi 2018-11-29, `PostToConnection`.
final class PushClient {
  /// Connecting and answering have a second each by default. No function has more than twice that.
  private static final int TIMEOUT_MS_MAX = 2_000;

  private final SignedPost gateway;
  private final Duration timeout;

  /// @param concurrency how many pushes may be under way at once
  PushClient(Aws aws, Settings settings, int concurrency) {
    this.timeout = settings.milliseconds("PUSH_TIMEOUT_MS", 1, TIMEOUT_MS_MAX);
    this.gateway = new SignedPost(aws, "execute-api", aws.connectionsUrl(), timeout, concurrency);
  }

  /// How long a push takes at most: to connect, and to be answered.
  Duration longest() {
    return timeout.multipliedBy(2);
  }

  /// Sends one frame to one connection.
  ///
  /// @param again whether it may be sent once more, asked where its socket was dead
  PushResult post(ConnectionId to, byte[] frame, BooleanSupplier again) {
    try {
      SignedPost.Answer answer =
          gateway.post("/@connections/" + SdkHttpUtils.urlEncode(to.value()), frame, again);
      return switch (answer.status()) {
        case 200 -> new PushResult.Delivered();
        case 410 -> new PushResult.Gone();
        case 429 -> new PushResult.Throttled();
        case 400 ->
            answer.body().contains("connectionId")
                ? new PushResult.Gone()
                : new PushResult.Failed("status 400");
        default -> new PushResult.Failed("status " + answer.status());
      };
    } catch (IOException e) {
      return new PushResult.Failed(String.valueOf(e.getMessage()));
    }
  }
}
