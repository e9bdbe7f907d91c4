/**
 * What the user of this client has written in one room, until its message is shown.
 *
 * @typedef {object} Draft
 * @property {string} id made here; the same for every attempt, so that one message comes of them
 * @property {string} message
 * @property {number} writtenAt epoch milliseconds
 * @property {'queued' | 'waiting' | 'sent' | 'failed'} state `waiting`: the server asked for a pause;
 *     `sent`: it is in the table, and its message will come
 * @property {string} [error] why it failed, for the reader
 * @property {string} [code] the same for a page that has words of its own: one of docs/PROTOCOL.md, or
 *     `not_in_time`, `unknown` (whether it was sent) or `too_old`
 * @property {number} [triedAt] the first attempt, in epoch milliseconds of the server's clock
 * @property {number} [lastTriedAt] the last attempt so far, likewise
 * @property {number} [after] the newest timestamp at the first attempt: its message comes later
 * @property {number} [timestamp] of its message, where it is sent
 */

import { awaits } from './stretch.js';

/**
 * Whether a draft has no answer yet, and is to be sent.
 *
 * @param {Draft} draft
 */
export const isPending = ({ state }) => state === 'queued' || state === 'waiting';

/**
 * @param {ReadonlyArray<Draft>} drafts
 * @param {ReadonlyArray<Draft>} more some of which may be there already
 * @returns {ReadonlyArray<Draft>} in the order they were written; the same array where none is new
 */
export function withMore(drafts, more) {
  const ids = new Set(drafts.map((d) => d.id));
  const fresh = more.filter((d) => !ids.has(d.id));
  return fresh.length === 0 ? drafts
    : [...drafts, ...fresh].sort((a, b) => a.writtenAt - b.writtenAt);
}

/**
 * @param {ReadonlyArray<Draft>} drafts
 * @param {string} id
 * @param {Partial<Draft>} change
 * @returns {ReadonlyArray<Draft>} the same array where there is no such draft
 */
export function withChange(drafts, id, change) {
  if (!drafts.some((d) => d.id === id)) return drafts;
  return drafts.map((d) => (d.id === id ? { ...d, ...change } : d));
}

/**
 * The drafts that still have to be shown as such: no message has answered them, and those that are
 * sent wait for a message that may still come.
 *
 * @param {ReadonlyArray<Draft>} drafts
 * @param {ReadonlySet<string>} answered ids of the user's own messages
 * @param {import('./stretch.js').Stretch} stretch
 * @returns {ReadonlyArray<Draft>} the same array where none is gone
 */
export function withoutAnswered(drafts, answered, stretch) {
  const left = drafts.filter(({ id, timestamp }) => (
    !answered.has(id) && (timestamp === undefined || awaits(stretch, timestamp))));
  return left.length === drafts.length ? drafts : left;
}
