/**
 * What the server sends, as far as it can be used. Something odd in it costs itself, and neither the
 * others of its frame nor its room.
 *
 * @typedef {import('./room.js').Message} Message
 * @typedef {import('./room.js').Member} Member
 * @typedef {import('./room.js').MessageEvent} MessageEvent
 * @typedef {import('./room.js').PresenceEvent} PresenceEvent
 *
 * @typedef {{timestamp: number, unreadable: true}} Unreadable a row of the table that is no message
 */

/**
 * @param {unknown} value
 * @returns {value is number} epoch microseconds, below 2^53
 */
export function isTimestamp(value) {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

/**
 * An event of a room. One that is odd is as good as one that was lost: the table has its message.
 *
 * @param {any} value an object
 * @returns {(MessageEvent | PresenceEvent) & {room: string} | null}
 */
export function eventOf(value) {
  const { type, prev, state } = value;
  switch (type) {
    case 'message':
      return (prev === null || isTimestamp(prev)) && isMessage(value) ? value : null;
    case 'presence':
      return (state === 'in' || state === 'out') && isMember(value) ? value : null;
    default:
      return null; // Newer servers may send more.
  }
}

/**
 * A page of a `joined` or a `history` reply. An entry that is odd counts as unreadable, where it has
 * at least a timestamp.
 *
 * @param {any} reply
 * @returns {import('./room.js').Page}
 */
export function pageOf({ messages, more, complete }) {
  return {
    messages: arrayOf(messages).filter((m) => isTimestamp(m?.timestamp)).map((m) => (
      isMessage(m) && m.unreadable !== true ? m : { timestamp: m.timestamp, unreadable: true })),
    more: more === true,
    complete: complete !== false,
  };
}

/**
 * @param {unknown} value
 * @returns {any[]} empty where it is no array
 */
export function arrayOf(value) {
  return Array.isArray(value) ? value : [];
}

/**
 * @param {any} value
 * @returns {boolean} whether it is a {@link Member}
 */
export function isMember(value) {
  return areStrings(value?.member, value?.user, value?.sender);
}

/**
 * @param {any} value
 * @returns {boolean} whether it is a {@link Message}
 */
function isMessage({ timestamp, id, user, sender, message }) {
  return isTimestamp(timestamp) && areStrings(id, user, sender, message);
}

/** @param {unknown[]} values */
function areStrings(...values) {
  return values.every((value) => typeof value === 'string');
}
