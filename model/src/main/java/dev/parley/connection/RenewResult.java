package dev.parley.connection;

import java.time.Instant;

/// The result of renewing a connection by another token.
public sealed interface RenewResult {
  /// The connection and its memberships live until then.
  ///
  /// @param admin whether the token that it lives by has the admin role
  /// @param memberships how many of them were written
  record Renewed(Instant expiresAt, boolean admin, int memberships) implements RenewResult {}

  /// It is closed, or is being closed, or its token had expired before: nothing is renewed.
  record NotConnected() implements RenewResult {}
}
