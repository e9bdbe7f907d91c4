/// The wire protocol: frames from clients, frames to clients, error codes. docs/PROTOCOL.md
/// explains it.
@NullMarked
package dev.parley.wire;

import org.jspecify.annotations.NullMarked;
