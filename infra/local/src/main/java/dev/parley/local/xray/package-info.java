/// X-Ray here: what functions and others send to its daemon or its API, and what can be asked of
/// it.
@NullMarked
package dev.parley.local.xray;

import org.jspecify.annotations.NullMarked;
