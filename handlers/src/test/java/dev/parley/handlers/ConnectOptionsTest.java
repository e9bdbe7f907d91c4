package dev.parley.handlers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.connection.Framing;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConnectOptionsTest {
  private static final ConnectOptions NONE = new ConnectOptions(Framing.SINGLE, null);

  @Test
  void whoAsksForNothingTakesOneEventInAFrameAndHasNoHeartbeat() {
    assertEquals(Optional.of(NONE), ConnectOptions.of(null));
    assertEquals(Optional.of(NONE), ConnectOptions.of(Map.of("rooms", "a", "name", "true")));
    assertEquals(Optional.of(NONE), ConnectOptions.of(Map.of("batch", "false")));
    assertEquals(NONE, ConnectOptions.in(null));
    assertEquals(Map.of(), NONE.context());
  }

  @Test
  void whatIsAskedForIsInTheContextOfEveryFrame() {
    for (Map<String, String> query :
        List.of(
            Map.of("batch", "true"),
            Map.of("heartbeat", "ping"),
            Map.of("batch", "true", "heartbeat", "Bist du da? \ud83d\udc4b", "rooms", "a"))) {
      ConnectOptions options = ConnectOptions.of(query).orElseThrow();

      assertEquals(
          query.containsKey("batch") ? Framing.BATCHED : Framing.SINGLE, options.framing());
      assertEquals(query.get("heartbeat"), options.heartbeat());
      Map<String, Object> context = new HashMap<>(options.context());
      context.put("user", "guest:1");
      assertEquals(options, ConnectOptions.in(context));
    }
  }

  @Test
  void anythingElseIsRefused() {
    for (String batch : List.of("", "1", "yes", "TRUE", "true ")) {
      assertEquals(Optional.empty(), ConnectOptions.of(Map.of("batch", batch)), batch);
    }
    for (String heartbeat : List.of("", " ", " ping", "ping\n", "\u200b", "x".repeat(65))) {
      assertEquals(Optional.empty(), ConnectOptions.of(Map.of("heartbeat", heartbeat)), heartbeat);
    }
    assertTrue(ConnectOptions.of(Map.of("heartbeat", "x".repeat(64))).isPresent());
  }
}
