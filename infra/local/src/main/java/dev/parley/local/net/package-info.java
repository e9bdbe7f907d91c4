/// Where the local cloud listens.
@NullMarked
package dev.parley.local.net;

import org.jspecify.annotations.NullMarked;
