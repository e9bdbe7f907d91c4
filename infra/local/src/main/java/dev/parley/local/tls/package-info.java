/// The certificates with which the local cloud answers by TLS.
@NullMarked
package dev.parley.local.tls;

import org.jspecify.annotations.NullMarked;
