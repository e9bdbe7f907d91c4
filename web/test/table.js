/**
 * A room as the server keeps it: the table, the order in which messages came to be in it, and the
 * hand-out that follows that order.
 */

/**
 * @typedef {import('../client/messages.js').Message} Message
 * @typedef {import('../client/messages.js').Unreadable} Unreadable
 */

/** What the protocol takes for granted: clocks agree within 1 s, and a put takes at most 5 s. */
const CLOCK_SKEW_MS_MAX = 1_000;
const PUT_MS_MAX = 5_000;

/** How far the clock of a function is ahead where it is wrong. */
const WRONG_CLOCK_MS_MIN = 60_000;
const WRONG_CLOCK_MS_MAX = 600_000;

export class Table {
  /** Ascending. @type {(Message | Unreadable)[]} */
  rows = [];

  /** Those of the rows that can be shown. @type {Message[]} */
  messages = [];

  /** Timestamps of the others. @type {Set<number>} */
  unreadable = new Set();

  /** The part of puts that a function with a wrong clock makes. */
  wrongClocks = 0;

  /** How much later than its clock a function lets a sender's `after` be. */
  leadMsMax = 1_000;

  /** Timestamps in the order in which they were written. @type {number[]} */
  stream = [];

  /** What was handed out last. @type {number | null} */
  head = null;

  /** @type {((event: Message & {type: 'message', room: string, prev: number | null}) => void)[]} */
  members = [];

  /** @type {Map<string, {text: string, timestamp: number}>} by user and id */
  #ids = new Map();

  #handedOut = 0;
  #lastHandOutAt = 0;
  #time;
  #random;
  #name;
  #slowPuts;

  /**
   * @param {string} name
   * @param {import('./tools.js').Time} time
   * @param {() => number} random
   * @param {number} [slowPuts] how many of all puts take as long as they may
   */
  constructor(name, time, random, slowPuts = 0.1) {
    this.#name = name;
    this.#time = time;
    this.#random = random;
    this.#slowPuts = slowPuts;
  }

  /**
   * Writes a message, by one of several functions, whose clocks differ.
   *
   * @param {{id: string, user: string, sender: string, message: string, after?: number}} draft
   * @param {(timestamp: number) => void} written
   * @param {boolean} [unreadable] as if somebody had edited it in the table
   */
  write({ after = 0, ...message }, written, unreadable = false) {
    const wrong = this.wrongClocks > 0 && this.#random() < this.wrongClocks;
    const skewMs = (this.#random() - 0.5) * CLOCK_SKEW_MS_MAX + (wrong ? WRONG_CLOCK_MS_MIN
      + this.#random() * (WRONG_CLOCK_MS_MAX - WRONG_CLOCK_MS_MIN) : 0);
    const nowMs = this.#time.now + skewMs;
    let timestamp = Math.max(Math.floor(nowMs * 1000),
      Math.min(after, Math.floor((nowMs + this.leadMsMax) * 1000)) + 1);
    const slow = this.#random() < this.#slowPuts;
    this.#time.after(this.#random() * (slow ? PUT_MS_MAX : 50), () => {
      const key = `${message.user}#${message.id}`;
      const earlier = this.#ids.get(key);
      if (earlier !== undefined) {
        written(earlier.timestamp);
        return;
      }
      let at = firstAfter(this.rows, timestamp - 1);
      for (; this.rows[at]?.timestamp === timestamp; at++) timestamp++;
      this.#ids.set(key, { text: message.message, timestamp });
      this.put(unreadable ? { timestamp, unreadable } : { timestamp, ...message });
      written(timestamp);
    });
  }

  /** @param {Message | Unreadable} row of a timestamp of its own */
  put(row) {
    const { timestamp } = row;
    this.rows.splice(firstAfter(this.rows, timestamp), 0, row);
    if ('unreadable' in row) this.unreadable.add(timestamp);
    else this.messages.splice(firstAfter(this.messages, timestamp), 0, row);
    this.stream.push(timestamp);
    this.#handOutSoon();
  }

  /**
   * @param {{after?: number, before?: number, limit: number}} range
   * @returns {{messages: (Message | Unreadable)[], more: boolean, complete: true}}
   */
  page({ after, before, limit }) {
    const all = this.rows;
    const from = after === undefined ? 0 : firstAfter(all, after);
    const to = before === undefined ? all.length : firstAfter(all, before - 1);
    const messages = after === undefined
      ? all.slice(Math.max(0, to - limit), to) : all.slice(from, from + limit);
    return { messages, more: to - from > limit, complete: true };
  }

  #handOutSoon() {
    const lagMs = this.#random() < 0.9 ? this.#random() * 300 : this.#random() * 3_000;
    this.#lastHandOutAt = Math.max(this.#lastHandOutAt, this.#time.now + lagMs);
    this.#time.after(this.#lastHandOutAt - this.#time.now, () => {
      const timestamp = this.stream[this.#handedOut++];
      const row = this.rows[firstAfter(this.rows, timestamp - 1)];
      if (!('unreadable' in row)) {
        const event = { type: /** @type {const} */ ('message'), room: this.#name, ...row, prev: this.head };
        for (const member of this.members) member(event);
      }
      this.head = timestamp; // After the push.
    });
  }
}

/**
 * @param {{timestamp: number}[]} rows
 * @param {number} timestamp
 */
function firstAfter(rows, timestamp) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle].timestamp <= timestamp) low = middle + 1;
    else high = middle;
  }
  return low;
}
