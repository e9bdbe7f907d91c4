package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.parley.local.template.Route;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class RouteSelectionTest {
  @Test
  void thePathOfTheExpressionIsFollowed() {
    Map<String, Route> routes = routes("go", "$default");

    assertEquals("go", key("$request.body.a.b", routes, "{\"a\":{\"b\":\"go\"}}"));
    assertEquals("go", key("${request.body.a}", routes, "{\"a\":\"go\"}"));
    assertEquals("$default", key("$request.body.a.b", routes, "{\"a\":\"go\"}"));
    assertEquals("$default", key("$request.body.a", routes, "{\"A\":\"go\"}"));
  }

  @Test
  void theResultIsAString() {
    Map<String, Route> routes = routes("5", "true", "null", "{\"b\":1}", "", "$default");

    assertEquals("5", key("$request.body.a", routes, "{\"a\":5}"));
    assertEquals("true", key("$request.body.a", routes, "{\"a\":true}"));
    assertEquals("{\"b\":1}", key("$request.body.a", routes, "{\"a\":{\"b\":1}}"));
    assertEquals("", key("$request.body.a", routes, "{\"a\":null}"));
    assertEquals("", key("$request.body.a", routes, "{}"));
  }

  @Test
  void aMessageWithoutARouteHasNoneWhereThereIsNoDefault() {
    RouteSelection selection = new RouteSelection("$request.body.a", routes("go"));

    assertNull(selection.select("{\"a\":\"stay\"}"));
    assertNull(selection.select("garbled"));
  }

  @Test
  void anExpressionThatCannotBeEvaluatedIsRefused() {
    for (String expression :
        new String[] {
          "", "$request.body", "$request.header.a", "$request.body.a $request.body.b"
        }) {
      assertThrows(
          IllegalArgumentException.class, () -> new RouteSelection(expression, routes("go")));
    }
  }

  private static String key(String expression, Map<String, Route> routes, String message) {
    Route route = new RouteSelection(expression, routes).select(message);
    return route == null ? "none" : route.key();
  }

  private static Map<String, Route> routes(String... keys) {
    Map<String, Route> routes = new HashMap<>();
    for (String key : keys) {
      routes.put(key, new Route(key, "f", false, Duration.ofSeconds(1)));
    }
    return routes;
  }
}
