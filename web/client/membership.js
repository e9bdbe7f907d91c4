/**
 * One room that a client is in: joins it on each connection, fetches what was missed, and repairs
 * gaps. `room.js` decides what comes of it; `sender.js` sends.
 */

import { moment } from './clock.js';
import { Refused, Unanswered } from './socket.js';
import { identityOf, isTimestamp, pageOf, peopleOf } from './frames.js';
import { CATCH_UP_PAGE, CATCH_UP_PAGES_MAX, HISTORY_PAGE, SEEK_PAGES_MAX } from './limits.js';
import { noLooks } from './looks.js';
import { has } from './messages.js';
import { newRoom, next } from './room.js';
import { Sender } from './sender.js';
import { hasGap, resumeAfter } from './stretch.js';

/**
 * @typedef {import('./room.js').Room} Room
 * @typedef {import('./room.js').RoomEvent} RoomEvent
 * @typedef {import('./messages.js').Page} Page
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
 * @property {(you: unknown) => void} onYou the server has told as whom it knows this connection
 * @property {(you: unknown) => void} onAuthenticated the same, as the answer to another token
 * @property {(membership: Membership) => void} onHeard a message event has come
 * @property {(sent: {room: string, id: string, timestamp: number, trace?: string}) => void} onSent
 * @property {(membership: Membership, refused: Refused) => void} onRefused a join or a send
 * @property {(membership: Membership, reason: string) => void} onRemoved somebody has taken the
 *     connection out of the room
 *
 * @typedef {{resolve: () => void, reject: (e: Error) => void}} Joiner
 */

export class Membership {
  /** @type {Room} */
  room;

  /** The room was quit, or the client closed. */
  ended = false;

  /** Sends what is written in this room. */
  sender;

  /** When it was, and is to be, asked for by a ping. */
  looks = noLooks();

  #around;

  /** The last join, read or quit that began: they wait for each other. @type {Promise<void>} */
  #turn;

  /** The connection on which a join is under way. @type {number | null} */
  #entering = null;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #repairTimer = undefined;

  /** The page of older messages that is under way. @type {Promise<Page> | null} */
  #older = null;

  /** When the last read began that has finished. @type {import('./clock.js').Moment | null} */
  #readAt = null;

  #repairing = false;
  #repairFailures = 0;

  /** Those who wait for the room to be joined. @type {Joiner[]} */
  #joiners = [];

  /**
   * @param {string} name
   * @param {Surroundings} around
   * @param {Promise<void>} turn what must be over before the first join
   */
  constructor(name, around, turn) {
    this.room = newRoom(name, around.waits.overlapMs, around.messagesMax);
    this.#turn = turn;
    this.#around = around;
    this.sender = new Sender(this, around);
    this.sender.restore();
  }

  get name() {
    return this.room.name;
  }

  /** @param {RoomEvent} event */
  apply(event) {
    const before = this.room;
    this.room = next(before, event);
    this.sender.applied(event, before);
    if (this.room === before) return;
    if (this.room.link === 'live') this.#watch();
    this.#around.onChange(this.name);
  }

  /** The server's events of this room, as they came. @param {any[]} events */
  receive(events) {
    this.apply({ type: 'events', events, limit: this.#limit(moment()) });
    if (events.some(({ type }) => type === 'message')) this.#around.onHeard(this);
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
    live.catch(() => {}); // The caller need not wait.
    return live;
  }

  /** Joins on the connection that there is, and fetches what was missed. */
  async enter() {
    const { connection, onJoined, onRefused, onRemoved } = this.#around;
    const { session } = connection;
    if (this.ended || connection.state.phase !== 'connected' || this.#entering === session) return;
    this.#entering = session;
    try {
      await this.#inTurn(() => this.#read('join', session));
      this.sender.restore();
      this.#joiners.splice(0).forEach(({ resolve }) => resolve());
      onJoined(this);
      this.sender.pump();
    } catch (e) {
      if (!(e instanceof Refused)) return; // The next connection enters every room.
      if (e.code === 'removed') onRemoved(this, e.removal);
      else if (e.code === 'not_a_member') this.#repairTimer ??= this.#later(() => this.enter());
      else onRefused(this, e);
    } finally {
      if (this.#entering === session) this.#entering = null;
    }
  }

  /**
   * After a refusal: joins again where this connection is not in the room any more, unless somebody
   * has taken it out.
   *
   * @param {Refused} refused of anything but a join
   * @returns {Promise<void>}
   */
  async reenter(refused) {
    if (refused.code === 'removed') this.#around.onRemoved(this, refused.removal);
    else if (refused.isOutside) await this.enter();
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
    this.ended = true;
    clearTimeout(this.#repairTimer);
    this.#joiners.splice(0).forEach(({ reject }) => reject(reason));
    this.sender.end(reason);
  }

  /** Adds the page before the oldest message. */
  async older() {
    for (let pages = 1; this.room.from > 0 && pages <= CATCH_UP_PAGES_MAX; pages++) {
      const { messages } = await this.#pageBefore(HISTORY_PAGE);
      // Where none of its rows is a message, there is nothing to see yet.
      if (messages.length === 0 || messages.some((m) => !('unreadable' in m))) return;
    }
  }

  /**
   * Adds older pages until one message is there, or would be.
   *
   * @param {number} timestamp
   * @returns {Promise<boolean>} whether it is
   */
  async seek(timestamp) {
    const found = () => has(this.room.messages, timestamp);
    if (!found()) await this.live();
    for (let pages = 1; this.room.from > timestamp && pages <= SEEK_PAGES_MAX; pages++) {
      this.apply({ type: 'pinned', pinned: true });
      await this.#pageBefore(CATCH_UP_PAGE);
    }
    return found();
  }

  /**
   * @param {number} limit
   * @returns {Promise<Page>} the one that is under way, if any
   */
  #pageBefore(limit) {
    this.#older ??= this.#readBefore(this.room.from, limit).finally(() => { this.#older = null; });
    return this.#older;
  }

  /**
   * @param {number} before
   * @param {number} limit
   */
  async #readBefore(before, limit) {
    this.apply({ type: 'olderAsked' });
    try {
      const frame = { action: 'history', room: this.name, before, limit };
      const page = pageOf(await this.#around.connection.ask(frame, () => !this.ended));
      this.apply({ type: 'history', ...page, before });
      return page;
    } finally {
      this.apply({ type: 'olderAbandoned' });
    }
  }

  async listMembers() {
    const { connection } = this.#around;
    this.apply({ type: 'membersAsked' });
    const frame = { action: 'members', room: this.name };
    const { items, more } = await connection.list(frame, 'members', () => !this.ended);
    this.apply({ type: 'membersListed', members: peopleOf(items), more });
  }

  /** Fetches what may be missing. Rejects with {@link Refused} or {@link Unanswered}. */
  catchUp() {
    const { session } = this.#around.connection;
    return this.#inTurn(() => this.#read('history', session));
  }

  /**
   * @param {() => Promise<void>} task
   * @returns {Promise<void>}
   */
  #inTurn(task) {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => {});
    return done;
  }

  /**
   * Fetches all that may be missing, page by page.
   *
   * @param {'join' | 'history'} first the first page's action
   * @param {number} session of the connection to do it on
   */
  async #read(first, session) {
    const { connection, onYou } = this.#around;
    const wanted = () => !this.ended && session === connection.session;
    let action = first;
    let after = resumeAfter(this.room.stretch);
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
          const you = identityOf(reply.you);
          onYou(reply.you);
          const head = isTimestamp(reply.head) ? reply.head : null;
          const title = typeof reply.title === 'string' ? reply.title : null;
          this.apply({ type: 'joined', ...page, title, you, head, after, limit });
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

  /** Goes back from messages that are ahead of the server's time: else what is said now is not shown. */
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

  /** Waits a little before a gap is repaired: a thousand members see the same one. */
  #watch() {
    if (this.ended || this.#repairing || this.#repairTimer !== undefined) return;
    if (hasGap(this.room.stretch)) this.#repairTimer = this.#later(() => this.#repair());
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
    const { session } = this.#around.connection;
    const needed = () => this.room.link === 'live' && hasGap(this.room.stretch);
    if (!needed()) return;
    this.#repairing = true;
    try {
      await this.#inTurn(async () => {
        if (needed()) await this.#read('history', session);
      });
      this.#repairFailures = 0;
    } catch (e) {
      this.#repairFailures++;
      if (e instanceof Refused) this.reenter(e);
    } finally {
      this.#repairing = false;
      if (this.room.link === 'live') this.#watch();
    }
  }
}
