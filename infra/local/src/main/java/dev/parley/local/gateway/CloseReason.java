package dev.parley.local.gateway;

import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;

/// Why a connection ended: RFC 6455 section 7.4 in `$disconnect` events.
///
/// @param code 1005 and 1006 are told in events, and never sent
record CloseReason(int code, String text) {
  /// Idle for too long, open for too long, or the gateway stops.
  static final CloseReason GOING_AWAY = new CloseReason(1001, "Going away");

  /// `DELETE @connections`. Code and reason of the event were seen on AWS (aws/chalice #2060, boto3
  /// #3789); that the frame says the same is assumed [?].
  static final CloseReason DELETED = new CloseReason(1000, "Connection Closed Normally");

  /// The reason's words are not known [?], nor those of the next.
  static final CloseReason BINARY = new CloseReason(1003, "Unsupported data");

  static final CloseReason TOO_LARGE = new CloseReason(1009, "Message too long");

  static final CloseReason NO_STATUS =
      new CloseReason(1005, "Client-side close frame status not set");

  static final CloseReason ABNORMAL = new CloseReason(1006, "Connection Closed Abnormally");

  WebSocketCloseStatus status() {
    return new WebSocketCloseStatus(code, text);
  }
}
