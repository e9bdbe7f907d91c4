package dev.parley.token;

import dev.parley.Limits;
import dev.parley.Sha256;
import dev.parley.Text;
import dev.parley.identity.Identity;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The claims of a token whose signature holds, as the [TokenRules] name them.
///
/// @param byName as JSON has them: strings, numbers, lists and maps
record Claims(Map<String, Object> byName) {
  /// Before the hash of a subject that cannot be a user id. No subject keeps it as it is, so none
  /// can take another one's hash.
  private static final String HASHED = "sub-sha256:";

  private static final String GUEST = "guest:";

  /// Printable ASCII without `#`, which separates the parts of a key in ChatSends.
  private static final Pattern USER =
      Pattern.compile("[!\"$-~]{1," + Limits.USER_CHARACTERS_MAX + "}");

  /// `User ` and four hex digits, where the token has no name that can be shown.
  private static final String NAMELESS = "User ";

  /// Who the bearer is; nothing where there is no subject.
  Optional<Identity> identity(String nameClaim) {
    return Optional.ofNullable(text("sub"))
        .filter(subject -> !subject.isEmpty())
        .map(Claims::user)
        .map(user -> new Identity(user, name(user, text(nameClaim))));
  }

  /// The user id of a subject: itself if it can be one, else its hash.
  static String user(String subject) {
    return USER.matcher(subject).matches()
            && !subject.startsWith(GUEST)
            && !subject.startsWith(HASHED)
        ? subject
        : HASHED + Sha256.hex(subject);
  }

  private static String name(String user, @Nullable String claimed) {
    String name = claimed == null ? "" : Text.cleanName(claimed);
    return name.isEmpty() ? NAMELESS + Sha256.hex(user).substring(0, 4) : name;
  }

  /// What a claim lists: the strings of a list, or those between the spaces of a string.
  List<String> list(String claim) {
    return switch (find(byName, claim)) {
      case String text -> Arrays.stream(text.split(" +")).filter(part -> !part.isEmpty()).toList();
      case List<?> list ->
          list.stream().filter(String.class::isInstance).map(String.class::cast).toList();
      case null, default -> List.of();
    };
  }

  /// Null where there is no such claim, or it is no string.
  @Nullable String text(String claim) {
    return find(byName, claim) instanceof String text ? text : null;
  }

  /// A claim by its name, or else by the way to it, in which names may have dots themselves.
  private static @Nullable Object find(Map<?, ?> claims, String path) {
    Object found = claims.get(path);
    for (int dot = path.indexOf('.'); found == null && dot > 0; dot = path.indexOf('.', dot + 1)) {
      if (claims.get(path.substring(0, dot)) instanceof Map<?, ?> inner) {
        found = find(inner, path.substring(dot + 1));
      }
    }
    return found;
  }
}
