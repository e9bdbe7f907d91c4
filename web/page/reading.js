/** How far the reader has read each room, over visits and in all tabs, and what is unread. */

import { mentions } from './living.js';
import * as read from './read.js';
import { recall, remember } from './stored.js';

/** @typedef {import('../client/client.js').Room} Room */
/** @typedef {import('../client/client.js').Message} Message */
/** @typedef {import('./read.js').Read} Read */

/** Older pages that are fetched to count what came while the page was closed: enough for "99+". */
const COUNTED_PAGES_MAX = 3;

export class Reading {
  /** @type {Map<string, Read>} */
  #read = new Map();

  /** @type {WeakMap<Room, import('./read.js').Unread>} */
  #unread = new WeakMap();

  /** By which name a message was looked through. @type {WeakMap<Message, {name: string, isMention: boolean}>} */
  #mentions = new WeakMap();

  #page;

  /** @param {import('./page.js').Page} page */
  constructor(page) {
    this.#page = page;
  }

  /** @param {Room} room */
  unread(room) {
    const kept = this.#unread.get(room);
    if (kept !== undefined) return kept;
    const unread = read.unread(room, this.#readOf(room), (message) => this.isMeant(room, message));
    this.#unread.set(room, unread);
    return unread;
  }

  /**
   * Whether a message of another one is for the reader: it says so, or the room is of two.
   *
   * @param {Room} room
   * @param {Message} message
   */
  isMeant(room, message) {
    return room.name.startsWith('d.') || this.isMention(room, message);
  }

  /**
   * @param {Room} room
   * @param {Message} message
   */
  isMention(room, message) {
    const name = this.#page.names.ownIn(room).toLowerCase();
    const known = this.#mentions.get(message);
    if (known?.name === name) return known.isMention;
    const isMention = mentions(message.message, [name]);
    this.#mentions.set(message, { name, isMention });
    return isMention;
  }

  /**
   * @param {Room} room
   * @returns {number} the timestamp up to which it is read
   */
  readTo(room) {
    return this.#readOf(room).to;
  }

  /**
   * A room has changed.
   *
   * @param {Room | undefined} before
   * @param {Room} room
   */
  changed(before, room) {
    const was = this.#readOf(room);
    const now = read.changed(was, before, room);
    if (now !== was) this.#setRead(room, now);
  }

  /**
   * The reader has seen a room up to a message, in this tab or another one.
   *
   * @param {Room} room
   * @param {number} timestamp
   * @param {boolean} all nothing of it is out of sight
   * @returns {boolean} whether something of it was unread
   */
  saw(room, timestamp, all) {
    const was = this.#readOf(room);
    const now = read.seen(was, timestamp, all);
    if (now === was) return false;
    this.#setRead(room, now);
    if (all) this.#page.client.markRead(room.name);
    return true;
  }

  /** A room is not joined any more. @param {string} name */
  left(name) {
    this.#read.delete(name);
  }

  /**
   * Counts what came while the page was closed, as far as it is told.
   *
   * @param {string} name
   */
  async countMissed(name) {
    try {
      for (let pages = 0; pages < COUNTED_PAGES_MAX; pages++) {
        const room = this.#page.client.room(name);
        if (room === undefined) return;
        const { count, more } = this.unread(room);
        if (!more || count > read.COUNTED_MAX) return;
        await this.#page.client.older(name);
      }
    } catch {
      // The next connection counts again.
    }
  }

  /**
   * @param {Room} room
   * @returns {Read}
   */
  #readOf(room) {
    let known = this.#read.get(room.name);
    if (known === undefined) {
      const to = Number(recall(`read/${room.name}`) ?? NaN);
      if (!Number.isSafeInteger(to) || to < 0) {
        // On the first visit nothing is missed that was said before.
        if (room.link !== 'live') return { to: Infinity, late: new Set() };
        known = { to: room.messages.at(-1)?.timestamp ?? 0, late: new Set() };
        remember(`read/${room.name}`, String(known.to));
      } else {
        known = { to, late: new Set() };
      }
      this.#read.set(room.name, known);
    }
    return known;
  }

  /**
   * @param {Room} room
   * @param {Read} now
   */
  #setRead(room, now) {
    const { to } = this.#readOf(room);
    if (now.to > to && Number.isFinite(now.to)) remember(`read/${room.name}`, String(now.to));
    this.#read.set(room.name, now);
    this.#unread.delete(room);
  }
}
