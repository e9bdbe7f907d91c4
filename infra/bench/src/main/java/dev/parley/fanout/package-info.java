/// What benchmarks need of the fan-out functions beyond their handlers.
@NullMarked
package dev.parley.fanout;

import org.jspecify.annotations.NullMarked;
