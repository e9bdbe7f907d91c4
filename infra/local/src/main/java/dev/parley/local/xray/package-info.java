/// What an X-Ray daemon receives, and a page to look at it.
@NullMarked
package dev.parley.local.xray;

import org.jspecify.annotations.NullMarked;
