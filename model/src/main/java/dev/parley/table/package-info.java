/// What all tables share: rows with typed attributes, and the client.
@NullMarked
package dev.parley.table;

import org.jspecify.annotations.NullMarked;
