/// Connections: who is here, in which rooms (ChatConnections), and since when (ChatSessions).
@NullMarked
package dev.parley.connection;

import org.jspecify.annotations.NullMarked;
