/// How often clients ping, by the client's own decision.
@NullMarked
package dev.parley.client;

import org.jspecify.annotations.NullMarked;
