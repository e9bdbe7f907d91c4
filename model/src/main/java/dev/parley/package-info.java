/// The vocabulary of all functions.
@NullMarked
package dev.parley;

import org.jspecify.annotations.NullMarked;
