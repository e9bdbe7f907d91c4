package dev.parley.token;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.parley.platform.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// An issuer of tokens on this machine, whose keys are asked for by HTTP. It may misbehave.
public final class TestIssuer implements AutoCloseable {
  public static final String NAME = "https://issuer.example/";
  public static final String AUDIENCE = "chat";

  /// Made once: they take a while.
  public static final RSAKey RSA = rsa("rsa", 2048);

  public static final ECKey EC = ec("ec", Curve.P_256);

  /// Answers a request for the keys.
  @FunctionalInterface
  interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private final HttpServer server;
  private final AtomicInteger asked = new AtomicInteger();
  private volatile Answer answer;

  public TestIssuer() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    answer = has(RSA, EC);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          asked.incrementAndGet();
          try (exchange) {
            answer.to(exchange);
          }
        });
    server.start();
  }

  static RSAKey rsa(String id, int bits) {
    try {
      return new RSAKeyGenerator(bits, true).keyID(id).generate();
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  static ECKey ec(String id, Curve curve) {
    try {
      return new ECKeyGenerator(curve).keyID(id).generate();
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  /// The public halves of keys.
  static Answer has(JWK... keys) {
    return says(new JWKSet(java.util.List.of(keys)).toString(true));
  }

  static Answer says(String body) {
    return says(200, body);
  }

  static Answer says(int status, String body) {
    return exchange -> {
      byte[] bytes = body.getBytes(UTF_8);
      exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  void answers(Answer next) {
    answer = next;
  }

  /// How often it was asked for its keys.
  int asked() {
    return asked.get();
  }

  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/jwks";
  }

  /// The settings of a function that takes its tokens.
  public Map<String, String> settings() {
    Map<String, String> settings = new HashMap<>();
    settings.put("AWS_REGION", "us-east-1");
    settings.put("NO_PROXY", "*");
    settings.put("TOKEN_ISSUER", NAME);
    settings.put("TOKEN_AUDIENCE", AUDIENCE);
    settings.put("TOKEN_AUDIENCE_CLAIM", "aud");
    settings.put("TOKEN_KEYS_URL", url());
    settings.put("TOKEN_ALGORITHMS", "RS256,ES256");
    settings.put("TOKEN_NAME_CLAIM", "name");
    settings.put("TOKEN_ROLES_CLAIM", "roles");
    settings.put("TOKEN_ADMIN_ROLE", "chat-admin");
    return settings;
  }

  TokenVerifier verifier(Map<String, String> instead) {
    Map<String, String> all = settings();
    all.putAll(instead);
    Settings settings = new Settings(all);
    return new TokenVerifier(TokenRules.of(settings).orElseThrow(), settings);
  }

  /// Claims of a token of Ada's, which expires an hour after now.
  public static JWTClaimsSet.Builder claims(Instant now) {
    return new JWTClaimsSet.Builder()
        .issuer(NAME)
        .audience(AUDIENCE)
        .subject("ada")
        .claim("name", "Ada")
        .issueTime(Date.from(now))
        .expirationTime(Date.from(now.plusSeconds(3_600)));
  }

  public static String sign(JWTClaimsSet.Builder claims) {
    return sign(new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("rsa").build(), RSA, claims);
  }

  static String sign(JWSHeader header, JWK key, JWTClaimsSet.Builder claims) {
    try {
      SignedJWT jwt = new SignedJWT(header, claims.build());
      jwt.sign(key instanceof RSAKey rsa ? new RSASSASigner(rsa) : new ECDSASigner(key.toECKey()));
      return jwt.serialize();
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
