package dev.parley.local.issuer;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// An issuer of signed tokens (JWT), below `/_local/issuer`, which believes everybody:
///
/// - `/token?user=ada&name=Ada&roles=chat-admin,staff&seconds=3600`: a token, as text. All but
///   `user` may be left out.
/// - `/jwks`: its public key, as a JWK set (RFC 7517)
/// - `/.well-known/openid-configuration`: where that is (OpenID Connect Discovery 1.0)
///
/// Its key is made when it starts, so that tokens end with the process. A token is for
/// [#AUDIENCE], signed with ES256, and lists its roles in `roles`.
///
/// Safe for use by many threads.
public final class LocalIssuer {
  public static final String PATH = "/_local/issuer";
  public static final String AUDIENCE = "local";

  private static final String KEY_ID = "local";
  private static final int SECONDS_UNLESS_GIVEN = 3_600;
  private static final int SECONDS_MAX = 86_400;
  private static final int TEXT_CHARACTERS_MAX = 200;
  private static final int COORDINATE_BYTES = 32;
  private static final String JSON = "application/json";

  /// What it answers to a request.
  public record Answer(int status, String contentType, String body) {}

  /// A parameter of a request is not what it should be.
  private static final class BadRequest extends Exception {
    BadRequest(String expected) {
      super(expected);
    }
  }

  private final String url;
  private final InstantSource clock;
  private final KeyPair keys;

  /// @param port of the gateway, below which it is
  public LocalIssuer(int port, InstantSource clock) {
    this.url = "http://localhost:" + port + PATH;
    this.clock = clock;
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      this.keys = generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new AssertionError("Every JDK has P-256", e);
    }
  }

  /// The claim `iss` of its tokens.
  public String url() {
    return url;
  }

  /// @param path below [#PATH]
  /// @param query decoded
  /// @return null where there is nothing at this path
  public @Nullable Answer answer(String path, Map<String, List<String>> query) {
    return switch (path) {
      case "/token" -> {
        try {
          yield new Answer(200, "text/plain; charset=utf-8", token(query));
        } catch (BadRequest e) {
          yield new Answer(400, "text/plain; charset=utf-8", String.valueOf(e.getMessage()));
        }
      }
      case "/jwks" -> new Answer(200, JSON, keySet().toString());
      case "/.well-known/openid-configuration" -> new Answer(200, JSON, discovery().toString());
      default -> null;
    };
  }

  private String token(Map<String, List<String>> query) throws BadRequest {
    String user = text(query, "user", null, "expected 1 to 200 characters");
    String name = text(query, "name", user, "expected 1 to 200 characters");
    String roles = text(query, "roles", "", "expected names, separated by commas");
    String seconds =
        text(
            query,
            "seconds",
            Integer.toString(SECONDS_UNLESS_GIVEN),
            "expected a whole number from 1 to " + SECONDS_MAX,
            value -> value.matches("[0-9]{1,5}") && isLifetime(Integer.parseInt(value)));
    long now = clock.instant().getEpochSecond();
    ObjectNode claims = Json.MAPPER.createObjectNode();
    claims.put("iss", url).put("aud", AUDIENCE).put("sub", user).put("name", name);
    claims.put("iat", now).put("exp", now + Integer.parseInt(seconds));
    Arrays.stream(roles.split(",", -1))
        .filter(role -> !role.isEmpty())
        .forEach(claims.putArray("roles")::add);
    return signed(claims);
  }

  private static boolean isLifetime(int seconds) {
    return seconds >= 1 && seconds <= SECONDS_MAX;
  }

  private static String text(
      Map<String, List<String>> query, String name, @Nullable String unlessGiven, String expected)
      throws BadRequest {
    return text(query, name, unlessGiven, expected, value -> true);
  }

  private static String text(
      Map<String, List<String>> query,
      String name,
      @Nullable String unlessGiven,
      String expected,
      Predicate<String> allowed)
      throws BadRequest {
    String given = query.getOrDefault(name, List.of("")).getLast();
    String value = given.isEmpty() && unlessGiven != null ? unlessGiven : given;
    if ((value.isEmpty() && unlessGiven == null)
        || value.length() > TEXT_CHARACTERS_MAX
        || !allowed.test(value)) {
      throw new BadRequest(name + ": " + expected);
    }
    return value;
  }

  /// RFC 7515, "JSON Web Signature", section 7.1, with ES256 of RFC 7518 section 3.4.
  private String signed(ObjectNode claims) {
    String header = "{\"alg\":\"ES256\",\"kid\":\"" + KEY_ID + "\",\"typ\":\"JWT\"}";
    String content =
        base64(header.getBytes(UTF_8)) + "." + base64(claims.toString().getBytes(UTF_8));
    try {
      Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      signature.initSign(keys.getPrivate());
      signature.update(content.getBytes(UTF_8));
      return content + "." + base64(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new AssertionError("Every JDK has ECDSA", e);
    }
  }

  private ObjectNode keySet() {
    ECPublicKey key = (ECPublicKey) keys.getPublic();
    ObjectNode set = Json.MAPPER.createObjectNode();
    set.putArray("keys")
        .addObject()
        .put("kty", "EC")
        .put("crv", "P-256")
        .put("kid", KEY_ID)
        .put("use", "sig")
        .put("alg", "ES256")
        .put("x", coordinate(key.getW().getAffineX()))
        .put("y", coordinate(key.getW().getAffineY()));
    return set;
  }

  private ObjectNode discovery() {
    ObjectNode document = Json.MAPPER.createObjectNode();
    document
        .put("issuer", url)
        .put("jwks_uri", url + "/jwks")
        .put("token_endpoint", url + "/token");
    document.putArray("id_token_signing_alg_values_supported").add("ES256");
    document.putArray("subject_types_supported").add("public");
    return document;
  }

  /// Of fixed length, without a sign (RFC 7518 section 6.2.1.2).
  private static String coordinate(BigInteger value) {
    byte[] signed = value.toByteArray();
    byte[] fixed = new byte[COORDINATE_BYTES];
    int length = Math.min(signed.length, COORDINATE_BYTES);
    System.arraycopy(signed, signed.length - length, fixed, COORDINATE_BYTES - length, length);
    return base64(fixed);
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
