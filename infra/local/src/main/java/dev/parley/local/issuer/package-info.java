/// A small issuer of tokens, so that signing in can be tried on this machine.
@NullMarked
package dev.parley.local.issuer;

import org.jspecify.annotations.NullMarked;
