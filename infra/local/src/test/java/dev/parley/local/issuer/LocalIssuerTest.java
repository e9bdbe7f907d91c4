package dev.parley.local.issuer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LocalIssuerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Instant NOW = Instant.ofEpochSecond(1_795_000_000);

  private final LocalIssuer issuer = new LocalIssuer(8080, InstantSource.fixed(NOW));

  @Test
  void aTokenTellsWhatWasAskedForAndIsSignedByTheKeyThatIsShown() throws Exception {
    String token =
        body("/token", Map.of("user", "ada", "name", "Ada", "roles", "staff,chat-admin"));
    String[] parts = token.split("\\.", -1);

    assertEquals(
        "{\"alg\":\"ES256\",\"kid\":\"local\",\"typ\":\"JWT\"}",
        new String(decoded(parts[0]), UTF_8));
    assertEquals(
        JSON.readTree(
            """
            {"iss": "http://localhost:8080/_local/issuer", "aud": "local", "sub": "ada",
             "name": "Ada", "iat": 1795000000, "exp": 1795003600, "roles": ["staff", "chat-admin"]}
            """),
        JSON.readTree(decoded(parts[1])));
    JsonNode key = JSON.readTree(body("/jwks", Map.of())).path("keys").path(0);
    assertEquals("local", key.path("kid").asText());
    assertTrue(verifies(key, parts));
    parts[1] = parts[1].replaceFirst("^.", "f");
    assertTrue(!verifies(key, parts));
  }

  private static boolean verifies(JsonNode key, String[] parts) throws Exception {
    AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
    curve.init(new ECGenParameterSpec("secp256r1"));
    PublicKey read =
        KeyFactory.getInstance("EC")
            .generatePublic(
                new ECPublicKeySpec(
                    new ECPoint(coordinate(key, "x"), coordinate(key, "y")),
                    curve.getParameterSpec(ECParameterSpec.class)));
    Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
    signature.initVerify(read);
    signature.update((parts[0] + "." + parts[1]).getBytes(UTF_8));
    return signature.verify(decoded(parts[2]));
  }

  private static BigInteger coordinate(JsonNode key, String name) {
    byte[] bytes = decoded(key.path(name).asText());
    assertEquals(32, bytes.length);
    return new BigInteger(1, bytes);
  }

  private static byte[] decoded(String part) {
    return Base64.getUrlDecoder().decode(part);
  }

  /// Coordinates that begin with zeros, or with a bit that is no sign, are of 32 bytes too.
  @Test
  void everyKeyIsShownInFull() throws Exception {
    for (int i = 0; i < 300; i++) {
      LocalIssuer another = new LocalIssuer(8080, InstantSource.fixed(NOW));
      JsonNode key =
          JSON.readTree(requireNonNull(another.answer("/jwks", Map.of())).body())
              .path("keys")
              .path(0);
      coordinate(key, "x");
      coordinate(key, "y");
    }
  }

  @Test
  void onlyTheUserMustBeGiven() throws Exception {
    JsonNode claims =
        JSON.readTree(decoded(body("/token", Map.of("user", "ada")).split("\\.", -1)[1]));

    assertEquals("ada", claims.path("name").asText());
    assertEquals("[]", claims.path("roles").toString());
    assertEquals(3_600, claims.path("exp").asLong() - claims.path("iat").asLong());
  }

  @Test
  void whatCannotBeIsRefusedWithItsName() {
    Map<Map<String, String>, String> refused =
        Map.of(
            Map.of(), "user: expected 1 to 200 characters",
            Map.of("user", ""), "user: expected 1 to 200 characters",
            Map.of("user", "x".repeat(201)), "user: expected 1 to 200 characters",
            Map.of("user", "a", "name", "x".repeat(201)), "name: expected 1 to 200 characters",
            Map.of("user", "a", "seconds", "0"), "seconds: expected a whole number from 1 to 86400",
            Map.of("user", "a", "seconds", "86401"),
                "seconds: expected a whole number from 1 to 86400",
            Map.of("user", "a", "seconds", "ten"),
                "seconds: expected a whole number from 1 to 86400");
    refused.forEach(
        (query, why) -> {
          LocalIssuer.Answer answer = answer("/token", query);
          assertEquals(400, answer.status());
          assertEquals(why, answer.body());
        });
  }

  @Test
  void itTellsWhereItsKeysAre() throws Exception {
    JsonNode document = JSON.readTree(body("/.well-known/openid-configuration", Map.of()));

    assertEquals(issuer.url(), document.path("issuer").asText());
    assertEquals(issuer.url() + "/jwks", document.path("jwks_uri").asText());
    assertNull(issuer.answer("/", Map.of()));
    assertNull(issuer.answer("/elsewhere", Map.of()));
  }

  @Test
  void eachStartHasAKeyOfItsOwn() {
    LocalIssuer another = new LocalIssuer(8080, InstantSource.fixed(NOW));

    assertNotEquals(
        body("/jwks", Map.of()), requireNonNull(another.answer("/jwks", Map.of())).body());
  }

  private String body(String path, Map<String, String> query) {
    LocalIssuer.Answer answer = answer(path, query);
    assertEquals(200, answer.status());
    return answer.body();
  }

  private LocalIssuer.Answer answer(String path, Map<String, String> query) {
    Map<String, List<String>> all = new java.util.HashMap<>();
    query.forEach((name, value) -> all.put(name, List.of(value)));
    return requireNonNull(issuer.answer(path, all));
  }
}
