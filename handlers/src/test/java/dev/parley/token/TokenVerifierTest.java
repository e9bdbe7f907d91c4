package dev.parley.token;

import static dev.parley.token.TestIssuer.EC;
import static dev.parley.token.TestIssuer.RSA;
import static dev.parley.token.TestIssuer.claims;
import static dev.parley.token.TestIssuer.sign;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.EncryptionMethod;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWEAlgorithm;
import com.nimbusds.jose.JWEHeader;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSAEncrypter;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.EncryptedJWT;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.parley.Limits;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TokenVerifierTest {
  private final TestIssuer issuer = new TestIssuer();
  private final TokenVerifier verifier = issuer.verifier(Map.of());
  private final Instant now = Instant.ofEpochSecond(Instant.now().getEpochSecond());

  @AfterEach
  void close() {
    issuer.close();
  }

  // ---- Tokens that are taken ------------------------------------------------------------------

  @Test
  void aTokenOfTheIssuerTellsWhoItsBearerIs() {
    TokenResult.Verified ada = verified(sign(claims(now)));

    assertEquals("ada", ada.identity().user());
    assertEquals("Ada", ada.identity().sender());
    assertEquals(now.plusSeconds(3_600), ada.expires());
    assertFalse(ada.admin());
    assertEquals(1, issuer.asked());
  }

  @Test
  void eachAlgorithmThatIsAllowedIsTakenAndNoOther() throws Exception {
    ECKey p384 = TestIssuer.ec("p384", Curve.P_384);
    ECKey p521 = TestIssuer.ec("p521", Curve.P_521);
    issuer.answers(TestIssuer.has(RSA, EC, p384, p521));
    Map<JWSAlgorithm, com.nimbusds.jose.jwk.JWK> keys =
        Map.of(
            JWSAlgorithm.RS256, RSA,
            JWSAlgorithm.RS384, RSA,
            JWSAlgorithm.RS512, RSA,
            JWSAlgorithm.PS256, RSA,
            JWSAlgorithm.PS384, RSA,
            JWSAlgorithm.PS512, RSA,
            JWSAlgorithm.ES256, EC,
            JWSAlgorithm.ES384, p384,
            JWSAlgorithm.ES512, p521);
    for (var each : keys.entrySet()) {
      String name = each.getKey().getName();
      String token =
          sign(
              new JWSHeader.Builder(each.getKey()).keyID(each.getValue().getKeyID()).build(),
              each.getValue(),
              claims(now));

      TokenVerifier only = issuer.verifier(Map.of("TOKEN_ALGORITHMS", name));
      assertInstanceOf(TokenResult.Verified.class, only.verify(token, now), name);
      String others =
          String.join(
              ",",
              keys.keySet().stream()
                  .map(JWSAlgorithm::getName)
                  .filter(n -> !n.equals(name))
                  .toList());
      TokenVerifier all = issuer.verifier(Map.of("TOKEN_ALGORITHMS", others));
      assertRefused("has an algorithm that is not allowed", all, token);
    }
  }

  /// `kid`, claims and types as these three write them. Only parameters differ.
  @Test
  void tokensOfCognitoAuth0AndKeycloakAreTakenByParametersAlone() {
    String pool = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123";
    JWTClaimsSet.Builder cognito =
        new JWTClaimsSet.Builder()
            .issuer(pool)
            .subject("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
            .claim("client_id", "1example23456789")
            .claim("token_use", "access")
            .claim("scope", "openid profile")
            .claim("username", "ada")
            .claim("cognito:groups", List.of("chat-admin", "staff"))
            .claim("auth_time", now.getEpochSecond())
            .claim("version", 2)
            .issueTime(Date.from(now))
            .expirationTime(Date.from(now.plusSeconds(3_600)));
    TokenResult.Verified ofCognito =
        assertInstanceOf(
            TokenResult.Verified.class,
            issuer
                .verifier(
                    Map.of(
                        "TOKEN_ISSUER", pool,
                        "TOKEN_AUDIENCE", "1example23456789,another",
                        "TOKEN_AUDIENCE_CLAIM", "client_id",
                        "TOKEN_NAME_CLAIM", "username",
                        "TOKEN_ROLES_CLAIM", "cognito:groups"))
                .verify(sign(cognito), now));
    assertEquals("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", ofCognito.identity().user());
    assertEquals("ada", ofCognito.identity().sender());
    assertTrue(ofCognito.admin());

    JWTClaimsSet.Builder auth0 =
        new JWTClaimsSet.Builder()
            .issuer("https://tenant.eu.auth0.com/")
            .subject("auth0|507f1f77bcf86cd799439020")
            .audience(List.of("https://chat.example/api", "https://tenant.eu.auth0.com/userinfo"))
            .claim("https://chat.example/name", "Ada Lovelace")
            .claim("https://chat.example/roles", List.of("chat-admin"))
            .claim("azp", "my_client_id")
            .claim("scope", "openid profile")
            .issueTime(Date.from(now))
            .expirationTime(Date.from(now.plusSeconds(86_400)));
    TokenResult.Verified ofAuth0 =
        assertInstanceOf(
            TokenResult.Verified.class,
            issuer
                .verifier(
                    Map.of(
                        "TOKEN_ISSUER", "https://tenant.eu.auth0.com/",
                        "TOKEN_AUDIENCE", "https://chat.example/api",
                        "TOKEN_NAME_CLAIM", "https://chat.example/name",
                        "TOKEN_ROLES_CLAIM", "https://chat.example/roles"))
                .verify(
                    sign(
                        new JWSHeader.Builder(JWSAlgorithm.RS256)
                            .type(new JOSEObjectType("at+jwt"))
                            .keyID("rsa")
                            .build(),
                        RSA,
                        auth0),
                    now));
    assertEquals("auth0|507f1f77bcf86cd799439020", ofAuth0.identity().user());
    assertEquals("Ada Lovelace", ofAuth0.identity().sender());
    assertTrue(ofAuth0.admin());

    JWTClaimsSet.Builder keycloak =
        new JWTClaimsSet.Builder()
            .issuer("https://sso.example/realms/main")
            .subject("f3a1c2d4-0b6e-4c55-9c1e-2f6a7b8c9d0e")
            .audience("account")
            .claim("typ", "Bearer")
            .claim("azp", "chat")
            .claim("preferred_username", "ada")
            .claim("name", "Ada Lovelace")
            .claim("realm_access", Map.of("roles", List.of("offline_access", "chat-admin")))
            .claim("resource_access", Map.of("account", Map.of("roles", List.of("manage"))))
            .issueTime(Date.from(now))
            .expirationTime(Date.from(now.plusSeconds(300)));
    TokenResult.Verified ofKeycloak =
        assertInstanceOf(
            TokenResult.Verified.class,
            issuer
                .verifier(
                    Map.of(
                        "TOKEN_ISSUER", "https://sso.example/realms/main",
                        "TOKEN_AUDIENCE", "chat",
                        "TOKEN_AUDIENCE_CLAIM", "azp",
                        "TOKEN_ROLES_CLAIM", "realm_access.roles"))
                .verify(
                    sign(
                        new JWSHeader.Builder(JWSAlgorithm.RS256)
                            .type(JOSEObjectType.JWT)
                            .keyID("rsa")
                            .build(),
                        RSA,
                        keycloak),
                    now));
    assertEquals("f3a1c2d4-0b6e-4c55-9c1e-2f6a7b8c9d0e", ofKeycloak.identity().user());
    assertEquals("Ada Lovelace", ofKeycloak.identity().sender());
    assertTrue(ofKeycloak.admin());
  }

  // ---- Tokens that are refused ----------------------------------------------------------------

  @Test
  void whatTheIssuerHasNotSignedIsRefused() throws Exception {
    String token = sign(claims(now));
    String[] parts = token.split("\\.", -1);
    RSAKey forger = TestIssuer.rsa("rsa", 2048);

    assertRefused("has a wrong signature", sign(header().build(), forger, claims(now)));
    assertRefused(
        "has a wrong signature",
        parts[0]
            + "."
            + Base64URL.encode(claims(now).subject("eve").build().toString())
            + "."
            + parts[2]);
    assertRefused(
        "has a wrong signature", parts[0] + "." + parts[1] + "." + Base64URL.encode(new byte[256]));
    assertRefused("is no signed JWT", parts[0] + "." + parts[1] + ".");
    assertRefused("is no signed JWT", new PlainJWT(claims(now).build()).serialize());
    assertRefused(
        "is no JWT as it should be: ParseException",
        Base64URL.encode("{\"alg\":\"none\",\"kid\":\"rsa\"}") + "." + parts[1] + "." + parts[2]);
  }

  /// A signature of zeros was valid for every key in Java 15 to 18 (CVE-2022-21449).
  @Test
  void aSignatureOfZerosIsRefused() {
    String token =
        sign(new JWSHeader.Builder(JWSAlgorithm.ES256).keyID("ec").build(), EC, claims(now));
    verified(token);

    assertRefused(
        "has a wrong signature",
        token.substring(0, token.lastIndexOf('.') + 1) + Base64URL.encode(new byte[64]));
  }

  /// The public key is known to everybody, also as a secret.
  @Test
  void thePublicKeyIsNoSecret() throws Exception {
    for (byte[] secret :
        List.of(
            RSA.toRSAPublicKey().getEncoded(), RSA.toPublicJWK().toJSONString().getBytes(UTF_8))) {
      SignedJWT jwt =
          new SignedJWT(
              new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("rsa").build(), claims(now).build());
      jwt.sign(new MACSigner(secret));

      assertRefused("has an algorithm that is not allowed", jwt.serialize());
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> issuer.verifier(Map.of("TOKEN_ALGORITHMS", "HS256")),
        "nor can it be allowed");
    assertThrows(
        IllegalArgumentException.class, () -> issuer.verifier(Map.of("TOKEN_ALGORITHMS", "none")));
  }

  @Test
  void aKeyOfAnotherKindOrForAnotherUseIsNotTaken() throws Exception {
    RSAKey encrypting = new RSAKey.Builder(RSA).keyID("enc").keyUse(KeyUse.ENCRYPTION).build();
    RSAKey pss = new RSAKey.Builder(RSA).keyID("pss").algorithm(JWSAlgorithm.PS256).build();
    RSAKey weak = TestIssuer.rsa("weak", 1024);
    ECKey p384 = TestIssuer.ec("p384", Curve.P_384);
    issuer.answers(TestIssuer.has(RSA, EC, encrypting, pss, weak, p384));

    for (String id : List.of("enc", "pss", "weak", "ec", "p384")) {
      assertRefused(
          "names none of the issuer's keys for its algorithm",
          sign(new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(id).build(), RSA, claims(now)));
    }
    for (String id : List.of("rsa", "p384")) {
      assertRefused(
          "names none of the issuer's keys for its algorithm",
          sign(new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(id).build(), EC, claims(now)));
    }
  }

  @Test
  void aTokenThatBringsItsKeyIsRefused() throws Exception {
    RSAKey own = TestIssuer.rsa("rsa", 2048);
    URI url = URI.create(issuer.url());

    for (JWSHeader header :
        List.of(
            header().jwk(own.toPublicJWK()).build(),
            header().jwkURL(url).build(),
            header().x509CertURL(url).build(),
            header().x509CertChain(List.of(new com.nimbusds.jose.util.Base64("MA=="))).build())) {
      assertRefused("brings a key", sign(header, own, claims(now)));
    }
    assertEquals(0, issuer.asked());
  }

  /// A key's name is compared with names, and is no path, query or pattern of anything.
  @Test
  void aKeyIdLeadsNowhere() {
    verified(sign(claims(now)));
    for (String id :
        List.of(
            "../../../../dev/null", "' OR 1=1 --", "file:///etc/passwd", "rsa\u0000", "RSA", "*")) {
      assertRefused(
          "names none of the issuer's keys for its algorithm",
          sign(new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(id).build(), RSA, claims(now)));
    }
    assertEquals(1, issuer.asked(), "and the issuer is not asked for each");
    assertRefused(
        "names no key", sign(new JWSHeader.Builder(JWSAlgorithm.RS256).build(), RSA, claims(now)));
    assertRefused(
        "names no key",
        sign(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("k".repeat(257)).build(),
            RSA,
            claims(now)));
  }

  @Test
  void whatMustBeUnderstoodOrIsNestedOrIsNoTokenForUsIsRefused() throws Exception {
    assertRefused(
        "has extensions that must be understood",
        sign(
            header().criticalParams(Set.of("exp")).customParam("exp", 1).build(),
            RSA,
            claims(now)));
    assertRefused(
        "is no signed JWT",
        sign(
            header().base64URLEncodePayload(false).criticalParams(Set.of("b64")).build(),
            RSA,
            claims(now)));
    assertRefused(
        "is of another type", sign(header().contentType("JWT").build(), RSA, claims(now)));
    assertRefused(
        "is of another type",
        sign(header().type(new JOSEObjectType("logout+jwt")).build(), RSA, claims(now)));
    EncryptedJWT encrypted =
        new EncryptedJWT(
            new JWEHeader(JWEAlgorithm.RSA_OAEP_256, EncryptionMethod.A128GCM),
            claims(now).build());
    encrypted.encrypt(new RSAEncrypter(RSA));
    assertRefused("is no signed JWT", encrypted.serialize());
    com.nimbusds.jose.JWSObject list =
        new com.nimbusds.jose.JWSObject(header().build(), new Payload("[1]"));
    list.sign(new com.nimbusds.jose.crypto.RSASSASigner(RSA));
    assertRefused("is no JWT as it should be: ParseException", list.serialize());
  }

  @Test
  void anOversizedTokenIsNotEvenRead() {
    String large = sign(claims(now).claim("more", "x".repeat(Limits.TOKEN_CHARACTERS_MAX)));

    assertRefused("is longer than 8192", large);
    assertEquals(0, issuer.asked());
  }

  @Test
  void aDeepTokenIsRefused() throws Exception {
    String deep = "[".repeat(2_000) + "]".repeat(2_000);
    for (String part : List.of("{\"alg\":\"RS256\",\"kid\":\"rsa\",\"a\":" + deep + "}", deep)) {
      String header = Base64URL.encode(part).toString();
      assertRefused("is no JWT as it should be: ParseException", header + ".e30.e30");
    }
  }

  @Test
  void anIssuerAndAnAudienceOfOthersAreRefused() {
    for (String other : List.of("https://issuer.example", "https://issuer.example/x", "")) {
      assertRefused("is of another issuer", sign(claims(now).issuer(other)));
    }
    assertRefused("is of another issuer", sign(claims(now).issuer(null)));
    for (String other : List.of("chat2", "CHAT", "")) {
      assertRefused("is for another audience", sign(claims(now).audience(other)));
    }
    assertRefused("is for another audience", sign(claims(now).audience(List.<String>of())));
    verified(sign(claims(now).audience(List.of("another", "chat"))));
  }

  @Test
  void aTokenCountsFromItsBeginningToItsEnd() {
    assertRefused("has expired, or never does", sign(claims(now).expirationTime(Date.from(now))));
    assertRefused("has expired, or never does", sign(claims(now).expirationTime(null)));
    verified(sign(claims(now).expirationTime(Date.from(now.plusSeconds(1)))));

    Date inAMinute = Date.from(now.plusSeconds(60));
    Date later = Date.from(now.plusSeconds(61));
    verified(sign(claims(now).notBeforeTime(inAMinute).issueTime(inAMinute)));
    assertRefused("is not valid yet", sign(claims(now).notBeforeTime(later)));
    assertRefused("is not valid yet", sign(claims(now).issueTime(later)));
    verified(sign(claims(now).issueTime(null)));
  }

  @Test
  void aTokenWithoutASubjectIsRefused() {
    assertRefused("has no subject", sign(claims(now).subject(null)));
    assertRefused("has no subject", sign(claims(now).subject("")));
  }

  /// Whatever it is given, it takes nothing that is not signed, and ends.
  @Test
  void changesOfATokenAreRefused() {
    long seed = 11;
    Random random = new Random(seed);
    String token = sign(claims(now));
    String alphabet = "ABCxyz019-_.=\u0000é";
    for (int i = 0; i < 3_000; i++) {
      StringBuilder changed = new StringBuilder(token);
      for (int n = random.nextInt(3); n >= 0; n--) {
        char any = alphabet.charAt(random.nextInt(alphabet.length()));
        int at = random.nextInt(changed.length());
        switch (random.nextInt(3)) {
          case 0 -> changed.setCharAt(at, any);
          case 1 -> changed.insert(at, any);
          default -> changed.delete(at, Math.min(changed.length(), at + 1 + random.nextInt(9)));
        }
      }
      String tried = changed.toString();
      if (!tried.equals(token) && verifier.verify(tried, now) instanceof TokenResult.Verified v) {
        // The last character of a part has bits that mean nothing.
        assertEquals("ada", v.identity().user(), "seed " + seed);
        assertEquals(token.length(), tried.length(), "seed " + seed + ": " + tried);
      }
    }
  }

  // ---- The issuer's keys ----------------------------------------------------------------------

  @Test
  void aNewKeyIsAskedForOnceInAWhile() {
    verified(sign(claims(now)));
    RSAKey next = TestIssuer.rsa("next", 2048);
    String token =
        sign(new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("next").build(), next, claims(now));
    issuer.answers(TestIssuer.has(next));

    assertInstanceOf(TokenResult.Refused.class, verifier.verify(token, now.plusSeconds(9)));
    assertEquals(1, issuer.asked(), "it was asked 9 s ago");
    assertInstanceOf(TokenResult.Verified.class, verifier.verify(token, now.plusSeconds(10)));
    assertEquals(2, issuer.asked());
    assertInstanceOf(
        TokenResult.Refused.class, verifier.verify(sign(claims(now)), now.plusSeconds(11)));
    assertEquals(2, issuer.asked());
  }

  @Test
  void keysAreKeptWhileTheyAreFreshAndAreThenAskedForAgain() {
    verified(sign(claims(now)));
    Instant fresh = now.plus(SigningKeys.FRESH).minusSeconds(1);
    Instant stale = now.plus(SigningKeys.FRESH);

    assertInstanceOf(TokenResult.Verified.class, verifier.verify(sign(claims(now)), fresh));
    assertEquals(1, issuer.asked());
    issuer.answers(TestIssuer.has(EC));
    assertInstanceOf(TokenResult.Refused.class, verifier.verify(sign(claims(now)), stale));
    assertEquals(2, issuer.asked(), "a key that was taken back is no key any more");
  }

  @Test
  void anIssuerThatIsDownIsDoneWithoutForAWhile() {
    verified(sign(claims(now)));
    issuer.close();
    Instant kept = now.plus(SigningKeys.KEPT).minusSeconds(1);
    Instant over = now.plus(SigningKeys.KEPT);

    assertInstanceOf(TokenResult.Verified.class, verifier.verify(sign(claims(kept)), kept));
    assertThrows(UncheckedIOException.class, () -> verifier.verify(sign(claims(over)), over));
  }

  @Test
  void anIssuerThatFailsIsNotAskedAgainAtOnce() {
    issuer.answers(TestIssuer.says(500, "no"));
    for (int i = 0; i < 3; i++) {
      assertThrows(UncheckedIOException.class, () -> verifier.verify(sign(claims(now)), now));
    }
    assertEquals(1, issuer.asked());

    issuer.answers(TestIssuer.has(RSA));
    assertInstanceOf(
        TokenResult.Verified.class,
        verifier.verify(sign(claims(now)), now.plus(SigningKeys.PAUSE)));
  }

  @Test
  void aSetThatIsNoneOrTooLargeOrElsewhereIsNotTaken() {
    String elsewhere = issuer.url() + "/elsewhere";
    for (TestIssuer.Answer answer :
        List.<TestIssuer.Answer>of(
            TestIssuer.says("no JSON"),
            TestIssuer.says("[]"),
            TestIssuer.says("{\"keys\":{}}"),
            TestIssuer.says("{\"keys\":[" + "1,".repeat(SigningKeys.KEYS_MAX) + "1]}"),
            TestIssuer.says("{\"keys\":[],\"more\":\"" + "x".repeat(SigningKeys.BYTES_MAX) + "\"}"),
            TestIssuer.says("[".repeat(2_000)),
            TestIssuer.says(204, ""),
            TestIssuer.says(404, "{\"keys\":[]}"),
            exchange -> {
              exchange.getResponseHeaders().add("Location", elsewhere);
              exchange.sendResponseHeaders(302, -1);
            })) {
      int before = issuer.asked();
      issuer.answers(answer);
      TokenVerifier other = issuer.verifier(Map.of());
      assertThrows(UncheckedIOException.class, () -> other.verify(sign(claims(now)), now));
      assertEquals(before + 1, issuer.asked());
    }
  }

  @Test
  void anIssuerThatAnswersSlowlyIsNotWaitedForLong() {
    for (TestIssuer.Answer slow :
        List.<TestIssuer.Answer>of(
            exchange -> pause(10_000),
            exchange -> {
              exchange.sendResponseHeaders(200, 0);
              for (int i = 0; i < 100; i++) {
                exchange.getResponseBody().write(' ');
                exchange.getResponseBody().flush();
                pause(100);
              }
            })) {
      issuer.answers(slow);
      TokenVerifier other = issuer.verifier(Map.of());
      long began = System.nanoTime();
      assertThrows(UncheckedIOException.class, () -> other.verify(sign(claims(now)), now));
      long took = System.nanoTime() - began;
      assertTrue(took < Duration.ofSeconds(5).toNanos(), took + " ns");
    }
  }

  private static void pause(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// One that cannot be used costs itself only.
  @Test
  void keysOfOtherKindsArePassedOver() {
    String ours = RSA.toPublicJWK().toJSONString();
    issuer.answers(
        TestIssuer.says(
            """
            {"keys": [1, {}, {"kty": "oct", "kid": "rsa", "k": "c2VjcmV0"},
              {"kty": "new", "kid": "new"}, {"kty": "RSA", "kid": 7, "n": "AQ", "e": "AQ"},
              {"kty": "EC", "kid": "bad", "crv": "P-256", "x": "AQ", "y": "AQ"}, %s]}
            """
                .formatted(ours)));

    verified(sign(claims(now)));
  }

  @Test
  void keysComeByHttpsOrFromThisMachine() {
    for (String url :
        List.of(
            "http://issuer.example/jwks",
            "http://127.0.0.1.issuer.example/jwks",
            "file:///etc/passwd",
            "ftp://localhost/jwks",
            "jwks")) {
      assertThrows(
          IllegalArgumentException.class,
          () -> issuer.verifier(Map.of("TOKEN_KEYS_URL", url)),
          url);
    }
    issuer.verifier(Map.of("TOKEN_KEYS_URL", "https://issuer.example/jwks"));
    issuer.verifier(Map.of("TOKEN_KEYS_URL", "http://localhost:8080/jwks"));
  }

  private static JWSHeader.Builder header() {
    return new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("rsa");
  }

  private TokenResult.Verified verified(String token) {
    return assertInstanceOf(TokenResult.Verified.class, verifier.verify(token, now));
  }

  private void assertRefused(String why, String token) {
    assertRefused(why, verifier, token);
  }

  private void assertRefused(String why, TokenVerifier by, String token) {
    assertEquals(new TokenResult.Refused(why), by.verify(token, now));
  }
}
