/// From the tables' streams to the members of a room: plan, then push.
@NullMarked
package dev.parley.fanout;

import org.jspecify.annotations.NullMarked;
