/// One class for each route key, and the authorizer.
@NullMarked
package dev.parley.handlers;

import org.jspecify.annotations.NullMarked;
