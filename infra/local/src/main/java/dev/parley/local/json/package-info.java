/// JSON, read and written by one mapper.
@NullMarked
package dev.parley.local.json;

import org.jspecify.annotations.NullMarked;
