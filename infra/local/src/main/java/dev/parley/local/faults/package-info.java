/// Faults on demand: what AWS does on a bad day, as often as somebody asks for it.
@NullMarked
package dev.parley.local.faults;

import org.jspecify.annotations.NullMarked;
