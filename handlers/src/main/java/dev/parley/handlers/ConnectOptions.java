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
    return read(query);
  }

  /// @param authorizer the connection's context
  static ConnectOptions in(@Nullable Map<String, Object> authorizer) {
    return read(authorizer)
        .orElseThrow(
            () -> new IllegalStateException("the authorizer gave options that are invalid"));
  }

  private static Optional<ConnectOptions> read(@Nullable Map<String, ?> from) {
    Object batch = from == null ? null : from.get(BATCH);
    Object heartbeat = from == null ? null : from.get(HEARTBEAT);
    boolean batched = "true".equals(batch);
    if (batch != null && !batched && !"false".equals(batch)) {
      return Optional.empty();
    }
    Framing framing = batched ? Framing.BATCHED : Framing.SINGLE;
    return switch (heartbeat) {
      case null -> Optional.of(new ConnectOptions(framing, null));
      case String text when isHeartbeat(text) -> Optional.of(new ConnectOptions(framing, text));
      default -> Optional.empty();
    };
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
}
