package dev.parley.token;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import dev.parley.Metrics;
import dev.parley.platform.Aws;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;

/// The public keys of an issuer, a JWK set (RFC 7517) that is asked for by HTTP and kept.
///
/// It is asked for when it is needed first, when it is older than [#FRESH], and when a token names
/// a key that is not in it, as after a rotation; but in any case once in [#PAUSE] only, whoever
/// shows tokens. Where the issuer does not answer, what is known counts for [#KEPT].
///
/// Ages are by the wall clock: a function that is restored from a snapshot, or was frozen, sees how
/// old its keys are. Safe for use by many threads, of which one asks while the others wait.
final class SigningKeys {
  /// After so long the issuer is asked whether it has taken a key back.
  static final Duration FRESH = Duration.ofMinutes(15);

  /// So long an issuer may be down.
  static final Duration KEPT = Duration.ofHours(4);

  static final Duration PAUSE = Duration.ofSeconds(10);

  /// Of a set. Issuers have two to ten keys, of half a kilobyte or two.
  static final int BYTES_MAX = 64 * 1024;

  static final int KEYS_MAX = 50;

  /// Less is not secure (RFC 7518 section 3.3), and more takes long.
  private static final int RSA_BITS_MIN = 2_048;

  private static final int RSA_BITS_MAX = 8_192;

  /// Of a connection, and of each read.
  private static final Duration ANSWER_MAX = Duration.ofSeconds(1);

  /// Of an answer as a whole.
  private static final Duration WHOLE_MAX = Duration.ofSeconds(3);

  private static final int OK = 200;
  private static final Logger LOG = LoggerFactory.getLogger(SigningKeys.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /// @param at when they were asked for
  private record Known(List<JWK> keys, Instant at) {
    boolean within(Duration age, Instant now) {
      return Duration.between(at, now).abs().compareTo(age) < 0;
    }
  }

  private final URI url;
  private final SdkHttpClient http;
  private @Nullable Known known;
  private Instant asked = Instant.EPOCH;

  SigningKeys(URI url, Settings settings) {
    this.url = url;
    this.http =
        new Aws(settings)
            .http()
            .maxConnections(1)
            .connectionTimeout(ANSWER_MAX)
            .socketTimeout(ANSWER_MAX)
            .build();
  }

  /// The issuer's key that a token names.
  ///
  /// @param fits whether a key is for the token's algorithm
  /// @throws UncheckedIOException where the issuer does not answer, and has not for long
  synchronized Optional<JWK> find(String id, Predicate<JWK> fits, Instant now) {
    Known keys = known;
    if (keys == null || !keys.within(FRESH, now)) {
      keys = ask(now);
    }
    Optional<JWK> found = find(keys, id, fits);
    return found.isPresent() ? found : find(ask(now), id, fits);
  }

  private static Optional<JWK> find(Known keys, String id, Predicate<JWK> fits) {
    return keys.keys().stream()
        .filter(key -> id.equals(key.getKeyID()) && fits.test(key))
        .findFirst();
  }

  private Known ask(Instant now) {
    Known keys = known;
    IOException failure = new IOException("it did not answer a moment ago");
    if (Duration.between(asked, now).abs().compareTo(PAUSE) >= 0) {
      asked = now;
      try {
        Known answered = new Known(keys(read()), now);
        known = answered;
        return answered;
      } catch (IOException e) {
        LOG.warn("the issuer's keys could not be read from {}: {}", url, e.toString());
        Metrics.TOKEN_KEYS_FAILED.add(1);
        failure = e;
      }
    }
    if (keys != null && keys.within(KEPT, now)) {
      return keys;
    }
    throw new UncheckedIOException("there are no keys of the issuer, from " + url, failure);
  }

  private byte[] read() throws IOException {
    if ("data".equals(url.getScheme())) {
      String data = url.getRawSchemeSpecificPart();
      return URLDecoder.decode(data.substring(data.indexOf(',') + 1), StandardCharsets.UTF_8)
          .getBytes(StandardCharsets.UTF_8);
    }
    SdkHttpFullRequest request =
        SdkHttpFullRequest.builder()
            .method(SdkHttpMethod.GET)
            .uri(url)
            .putHeader("Accept", "application/json")
            .build();
    Deadline deadline = Deadline.in(WHOLE_MAX);
    HttpExecuteResponse response =
        http.prepareRequest(HttpExecuteRequest.builder().request(request).build()).call();
    try (AbortableInputStream body =
        response.responseBody().orElseGet(AbortableInputStream::createEmpty)) {
      // A redirection is no answer: it would lead to whom the template does not name.
      if (response.httpResponse().statusCode() != OK) {
        body.abort();
        throw new IOException("it answers " + response.httpResponse().statusCode());
      }
      try {
        return read(body, deadline);
      } catch (IOException e) {
        body.abort(); // what is left of it is not read to its end
        throw e;
      }
    }
  }

  private static byte[] read(InputStream body, Deadline deadline) throws IOException {
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    byte[] part = new byte[BYTES_MAX];
    for (int n = body.read(part); n >= 0; n = body.read(part)) {
      read.write(part, 0, n);
      if (read.size() > BYTES_MAX) {
        throw new IOException("it is larger than " + BYTES_MAX + " bytes");
      }
      if (deadline.passed()) {
        throw new IOException("it takes longer than " + WHOLE_MAX);
      }
    }
    return read.toByteArray();
  }

  /// The keys of a set that a signature can be verified with. Others are passed over: sets may have
  /// keys of any kind.
  static List<JWK> keys(byte[] set) throws IOException {
    JsonNode listed = JSON.readTree(set).path("keys");
    if (!listed.isArray()) {
      throw new IOException("it is no JWK set");
    }
    if (listed.size() > KEYS_MAX) {
      throw new IOException("it has more than " + KEYS_MAX + " keys");
    }
    List<JWK> keys = new ArrayList<>();
    for (JsonNode each : listed) {
      try {
        JWK key = JWK.parse(each.toString()).toPublicJWK();
        if (key != null && key.getKeyID() != null && isStrong(key)) { // a secret has no public half
          keys.add(key);
        }
      } catch (ParseException | IllegalArgumentException | IllegalStateException e) {
        LOG.debug("passed over a key of the issuer: {}", e.getMessage());
      }
    }
    return List.copyOf(keys);
  }

  private static boolean isStrong(JWK key) {
    return switch (key) {
      case RSAKey rsa -> rsa.size() >= RSA_BITS_MIN && rsa.size() <= RSA_BITS_MAX;
      case ECKey _ -> true;
      default -> false;
    };
  }
}
