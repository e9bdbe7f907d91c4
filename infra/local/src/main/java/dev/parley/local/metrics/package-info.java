/// The last minutes of what CloudWatch would show: what functions measured, and what AWS measures
/// of functions, streams and queues.
@NullMarked
package dev.parley.local.metrics;

import org.jspecify.annotations.NullMarked;
