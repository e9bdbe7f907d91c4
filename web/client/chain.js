/**
 * What is vouched for: the bookkeeping by which a room finds out that it misses something. It deals
 * in timestamps only; docs/PROTOCOL.md, "How a client loses nothing", says why it is right.
 *
 * A message is vouched for when nothing that was handed out before it is missing here. `prev` links
 * each event to the one before it, so what follows a message that is vouched for is vouched for
 * too; anything else is a hole until the missing one comes, or until a read has closed it.
 *
 * @typedef {object} Chain
 * @property {number | null} settled whatever is missing is later than this minus the overlap; null
 *     before the first page
 * @property {number | null} reached how far a read has come that was not finished: from there it goes
 *     on. Nothing older is missing, as with `settled`; but what is missing may have been handed out
 *     before what is older, with a timestamp ahead of its time.
 * @property {number | null} tail what was vouched for last, which need not be shown
 * @property {ReadonlyMap<number, number | null>} holes what was heard of and is not vouched for,
 *     with its `prev`; null for a head, of which no more is known
 * @property {ReadonlySet<number>} unsure read in several pages, between which something may have
 *     been written: not vouched for, and nothing to repair while nothing names it
 * @property {ReadonlySet<number>} unreadable rows of the last seconds that were read and are no
 *     messages: seen, though nothing is shown for them
 * @property {Read | null} read the one that is under way
 *
 * @typedef {object} Read
 * @property {number | undefined} after where its next page begins; undefined for the newest page
 * @property {number} least what is older than this was let go since then
 * @property {number} pages how many have come
 * @property {number | null} head what a join gave
 * @property {ReadonlyMap<number, number | null>} holes those that were open when it was begun: what
 *     had been heard of by then had been written, so that this read closes them
 *
 * @typedef {{timestamps: number[], unreadable: number[]}} Rows of a page: of all of them, and of those
 *     that are no messages
 *
 * @typedef {(timestamp: number) => boolean} Held whether a message is there
 */

/** @type {Chain} */
export const UNLINKED = {
  settled: null,
  reached: null,
  tail: null,
  holes: new Map(),
  unsure: new Set(),
  unreadable: new Set(),
  read: null,
};

/**
 * After events, in the order in which they came.
 *
 * @param {Chain} chain
 * @param {ReadonlyArray<{timestamp: number, prev: number | null}>} events
 * @param {Held} held before these
 * @param {number} limit what is later is ahead of the server's time, and settles nothing
 * @returns {Chain} the same one where they are no news
 */
export function heard(chain, events, held, limit) {
  const links = new Links(chain, held, limit);
  let changed = false;
  for (const { timestamp, prev } of events) {
    if (links.vouched(timestamp)) continue;
    const follows = prev === null ? links.begins() : links.vouched(prev);
    if (!follows && links.holes.get(timestamp) === prev) continue;
    changed = true;
    links.here.add(timestamp);
    if (follows) links.vouch(timestamp);
    else links.open(timestamp, prev);
  }
  return changed ? links.chain(chain.read) : chain;
}

/**
 * After the server named the message that was handed out last: a hole, unless it is vouched for.
 *
 * @param {Chain} chain
 * @param {number} head 0 where nothing was said yet
 * @param {Held} held
 * @returns {Chain}
 */
export function headTold(chain, head, held) {
  const links = new Links(chain, held);
  if (head === 0 || links.vouched(head) || chain.holes.has(head)) return chain;
  links.open(head, null);
  return links.chain(chain.read);
}

/**
 * After the server's time became known.
 *
 * @param {Chain} chain
 * @param {number | undefined} timestamp the newest that is there and is not later than that time was
 *     when the last read was begun
 * @param {Held} held
 * @param {number} overlapUs
 * @returns {Chain} the same one where that is no news
 */
export function timeTold(chain, timestamp, held, overlapUs) {
  if (timestamp === undefined || timestamp <= (chain.settled ?? 0)) return chain;
  const links = new Links(chain, held, timestamp);
  links.settle(timestamp);
  links.forget(overlapUs);
  return links.chain(chain.read);
}

/**
 * After a read was begun, maybe instead of one that is under way.
 *
 * @param {Chain} chain
 * @param {number | undefined} after
 * @returns {Chain}
 */
export function readBegun(chain, after) {
  const head = chain.read?.head ?? null;
  return { ...chain, read: { after, least: 0, pages: 0, head, holes: chain.holes } };
}

/**
 * After a page of the read that is under way.
 *
 * @param {Chain} chain
 * @param {Read} read `chain.read`
 * @param {Rows & {more: boolean, head: number | null}} page `more`: this page is not the read's last
 *     one
 * @param {Held} held before this page
 * @param {number} limit what is later was ahead of the server's time when the read was begun
 * @param {number} overlapUs
 * @returns {Chain}
 */
export function pageRead(chain, read, { timestamps, unreadable, more, head }, held, limit, overlapUs) {
  const links = new Links(chain, held, limit);
  const pages = read.pages + 1;
  links.add(timestamps, unreadable);
  for (const t of timestamps) {
    links.here.add(t);
    links.reach(t);
  }
  const known = read.head ?? head;
  if (more) return links.chain({ ...read, after: timestamps.at(-1), pages, head: known });

  if (links.reached !== null) links.settle(links.reached);
  else if (timestamps.length === 0) links.settle(0); // The room is empty.

  if (pages === 1) {
    for (const t of timestamps) links.trust(t);
  }
  for (const t of read.holes.keys()) links.trust(t);
  if (known !== null) links.trust(known);
  for (const [t, prev] of links.holes) {
    if (prev !== null && links.vouched(prev)) links.vouch(t);
  }
  links.forget(overlapUs);
  return links.chain(null);
}

/**
 * After a page of older messages, read at a moment of its own.
 *
 * @param {Chain} chain
 * @param {Rows} page
 * @param {Held} held
 * @param {number} overlapUs
 * @returns {Chain}
 */
export function olderRead(chain, { timestamps, unreadable }, held, overlapUs) {
  const links = new Links(chain, held);
  links.add(timestamps, unreadable);
  links.forget(overlapUs);
  return links.chain(chain.read);
}

/**
 * After messages were let go: an open hole stays open, but not each of those behind it is kept.
 *
 * @param {Chain} chain
 * @param {number} from the oldest that was kept
 * @param {Held} held after that
 * @returns {Chain}
 */
export function trimmed(chain, from, held) {
  const holes = [...chain.holes];
  return {
    ...chain,
    read: chain.read === null ? null : { ...chain.read, least: from },
    holes: new Map(holes.filter(([t], i) => held(t) || i === holes.length - 1)),
    unsure: new Set([...chain.unsure].filter((t) => t >= from)),
    unreadable: new Set([...chain.unreadable].filter((t) => t >= from)),
  };
}

/** A chain while it is being changed. */
class Links {
  /** What came with the change under way. @type {Set<number>} */
  here = new Set();

  /** Who waits for a timestamp as its `prev`, once that is asked. @type {Map<number, number> | null} */
  #waiting = null;

  /** @type {Held} */
  #held;

  #limit;

  /**
   * @param {Chain} chain
   * @param {Held} held
   * @param {number} [limit] what is later settles nothing
   */
  constructor({ settled, reached, tail, holes, unsure, unreadable }, held, limit = 0) {
    this.settled = settled;
    this.reached = reached;
    this.tail = tail;
    this.holes = new Map(holes);
    this.unsure = new Set(unsure);
    this.unreadable = new Set(unreadable);
    this.#held = held;
    this.#limit = limit;
  }

  /** @param {number} timestamp */
  vouched(timestamp) {
    if (timestamp === this.tail) return true;
    if (this.holes.has(timestamp) || this.unsure.has(timestamp)) return false;
    return this.here.has(timestamp) || this.unreadable.has(timestamp) || this.#held(timestamp);
  }

  /** Whether nothing was said here before, as far as is known: then nothing can precede an event. */
  begins() {
    return (this.settled ?? 0) === 0;
  }

  /**
   * Adds the rows of a page, without vouching for what is new among them.
   *
   * @param {number[]} timestamps
   * @param {number[]} unreadable those of them that are no messages
   */
  add(timestamps, unreadable) {
    for (const t of timestamps) {
      if (!this.vouched(t) && !this.holes.has(t)) this.unsure.add(t);
    }
    for (const t of unreadable) this.unreadable.add(t);
  }

  /**
   * Vouches for an event whose predecessor is vouched for, and for all that waited for it.
   *
   * @param {number} timestamp
   */
  vouch(timestamp) {
    for (let t = /** @type {number | undefined} */ (timestamp); t !== undefined;) {
      this.holes.delete(t);
      this.unsure.delete(t);
      this.settle(t);
      this.tail = t;
      t = this.#follower(t);
    }
  }

  /**
   * @param {number} timestamp
   * @returns {number | undefined} the one that waited for it
   */
  #follower(timestamp) {
    if (this.holes.size === 0) return undefined;
    if (this.#waiting === null) {
      this.#waiting = new Map();
      for (const [t, prev] of this.holes) {
        if (prev !== null) this.#waiting.set(prev, t);
      }
    }
    const follower = this.#waiting.get(timestamp);
    return follower !== undefined && this.holes.has(follower) ? follower : undefined;
  }

  /**
   * Vouches for what a read has shown to be complete.
   *
   * @param {number} timestamp
   */
  trust(timestamp) {
    this.holes.delete(timestamp);
    this.unsure.delete(timestamp);
    this.settle(timestamp);
    if (!this.vouched(timestamp)) this.tail = timestamp;
  }

  /**
   * @param {number} timestamp
   * @param {number | null} prev
   */
  open(timestamp, prev) {
    this.unsure.delete(timestamp);
    this.holes.set(timestamp, prev);
    if (prev !== null) this.#waiting?.set(prev, timestamp);
  }

  /** @param {number} timestamp */
  settle(timestamp) {
    if (timestamp <= this.#limit) this.settled = Math.max(this.settled ?? 0, timestamp);
  }

  /** @param {number} timestamp */
  reach(timestamp) {
    if (timestamp <= this.#limit) this.reached = Math.max(this.reached ?? 0, timestamp);
  }

  /**
   * What is so old that nothing before it can be missing needs no doubt, and no `prev` names it.
   *
   * @param {number} overlapUs
   */
  forget(overlapUs) {
    for (const old of [this.unsure, this.unreadable]) {
      for (const t of old) {
        if (t <= (this.settled ?? 0) - overlapUs) old.delete(t);
      }
    }
  }

  /**
   * @param {Read | null} read
   * @returns {Chain}
   */
  chain(read) {
    const { settled, reached, tail, holes, unsure, unreadable } = this;
    return { settled, reached, tail, holes, unsure, unreadable, read };
  }
}
