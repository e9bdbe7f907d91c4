/// What event source mappings of all kinds of sources do alike: filter, batch, invoke, and take the
/// failures of single items.
@NullMarked
package dev.parley.local.eventsource;

import org.jspecify.annotations.NullMarked;
