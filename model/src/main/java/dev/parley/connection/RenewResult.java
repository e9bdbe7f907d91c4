package dev.parley.connection;

import java.time.Instant;

/// The result of renewing a connection by another token.
public sealed interface RenewResult {
  /// The connection and its memberships live until then.
  ///
  /// @param memberships how many of them were written
  record Renewed(Instant expiresAt, int memberships) implements RenewResult {}

  /// It is closed, or is being closed, or its token had expired before: nothing is renewed.
  record NotConnected() implements RenewResult {}
}
