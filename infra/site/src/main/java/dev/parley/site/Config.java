package dev.parley.site;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What the page is told of its deployment: its `config.json`. docs/OPERATIONS.md lists the fields,
/// and `web/page/config.js` reads them.
///
/// @param fields texts and booleans
record Config(Map<String, Object> fields) {
  private static final String REQUIRED = "webSocketUrl";

  /// What each must look like.
  static final Map<String, Pattern> FIELDS =
      Map.of(
          REQUIRED,
          Pattern.compile("wss://\\S+|/[^/\\s]\\S*"),
          "traceUrl",
          Pattern.compile("https://\\S+|/\\S+"),
          "signInUrl",
          Pattern.compile("https://\\S+|/\\S*"),
          "issuer",
          Pattern.compile("https://\\S+"),
          "clientId",
          Pattern.compile("\\S+"),
          "guests",
          Pattern.compile("true|false"));

  /// @param property of the custom resource
  /// @throws IllegalArgumentException with what is wrong
  static Config of(@Nullable Object property) {
    if (!(property instanceof Map<?, ?> given)) {
      throw new IllegalArgumentException("the property Config is missing");
    }
    Map<String, Object> fields = new TreeMap<>();
    given.forEach(
        (key, value) -> {
          String name = String.valueOf(key);
          fields.put(name, field(name, String.valueOf(value)));
        });
    if (!fields.containsKey(REQUIRED)) {
      throw new IllegalArgumentException("Config." + REQUIRED + " is missing");
    }
    return new Config(fields);
  }

  /// CloudFormation makes a text of a boolean.
  private static Object field(String name, String value) {
    Pattern expected = FIELDS.get(name);
    if (expected == null) {
      throw new IllegalArgumentException(
          "there is no Config.%s, only %s"
              .formatted(name, String.join(", ", new TreeMap<>(FIELDS).keySet())));
    }
    if (!expected.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "Config.%s: expected %s, not %s".formatted(name, expected, value));
    }
    return name.equals("guests") ? (Object) Boolean.valueOf(value) : value;
  }

  byte[] json() {
    return Json.of(fields);
  }
}
