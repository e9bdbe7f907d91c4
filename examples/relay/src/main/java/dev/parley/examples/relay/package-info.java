/// A relay with one function for each route.
@NullMarked
package dev.parley.examples.relay;

import org.jspecify.annotations.NullMarked;
