/// Tests through the front door: real sockets, a real browser, the whole template.
@NullMarked
package dev.parley.e2e;

import org.jspecify.annotations.NullMarked;
