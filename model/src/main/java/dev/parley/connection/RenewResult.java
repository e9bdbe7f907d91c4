package dev.parley.connection;

import java.time.Instant;

/// The result of renewing a connection by another token.
public sealed interface RenewResult {
  /// The connection and its memberships live until then.
  record Renewed(Instant expiresAt) implements RenewResult {}

  /// It is closed, or is being closed, or its token had expired before: nothing is renewed.
  record NotConnected() implements RenewResult {}
}
