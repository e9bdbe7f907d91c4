/// Which programs and which web pages may talk to the ports of the local cloud.
@NullMarked
package dev.parley.local.origins;

import org.jspecify.annotations.NullMarked;
