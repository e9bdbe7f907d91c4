package dev.parley.connection;

import dev.parley.identity.Identity;
import java.time.Instant;

/// A connection as it is opened. Its address and its user agent are in its session only.
///
/// @param connectedAt by the gateway's clock
public record Connection(
    ConnectionId id, Identity identity, String sourceIp, String userAgent, Instant connectedAt) {}
