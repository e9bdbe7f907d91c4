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
 * @property {number | null} tail what was vouched for last, which need not be shown
 * @property {ReadonlyMap<number, number | null>} holes what was heard of and is not vouched for,
 *     with its `prev`; null for a head, of which no more is known
 * @property {ReadonlySet<number>} unsure read in several pages, between which something may have
 *     been written: not vouched for, and nothing to repair while nothing names it
 * @property {Read | null} read the one that is under way
 *
 * @typedef {object} Read
 * @property {number | undefined} after where its next page begins; undefined for the newest page
 * @property {number} at when it was begun, in epoch milliseconds
 * @property {number} least what is older than this was let go since then
 * @property {number} pages how many have come
 * @property {number | null} head what a join gave
 * @property {ReadonlyMap<number, number | null>} holes those that were open when it was begun: what
 *     had been heard of by then had been written, so that this read closes them
 *
 * @typedef {(timestamp: number) => boolean} Held whether a message is there
 */

/** @type {Chain} */
export const UNLINKED = { settled: null, tail: null, holes: new Map(), unsure: new Set(), read: null };

/**
 * After events, in the order in which they came.
 *
 * @param {Chain} chain
 * @param {ReadonlyArray<{timestamp: number, prev: number | null}>} events
 * @param {Held} held before these
 * @returns {Chain} the same one where they are no news
 */
export function heard(chain, events, held) {
  const links = new Links(chain, held);
  let changed = false;
  for (const { timestamp, prev } of events) {
    if (links.vouched(timestamp)) continue;
    const follows = prev === null || links.vouched(prev);
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
 * After a read was begun, maybe instead of one that is under way.
 *
 * @param {Chain} chain
 * @param {number | undefined} after
 * @param {number} at epoch milliseconds, before the request is sent
 * @returns {Chain}
 */
export function readBegun(chain, after, at) {
  const head = chain.read?.head ?? null;
  return { ...chain, read: { after, at, least: 0, pages: 0, head, holes: chain.holes } };
}

/**
 * After a page of the read that is under way.
 *
 * @param {Chain} chain
 * @param {Read} read `chain.read`
 * @param {{timestamps: number[], more: boolean, head: number | null, at: number}} page `more`: this
 *     page is not the read's last one
 * @param {Held} held before this page
 * @param {number} overlapUs
 * @returns {Chain}
 */
export function pageRead(chain, read, { timestamps, more, head, at }, held, overlapUs) {
  const links = new Links(chain, held);
  const pages = read.pages + 1;
  const tookUs = pages > 1 ? Math.max(0, at - read.at) * 1000 : 0;
  const last = timestamps.at(-1) ?? 0;
  for (const t of timestamps) {
    if (!links.vouched(t) && !links.holes.has(t)) links.unsure.add(t);
    links.here.add(t);
  }
  links.settle(Math.max(0, last - tookUs));
  const known = read.head ?? head;
  if (more) {
    links.forget(overlapUs);
    return links.chain({ ...read, after: last, pages, head: known });
  }

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
 * @param {number[]} timestamps
 * @param {Held} held
 * @param {number} overlapUs
 * @returns {Chain}
 */
export function olderRead(chain, timestamps, held, overlapUs) {
  const links = new Links(chain, held);
  for (const t of timestamps) {
    if (!links.vouched(t) && !links.holes.has(t)) links.unsure.add(t);
  }
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
    unsure: new Set([...chain.unsure].filter(held)),
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

  /**
   * @param {Chain} chain
   * @param {Held} held
   */
  constructor({ settled, tail, holes, unsure }, held) {
    this.settled = settled;
    this.tail = tail;
    this.holes = new Map(holes);
    this.unsure = new Set(unsure);
    this.#held = held;
  }

  /** @param {number} timestamp */
  vouched(timestamp) {
    if (timestamp === this.tail) return true;
    if (this.holes.has(timestamp) || this.unsure.has(timestamp)) return false;
    return this.here.has(timestamp) || this.#held(timestamp);
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
    this.settled = Math.max(this.settled ?? 0, timestamp);
  }

  /**
   * What is so old that nothing before it can be missing needs no doubt.
   *
   * @param {number} overlapUs
   */
  forget(overlapUs) {
    for (const t of this.unsure) {
      if (t <= (this.settled ?? 0) - overlapUs) this.unsure.delete(t);
    }
  }

  /**
   * @param {Read | null} read
   * @returns {Chain}
   */
  chain(read) {
    const { settled, tail, holes, unsure } = this;
    return { settled, tail, holes, unsure, read };
  }
}
