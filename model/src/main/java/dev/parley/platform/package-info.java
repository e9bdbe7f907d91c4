/// What every function stands on: its settings, clients of AWS, threads, clocks, metrics, and the
/// steps in its traces. It knows no room and no message.
@NullMarked
package dev.parley.platform;

import org.jspecify.annotations.NullMarked;
