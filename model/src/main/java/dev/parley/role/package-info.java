/// Who may do what in a room: roles in private rooms, bans, and the permission of each action.
@NullMarked
package dev.parley.role;

import org.jspecify.annotations.NullMarked;
