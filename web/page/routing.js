/**
 * Addresses within the page: `#/r/<room>`, and `#/r/<room>/<timestamp>` of a message. The form of earlier
 * versions, `#room=<room>`, still leads to the room.
 *
 * @typedef {{room: string, timestamp: number | null}} Place
 */

import { ROOM_PATTERN } from '../client/limits.js';

/**
 * @param {string} hash
 * @returns {Place | null} null where it names no room
 */
export function placeOf(hash) {
  const [, room, timestamp] = /^#(?:\/r\/|room=)([^/&]*)(?:\/(\d{1,16}))?$/.exec(hash) ?? [];
  if (room === undefined || !ROOM_PATTERN.test(room)) return null;
  return { room, timestamp: timestamp === undefined ? null : Number(timestamp) };
}

/**
 * @param {string} room
 * @param {number} [timestamp] of a message
 * @returns {string}
 */
export const hashOf = (room, timestamp) =>
  `#/r/${room}${timestamp === undefined ? '' : `/${timestamp}`}`;

/**
 * Whether a room is for some only, as its name tells.
 *
 * @param {string} room
 */
export const isPrivate = (room) => room.startsWith('p.') || room.startsWith('d.');
