/// API Gateway's WebSocket side: sockets, routes, route responses, `@connections`, quotas, timers.
@NullMarked
package dev.parley.local.gateway;

import org.jspecify.annotations.NullMarked;
