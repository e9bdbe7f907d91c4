/**
 * Decides which messages of a stretch are contiguous. It deals in timestamps only. `stretch.js` says
 * what the words mean.
 *
 * @typedef {import('./stretch.js').Stretch} Stretch
 * @typedef {import('./stretch.js').Read} Read
 * @typedef {import('./messages.js').Page} Page
 */

import { has } from './messages.js';

/**
 * Whatever is not later than this is contiguous, or no part of the stretch.
 *
 * @param {{watermark: number | null, overlapUs: number}} stretch
 */
export const contiguousUpTo = ({ watermark, overlapUs }) => (watermark ?? 0) - overlapUs;

/** What of a stretch is contiguous, while that is being changed. */
export class Chain {
  changed = false;

  #stretch;
  #limit;
  #watermark;
  #reached;
  #tail;
  #gaps;
  #unconfirmed;
  #unreadable;

  /** What has come with this change, and is not in the stretch yet. @type {Set<number>} */
  #arrived = new Set();

  /** What has each timestamp as its `prev`, once that is needed. @type {Map<number, number> | null} */
  #followers = null;

  /**
   * @param {Stretch} stretch
   * @param {number} [limit] what is later does not move the watermark
   */
  constructor(stretch, limit = 0) {
    this.#stretch = stretch;
    this.#limit = limit;
    this.#watermark = stretch.watermark;
    this.#reached = stretch.reached;
    this.#tail = stretch.tail;
    this.#gaps = new Map(stretch.gaps);
    this.#unconfirmed = new Set(stretch.unconfirmed);
    this.#unreadable = new Set(stretch.unreadable);
  }

  /** @param {number} timestamp */
  isContiguous(timestamp) {
    if (timestamp === this.#tail) return true;
    if (this.#gaps.has(timestamp) || this.#unconfirmed.has(timestamp)) return false;
    return this.#arrived.has(timestamp) || this.#unreadable.has(timestamp)
      || has(this.#stretch.messages, timestamp);
  }

  /**
   * @param {number} timestamp
   * @param {number | null} prev null: nothing was handed out before, as far as the server knows
   */
  event(timestamp, prev) {
    if (this.isContiguous(timestamp)) return;
    const follows = prev === null ? (this.#watermark ?? 0) === 0 : this.isContiguous(prev);
    if (!follows && this.#gaps.get(timestamp) === prev) return;
    this.changed = true;
    this.#arrived.add(timestamp);
    if (follows) this.#append(timestamp);
    else this.openGap(timestamp, prev);
  }

  /**
   * @param {number} timestamp
   * @param {number | null} prev
   */
  openGap(timestamp, prev) {
    this.#unconfirmed.delete(timestamp);
    this.#gaps.set(timestamp, prev);
    if (prev !== null) this.#followers?.set(prev, timestamp);
  }

  /**
   * Adds the rows of a page. What is new among them is not contiguous yet.
   *
   * @param {Page} page
   */
  addPage({ messages }) {
    for (const row of messages) {
      const { timestamp } = row;
      if (!this.isContiguous(timestamp) && !this.#gaps.has(timestamp)) this.#unconfirmed.add(timestamp);
      if ('unreadable' in row) this.#unreadable.add(timestamp);
      this.#arrived.add(timestamp);
    }
  }

  /** A read that is under way has come to a timestamp. */
  reach(/** @type {number} */ timestamp) {
    if (timestamp <= this.#limit) this.#reached = Math.max(this.#reached ?? 0, timestamp);
  }

  /**
   * The last page of a read has come.
   *
   * @param {Read} read
   * @param {number[]} rows of that page
   * @param {number | null} head what the `joined` reply said
   */
  finish(read, rows, head) {
    if (this.#reached !== null) this.advance(this.#reached);
    else if (rows.length === 0) this.advance(0); // The room is empty.

    if (read.pages === 0) {
      for (const t of rows) this.#confirm(t);
    }
    for (const t of read.gaps.keys()) this.#confirm(t);
    if (head !== null) this.#confirm(head);
    for (const [t, prev] of this.#gaps) {
      if (prev !== null && this.isContiguous(prev)) this.#append(t);
    }
  }

  /** Moves the watermark. */
  advance(/** @type {number} */ timestamp) {
    if (timestamp <= this.#limit) this.#watermark = Math.max(this.#watermark ?? 0, timestamp);
  }

  /**
   * Adds an event whose predecessor is contiguous, and whatever follows it.
   *
   * @param {number} timestamp
   */
  #append(timestamp) {
    for (let t = /** @type {number | undefined} */ (timestamp); t !== undefined;) {
      this.#gaps.delete(t);
      this.#unconfirmed.delete(t);
      this.advance(t);
      this.#tail = t;
      t = this.#follower(t);
    }
  }

  /**
   * A read has shown that nothing before this is missing.
   *
   * @param {number} timestamp
   */
  #confirm(timestamp) {
    this.#gaps.delete(timestamp);
    this.#unconfirmed.delete(timestamp);
    this.advance(timestamp);
    if (!this.isContiguous(timestamp)) this.#tail = timestamp;
  }

  /**
   * @param {number} timestamp
   * @returns {number | undefined} what has it as its `prev`, and a gap before it
   */
  #follower(timestamp) {
    if (this.#gaps.size === 0) return undefined;
    if (this.#followers === null) {
      this.#followers = new Map();
      for (const [t, prev] of this.#gaps) {
        if (prev !== null) this.#followers.set(prev, t);
      }
    }
    const follower = this.#followers.get(timestamp);
    return follower !== undefined && this.#gaps.has(follower) ? follower : undefined;
  }

  /**
   * The stretch with these changes. What is so old that nothing before it can be missing is
   * contiguous, and no `prev` will name it.
   *
   * @param {Read | null} read
   * @returns {Stretch}
   */
  stretch(read) {
    const { overlapUs } = this.#stretch;
    const watermark = this.#watermark;
    for (const those of [this.#unconfirmed, this.#unreadable]) {
      for (const t of those) {
        if (t <= contiguousUpTo({ watermark, overlapUs })) those.delete(t);
      }
    }
    return {
      ...this.#stretch,
      watermark,
      reached: this.#reached,
      tail: this.#tail,
      gaps: this.#gaps,
      unconfirmed: this.#unconfirmed,
      unreadable: this.#unreadable,
      read,
    };
  }
}
