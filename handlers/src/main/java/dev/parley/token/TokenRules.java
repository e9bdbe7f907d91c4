package dev.parley.token;

import dev.parley.platform.Settings;
import java.net.URI;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Which tokens are taken, and which of their claims tell who the bearer is: parameters of the
/// template.
///
/// A claim is named as it is in the token, `https://chat.example/roles` say, or by the way to it,
/// `realm_access.roles`.
///
/// @param issuer exactly as `iss` has it
/// @param audiences any of which a token must be for
/// @param audienceClaim where that stands: `aud`, or `client_id` in access tokens of Cognito
/// @param keysUrl where the issuer's keys are, a JWK set: by `https`, or on this machine
/// @param algorithms that a signature may have
/// @param nameClaim the display name
/// @param rolesClaim a list, or names with space between them; empty where none is looked at
/// @param adminRole the role that moderates public rooms; empty where there is none
public record TokenRules(
    String issuer,
    Set<String> audiences,
    String audienceClaim,
    URI keysUrl,
    Set<String> algorithms,
    String nameClaim,
    String rolesClaim,
    String adminRole) {
  /// Those with a public key, of which nobody can make a signature who only verifies.
  private static final Set<String> ALGORITHMS =
      Set.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512");

  private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

  public TokenRules {
    audiences = Set.copyOf(audiences);
    algorithms = Set.copyOf(algorithms);
    require(!audiences.isEmpty() && !audiences.contains(""), "TOKEN_AUDIENCE is empty");
    require(!audienceClaim.isEmpty(), "TOKEN_AUDIENCE_CLAIM is empty");
    require(
        !algorithms.isEmpty() && ALGORITHMS.containsAll(algorithms),
        "TOKEN_ALGORITHMS is " + algorithms + ", expected some of " + ALGORITHMS);
    require(
        isTrusted(keysUrl),
        "TOKEN_KEYS_URL is " + keysUrl + ", expected https://..., or http:// on this machine");
  }

  /// The rules of a function's environment; nothing where no tokens are taken.
  ///
  /// @throws IllegalArgumentException where a setting is missing, or not what it should be
  public static Optional<TokenRules> of(Settings settings) {
    String issuer = text(settings, "TOKEN_ISSUER");
    return issuer.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new TokenRules(
                issuer,
                list(settings.required("TOKEN_AUDIENCE")),
                settings.required("TOKEN_AUDIENCE_CLAIM"),
                URI.create(settings.required("TOKEN_KEYS_URL")),
                list(settings.required("TOKEN_ALGORITHMS")),
                text(settings, "TOKEN_NAME_CLAIM"),
                text(settings, "TOKEN_ROLES_CLAIM"),
                text(settings, "TOKEN_ADMIN_ROLE")));
  }

  private static String text(Settings settings, String name) {
    String value = settings.optional(name);
    return value == null ? "" : value;
  }

  private static Set<String> list(String value) {
    return Set.copyOf(Stream.of(value.split(",", -1)).distinct().toList());
  }

  /// `data:` is for a function's first call, which asks nobody ([dev.parley.platform.Priming]).
  private static boolean isTrusted(URI url) {
    String scheme = String.valueOf(url.getScheme());
    return switch (scheme) {
      case "https", "data" -> true;
      case "http" -> THIS_MACHINE.contains(String.valueOf(url.getHost()));
      default -> false;
    };
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
