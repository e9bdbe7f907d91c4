/**
 * What a client does for one room: joins it on each connection, fetches what it missed, repairs
 * holes, and sends. What comes of it is decided in `room.js`.
 */

import { moment } from './clock.js';
import { Refused, Unanswered } from './connection.js';
import { isMember, isTimestamp, pageOf } from './frames.js';
import {
  CATCH_UP_PAGE,
  CATCH_UP_PAGES_MAX,
  DRAFTS_PER_ROOM_MAX,
  HISTORY_PAGE,
} from './limits.js';
import { broken, newestUpTo, newRoom, next, resumeAfter } from './room.js';

/** How far the clocks may disagree by which the age of a send is told. */
const CLOCK_ERROR_MS = 60 * 60_000;

/**
 * @typedef {import('./room.js').Room} Room
 * @typedef {import('./room.js').RoomEvent} RoomEvent
 * @typedef {import('./room.js').Draft} Draft
 *
 * @typedef {object} Surroundings
 * @property {import('./connection.js').Connection} connection
 * @property {import('./clock.js').ServerClock} clock
 * @property {import('./outbox.js').Outbox} outbox
 * @property {import('./limits.js').Waits} waits
 * @property {() => number} random
 * @property {number} messagesMax
 * @property {(name: string) => void} onChange
 * @property {(membership: Membership) => void} onJoined each time it has joined and caught up
 * @property {(membership: Membership, refused: Refused) => void} onRefused a join or a send
 *
 * @typedef {{resolve: (value: any) => void, reject: (e: Error) => void}} Waiter
 */

export class Membership {
  /** @type {Room} */
  room;

  /** The last join, read or quit that was begun: they wait for each other. @type {Promise<void>} */
  turn;

  #around;
  #gone = false;

  /** The connection on which a join is under way. @type {number | null} */
  #entering = null;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #repairTimer = undefined;

  /** When the last read was begun that has come to its end. @type {import('./clock.js').Moment | null} */
  #readAt = null;

  #repairing = false;
  #repairFailures = 0;
  #pumping = false;

  /** Who waits for a send, by its id. @type {Map<string, Waiter>} */
  #senders = new Map();

  /** Who waits for the room to be live. @type {Waiter[]} */
  #joiners = [];

  /**
   * @param {string} name
   * @param {Surroundings} around
   * @param {Promise<void>} turn what must be over before the first join
   */
  constructor(name, around, turn) {
    this.room = newRoom(name, around.waits.overlapMs, around.messagesMax);
    this.turn = turn;
    this.#around = around;
    this.#restore();
  }

  get name() {
    return this.room.name;
  }

  /** @param {RoomEvent} event */
  apply(event) {
    const before = this.room;
    this.room = next(before, event);
    if (this.#senders.size > 0) this.#acknowledge(event);
    if (this.room === before) return;
    if (this.room.drafts !== before.drafts) this.#forget(before.drafts);
    if (this.room.link === 'live') this.#watch();
    this.#around.onChange(this.name);
  }

  /** The server's events of this room, as they came. @param {any[]} events */
  receive(events) {
    this.apply({ type: 'events', events, limit: this.#limit(moment()) });
  }

  /** The server has told its time. */
  timed() {
    if (this.#readAt === null) return;
    this.apply({ type: 'timed', limit: this.#limit(this.#readAt) });
    this.#reachNow();
  }

  /** Resolves once the room has been joined, at once where it is; rejects where it cannot be. */
  live() {
    if (this.room.link === 'live') return Promise.resolve();
    /** @type {Promise<void>} */
    const live = new Promise((resolve, reject) => this.#joiners.push({ resolve, reject }));
    live.catch(() => {}); // Nobody has to wait.
    return live;
  }

  /** Joins on the connection that there is, and fetches what was missed. */
  async enter() {
    const { connection, onJoined, onRefused } = this.#around;
    const { session } = connection;
    if (this.#gone || connection.state.phase !== 'connected' || this.#entering === session) return;
    this.#entering = session;
    try {
      await this.#inTurn(() => this.#read('join', session));
      this.#restore();
      this.#joiners.splice(0).forEach(({ resolve }) => resolve(undefined));
      onJoined(this);
      this.#pump();
    } catch (e) {
      if (!(e instanceof Refused)) return; // The next connection enters every room.
      if (e.code === 'not_connected') connection.restart();
      else if (e.code === 'not_a_member') this.#repairTimer ??= this.#later(() => this.enter());
      else onRefused(this, e);
    } finally {
      if (this.#entering === session) this.#entering = null;
    }
  }

  /** Quits, and does nothing any more. Resolves when the server has been told, as far as it can be. */
  async quit() {
    const { connection } = this.#around;
    this.end(new Error(`#${this.name} was quit`));
    // Refused: not a member anyhow. Unanswered: the next connection does not name the room.
    await this.#inTurn(() => connection.ask({ action: 'quit', room: this.name })).catch(() => {});
  }

  /** @param {Error} reason told to those who wait */
  end(reason) {
    this.#gone = true;
    clearTimeout(this.#repairTimer);
    for (const { reject } of [...this.#senders.values(), ...this.#joiners]) reject(reason);
    this.#senders.clear();
    this.#joiners = [];
  }

  /**
   * @param {string} message
   * @param {string} id
   * @returns {Promise<{id: string, timestamp: number}>}
   */
  send(message, id) {
    const { outbox } = this.#around;
    if (this.room.drafts.length >= DRAFTS_PER_ROOM_MAX) {
      throw new RangeError(`${DRAFTS_PER_ROOM_MAX} messages wait to be sent to #${this.name}`);
    }
    // Those of one moment have to stay in order too: a storage has an order of its own.
    const writtenAt = Math.max(Date.now(), (this.room.drafts.at(-1)?.writtenAt ?? 0) + 1);
    /** @type {Draft} */
    const draft = { id, message, writtenAt, state: 'queued' };
    outbox.put(this.name, draft);
    /** @type {Promise<{id: string, timestamp: number}>} */
    const sent = new Promise((resolve, reject) => this.#senders.set(id, { resolve, reject }));
    sent.catch(() => {}); // Nobody has to wait: the draft tells it too.
    this.apply({ type: 'drafted', drafts: [draft] });
    this.#pump();
    return sent;
  }

  /** @param {string} id */
  discard(id) {
    this.apply({ type: 'draftDiscarded', id });
    this.#reject(id, new Error('it was discarded'));
  }

  /** Adds the page before the oldest message, unless that is under way. */
  async older() {
    const { connection } = this.#around;
    if (this.room.aside !== null) return;
    for (let pages = 1; this.room.from > 0 && pages <= CATCH_UP_PAGES_MAX; pages++) {
      const before = this.room.from;
      const frame = { action: 'history', room: this.name, before, limit: HISTORY_PAGE };
      this.apply({ type: 'olderAsked' });
      try {
        const page = pageOf(await connection.ask(frame, () => !this.#gone));
        this.apply({ type: 'history', ...page, before });
        // Where none of its rows is a message, there is nothing to see yet.
        if (page.messages.length === 0 || page.messages.some((m) => !('unreadable' in m))) return;
      } finally {
        this.apply({ type: 'olderAbandoned' });
      }
    }
  }

  async listMembers() {
    const { connection } = this.#around;
    this.apply({ type: 'membersAsked' });
    const frame = { action: 'members', room: this.name };
    const { items, more } = await connection.list(frame, 'members', () => !this.#gone);
    this.apply({ type: 'membersListed', members: items.filter(isMember), more });
  }

  // Reading

  /**
   * @param {() => Promise<void>} task
   * @returns {Promise<void>}
   */
  #inTurn(task) {
    const done = this.turn.then(task);
    this.turn = done.catch(() => {});
    return done;
  }

  /**
   * Fetches all that may be missing, page by page.
   *
   * @param {'join' | 'history'} first the first page's action
   * @param {number} session of the connection to do it on
   */
  async #read(first, session) {
    const { connection } = this.#around;
    const wanted = () => !this.#gone && session === connection.session;
    let action = first;
    let after = resumeAfter(this.room);
    if (!wanted()) throw new Unanswered('another connection by now');
    let at = moment();
    this.apply({ type: 'asked', after });
    try {
      for (let pages = 1; ; pages++) {
        const size = after === undefined ? HISTORY_PAGE : CATCH_UP_PAGE;
        const frame = { action, room: this.name, after, limit: size };
        const reply = await connection.ask(frame, wanted);
        if (!wanted()) throw new Unanswered('another connection by now');
        const page = pageOf(reply);
        const limit = this.#limit(at);
        if (action === 'join') {
          const you = isMember(reply.you) ? reply.you : null;
          const head = isTimestamp(reply.head) ? reply.head : null;
          this.apply({ type: 'joined', ...page, you, head, after, limit });
        } else {
          this.apply({ type: 'history', ...page, after, limit });
        }
        const last = page.messages.at(-1)?.timestamp;
        if (after === undefined || !page.more || last === undefined) {
          this.#readAt = at;
          this.#reachNow();
          return;
        }
        action = 'history';
        after = last;
        if (pages === CATCH_UP_PAGES_MAX) {
          after = undefined; // Too far behind: begin anew from the newest page.
          at = moment();
          this.apply({ type: 'asked', after });
        }
      }
    } finally {
      this.apply({ type: 'abandoned' });
    }
  }

  /** A stretch that begins ahead of the server's time would show nothing of what is said now. */
  async #reachNow() {
    const limit = this.#limit(moment()) || Infinity;
    try {
      for (let pages = 1; this.room.from > limit && pages <= CATCH_UP_PAGES_MAX; pages++) {
        await this.older();
      }
    } catch {
      // The next read tries it again.
    }
  }

  /**
   * What is later was ahead of the server's time.
   *
   * @param {import('./clock.js').Moment} at
   * @returns {number} a timestamp; 0 where the server's time is not known
   */
  #limit(at) {
    const { clock, waits } = this.#around;
    const earliest = clock.earliestUs(at);
    return earliest === null ? 0 : earliest + waits.aheadMs * 1000;
  }

  /** Waits a little before a hole is repaired: a thousand members see the same one. */
  #watch() {
    if (this.#gone || this.#repairing || this.#repairTimer !== undefined || !broken(this.room)) return;
    this.#repairTimer = this.#later(() => this.#repair());
  }

  /** @param {() => void} task */
  #later(task) {
    const { connection, random, waits } = this.#around;
    const jitter = waits.repairMsMin + random() * (waits.repairMsMax - waits.repairMsMin);
    const failures = this.#repairFailures;
    return setTimeout(() => {
      this.#repairTimer = undefined;
      task();
    }, jitter + (failures === 0 ? 0 : connection.backOff(failures)));
  }

  async #repair() {
    const { connection } = this.#around;
    const { session } = connection;
    const needed = () => this.room.link === 'live' && broken(this.room);
    if (!needed()) return;
    this.#repairing = true;
    try {
      await this.#inTurn(async () => {
        if (needed()) await this.#read('history', session);
      });
      this.#repairFailures = 0;
    } catch (e) {
      this.#repairFailures++;
      if (e instanceof Refused && e.code === 'not_a_member') this.enter();
    } finally {
      this.#repairing = false;
      if (this.room.link === 'live') this.#watch();
    }
  }

  // Sending

  /** Takes over what is stored: from before a reload, or from a tab that was closed. */
  #restore() {
    this.apply({ type: 'drafted', drafts: this.#around.outbox.list(this.name, Date.now()) });
  }

  /**
   * Sends what waits, one at a time, since the gateway runs frames concurrently.
   */
  async #pump() {
    if (this.#pumping) return;
    this.#pumping = true;
    const { connection } = this.#around;
    try {
      for (let failures = 0; !this.#gone && this.room.link === 'live';) {
        const draft = this.room.drafts.find(isPending);
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
    const { id, message } = draft;
    const stored = outbox.current(this.name, draft);
    if (stored === null) return this.#yield(id);
    // By the server's clock: that of this machine may have been set since, or be set any time.
    const now = (clock.latestUs() ?? Date.now() * 1000) / 1000;
    const known = [stored, draft].find((d) => d.triedAt !== undefined);
    const triedAt = known?.triedAt ?? now;
    const age = now - triedAt;
    if (age > waits.resendMsMax || age < -CLOCK_ERROR_MS) {
      return clock.sure && this.#lookUp({ ...draft, ...known }); // Soon a ping tells the time.
    }
    const seen = newestUpTo(this.room, clock.earliestUs() ?? 0);
    const first = known === undefined ? seen : (known.after ?? 0);
    const change = { triedAt, lastTriedAt: now, after: first };
    outbox.put(this.name, { ...draft, ...change });
    this.apply({ type: 'draftChanged', id, change });
    const after = seen === 0 ? undefined : seen;
    try {
      const { timestamp } = await connection.request(
        { action: 'sendMessage', room: this.name, id, message, after });
      if (!isTimestamp(timestamp)) return false;
      this.apply({ type: 'sent', id, timestamp });
      return true;
    } catch (e) {
      if (!this.#isPending(id)) return true; // A late reply to an earlier attempt has come meanwhile.
      return e instanceof Refused ? this.#refused(draft, e) : false;
    }
  }

  /** @param {string} id */
  #isPending(id) {
    return this.room.drafts.some((d) => d.id === id && isPending(d));
  }

  /**
   * Leaves a draft to another tab, which has finished it. Its message may not have come yet, and what
   * is sent next has to come after it.
   *
   * @param {string} id
   * @returns {Promise<boolean>} as {@link #attempt}
   */
  async #yield(id) {
    const { session } = this.#around.connection;
    try {
      await this.#inTurn(() => this.#read('history', session));
    } catch (e) {
      if (e instanceof Refused && e.code === 'not_a_member') await this.enter();
      return false;
    }
    this.apply({ type: 'draftDiscarded', id });
    return true;
  }

  /**
   * @param {Draft} draft
   * @param {Refused} refused
   * @returns {Promise<boolean>} as {@link #attempt}
   */
  async #refused(draft, refused) {
    const { connection, onRefused } = this.#around;
    switch (refused.code) {
      case 'not_a_member':
        await this.enter();
        return false;
      case 'not_connected':
        connection.restart();
        return false;
    }
    if (refused.retryAfterMs === undefined) {
      this.#fail(draft.id, refused);
      return true;
    }
    this.apply({ type: 'draftChanged', id: draft.id, change: { state: 'waiting' } });
    onRefused(this, refused);
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
    const until = (lastTriedAt + CLOCK_ERROR_MS) * 1000;
    let after = Math.max(0, first - waits.overlapMs * 1000); // Where it was ahead, it did not count.
    try {
      for (let pages = 1; ; pages++) {
        const frame = { action: 'history', room: this.name, after, limit: CATCH_UP_PAGE };
        const { messages, more } = pageOf(await connection.ask(frame, () => !this.#gone));
        const found = messages.find((m) => !('unreadable' in m) && m.id === id && this.#isOwn(m));
        if (found !== undefined) {
          this.apply({ type: 'sent', id, timestamp: found.timestamp });
          return true;
        }
        after = messages.at(-1)?.timestamp ?? after;
        if (!more || after > until) {
          this.#fail(id, new Error('It could not be sent in time.'));
          return true;
        }
        if (pages === CATCH_UP_PAGES_MAX) {
          this.#fail(id, new Error('It is unknown whether this was sent.'));
          return true;
        }
      }
    } catch (e) {
      if (e instanceof Refused && e.code === 'not_a_member') await this.enter();
      return false;
    }
  }

  /**
   * @param {string} id
   * @param {Error} reason
   */
  #fail(id, reason) {
    const change = { state: /** @type {const} */ ('failed'), error: reason.message };
    this.apply({ type: 'draftChanged', id, change });
    const failed = this.room.drafts.find((d) => d.id === id);
    if (failed !== undefined) this.#around.outbox.put(this.name, failed);
    this.#reject(id, reason);
  }

  /**
   * @param {string} id
   * @param {Error} reason
   */
  #reject(id, reason) {
    this.#senders.get(id)?.reject(reason);
    this.#senders.delete(id);
  }

  /**
   * Tells those who wait for a send that it is in the table.
   *
   * @param {RoomEvent} event
   */
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
    return user === this.room.you?.user;
  }

  /** @param {{id: string, timestamp: number}} message */
  #resolve({ id, timestamp }) {
    this.#senders.get(id)?.resolve({ id, timestamp });
    this.#senders.delete(id);
  }

  /**
   * Takes what has been answered or discarded out of the storage.
   *
   * @param {ReadonlyArray<Draft>} before
   */
  #forget(before) {
    const kept = new Set(this.room.drafts.filter((d) => d.state !== 'sent').map((d) => d.id));
    for (const { id, state } of before) {
      if (state !== 'sent' && !kept.has(id)) this.#around.outbox.remove(this.name, id);
    }
  }
}

/** @param {Draft} draft */
function isPending({ state }) {
  return state === 'queued' || state === 'waiting';
}
