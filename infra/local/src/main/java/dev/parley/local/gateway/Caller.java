package dev.parley.local.gateway;

import org.jspecify.annotations.Nullable;

/// Who is connected, as every event tells it; of the handshake nothing else is kept.
///
/// @param connectionId what the connection is called
/// @param host the `Host` header of the handshake
record Caller(String connectionId, String host, String sourceIp, @Nullable String userAgent) {}
