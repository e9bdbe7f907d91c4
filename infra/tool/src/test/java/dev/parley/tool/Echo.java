package dev.parley.tool;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;

/// A function that stands in a template of somebody who has nothing but the jar.
public final class Echo implements RequestHandler<Map<String, Object>, Map<String, Object>> {
  @Override
  public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
    String said = String.valueOf(event.get("body"));
    String answer = System.getenv().getOrDefault("GREETING", "you said") + ": " + said;
    return Map.of("statusCode", 200, "body", answer);
  }
}
