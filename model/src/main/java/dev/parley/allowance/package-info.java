/// Rate limits: how often somebody may do something.
@NullMarked
package dev.parley.allowance;

import org.jspecify.annotations.NullMarked;
