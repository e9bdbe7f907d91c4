/**
 * What a page may ask of a client, checked before anything is done with it.
 *
 * @typedef {object} Options
 * @property {string | (() => string | Promise<string>)} url the WebSocket's address, or what gives
 *     it; asked before each attempt to connect
 * @property {() => string | Promise<string>} [token] gives a token by which the user signs in, asked
 *     before each attempt to connect and before the token that it gave last expires. Where it is
 *     missing, the user is a guest; where it fails, it is asked again after a while.
 * @property {string} [name] a guest's display name, as `cleanName` of `text.js` leaves it; the server
 *     makes one up where it is missing
 * @property {string | null} [guest] the secret by which a guest is the same user each time. Where it
 *     is missing, one is made and kept in the storage; with null none is sent, and a send that is
 *     repeated on another connection may come twice.
 * @property {string[]} [rooms] to join at once
 * @property {import('./storage.js').KeptStorage} [storage] keeps the guest's secret and what is not
 *     sent yet, from one page to the next; `localStorage` where it is missing
 * @property {() => number} [random] from 0 to below 1, for the waits; `Math.random` where it is missing
 * @property {number} [messagesMax] held of each room, 2,000 where it is missing: beyond, the older
 *     half is let go, and comes back by {@link Client.older}
 * @property {Partial<import('./limits.js').Waits>} [waits] instead of {@link WAITS}, in milliseconds
 */

import {
  CATCH_UP_PAGE,
  MESSAGES_HELD_MAX,
  MESSAGE_CODE_POINTS_MAX,
  REPORT_CODE_POINTS_MAX,
  ROOM_PATTERN,
  WAITS,
} from './limits.js';
import { cleanName, codePoints, isBlank, trim } from './text.js';

/**
 * @param {Options} options
 * @throws {TypeError | RangeError} where one cannot be used
 */
export function checkedOptions({
  url,
  token,
  name,
  guest,
  rooms = [],
  storage,
  random = Math.random,
  messagesMax = MESSAGES_HELD_MAX,
  waits = {},
}) {
  if (typeof url !== 'function' && (typeof url !== 'string' || url === '')) {
    throw new TypeError('url: expected an address, or a function that gives one');
  }
  if (token !== undefined && typeof token !== 'function') {
    throw new TypeError('token: expected a function that gives one');
  }
  if (!Array.isArray(rooms)) throw new TypeError('rooms: expected an array of names');
  if (typeof random !== 'function') throw new TypeError('random: expected a function');
  if (!Number.isInteger(messagesMax) || messagesMax < 2 * CATCH_UP_PAGE) {
    throw new RangeError(`messagesMax: expected a whole number from ${2 * CATCH_UP_PAGE} on`);
  }
  return {
    url,
    token,
    name: name === undefined ? undefined : checkedName(name),
    guest,
    rooms: rooms.map(checkedRoom),
    storage,
    random,
    messagesMax,
    waits: checkedWaits(waits),
  };
}

/**
 * @param {string} name
 * @returns {string}
 */
export function checkedName(name) {
  const cleaned = typeof name === 'string' ? cleanName(name) : '';
  if (cleaned === '') throw new TypeError('name: expected a string that shows something');
  return cleaned;
}

/**
 * @param {string} name of a room
 * @returns {string}
 */
export function checkedRoom(name) {
  if (typeof name !== 'string' || !ROOM_PATTERN.test(name)) {
    throw new TypeError(`room: expected 1 to 64 of A-Za-z0-9._-, not ${JSON.stringify(name)}`);
  }
  return name;
}

/**
 * @param {string} token
 * @returns {string}
 */
export function checkedToken(token) {
  if (typeof token !== 'string' || token === '') throw new TypeError('token: expected a string');
  return token;
}

/**
 * @param {string} text
 * @returns {string}
 */
export function checkedMessage(text) {
  return checkedText('text', text, MESSAGE_CODE_POINTS_MAX);
}

/**
 * @param {string} why
 * @returns {string}
 */
export function checkedWhy(why) {
  return checkedText('why', why, REPORT_CODE_POINTS_MAX);
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} codePointsMax
 * @returns {string}
 */
function checkedText(name, text, codePointsMax) {
  const trimmed = typeof text === 'string' ? trim(text) : '';
  if (isBlank(trimmed)) throw new TypeError(`${name}: expected a string that shows something`);
  if (codePoints(trimmed) > codePointsMax) {
    throw new RangeError(`${name}: at most ${codePointsMax} code points`);
  }
  return trimmed;
}

/**
 * @param {Partial<import('./limits.js').Waits>} waits
 * @returns {import('./limits.js').Waits}
 */
function checkedWaits(waits) {
  for (const [wait, ms] of Object.entries(waits)) {
    if (!(wait in WAITS)) throw new TypeError(`waits: there is no ${wait}`);
    if (typeof ms !== 'number' || !(ms >= 0)) {
      throw new TypeError(`waits.${wait}: expected milliseconds, not ${ms}`);
    }
  }
  return { ...WAITS, ...waits };
}
