package dev.parley.token;

import dev.parley.identity.Identity;
import java.time.Instant;

/// What became of a token.
public sealed interface TokenResult {
  /// It is taken.
  ///
  /// @param expires after now
  /// @param admin whether it has the admin role
  record Verified(Identity identity, Instant expires, boolean admin) implements TokenResult {}

  /// It is not.
  ///
  /// @param why for the log: it holds nothing of the token
  record Refused(String why) implements TokenResult {}
}
