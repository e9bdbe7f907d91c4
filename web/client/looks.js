/**
 * When a room is to be looked at: a ping that names it finds a push that was lost with nothing after
 * it. The longer a room is quiet, the rarer that is. docs/PROTOCOL.md, "When to ping", says why.
 *
 * @typedef {'hidden' | 'visible' | 'inUse'} Attention what the user has for the page: `hidden`, it
 *     cannot be seen; `inUse`, it can, and there was input a short while ago
 *
 * @typedef {object} Looks at one room, as `performance.now()`; -Infinity: never
 * @property {number} joinedAt
 * @property {number} heardAt when its last `message` event came
 * @property {number} lookedAt when the last ping was sent that was answered for it since it was joined
 *
 * @typedef {import('./limits.js').Waits} Waits
 */

/** By so much of a wait it is shorter at most, since all members of a room hear the same message. */
const JITTER = 1 / 8;

/** @returns {Looks} at a room that was not joined yet */
export const noLooks = () => ({ joinedAt: -Infinity, heardAt: -Infinity, lookedAt: -Infinity });

/**
 * When the first look after a join is due. It comes as late as that at least: the index of members
 * may lag.
 *
 * @param {Looks} looks
 * @param {Waits} waits
 */
const settledAt = ({ joinedAt }, { settleMs }) => joinedAt + settleMs;

/**
 * Whether there was a look since the room was joined and the index of members holds this connection.
 *
 * @param {Looks} looks
 * @param {Waits} waits
 */
export const isSettled = (looks, waits) => looks.lookedAt >= settledAt(looks, waits);

/**
 * @param {Looks} looks
 * @param {Attention} attention
 * @param {number} chance from 0 to 1, drawn anew with each ping
 * @param {Waits} waits
 * @returns {number} when the next look is due, as `performance.now()`
 */
export function dueAt(looks, attention, chance, waits) {
  const { joinedAt, heardAt, lookedAt } = looks;
  const { lookMsMin, lookMsMax, pingMs, pingMsMax, tickHiddenMs } = waits;
  const drawn = (/** @type {number} */ ms) => ms * (1 - JITTER * chance);
  if (!isSettled(looks, waits)) return settledAt(looks, waits);
  const newsAt = Math.max(joinedAt, heardAt);
  if (attention === 'hidden') {
    const longest = drawn(pingMsMax);
    // Its timers are late by as much at most.
    return Math.max(newsAt, lookedAt) + Math.max(longest - tickHiddenMs, longest / 2);
  }
  let at = lookedAt + drawn(Math.min(pingMsMax, lookedAt - newsAt));
  if (lookedAt < newsAt + pingMs * (1 - JITTER)) at = newsAt + drawn(pingMs);
  if (lookedAt < heardAt + lookMsMin) at = heardAt + lookMsMin + chance * (lookMsMax - lookMsMin);
  return attention === 'inUse' ? Math.min(at, lookedAt + pingMs) : at;
}

/**
 * Whether a ping that is sent now, for another room, names this one too: half of its wait is over.
 *
 * @param {Looks} looks
 * @param {number} due
 * @param {number} now
 */
export const goesAlong = ({ lookedAt }, due, now) => now - lookedAt >= due - now;
