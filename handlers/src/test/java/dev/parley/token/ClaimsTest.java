package dev.parley.token;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Sha256;
import dev.parley.Text;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClaimsTest {
  @Test
  void aSubjectThatCanBeAUserIdIsOne() {
    for (String subject :
        List.of("ada", "auth0|507f1f77", "a\"b$c", "x".repeat(128), "Guest:ada", "sub:1")) {
      assertEquals(subject, Claims.user(subject));
    }
  }

  /// A guest's id is a hash of the guest's own making, and a `#` separates the parts of a key.
  @Test
  void anyOtherSubjectIsHashedAndTakesNobodysPlace() {
    for (String subject :
        List.of("guest:ada", "guest:", "a#b", "a b", "é", "x".repeat(129), "a\u0000", "\ud83d")) {
      assertEquals("sub-sha256:" + Sha256.hex(subject), Claims.user(subject));
      assertNotEquals(Claims.user(subject), Claims.user(Claims.user(subject)));
    }
  }

  @Test
  void aNameIsCleanedAndNobodyIsNameless() {
    assertEquals("Ada Lovelace", name("Ada \u202e Lovelace\n"));
    assertTrue(Text.isName(name("x".repeat(10_000))));
    for (Object none : List.of("", "\u200b", 7, List.of("Ada"), Map.of())) {
      assertEquals("User " + Sha256.hex("ada").substring(0, 4), name(none));
    }
  }

  private static String name(Object claimed) {
    Claims claims = new Claims(Map.of("sub", "ada", "name", claimed));
    return claims.identity("name").orElseThrow().sender();
  }

  @Test
  void aClaimIsFoundByItsNameOrByTheWayToIt() {
    Claims claims =
        new Claims(
            Map.of(
                "a.b", "whole",
                "a", Map.of("b", "inner", "c.d", "dotted", "e", Map.of("f", "deep")),
                "https://chat.example/x", Map.of("roles", "far")));

    assertEquals("whole", claims.text("a.b"));
    assertEquals("dotted", claims.text("a.c.d"));
    assertEquals("deep", claims.text("a.e.f"));
    assertEquals("far", claims.text("https://chat.example/x.roles"));
    for (String none : List.of("", "b", "a.x", "a.e", "a.b.c", ".a", "a.", "a..b")) {
      assertNull(claims.text(none), none);
    }
  }

  @Test
  void rolesAreAListOrNamesWithSpaceBetween() {
    Claims claims =
        new Claims(
            Map.of("list", List.of("a", 7, "b"), "text", " a  b ", "number", 7, "one", "ab"));

    assertEquals(List.of("a", "b"), claims.list("list"));
    assertEquals(List.of("a", "b"), claims.list("text"));
    assertEquals(List.of("ab"), claims.list("one"));
    assertEquals(List.of(), claims.list("number"));
    assertEquals(List.of(), claims.list("none"));
  }
}
