/**
 * How far the reader has read a room: up to a timestamp. Messages that come later with an earlier timestamp are
 * unread, too; they are kept one by one.
 *
 * @typedef {{to: number, late: ReadonlySet<number>}} Read
 *
 * @typedef {object} Unread
 * @property {number} count messages of others that are known
 * @property {number} mentions those of them that mean the reader
 * @property {boolean} more others may stand before what is held of the room
 * @property {number | null} first the first one that is known
 */

import { lowerBound } from '../client/messages.js';

/** So many are counted; beyond, "99+" is told. */
export const COUNTED_MAX = 99;

/** @typedef {import('../client/client.js').Room} Room */
/** @typedef {import('../client/client.js').Message} Message */

/**
 * @param {Room} room
 * @param {Read} read
 * @param {(message: Message) => boolean} isMeant
 * @returns {Unread}
 */
export function unread({ messages, from, you }, { to, late }, isMeant) {
  const isNews = (/** @type {Message} */ m) => m.user !== you?.user;
  const missed = messages.slice(lowerBound(messages, to + 1)).filter(isNews);
  const behind = late.size === 0 ? [] : messages.filter((m) => late.has(m.timestamp) && isNews(m));
  const all = [...behind, ...missed];
  return {
    count: all.length,
    mentions: all.filter(isMeant).length,
    more: from > to + 1 && from > 0 && missed.length > 0,
    first: all[0]?.timestamp ?? null,
  };
}

/**
 * What is read after a room has changed.
 *
 * @param {Read} read
 * @param {Room | undefined} before
 * @param {Room} after
 * @returns {Read}
 */
export function changed(read, before, after) {
  if (after.fresh === null || after.fresh === before?.fresh) return read;
  const late = [...after.fresh].filter((t) => t <= read.to && !before?.fresh?.has(t));
  return late.length === 0 ? read : { ...read, late: new Set([...read.late, ...late]) };
}

/**
 * What is read after the reader has seen all up to a timestamp.
 *
 * @param {Read} read
 * @param {number} timestamp
 * @param {boolean} all nothing is out of sight
 * @returns {Read} the same one where nothing has changed
 */
export function seen(read, timestamp, all) {
  const late = all && read.late.size > 0 ? new Set() : read.late;
  if (timestamp <= read.to && late === read.late) return read;
  return { to: Math.max(read.to, timestamp), late };
}

/**
 * @param {Unread} unread
 * @returns {string} empty where there is none
 */
export const counted = ({ count, more }) =>
  count === 0 ? '' : count > COUNTED_MAX || (more && count >= COUNTED_MAX) ? `${COUNTED_MAX}+`
    : String(count);
