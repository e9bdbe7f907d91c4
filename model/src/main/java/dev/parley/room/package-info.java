/// Rooms: their names, and what was handed to fan-out last (ChatRooms).
@NullMarked
package dev.parley.room;

import org.jspecify.annotations.NullMarked;
