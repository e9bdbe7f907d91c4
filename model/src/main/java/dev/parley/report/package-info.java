/// Messages that members put before the moderators.
@NullMarked
package dev.parley.report;

import org.jspecify.annotations.NullMarked;
