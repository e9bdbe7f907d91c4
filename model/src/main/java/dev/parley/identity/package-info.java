/// Who is speaking: users, their display names, and the secrets of guests.
@NullMarked
package dev.parley.identity;

import org.jspecify.annotations.NullMarked;
