/**
 * A room as the server keeps it: the table, the order in which messages came to be in it, and the
 * hand-out that follows that order.
 */

/** @typedef {import('../client/room.js').Message} Message */

/** What the protocol takes for granted: clocks agree within 1 s, and a put takes at most 5 s. */
const CLOCK_SKEW_MS_MAX = 1_000;
const PUT_MS_MAX = 5_000;

export class Table {
  /** Ascending. @type {Message[]} */
  messages = [];

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
   */
  write({ after = 0, ...message }, written) {
    const skewMs = (this.#random() - 0.5) * CLOCK_SKEW_MS_MAX;
    let timestamp = Math.max(Math.floor((this.#time.now + skewMs) * 1000), after + 1);
    const slow = this.#random() < this.#slowPuts;
    this.#time.after(this.#random() * (slow ? PUT_MS_MAX : 50), () => {
      const key = `${message.user}#${message.id}`;
      const earlier = this.#ids.get(key);
      if (earlier !== undefined) {
        written(earlier.timestamp);
        return;
      }
      let at = this.#firstAfter(timestamp - 1);
      for (; this.messages[at]?.timestamp === timestamp; at++) timestamp++;
      this.#ids.set(key, { text: message.message, timestamp });
      this.messages.splice(at, 0, { timestamp, ...message });
      this.stream.push(timestamp);
      this.#handOutSoon();
      written(timestamp);
    });
  }

  /**
   * @param {{after?: number, before?: number, limit: number}} range
   * @returns {{messages: Message[], more: boolean, complete: true}}
   */
  page({ after, before, limit }) {
    const all = this.messages;
    const from = after === undefined ? 0 : this.#firstAfter(after);
    const to = before === undefined ? all.length : this.#firstAfter(before - 1);
    const messages = after === undefined
      ? all.slice(Math.max(0, to - limit), to) : all.slice(from, from + limit);
    return { messages, more: to - from > limit, complete: true };
  }

  #handOutSoon() {
    const lagMs = this.#random() < 0.9 ? this.#random() * 300 : this.#random() * 3_000;
    this.#lastHandOutAt = Math.max(this.#lastHandOutAt, this.#time.now + lagMs);
    this.#time.after(this.#lastHandOutAt - this.#time.now, () => {
      const timestamp = this.stream[this.#handedOut++];
      const message = this.messages[this.#firstAfter(timestamp - 1)];
      for (const member of this.members) {
        member({ type: 'message', room: this.#name, ...message, prev: this.head });
      }
      this.head = timestamp; // After the push.
    });
  }

  /** @param {number} timestamp */
  #firstAfter(timestamp) {
    let low = 0;
    let high = this.messages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.messages[middle].timestamp <= timestamp) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
