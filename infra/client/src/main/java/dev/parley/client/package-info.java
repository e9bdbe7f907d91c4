/// A client that loses nothing, written from docs/PROTOCOL.md alone.
@NullMarked
package dev.parley.client;

import org.jspecify.annotations.NullMarked;
