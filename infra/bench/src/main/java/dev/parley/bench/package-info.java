/// Benchmarks of fan-out; [dev.parley.bench.Bench] says how they are run.
@NullMarked
package dev.parley.bench;

import org.jspecify.annotations.NullMarked;
