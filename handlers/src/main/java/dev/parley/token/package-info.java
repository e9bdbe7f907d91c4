/// Tokens (JWT): which ones are taken, and who their bearers are. Only what shows a token to this
/// package loads the library that reads them.
@NullMarked
package dev.parley.token;

import org.jspecify.annotations.NullMarked;
