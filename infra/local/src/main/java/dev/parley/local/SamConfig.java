package dev.parley.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a `samconfig.toml` says of a template's parameters.
///
/// ```toml
/// [default.deploy.parameters]
/// parameter_overrides = "Stage=\"test\" Title=\"a b\""
/// ```
///
/// Source: SAM developer guide, "AWS SAM CLI configuration file": the parameters of a command count
/// before those of `global`, and a list stands for its elements.
final class SamConfig {
  static final String FILE = "samconfig.toml";
  static final String NONE = "none";
  static final String USUAL_ENVIRONMENT = "default";

  /// As `sam deploy --parameter-overrides` takes them: both of its forms.
  private static final Pattern OVERRIDE =
      Pattern.compile(
          "(?:ParameterKey=([A-Za-z0-9]+),ParameterValue=|([A-Za-z0-9]+)=)"
              + "(\"(?:\\\\.|[^\"\\\\])*\"|'[^']*'|(?:\\\\.|[^\\s\"'\\\\])*)(?:\\s+|$)");

  private SamConfig() {}

  /// `Stage=test Title="a b"` by name. The last of two counts.
  ///
  /// @throws IllegalArgumentException if it is something else
  static Map<String, String> overrides(String list) {
    Map<String, String> values = new LinkedHashMap<>();
    String rest = list.strip();
    Matcher next = OVERRIDE.matcher(rest);
    int end = 0;
    while (end < rest.length()) {
      next.region(end, rest.length());
      if (!next.lookingAt()) {
        throw new IllegalArgumentException(
            "give Name=Value Other=\"a value\", separated by spaces");
      }
      String name = next.group(1) == null ? next.group(2) : next.group(1);
      values.put(name, unquoted(next.group(3)));
      end = next.end();
    }
    return values;
  }

  private static String unquoted(String value) {
    if (value.startsWith("'")) {
      return value.substring(1, value.length() - 1);
    }
    String inside = value.startsWith("\"") ? value.substring(1, value.length() - 1) : value;
    return inside.replaceAll("\\\\(.)", "$1");
  }

  /// The parameters that count for a template.
  ///
  /// @param named the file, [#NONE], or null for the one beside the template, where there is one
  /// @param environment null for [#USUAL_ENVIRONMENT]
  static Map<String, String> read(
      Path template, @Nullable String named, @Nullable String environment) throws StartException {
    Path file = named == null ? template.resolveSibling(FILE) : Path.of(named);
    if (NONE.equals(named) || (named == null && !Files.exists(file))) {
      if (environment != null) {
        throw new StartException(
            "parley.config.env=%s: there is no %s: name one by parley.samconfig, or leave it out"
                .formatted(environment, NONE.equals(named) ? FILE : file));
      }
      return Map.of();
    }
    JsonNode config = tree(file);
    String name = environment == null ? USUAL_ENVIRONMENT : environment;
    if (environment != null && !config.path(name).isObject()) {
      throw new StartException(
          "parley.config.env=%s: %s has no such environment".formatted(environment, file));
    }
    for (String command : List.of("deploy", "global")) {
      JsonNode overrides =
          config.path(name).path(command).path("parameters").path("parameter_overrides");
      if (!overrides.isMissingNode()) {
        return parameters(file, "%s.%s".formatted(name, command), overrides);
      }
    }
    return Map.of();
  }

  private static Map<String, String> parameters(Path file, String where, JsonNode overrides)
      throws StartException {
    Map<String, String> values = new LinkedHashMap<>();
    try {
      for (JsonNode each : overrides.isArray() ? overrides : List.of(overrides)) {
        if (!each.isTextual()) {
          throw new IllegalArgumentException("expected a text, or a list of texts");
        }
        values.putAll(overrides(each.textValue()));
      }
    } catch (IllegalArgumentException e) {
      throw new StartException(
          "%s: %s.parameters.parameter_overrides: %s".formatted(file, where, e.getMessage()), e);
    }
    return values;
  }

  private static JsonNode tree(Path file) throws StartException {
    try {
      return new TomlMapper().readTree(Files.readString(file));
    } catch (JsonProcessingException e) {
      throw new StartException(
          "%s: not TOML: %s (line %d)"
              .formatted(file, e.getOriginalMessage(), e.getLocation().getLineNr()),
          e);
    } catch (IOException e) {
      throw new StartException(
          "%s cannot be read (%s): correct parley.samconfig, or give none"
              .formatted(file, DataFolder.reason(e)),
          e);
    }
  }
}
