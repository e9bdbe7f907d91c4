/**
 * A client of Parley for any page: connects, joins rooms, sends, and keeps for each room a stretch of
 * messages that equals the server's, whatever fails in between.
 *
 * ```js
 * import { Client } from './client/client.js';
 *
 * const client = new Client({ url: 'wss://…/production', name: 'Ada', rooms: ['lobby'] });
 * client.on('change', () => console.log(client.room('lobby').messages));
 * await client.send('lobby', 'Good morning!'); // it is in the table
 * ```
 */

import { moment, passedMs, ServerClock } from './clock.js';
import { Connection, Refused, Unanswered } from './connection.js';
import { eventOf, isTimestamp } from './frames.js';
import {
  CATCH_UP_PAGE,
  MESSAGES_HELD_MAX,
  MESSAGE_CODE_POINTS_MAX,
  ROOMS_IN_URL_MAX,
  ROOMS_PER_CONNECTION_MAX,
  ROOM_PATTERN,
  SECRET_BITS,
  WAITS,
} from './limits.js';
import { Membership } from './membership.js';
import { Outbox } from './outbox.js';
import { whole } from './room.js';
import { cleanName, codePoints, isBlank, trim } from './text.js';

export { Refused, Unanswered } from './connection.js';
export { newest, people, unread, whole } from './room.js';

/** Where a connection is that names no room. */
const DEFAULT_ROOM = 'global';

const GUEST_KEY = 'parley.guest';

/**
 * @typedef {import('./room.js').Room} Room
 * @typedef {import('./room.js').Message} Message
 * @typedef {import('./room.js').Draft} Draft
 * @typedef {import('./connection.js').State} State
 *
 * @typedef {object} Options
 * @property {string | (() => string | Promise<string>)} url the WebSocket's address, or what gives
 *     it; asked before each attempt to connect, so that it may hold a fresh token
 * @property {string} [name] the display name, as `cleanName` of `text.js` leaves it; the server makes
 *     one up where it is missing
 * @property {string | null} [guest] the secret by which a guest is the same user each time. Where it
 *     is missing, one is made and kept in the storage; with null none is sent, and a send that is
 *     repeated on another connection may come twice.
 * @property {string[]} [rooms] to join at once
 * @property {import('./outbox.js').KeptStorage} [storage] keeps the guest's secret and what is not
 *     sent yet, from one page to the next; `localStorage` where it is missing
 * @property {() => number} [random] from 0 to below 1, for the waits; `Math.random` where it is missing
 * @property {number} [messagesMax] held of each room, 2,000 where it is missing: beyond, the older
 *     half is let go, and comes back by {@link Client.older}
 * @property {Partial<import('./limits.js').Waits>} [waits] instead of {@link WAITS}, in milliseconds
 *
 * @typedef {object} Events
 * @property {{rooms: ReadonlySet<string>}} change these rooms are other values by now, or were
 *     joined, or quit. Told at most once in `waits.changeMs`, so that a burst is one change.
 * @property {State} state of the connection
 * @property {{room: string}} joined the room has been joined and is caught up, each time anew after
 *     a reconnect
 * @property {{room: string, error: Refused, left: boolean}} refused a room could not be joined, and
 *     was left if it never had been; or a send has to wait. A send that failed is told by its draft.
 */

export class Client {
  #url;
  /** @type {string | undefined} */
  #name;
  #guest;
  #waits;
  #connection;

  /** What each membership stands on. @type {import('./membership.js').Surroundings} */
  #around;

  /** @type {Map<string, Membership>} in the order in which they were joined */
  #memberships = new Map();

  /** Rooms that the last address named: the connection is in them. @type {string[]} */
  #named = [];

  /** Rooms that are being quit: a join waits for that. @type {Map<string, Promise<void>>} */
  #quitting = new Map();

  /** @type {Map<string, Set<(event: any) => void>>} */
  #listeners = new Map();

  /** Rooms that have changed since that was told. @type {Set<string>} */
  #changed = new Set();
  #toldAt = -Infinity;
  #telling = false;

  /** Resolved with the next change. @type {(() => void)[]} */
  #watchers = [];

  /** As `performance.now()`. */
  #pingAt = Infinity;
  #probing = false;

  #tickedAt = moment();
  #clock = new ServerClock();

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settleTimer = undefined;

  /** @type {ReturnType<typeof setInterval>} */
  #ticks;

  /** Takes the listeners off the page again. */
  #hints = new AbortController();

  /**
   * Connects at once.
   *
   * @param {Options} options
   * @throws {TypeError | RangeError} where an option cannot be used
   */
  constructor({
    url,
    name,
    guest,
    rooms = [],
    storage,
    random = Math.random,
    messagesMax = MESSAGES_HELD_MAX,
    waits = {},
  }) {
    if (typeof url !== 'function' && (typeof url !== 'string' || url === '')) {
      throw new TypeError('url: expected an address, or a function that gives one');
    }
    if (!Array.isArray(rooms)) throw new TypeError('rooms: expected an array of names');
    if (typeof random !== 'function') throw new TypeError('random: expected a function');
    if (!Number.isInteger(messagesMax) || messagesMax < 2 * CATCH_UP_PAGE) {
      throw new RangeError(`messagesMax: expected a whole number from ${2 * CATCH_UP_PAGE} on`);
    }
    this.#url = url;
    this.#name = name === undefined ? undefined : checkedName(name);
    this.#waits = checkedWaits(waits);
    const kept = storage ?? browserStorage();
    this.#guest = guest === undefined ? keptSecret(kept) : guest;

    this.#connection = new Connection({
      url: () => this.#address(),
      waits: this.#waits,
      random,
      onState: (state) => this.#entered(state),
      onEvents: (events) => this.#receive(events),
    });
    this.#around = {
      connection: this.#connection,
      clock: this.#clock,
      outbox: new Outbox(kept),
      waits: this.#waits,
      random,
      messagesMax,
      onChange: (room) => this.#touch(room),
      onJoined: (membership) => this.#joined(membership),
      onRefused: (membership, error) => this.#refused(membership, error),
    };
    for (const room of rooms) this.join(room);
    this.#ticks = setInterval(() => this.#tick(), this.#waits.tickMs);
    this.#listenToPage();
    this.#connection.restart();
  }

  /**
   * Calls `listener` with each event of a type; {@link Events} lists them.
   *
   * @template {keyof Events} T
   * @param {T} type
   * @param {(event: Events[T]) => void} listener
   * @returns {() => void} stops it
   */
  on(type, listener) {
    if (typeof listener !== 'function') throw new TypeError('listener: expected a function');
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** @returns {State} of the connection */
  get state() {
    return this.#connection.state;
  }

  /** @returns {import('./limits.js').Waits} */
  get waits() {
    return this.#waits;
  }

  /** @returns {string[]} the names of all rooms that are joined, or to be, in that order */
  get rooms() {
    return [...this.#memberships.keys()];
  }

  /**
   * A room as it is known now: a value that does not change. {@link Room} says what is in it;
   * `messages` is what to show.
   *
   * @param {string} name
   * @returns {Room | undefined} undefined where it was not joined
   */
  room(name) {
    return this.#memberships.get(name)?.room;
  }

  /**
   * Joins a room, and stays in it over reconnects until {@link quit}.
   *
   * @param {string} name
   * @returns {Promise<void>} resolves when it is joined and caught up; rejects with {@link Refused}
   *     where it cannot be joined, or with another error where it is quit meanwhile
   * @throws {TypeError | RangeError} for what is no room name, or for one room too many
   */
  join(name) {
    if (typeof name !== 'string' || !ROOM_PATTERN.test(name)) {
      throw new TypeError(`room: expected 1 to 64 of A-Za-z0-9._-, not ${JSON.stringify(name)}`);
    }
    let membership = this.#memberships.get(name);
    if (membership === undefined) {
      if (this.#memberships.size >= ROOMS_PER_CONNECTION_MAX) {
        throw new RangeError(`rooms: there can be ${ROOMS_PER_CONNECTION_MAX} at most`);
      }
      membership = this.#membership(name);
      this.#memberships.set(name, membership);
      this.#touch(name);
      membership.enter();
    }
    return membership.live();
  }

  /**
   * Quits a room. What was not sent there stays in the storage until the room is joined again.
   *
   * @param {string} name
   * @returns {Promise<void>} resolves when the server has been told
   */
  quit(name) {
    const membership = this.#joinedRoom(name);
    this.#memberships.delete(name);
    this.#touch(name);
    return this.#quits(membership);
  }

  /**
   * Sends a message, once, as soon as it can be, also after a reload of the page. Until its message
   * is there it is among the room's `drafts`.
   *
   * @param {string} room
   * @param {string} text 1 to 4,000 code points after trimming, not all of them invisible
   * @returns {Promise<{id: string, timestamp: number}>} resolves when it is in the table; rejects
   *     with {@link Refused} where the server does not take it, or with another error where it is
   *     discarded, its room is quit or this client closed. Nobody has to wait for it.
   * @throws {TypeError | RangeError} for what cannot be sent
   */
  send(room, text) {
    const membership = this.#joinedRoom(room);
    const message = typeof text === 'string' ? trim(text) : '';
    if (isBlank(message)) throw new TypeError('text: expected a string that shows something');
    if (codePoints(message) > MESSAGE_CODE_POINTS_MAX) {
      throw new RangeError(`text: at most ${MESSAGE_CODE_POINTS_MAX} code points`);
    }
    return membership.send(message, randomId());
  }

  /**
   * Sends a failed draft as a new message.
   *
   * @param {string} room
   * @param {string} id of the draft
   * @returns {Promise<{id: string, timestamp: number}>} as {@link send}
   */
  sendAgain(room, id) {
    const draft = this.#joinedRoom(room).room.drafts.find((d) => d.id === id);
    if (draft?.state !== 'failed') throw new RangeError(`id: no draft ${id} has failed`);
    this.discard(room, id);
    return this.send(room, draft.message);
  }

  /**
   * Takes back a draft. One that is being sent may be in the table already.
   *
   * @param {string} room
   * @param {string} id of the draft
   */
  discard(room, id) {
    this.#joinedRoom(room).discard(id);
  }

  /**
   * Adds a page of older messages to a room; none is left where its `from` is 0.
   *
   * @param {string} room
   * @returns {Promise<void>} rejects with {@link Refused} or {@link Unanswered}
   */
  older(room) {
    return this.#joinedRoom(room).older();
  }

  /**
   * Lists who is in a room: its `members` are kept up to date from then on, as far as the server
   * tells who comes and goes.
   *
   * @param {string} room
   * @returns {Promise<void>} rejects with {@link Refused} or {@link Unanswered}
   */
  listMembers(room) {
    return this.#joinedRoom(room).listMembers();
  }

  /**
   * The rooms that there are, a few hundred of them.
   *
   * @returns {Promise<{rooms: {room: string, head: number | null}[], more: boolean}>} rejects with
   *     {@link Refused} or {@link Unanswered}
   */
  async listRooms() {
    const { items, more } = await this.#connection.list({ action: 'rooms' }, 'rooms');
    return { rooms: items.filter((r) => typeof r?.room === 'string'), more };
  }

  /**
   * The reader has seen all messages of a room: none is unread.
   *
   * @param {string} room
   */
  markRead(room) {
    this.#joinedRoom(room).apply({ type: 'read' });
  }

  /**
   * Keeps older messages while a reader looks at them; else the oldest of many are let go.
   *
   * @param {string} room
   * @param {boolean} pinned
   */
  pin(room, pinned) {
    this.#joinedRoom(room).apply({ type: 'pinned', pinned });
  }

  /**
   * Takes another display name, over another connection that is opened beside this one.
   *
   * @param {string} name as {@link cleanName} leaves it
   * @throws {TypeError} where nothing of it can be seen
   */
  rename(name) {
    this.#name = checkedName(name);
    if (this.state.phase === 'connected') this.#connection.renew();
    else this.reconnect();
  }

  /** Connects now, without waiting any longer. */
  reconnect() {
    this.#connection.restart();
  }

  /**
   * Looks whether anything is missing, and waits until it is not: in all rooms, all is there that
   * the server had handed out when this was called.
   *
   * @returns {Promise<void>} rejects once the client is closed
   */
  async sync() {
    const idle = () => this.state.phase === 'connected'
      && [...this.#memberships.values()].every(({ room }) => whole(room));
    for (;;) {
      while (!idle()) await this.#change();
      if ((await this.#ping()) && idle()) return;
      if (idle()) await this.#connection.pause(this.#connection.backOff(0));
    }
  }

  /**
   * Ends the connection, and does nothing any more. What is not sent stays in the storage, where
   * another client finds it.
   */
  close() {
    if (this.state.phase === 'closed') return;
    clearInterval(this.#ticks);
    clearTimeout(this.#settleTimer);
    this.#hints.abort();
    for (const membership of this.#memberships.values()) membership.end(new Error('closed'));
    this.#connection.close();
    this.#watchers.splice(0).forEach((wake) => wake());
  }

  /**
   * @param {string} name
   * @returns {Membership}
   */
  #joinedRoom(name) {
    const membership = this.#memberships.get(name);
    if (membership === undefined) throw new RangeError(`room: ${JSON.stringify(name)} was not joined`);
    return membership;
  }

  /** @param {string} name */
  #membership(name) {
    return new Membership(name, this.#around, this.#quitting.get(name) ?? Promise.resolve());
  }

  /** @param {Membership} membership */
  async #quits(membership) {
    const { name } = membership;
    const done = membership.quit();
    this.#quitting.set(name, done);
    await done;
    if (this.#quitting.get(name) === done) this.#quitting.delete(name);
  }

  // The connection

  /** @returns {Promise<string>} */
  async #address() {
    const base = typeof this.#url === 'string' ? this.#url : await this.#url();
    const address = new URL(base, globalThis.location?.href);
    const query = address.searchParams;
    if (this.#name !== undefined) query.set('name', this.#name);
    if (this.#guest !== null) query.set('guest', this.#guest);
    const named = this.rooms.slice(0, ROOMS_IN_URL_MAX);
    if (named.length > 0) query.set('rooms', named.join(','));
    this.#named = named.length > 0 ? named : [DEFAULT_ROOM];
    return address.href;
  }

  /** @param {State} state */
  #entered(state) {
    this.#pingAt = performance.now() + this.#waits.pingMs;
    for (const membership of this.#memberships.values()) {
      if (state.phase === 'connected') membership.enter();
      else membership.apply({ type: 'disconnected' });
    }
    if (state.phase === 'connected') {
      const left = this.#named.filter((name) => !this.#memberships.has(name));
      left.forEach((name) => this.#quits(this.#membership(name)));
      if (this.#clock.earliestUs() === null) this.#ping();
    }
    this.#tell('state', state);
    this.#wake();
  }

  /** @param {import('./connection.js').ServerEvent[]} events */
  #receive(events) {
    /** @type {Map<string, any[]>} */
    const byRoom = new Map();
    for (const frame of events) {
      const { type, room, id, timestamp } = frame;
      if (type === 'sent' && isTimestamp(timestamp)) {
        // A late reply to a send is as good as one in time.
        this.#memberships.get(room)?.apply({ type, id, timestamp });
      }
      const event = eventOf(frame);
      if (event === null) continue;
      const others = byRoom.get(event.room);
      if (others === undefined) byRoom.set(event.room, [event]);
      else others.push(event);
    }
    for (const [room, those] of byRoom) this.#memberships.get(room)?.receive(those);
  }

  /** @param {Membership} membership */
  #joined({ name }) {
    clearTimeout(this.#settleTimer);
    this.#settleTimer = setTimeout(() => this.#ping(), this.#waits.settleMs);
    this.#tell('joined', { room: name });
  }

  /**
   * @param {Membership} membership
   * @param {Refused} error
   */
  #refused(membership, error) {
    const { name, room } = membership;
    const left = room.you === null && this.#memberships.get(name) === membership;
    if (left) {
      this.#memberships.delete(name);
      membership.end(error);
      this.#touch(name);
    }
    this.#tell('refused', { room: name, error, left });
  }

  /**
   * Asks for the heads of all rooms.
   *
   * @param {number} [patienceMs]
   * @returns {Promise<boolean>} whether it was answered
   */
  async #ping(patienceMs) {
    this.#pingAt = performance.now() + this.#waits.pingMs;
    const { session } = this.#connection;
    const live = [...this.#memberships.values()].filter((m) => m.room.link === 'live');
    try {
      const frame = { action: 'ping', rooms: live.map((m) => m.name) };
      const { time, rooms } = await this.#connection.request(frame, patienceMs);
      if (isTimestamp(time)) {
        this.#clock.set(time);
        for (const membership of this.#memberships.values()) membership.timed();
      }
      if (session !== this.#connection.session) return false;
      for (const membership of live) {
        const head = rooms[membership.name];
        if (head === null) membership.enter(); // It is not a member any more.
        else if (isTimestamp(head)) membership.apply({ type: 'head', head });
      }
      return live.every((m) => rooms[m.name] !== null);
    } catch {
      return false; // The next one may be answered, or the connection is another by now.
    }
  }

  #tick() {
    const now = moment();
    const slept = Math.max(...passedMs(this.#tickedAt, now)) - this.#waits.tickMs > this.#waits.sleptMs;
    this.#tickedAt = now;
    if (slept) this.#hint(true);
    if (this.state.phase !== 'connected') return;
    this.#connection.renewIfDue();
    if (now.monotonicMs >= this.#pingAt) this.#ping();
  }

  /** `online`, `offline`, waking up and becoming visible are hints that a socket may be dead. */
  #listenToPage() {
    const { signal } = this.#hints;
    globalThis.addEventListener?.('online', () => this.#hint(true), { signal });
    globalThis.addEventListener?.('offline', () => this.#hint(false), { signal });
    globalThis.document?.addEventListener('visibilitychange',
      () => document.visibilityState === 'visible' && this.#hint(true), { signal });
  }

  /** @param {boolean} connectable whether an attempt to connect may succeed now */
  async #hint(connectable) {
    const { phase } = this.state;
    if (phase === 'offline' && connectable) this.#connection.restart();
    else if (phase === 'connected' && !this.#probing) {
      this.#probing = true;
      await this.#ping(this.#waits.probeMs);
      this.#probing = false;
    }
  }

  // Telling

  /** @param {string} room */
  #touch(room) {
    this.#changed.add(room);
    this.#wake();
    if (this.#telling) return;
    this.#telling = true;
    const wait = this.#toldAt + this.#waits.changeMs - performance.now();
    if (wait > 0) setTimeout(() => this.#tellChange(), wait);
    else queueMicrotask(() => this.#tellChange());
  }

  #tellChange() {
    const rooms = this.#changed;
    this.#changed = new Set();
    this.#toldAt = performance.now();
    this.#telling = false;
    this.#tell('change', { rooms });
  }

  /**
   * @template {keyof Events} T
   * @param {T} type
   * @param {Events[T]} event
   */
  #tell(type, event) {
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        listener(event);
      } catch (e) {
        reportError(e); // Theirs, not ours.
      }
    }
  }

  /** @returns {Promise<void>} */
  #change() {
    if (this.state.phase === 'closed') return Promise.reject(new Error('closed'));
    return new Promise((resolve) => this.#watchers.push(resolve));
  }

  #wake() {
    this.#watchers.splice(0).forEach((wake) => wake());
  }
}

/** Random and base64url: a guest's secret, the id of a send. */
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BITS / 8));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
}

/**
 * @param {string} name
 * @returns {string}
 */
function checkedName(name) {
  const cleaned = typeof name === 'string' ? cleanName(name) : '';
  if (cleaned === '') throw new TypeError('name: expected a string that shows something');
  return cleaned;
}

/**
 * @param {Partial<import('./limits.js').Waits>} waits
 * @returns {import('./limits.js').Waits}
 */
function checkedWaits(waits) {
  for (const [wait, ms] of Object.entries(waits)) {
    if (!(wait in WAITS)) throw new TypeError(`waits: there is no ${wait}`);
    if (typeof ms !== 'number' || !(ms >= 0)) {
      throw new TypeError(`waits.${wait}: expected milliseconds, not ${ms}`);
    }
  }
  return { ...WAITS, ...waits };
}

/**
 * The browser's storage, or one that forgets with the page where it may not be used.
 *
 * @returns {import('./outbox.js').KeptStorage}
 */
function browserStorage() {
  try {
    return localStorage;
  } catch {
    const nothing = { length: 0, getItem: () => null, key: () => null, removeItem() {} };
    return { ...nothing, setItem: () => { throw new Error('there is no storage'); } };
  }
}

/**
 * The guest's secret. Where something else is stored under its name, that is replaced: without a
 * secret that is kept, no send could be repeated after a reload.
 *
 * @param {import('./outbox.js').KeptStorage} storage
 * @returns {string}
 */
function keptSecret(storage) {
  const made = randomId();
  try {
    const kept = storage.getItem(GUEST_KEY);
    if (kept !== null && /^[A-Za-z0-9_-]{22,128}$/.test(kept)) return kept;
    storage.setItem(GUEST_KEY, made);
  } catch {
    // It lives as long as the page.
  }
  return made;
}
