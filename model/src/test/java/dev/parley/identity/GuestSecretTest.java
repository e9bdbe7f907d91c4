package dev.parley.identity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuestSecretTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "q1Zk8-3nXb_0RtYw7LmPaS",
        "4f2a9c0e7b1d83650f9e2c4a7d6b8e13",
        "4F2A9C0E7B1D83650F9E2C4A7D6B8E13",
        "731904865213097846152093847561029384756"
      })
  void atLeast128RandomBitsAreAccepted(String text) {
    assertTrue(GuestSecret.of(text).isPresent());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "secret",
        "q1Zk8-3nXb_0RtYw7LmPa",
        "4f2a9c0e7b1d83650f9e2c4a7d6b8e1",
        "12345678901234567890123456789012345678",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "q1Zk8 3nXb 0RtYw7LmPaSq1Zk8",
        "ünicodeünicodeünicodeünicodeünicode"
      })
  void aTextThatCouldBeGuessedIsRefused(String text) {
    assertTrue(GuestSecret.of(text).isEmpty());
  }

  @Test
  void aVeryLongSecretIsRefused() {
    assertTrue(GuestSecret.of("0123456789abcdefXYZ_-".repeat(7)).isEmpty());
  }

  @Test
  void theSameSecretIsTheSameUserAndIsNotShown() {
    String secret = "q1Zk8-3nXb_0RtYw7LmPaS";

    Identity monday = Identity.guest(new GuestSecret(secret), "Ada");
    Identity tuesday = Identity.guest(new GuestSecret(secret), "Ada L.");

    assertEquals(monday.user(), tuesday.user());
    assertTrue(monday.isGuest());
    assertFalse(monday.user().contains(secret));
    assertFalse(new GuestSecret(secret).toString().contains(secret));
  }
}
