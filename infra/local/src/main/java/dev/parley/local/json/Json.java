package dev.parley.local.json;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;

/// The local cloud's one JSON mapper. Safe for use by many threads.
public final class Json {
  /// Ignores what follows a value.
  public static final JsonMapper MAPPER = new JsonMapper();

  /// Refuses what follows a value.
  public static final ObjectReader STRICT =
      MAPPER.reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private Json() {}
}
