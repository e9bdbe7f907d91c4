package dev.parley.handlers;

import dev.parley.Limits;
import dev.parley.Text;
import dev.parley.connection.Framing;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a client asks of its connection, in the query of its address: how it takes events
/// (`?batch=true`), and by which message it only keeps the connection open (`?heartbeat=ping`).
///
/// [AuthorizerHandler] puts it into the connection's context, which API Gateway adds to every
/// frame: nothing is read for it.
///
/// @param heartbeat a text that is answered and never sent to a room; null where there is none
record ConnectOptions(Framing framing, @Nullable String heartbeat) {
  private static final String BATCH = "batch";
  private static final String HEARTBEAT = "heartbeat";

  /// Nothing where the client asks for what is not there.
  static Optional<ConnectOptions> of(@Nullable Map<String, String> query) {
    String batch = query == null ? null : query.get(BATCH);
    String heartbeat = query == null ? null : query.get(HEARTBEAT);
    boolean valid =
        (batch == null || batch.equals("true") || batch.equals("false"))
            && (heartbeat == null || isHeartbeat(heartbeat));
    return valid
        ? Optional.of(
            new ConnectOptions("true".equals(batch) ? Framing.BATCHED : Framing.SINGLE, heartbeat))
        : Optional.empty();
  }

  /// It is compared with texts that were trimmed.
  private static boolean isHeartbeat(String text) {
    return !Text.isBlank(text)
        && Text.trim(text).equals(text)
        && Text.isWellFormed(text)
        && Text.codePoints(text) <= Limits.ID_CHARACTERS_MAX;
  }

  /// As the connection's context has it.
  Map<String, String> context() {
    Map<String, String> context = new HashMap<>();
    if (framing == Framing.BATCHED) {
      context.put(BATCH, "true");
    }
    if (heartbeat != null) {
      context.put(HEARTBEAT, heartbeat);
    }
    return context;
  }

  /// @param authorizer the connection's context
  static ConnectOptions in(@Nullable Map<String, Object> authorizer) {
    Map<String, String> told = new HashMap<>();
    if (authorizer != null) {
      authorizer.forEach((name, value) -> told.put(name, String.valueOf(value)));
    }
    return of(told).orElseThrow(() -> new IllegalStateException("the authorizer tells nonsense"));
  }
}
