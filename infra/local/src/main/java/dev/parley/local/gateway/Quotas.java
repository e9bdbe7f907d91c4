package dev.parley.local.gateway;

import java.time.Duration;

/// What API Gateway allows a WebSocket API.
///
/// Source, unless another is named: "Quotas for configuring and running a WebSocket API in API
/// Gateway", API Gateway developer guide.
public final class Quotas {
  /// A larger frame closes the connection with 1009.
  public static final int FRAME_BYTES_MAX = 32 * 1024;

  /// A larger message closes the connection with 1009; `@connections` answers 413.
  public static final int MESSAGE_BYTES_MAX = 128 * 1024;

  /// A longer request target is refused with 414.
  public static final int URL_CHARACTERS_MAX = 4_096;

  /// How many routes an API may have, unless AWS has raised it for the account.
  public static final int ROUTES = 300;

  /// A larger result of an authorizer refuses the connection.
  public static final int AUTHORIZER_RESULT_BYTES_MAX = 8 * 1024;

  /// A connection without messages for so long is closed with 1001.
  public static final Duration IDLE_TIMEOUT = Duration.ofMinutes(10);

  /// A connection is closed with 1001 after so long, whatever its traffic.
  public static final Duration CONNECTION_DURATION = Duration.ofHours(2);

  /// How long a function behind a route may take.
  public static final Duration INTEGRATION_TIMEOUT_MAX = Duration.ofSeconds(29);

  /// Requests a second of an account in a Region, "across HTTP APIs, REST APIs, WebSocket APIs, and
  /// WebSocket callback APIs". Newer Regions have a quarter of it, and of the bucket.
  ///
  /// Source: "Amazon API Gateway quotas", API Gateway developer guide; so is the next.
  public static final int REQUESTS_PER_SECOND = 10_000;

  /// How many requests may come at once.
  public static final int REQUESTS_BUCKET = 5_000;

  /// What waits to be read by one client. More is refused with 429. AWS tells only that there is
  /// such a buffer (apigatewaymanagementapi, LimitExceededException: "the WebSocket client side
  /// buffer is full"), so its size is a choice [?]: room for two of the largest messages.
  public static final int CLIENT_BUFFER_BYTES_MAX = 2 * MESSAGE_BYTES_MAX;

  private Quotas() {}
}
