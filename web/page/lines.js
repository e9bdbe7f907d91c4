/**
 * What the conversation shows of a room, line by line: of thousands of messages those around the reader's
 * place, so that the page stays quick.
 *
 * @typedef {import('../client/client.js').Room} Room
 * @typedef {import('../client/client.js').Message} Message
 * @typedef {import('../client/client.js').Draft} Draft
 *
 * @typedef {{timestamp: number, top: number}} Place a message, and how far below the upper edge it begins
 *
 * @typedef {{key: string, kind: 'day', timestamp: number}
 *     | {key: string, kind: 'new'}
 *     | {key: string, kind: 'message', message: Message, draft: null, own: boolean, first: boolean}
 *     | {key: string, kind: 'draft', message: null, draft: Draft, own: true, first: boolean}} Line
 */

import { lowerBound } from '../client/messages.js';
import { dayOf } from './formats.js';

/** Messages of one sender within this time stand under one name. */
const GROUP_US = 5 * 60 * 1_000_000;

/** Messages before and behind the place that are drawn; it moves in steps. */
const BEFORE = 60;
const BEHIND = 100;
const STEP = 20;

/**
 * Which messages are drawn.
 *
 * @param {ReadonlyArray<Message>} messages
 * @param {Place | null} place null: at the end
 * @returns {{start: number, end: number}} indices
 */
export function windowOf(messages, place) {
  const { length } = messages;
  const at = place === null ? length - STEP : lowerBound(messages, place.timestamp);
  const start = Math.max(0, Math.floor((at - BEFORE) / STEP) * STEP);
  return { start, end: place === null ? length : Math.min(length, start + BEFORE + BEHIND) };
}

/**
 * @param {Room} room
 * @param {Place | null} place
 * @param {number | null} newAfter the line "New" stands before the first message of others behind this
 * @param {(id: string) => boolean} isDrafted whether a message was a draft here: it keeps its element
 * @returns {Line[]}
 */
export function lines(room, place, newAfter, isDrafted) {
  const { messages, you, drafts } = room;
  const { start, end } = windowOf(messages, place);
  /** @type {Line[]} */
  const all = [];
  /** @type {Message | null} */
  let previous = null;
  let day = '';
  let isNew = newAfter !== null && (start === 0 || messages[start - 1].timestamp <= newAfter);
  for (const message of messages.slice(start, end)) {
    const own = message.user === you?.user;
    if (dayOf(message.timestamp) !== day) {
      day = dayOf(message.timestamp);
      previous = null;
      all.push({ key: `day ${day}`, kind: 'day', timestamp: message.timestamp });
    }
    if (isNew && !own && newAfter !== null && message.timestamp > newAfter) {
      isNew = false;
      previous = null;
      all.push({ key: 'new', kind: 'new' });
    }
    const first = previous === null || previous.user !== message.user
      || previous.sender !== message.sender || message.timestamp - previous.timestamp > GROUP_US;
    const key = own && isDrafted(message.id) ? message.id : String(message.timestamp);
    all.push({ key, kind: 'message', message, draft: null, own, first });
    previous = message;
  }
  if (end < messages.length) return all;
  for (const draft of drafts) {
    const first = previous === null
      ? all.at(-1)?.kind !== 'draft'
      : previous.user !== you?.user || draft.writtenAt * 1000 - previous.timestamp > GROUP_US;
    all.push({ key: draft.id, kind: 'draft', message: null, draft, own: true, first });
    previous = null;
  }
  return all;
}
