package dev.parley.connection;

import dev.parley.Limits;
import dev.parley.identity.Identity;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A connection. It ends with the token that its client has shown, or else after
/// [Limits#CONNECTION_ROW_MAX]. Its address and its user agent are in its session only.
///
/// @param connectedAt by the gateway's clock
/// @param expiresAt in whole seconds: from then on it takes no frame, and nothing is pushed to it
/// @param admin whether its token has the admin role
/// @param framing how it takes what is pushed to it, in every room
public record Connection(
    ConnectionId id,
    Identity identity,
    String sourceIp,
    String userAgent,
    Instant connectedAt,
    Instant expiresAt,
    boolean admin,
    Framing framing) {

  public Connection {
    expiresAt = Instant.ofEpochSecond(expiresAt.getEpochSecond());
  }

  /// A connection of a guest, whose identity never expires, and who asked for nothing.
  public Connection(
      ConnectionId id, Identity identity, String sourceIp, String userAgent, Instant connectedAt) {
    this(
        id,
        identity,
        sourceIp,
        userAgent,
        connectedAt,
        end(connectedAt, null),
        false,
        Framing.SINGLE);
  }

  /// When a connection ends.
  ///
  /// @param tokenExpires null for a guest
  public static Instant end(Instant connectedAt, @Nullable Instant tokenExpires) {
    Instant last = connectedAt.plus(Limits.CONNECTION_ROW_MAX);
    Instant end = tokenExpires == null || tokenExpires.isAfter(last) ? last : tokenExpires;
    return Instant.ofEpochSecond(end.getEpochSecond());
  }

  /// When a token ends the connection, which another token can put off; null where none does, since
  /// the connection ends before.
  public static @Nullable Instant renewable(Instant connectedAt, Instant expiresAt) {
    return expiresAt.isBefore(end(connectedAt, null)) ? expiresAt : null;
  }
}
