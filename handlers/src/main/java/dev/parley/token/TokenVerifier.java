package dev.parley.token;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyOperation;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.parley.Limits;
import dev.parley.identity.Identity;
import dev.parley.platform.Settings;
import java.io.UncheckedIOException;
import java.text.ParseException;
import java.time.Instant;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Verifies signed tokens (JWT, RFC 7519; JWS, RFC 7515) by the issuer's keys, and tells who their
/// bearers are.
///
/// A token says itself by which key and algorithm it is to be verified. It is believed in neither:
/// its algorithm must be one of the [TokenRules], its key one of the issuer's that is for this
/// algorithm, and a token that brings a key, or says where one is, is refused. Best current
/// practice is RFC 8725.
public final class TokenVerifier {
  private static final Pattern SIGNED =
      Pattern.compile("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+");

  /// What a token may call itself: a logout token, for example, is signed by the same keys.
  private static final Set<String> TYPES = Set.of("jwt", "at+jwt", "application/at+jwt");

  private static final int KEY_ID_CHARACTERS_MAX = 256;

  private final TokenRules rules;
  private final SigningKeys keys;

  public TokenVerifier(TokenRules rules, Settings settings) {
    this.rules = rules;
    this.keys = new SigningKeys(rules.keysUrl(), settings);
  }

  /// @param token as its bearer shows it
  /// @throws UncheckedIOException where the issuer's keys cannot be had
  public TokenResult verify(String token, Instant now) {
    if (token.length() > Limits.TOKEN_CHARACTERS_MAX) {
      return new TokenResult.Refused("is longer than " + Limits.TOKEN_CHARACTERS_MAX);
    }
    try {
      SignedJWT jwt = SIGNED.matcher(token).matches() ? SignedJWT.parse(token) : null;
      return jwt == null ? refused("is no signed JWT") : verify(jwt, now);
    } catch (ParseException | JOSEException | IllegalArgumentException e) {
      return refused("is no JWT as it should be: " + e.getClass().getSimpleName());
    }
  }

  private static TokenResult.Refused refused(String why) {
    return new TokenResult.Refused(why);
  }

  private TokenResult verify(SignedJWT jwt, Instant now) throws ParseException, JOSEException {
    JWSHeader header = jwt.getHeader();
    String odd = oddity(header);
    if (odd != null) {
      return refused(odd);
    }
    JWSAlgorithm algorithm = header.getAlgorithm();
    Optional<JWK> key = keys.find(header.getKeyID(), k -> isFor(algorithm, k), now);
    if (key.isEmpty()) {
      return refused("names none of the issuer's keys for its algorithm");
    }
    return jwt.verify(verifier(key.get())) ? claims(jwt, now) : refused("has a wrong signature");
  }

  /// What a header has that ours never have; null where there is nothing.
  private @Nullable String oddity(JWSHeader header) {
    if (!rules.algorithms().contains(header.getAlgorithm().getName())) {
      return "has an algorithm that is not allowed";
    }
    if (header.getJWK() != null
        || header.getJWKURL() != null
        || header.getX509CertURL() != null
        || header.getX509CertChain() != null) {
      return "brings a key";
    }
    if (header.getCriticalParams() != null || !header.isBase64URLEncodePayload()) {
      return "has extensions that must be understood";
    }
    if (header.getContentType() != null
        || (header.getType() != null
            && !TYPES.contains(header.getType().getType().toLowerCase(Locale.ROOT)))) {
      return "is of another type";
    }
    String id = header.getKeyID();
    return id == null || id.isEmpty() || id.length() > KEY_ID_CHARACTERS_MAX
        ? "names no key"
        : null;
  }

  /// Whether a key is one that this algorithm takes, and is not for something else.
  private static boolean isFor(JWSAlgorithm algorithm, JWK key) {
    boolean fits =
        switch (key) {
          case RSAKey _ -> JWSAlgorithm.Family.RSA.contains(algorithm);
          case ECKey ec ->
              JWSAlgorithm.Family.EC.contains(algorithm)
                  && Curve.forJWSAlgorithm(algorithm).contains(ec.getCurve());
          default -> false;
        };
    return fits
        && (key.getAlgorithm() == null || key.getAlgorithm().equals(algorithm))
        && (key.getKeyUse() == null || key.getKeyUse().equals(KeyUse.SIGNATURE))
        && (key.getKeyOperations() == null || key.getKeyOperations().contains(KeyOperation.VERIFY));
  }

  private static JWSVerifier verifier(JWK key) throws JOSEException {
    return switch (key) {
      case RSAKey rsa -> new RSASSAVerifier(rsa);
      case ECKey ec -> new ECDSAVerifier(ec);
      default -> throw new AssertionError("no other key is for an algorithm");
    };
  }

  private TokenResult claims(SignedJWT jwt, Instant now) throws ParseException {
    JWTClaimsSet set = jwt.getJWTClaimsSet();
    Claims claims = new Claims(set.getClaims());
    List<String> audience =
        rules.audienceClaim().equals("aud")
            ? set.getAudience()
            : claims.list(rules.audienceClaim());
    if (!rules.issuer().equals(set.getIssuer())) {
      return refused("is of another issuer");
    }
    if (Collections.disjoint(rules.audiences(), audience)) {
      return refused("is for another audience");
    }
    Date expires = set.getExpirationTime();
    // Without a skew: the connection ends at this moment by the same clock.
    if (expires == null || !expires.toInstant().isAfter(now)) {
      return refused("has expired, or never does");
    }
    Instant latest = now.plus(Limits.TOKEN_CLOCK_SKEW_MAX);
    if (isAfter(set.getNotBeforeTime(), latest) || isAfter(set.getIssueTime(), latest)) {
      return refused("is not valid yet");
    }
    Optional<Identity> identity = claims.identity(rules.nameClaim());
    if (identity.isEmpty()) {
      return refused("has no subject");
    }
    boolean admin =
        !rules.adminRole().isEmpty() && claims.list(rules.rolesClaim()).contains(rules.adminRole());
    return new TokenResult.Verified(identity.get(), expires.toInstant(), admin);
  }

  private static boolean isAfter(@Nullable Date claimed, Instant latest) {
    return claimed != null && claimed.toInstant().isAfter(latest);
  }
}
