/// Messages: what was said (ChatMessages), once (ChatSends).
@NullMarked
package dev.parley.message;

import org.jspecify.annotations.NullMarked;
