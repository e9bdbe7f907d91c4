package dev.parley.local.origins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class OriginsTest {
  private static final String SIGNATURE =
      "AWS4-HMAC-SHA256 Credential=local/20260801/us-east-1/sqs/aws4_request,"
          + " SignedHeaders=host;x-amz-date, Signature=0a";

  private static final List<String> HERE = List.of("localhost:8080");

  @Test
  void everyNameOfThisMachineIsAdmitted() {
    for (String host :
        List.of(
            "localhost",
            "localhost:8080",
            "LocalHost:8080",
            "ada.localhost:8080",
            "127.0.0.1",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:8080")) {
      assertNull(Origins.OF_THIS_MACHINE.refusal(List.of(host), List.of()), host);
    }
  }

  @Test
  void anotherNameIsRefusedWithTheOptionThatAdmitsIt() {
    assertEquals(
        "evil.example:8080 is not a name of this machine;"
            + " -Dparley.origins=https://evil.example:8080 admits it.",
        Origins.OF_THIS_MACHINE.refusal(List.of("evil.example:8080"), List.of()));
    for (String host :
        List.of(
            "localhost.evil.example",
            "evillocalhost",
            "127.0.0.1.evil.example",
            "127.0.0.1.",
            "10.0.0.7",
            "0.0.0.0",
            "[::2]",
            "[::ffff:127.0.0.1]")) {
      assertNotNull(Origins.OF_THIS_MACHINE.refusal(List.of(host), List.of()), host);
    }
    for (String host : List.of("", ":8080", "a b", "evil.example\"", "localhost@evil", "grüße")) {
      assertEquals(
          "The Host header names no host.",
          Origins.OF_THIS_MACHINE.refusal(List.of(host), List.of()));
    }
  }

  @Test
  void eachOfSeveralValuesCounts() {
    List<String> hosts = List.of("localhost", "evil.example");
    List<String> origins = List.of("http://localhost", "http://evil.example");

    assertNotNull(Origins.OF_THIS_MACHINE.refusal(hosts, List.of()));
    assertNotNull(Origins.OF_THIS_MACHINE.refusal(HERE, origins));
  }

  @Test
  void pagesOfAnyPortOfThisMachineAreAdmittedAndNoOthers() {
    for (String origin :
        List.of(
            "http://localhost",
            "http://localhost:3000",
            "https://localhost:3000",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "http://ada.localhost:8080")) {
      assertNull(Origins.OF_THIS_MACHINE.refusal(HERE, List.of(origin)), origin);
    }
    for (String origin :
        List.of(
            "https://evil.example",
            "http://localhost.evil.example",
            "http://evil.example:8080",
            "null",
            "file://localhost",
            "chrome-extension://localhost",
            "",
            "http://localhost/",
            "http://localhost http://evil.example",
            "http://evil.example#@localhost")) {
      assertNotNull(Origins.OF_THIS_MACHINE.refusal(HERE, List.of(origin)), origin);
    }
    assertEquals(
        "Pages of the origin https://evil.example are not admitted;"
            + " -Dparley.origins=https://evil.example admits them.",
        Origins.OF_THIS_MACHINE.refusal(HERE, List.of("https://evil.example")));
  }

  @Test
  void aListedOriginIsAdmittedAsOriginAndAsHost() {
    Origins origins = Origins.parse("https://chat.example, http://10.0.0.7:3000,null");

    for (String origin : List.of("https://chat.example", "http://10.0.0.7:3000", "null")) {
      assertNull(origins.refusal(HERE, List.of(origin)), origin);
    }
    for (String host : List.of("chat.example", "chat.example:443", "10.0.0.7:3000", "localhost")) {
      assertNull(origins.refusal(List.of(host), List.of()), host);
    }
    for (String origin :
        List.of("http://chat.example", "https://chat.example:8443", "https://a.chat.example")) {
      assertNotNull(origins.refusal(HERE, List.of(origin)), origin);
    }
    assertNotNull(origins.refusal(List.of("null"), List.of()));
    assertNotNull(
        Origins.parse("app://chat").refusal(List.of("chat"), List.of()),
        "an app's origin is no name in DNS");
  }

  @Test
  void anOriginThatNoBrowserSendsIsRefused() {
    assertEquals(Origins.OF_THIS_MACHINE, Origins.parse(" "));
    for (String list :
        List.of(
            "chat.example",
            "https://chat.example/",
            "https://Chat.example",
            "https://chat.example:443",
            "http://chat.example:80",
            "https://chat.example,",
            "*",
            "https://*.example")) {
      assertThrows(IllegalArgumentException.class, () -> Origins.parse(list), list);
    }
    assertEquals(
        "`*` is no origin: expected what a browser sends, which is scheme://host or"
            + " scheme://host:port in lower case, without a path and without the scheme's own port,"
            + " or null",
        assertThrows(IllegalArgumentException.class, () -> Origins.parse("*")).getMessage());
  }

  @Test
  void aCallMustBeSignedToo() {
    Origins origins = Origins.OF_THIS_MACHINE;

    assertNull(origins.refusalOfCall(HERE, List.of(), SIGNATURE));
    for (String authorization : List.of("", "Basic bG9jYWw6bG9jYWw=", "Bearer AWS4-HMAC-SHA256")) {
      assertEquals(
          "A call must be signed (AWS4-HMAC-SHA256); any credentials will do.",
          origins.refusalOfCall(HERE, List.of(), authorization));
    }
    assertNotNull(origins.refusalOfCall(HERE, List.of(), null));
    assertNotNull(origins.refusalOfCall(List.of("evil.example"), List.of(), SIGNATURE));
    assertNotNull(origins.refusalOfCall(HERE, List.of("http://evil.example"), SIGNATURE));
  }

  @Test
  void aRefusedCallGetsTheJsonOfAnSdksError() {
    assertEquals("{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}", Origins.json("no"));
  }
}
