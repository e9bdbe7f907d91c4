package dev.parley.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {
  @Test
  void aMissingSettingIsNamed() {
    Settings settings = new Settings(Map.of("EMPTY", ""));

    assertEquals("TABLE is not set", error(() -> settings.required("TABLE")));
    assertEquals("EMPTY is not set", error(() -> settings.required("EMPTY")));
  }

  @Test
  void aNumberOutOfBoundsIsNamedWithThem() {
    Settings settings = new Settings(Map.of("DAYS", "0", "COST", "fast"));

    assertEquals(
        "DAYS is 0, expected a whole number from 1 to 3650",
        error(() -> settings.number("DAYS", 1, 3650)));
    assertEquals(
        "COST is fast, expected a whole number from 1 to 60000",
        error(() -> settings.number("COST", 1, 60_000)));
  }

  private static String error(org.junit.jupiter.api.function.Executable action) {
    return String.valueOf(assertThrows(IllegalArgumentException.class, action).getMessage());
  }

  @Test
  void aNumberWithinItsBoundsIsGiven() {
    Settings settings = new Settings(Map.of("ONE", "1", "NINE", "9"));

    assertEquals(1, settings.number("ONE", 1, 9));
    assertEquals(9, settings.number("NINE", 1, 9));
    assertEquals(Duration.ofMillis(9), settings.milliseconds("NINE", 1, 9));
    assertEquals("9", settings.optional("NINE"));
    assertNull(settings.optional("TEN"));
  }
}
