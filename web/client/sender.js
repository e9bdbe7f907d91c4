/**
 * Sends what is written in one room: one message at a time, and each with the same `id` until it is
 * answered, also after a reload.
 */

import { isTimestamp, pageOf } from './frames.js';
import { CATCH_UP_PAGE, CATCH_UP_PAGES_MAX, DRAFTS_PER_ROOM_MAX } from './limits.js';
import { isPending } from './drafts.js';
import { newestUpTo, nextDraft } from './room.js';
import { Refused } from './socket.js';

/** How far the clocks may disagree by which the age of a send is told. */
const CLOCK_ERROR_MS = 60 * 60_000;

/**
 * @typedef {import('./drafts.js').Draft} Draft
 * @typedef {import('./room.js').RoomEvent} RoomEvent
 *
 * @typedef {{id: string, timestamp: number}} Sent
 * @typedef {{resolve: (sent: Sent) => void, reject: (e: Error) => void}} Waiter
 */

export class Sender {
  #membership;
  #around;
  #pumping = false;

  /** Those who wait for a send, by its id. @type {Map<string, Waiter>} */
  #waiting = new Map();

  /**
   * @param {import('./membership.js').Membership} membership
   * @param {import('./membership.js').Surroundings} around
   */
  constructor(membership, around) {
    this.#membership = membership;
    this.#around = around;
  }

  /** Takes over what is stored: from before a reload, or from a tab that was closed. */
  restore() {
    const { name } = this.#membership;
    const drafts = this.#around.outbox.list(name, Date.now());
    this.#membership.apply({ type: 'drafted', drafts });
  }

  /**
   * @param {string} message
   * @param {string} id
   * @returns {Promise<Sent>}
   */
  send(message, id) {
    const { name, room: { drafts } } = this.#membership;
    if (drafts.length >= DRAFTS_PER_ROOM_MAX) {
      throw new RangeError(`${DRAFTS_PER_ROOM_MAX} messages wait to be sent to #${name}`);
    }
    // Those of one moment have to stay in order too: a storage has an order of its own.
    const writtenAt = Math.max(Date.now(), (drafts.at(-1)?.writtenAt ?? 0) + 1);
    /** @type {Draft} */
    const draft = { id, message, writtenAt, state: 'queued' };
    this.#around.outbox.put(name, draft);
    /** @type {Promise<Sent>} */
    const sent = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    sent.catch(() => {}); // The caller need not wait: the draft tells it too.
    this.#membership.apply({ type: 'drafted', drafts: [draft] });
    this.pump();
    return sent;
  }

  /** @param {string} id */
  discard(id) {
    this.#membership.apply({ type: 'draftDiscarded', id });
    this.#reject(id, new Error('it was discarded'));
  }

  /** @param {Error} reason told to those who wait */
  end(reason) {
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  /**
   * The room has changed: tells those who wait for a send that it is in the table, and removes from
   * the storage what has been answered or discarded.
   *
   * @param {RoomEvent} event
   * @param {import('./room.js').Room} before
   */
  applied(event, before) {
    const { name, room } = this.#membership;
    if (this.#waiting.size > 0) this.#acknowledge(event);
    if (room.drafts === before.drafts) return;
    const kept = new Set(room.drafts.filter((d) => d.state !== 'sent').map((d) => d.id));
    for (const { id, state } of before.drafts) {
      if (state !== 'sent' && !kept.has(id)) this.#around.outbox.remove(name, id);
    }
  }

  /** Sends what waits, one draft at a time, since the gateway runs frames concurrently. */
  async pump() {
    if (this.#pumping) return;
    this.#pumping = true;
    const { connection } = this.#around;
    const membership = this.#membership;
    try {
      for (let failures = 0; !membership.ended && membership.room.link === 'live';) {
        const draft = nextDraft(membership.room);
        if (draft === undefined) return;
        failures = (await this.#attempt(draft)) ? 0 : failures + 1;
        if (failures > 0) await connection.pause(connection.backOff(failures));
      }
    } finally {
      this.#pumping = false;
    }
  }

  /**
   * Sends a draft once; the same `id` each time, so that one message comes of all attempts.
   *
   * @param {Draft} draft
   * @returns {Promise<boolean>} false: no answer, to be tried again
   */
  async #attempt(draft) {
    const { clock, connection, outbox, waits } = this.#around;
    const { name, room } = this.#membership;
    const { id, message } = draft;
    const stored = outbox.current(name, draft);
    if (stored === null) return this.#leave(id);
    // By the server's clock: that of this machine may have been set since, or be set any time.
    const now = (clock.latestUs() ?? Date.now() * 1000) / 1000;
    const known = [stored, draft].find((d) => d.triedAt !== undefined);
    const triedAt = known?.triedAt ?? now;
    const age = now - triedAt;
    if (age > waits.resendMsMax || age < -CLOCK_ERROR_MS) {
      return clock.sure && this.#lookUp({ ...draft, ...known }); // Soon a ping tells the time.
    }
    const seen = newestUpTo(room, clock.earliestUs() ?? 0);
    const first = known === undefined ? seen : (known.after ?? 0);
    const change = { triedAt, lastTriedAt: now, after: first };
    outbox.put(name, { ...draft, ...change });
    this.#membership.apply({ type: 'draftChanged', id, change });
    const after = seen === 0 ? undefined : seen;
    try {
      const reply = await connection.request(
        { action: 'sendMessage', room: name, id, message, after });
      return this.answered({ ...reply, id });
    } catch (e) {
      if (!this.#isPending(id)) return true; // A late reply to an earlier attempt has come meanwhile.
      return e instanceof Refused ? this.#refused(draft, e) : false;
    }
  }

  /**
   * The server says that a message is in the table.
   *
   * @param {{id: string, timestamp?: unknown, trace?: unknown}} sent
   * @returns {boolean} false where it is no such answer
   */
  answered({ id, timestamp, trace }) {
    if (!isTimestamp(timestamp)) return false;
    this.#membership.apply({ type: 'sent', id, timestamp });
    const traced = typeof trace === 'string' ? { trace } : {};
    this.#around.onSent({ room: this.#membership.name, id, timestamp, ...traced });
    return true;
  }

  /** @param {string} id */
  #isPending(id) {
    return this.#membership.room.drafts.some((d) => d.id === id && isPending(d));
  }

  /**
   * Leaves a draft to another tab, which has finished it. Its message may not have come yet, and what
   * is sent next has to come after it.
   *
   * @param {string} id
   * @returns {Promise<boolean>} as {@link #attempt}
   */
  async #leave(id) {
    try {
      await this.#membership.catchUp();
    } catch (e) {
      return this.#rejoin(e);
    }
    this.#membership.apply({ type: 'draftDiscarded', id });
    return true;
  }

  /**
   * After a read that failed: joins again where this client is not a member any more.
   *
   * @param {unknown} e
   * @returns {Promise<false>}
   */
  async #rejoin(e) {
    if (e instanceof Refused) await this.#membership.reenter(e);
    return false;
  }

  /**
   * @param {Draft} draft
   * @param {Refused} refused
   * @returns {Promise<boolean>} as {@link #attempt}
   */
  async #refused(draft, refused) {
    const { connection, onRefused } = this.#around;
    if (['not_a_member', 'no_such_room', 'removed'].includes(refused.code)) return this.#rejoin(refused);
    if (refused.retryAfterMs === undefined) {
      this.#fail(draft.id, refused, refused.code);
      return true;
    }
    this.#membership.apply({ type: 'draftChanged', id: draft.id, change: { state: 'waiting' } });
    onRefused(this.#membership, refused);
    await connection.pause(refused.retryAfterMs);
    return true;
  }

  /**
   * Finds out what became of a send that is too old to be repeated.
   *
   * @param {Draft} draft
   * @returns {Promise<boolean>} as {@link #attempt}
   */
  async #lookUp({ id, after: first = 0, lastTriedAt = Infinity }) {
    const { connection, waits } = this.#around;
    const { name } = this.#membership;
    const until = (lastTriedAt + CLOCK_ERROR_MS) * 1000;
    let after = Math.max(0, first - waits.overlapMs * 1000); // An `after` that is ahead did not count.
    try {
      for (let pages = 1; ; pages++) {
        const frame = { action: 'history', room: name, after, limit: CATCH_UP_PAGE };
        const reply = await connection.ask(frame, () => !this.#membership.ended);
        const { messages, more } = pageOf(reply);
        const found = messages.find((m) => !('unreadable' in m) && m.id === id && this.#isOwn(m));
        if (found !== undefined) {
          this.#membership.apply({ type: 'sent', id, timestamp: found.timestamp });
          return true;
        }
        after = messages.at(-1)?.timestamp ?? after;
        if (!more || after > until) {
          this.#fail(id, new Error('It could not be sent in time.'), 'not_in_time');
          return true;
        }
        if (pages === CATCH_UP_PAGES_MAX) {
          this.#fail(id, new Error('It is unknown whether this was sent.'), 'unknown');
          return true;
        }
      }
    } catch (e) {
      return this.#rejoin(e);
    }
  }

  /**
   * @param {string} id
   * @param {Error} reason
   * @param {string} code
   */
  #fail(id, reason, code) {
    const { name } = this.#membership;
    const change = { state: /** @type {const} */ ('failed'), error: reason.message, code };
    this.#membership.apply({ type: 'draftChanged', id, change });
    const failed = this.#membership.room.drafts.find((d) => d.id === id);
    if (failed !== undefined) this.#around.outbox.put(name, failed);
    this.#reject(id, reason);
  }

  /**
   * @param {string} id
   * @param {Error} reason
   */
  #reject(id, reason) {
    this.#waiting.get(id)?.reject(reason);
    this.#waiting.delete(id);
  }

  /** @param {RoomEvent} event */
  #acknowledge(event) {
    switch (event.type) {
      case 'sent':
        this.#resolve(event);
        break;
      case 'events':
        event.events.forEach((e) => e.type === 'message' && this.#isOwn(e) && this.#resolve(e));
        break;
      case 'joined':
      case 'history':
        event.messages.forEach((m) => !('unreadable' in m) && this.#isOwn(m) && this.#resolve(m));
        break;
    }
  }

  /** @param {{user: string}} message */
  #isOwn({ user }) {
    return user === this.#membership.room.you?.user;
  }

  /** @param {Sent} sent */
  #resolve({ id, timestamp }) {
    this.#waiting.get(id)?.resolve({ id, timestamp });
    this.#waiting.delete(id);
  }
}
