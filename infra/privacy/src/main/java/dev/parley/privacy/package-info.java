/// What a stack keeps of a user: exported, and erased.
@NullMarked
package dev.parley.privacy;

import org.jspecify.annotations.NullMarked;
