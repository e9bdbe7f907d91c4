package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.faults.Faults;
import dev.parley.local.json.Json;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.xray.Tracing;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/// A function whose behaviour a test gives as a lambda.
public final class Scripted implements RequestStreamHandler {
  /// What the function does with an event.
  interface Script {
    String handle(JsonNode event) throws Exception;
  }

  private static final Map<String, Script> SCRIPTS = new ConcurrentHashMap<>();

  private final Script script;

  public Scripted(Map<String, String> environment) {
    this.script = requireNonNull(SCRIPTS.get(requireNonNull(environment.get("SCRIPT"))));
  }

  static LocalFunction function(String name, Duration timeout, Script script) {
    String id = UUID.randomUUID().toString();
    SCRIPTS.put(id, script);
    return new LocalFunction(
        name,
        Scripted.class.getName(),
        Map.of("SCRIPT", id),
        timeout,
        Faults.none(),
        null,
        Tracing.off(),
        new MetricStore());
  }

  @Override
  public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
    try {
      out.write(script.handle(Json.MAPPER.readTree(in)).getBytes(UTF_8));
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
