/**
 * Checks what the server sends. An event or a row that is not as described is left out; the others of
 * its frame, and its room, are not affected.
 *
 * @typedef {import('./members.js').Identity} Identity
 * @typedef {import('./members.js').Person} Person
 * @typedef {import('./members.js').You} You
 * @typedef {import('./members.js').PresenceEvent} PresenceEvent
 * @typedef {import('./messages.js').Message} Message
 * @typedef {import('./messages.js').MessageEvent} MessageEvent
 * @typedef {import('./messages.js').Page} Page
 */

/**
 * @param {unknown} value
 * @returns {value is number} epoch microseconds, below 2^53
 */
export function isTimestamp(value) {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

/**
 * An event of a room. A malformed one counts as lost: the table has its message.
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
      return (state === 'in' || state === 'out') && isIdentity(value) ? value : null;
    default:
      return null; // Newer servers may send more.
  }
}

/**
 * @param {any} value an object
 * @returns {boolean} whether it is an invitation to a private room
 */
export function isInvitation({ type, room, title, user, sender, via }) {
  return type === 'invitation' && areStrings(room, user, sender, via)
    && (title === null || typeof title === 'string');
}

/**
 * What the gateway knows of a connection, as the answer to an action that no route has tells it.
 *
 * @param {any} reply
 * @returns {{connectionId: string, connectedAt: string, lastActiveAt: string,
 *     identity: {sourceIp: string, userAgent: string | null}} | null} null where it does not
 */
export function connectionOf({ connectionId, connectedAt, lastActiveAt, identity }) {
  const { sourceIp, userAgent } = identity ?? {};
  if (!areStrings(connectionId, connectedAt, lastActiveAt, sourceIp)) return null;
  const agent = typeof userAgent === 'string' ? userAgent : null;
  return { connectionId, connectedAt, lastActiveAt, identity: { sourceIp, userAgent: agent } };
}

/**
 * A page of a `joined` or a `history` reply. A malformed entry counts as unreadable where it has a
 * timestamp, and is left out otherwise.
 *
 * @param {any} reply
 * @returns {Page}
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
 * @returns {boolean} whether it is an {@link Identity}
 */
export function isIdentity(value) {
  return areStrings(value?.user, value?.sender);
}

/**
 * What is kept of who this connection is: when its token expires changes with each token.
 *
 * @param {any} you
 * @returns {You | null} null where it is not told
 */
export function identityOf(you) {
  if (!isIdentity(you)) return null;
  const { user, sender, admin } = you;
  return admin === true ? { user, sender, admin } : { user, sender };
}

/**
 * The people in a page of a `members` reply. Who has an odd number of connections counts as one.
 *
 * @param {unknown[]} members
 * @returns {Person[]}
 */
export function peopleOf(members) {
  return members.filter(isIdentity).map((/** @type {any} */ { user, sender, connections }) => (
    { user, sender, connections: isTimestamp(connections) ? connections : 1 }));
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
