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

import { ServerClock } from './clock.js';
import { Connection } from './connection.js';
import { connectionOf, eventOf, identityOf, isInvitation } from './frames.js';
import { guestSecret, randomId } from './guest.js';
import { Hints } from './hints.js';
import { ROOMS_IN_URL_MAX, ROOMS_PER_CONNECTION_MAX } from './limits.js';
import { Listeners } from './listeners.js';
import { Membership } from './membership.js';
import { has } from './messages.js';
import {
  checkedMessage, checkedName, checkedOptions, checkedRoom, checkedToken, checkedWhy,
} from './options.js';
import { Outbox } from './outbox.js';
import { Pings } from './pings.js';
import { isCaughtUp } from './room.js';
import { Shown } from './shown.js';
import { Refused, Unanswered } from './socket.js';
import { browserStorage } from './storage.js';
import { cleanName } from './text.js';
import { Tokens } from './tokens.js';

export { isCaughtUp, newest, people, unread } from './room.js';
export { Refused, Unanswered } from './socket.js';

/** What the server chooses of the subprotocols that are offered, and what stands before a token there. */
const SUBPROTOCOL = 'parley.v1';
const BEARER = 'bearer.';

/**
 * What the address names where this client is in no room: a private room that nobody can be in, which
 * the server passes over. An address that names no rooms would put the connection into `global`.
 */
const NO_ROOM = 'p.none';

/**
 * @typedef {import('./room.js').Room} Room
 * @typedef {import('./room.js').Message} Message
 * @typedef {import('./room.js').Draft} Draft
 * @typedef {import('./connection.js').State} State
 *
 * @typedef {import('./options.js').Options} Options
 *
 * @typedef {object} Events
 * @property {{rooms: ReadonlySet<string>}} change these rooms are other values by now, or were
 *     joined, or quit. Told at most once in `waits.changeMs`, so that a burst is one change.
 * @property {State} state of the connection
 * @property {{room: string}} joined the room has been joined and is caught up, each time anew after
 *     a reconnect
 * @property {{room: string, error: Refused, left: boolean}} refused a room could not be joined, and
 *     was left if it never had been, or if this user may not be in it any more; or a send has to
 *     wait. A send that failed is told by its draft.
 * @property {{room: string, reason: string}} removed somebody has taken this client out of a room,
 *     which is left by now: `kicked`, `banned`, or `left` by the same user elsewhere; `removed` where
 *     the server does not say. It is not joined again unless {@link Client.join} is called.
 * @property {{room: string, title: string | null, user: string, sender: string, via: string}} invited
 *     the user may join a private room now; `user`, called `sender`, has sent the invitation. Not
 *     every invitation is told: {@link Client.listMine} has all of them.
 * @property {{room: string, id: string, timestamp: number, trace?: string}} sent the server has
 *     answered that a message is in the table; `trace` is the id of the send's X-Ray trace, where it
 *     was sampled
 * @property {{room: string, messages: {id: string, timestamp: number, ms: number,
 *     errorMs: number}[]}} shown messages that came live are on the screen, `ms` after their
 *     timestamps by the server's clock, which is known to `errorMs`: half a round trip. On the screen
 *     means that the change was told and the browser has drawn a frame since: whether the page shows
 *     that room, and that part of it, only the page knows. Each message is told once. Of a large
 *     burst not all are told, and none where the page cannot be seen or the server's time is not known.
 */

export class Client {
  #url;
  #token;
  /** @type {string | undefined} */
  #name;
  #guest;
  #waits;
  #connection;
  #listeners;
  #shown;
  #hints;
  #pings;

  /** @type {Tokens | null} */
  #tokens;

  /** What each membership stands on. @type {import('./membership.js').Surroundings} */
  #around;

  /** @type {Map<string, Membership>} in the order in which they were joined */
  #memberships = new Map();

  /** Rooms that the last address named: the connection is in them. @type {string[]} */
  #named = [];

  /** Rooms that are being quit: a join waits for that. @type {Map<string, Promise<void>>} */
  #quitting = new Map();

  /** Called with the next change. @type {(() => void)[]} */
  #watchers = [];

  /** @type {ReturnType<typeof setInterval>} */
  #ticks;

  /**
   * Connects at once.
   *
   * @param {Options} options
   * @throws {TypeError | RangeError} where an option cannot be used
   */
  constructor(options) {
    const { url, token, name, guest, rooms, storage, random, messagesMax, waits } = checkedOptions(options);
    this.#url = url;
    this.#token = token;
    this.#name = name;
    this.#waits = waits;
    const kept = storage ?? browserStorage();
    this.#guest = guest === undefined && token === undefined ? guestSecret(kept) : guest;

    this.#listeners = new Listeners(waits.changeMs);
    this.#connection = new Connection({
      address: () => this.#address(),
      waits,
      random,
      onState: (state) => this.#entered(state),
      onEvents: (events) => this.#receive(events),
    });
    this.#around = {
      connection: this.#connection,
      clock: new ServerClock(),
      outbox: new Outbox(kept),
      waits,
      random,
      messagesMax,
      onChange: (room) => this.#changed(room),
      onJoined: (membership) => this.#joined(membership),
      onYou: (you) => this.#tokens?.told(you),
      onAuthenticated: (you) => this.#authenticated(you),
      onHeard: (membership) => this.#pings.heard(membership),
      onSent: (sent) => this.#listeners.tell('sent', sent),
      onRefused: (membership, error) => this.#refused(membership, error),
      onRemoved: (membership, reason) => this.#removed(membership, reason),
    };
    this.#shown = new Shown(this.#around.clock, this.#listeners);
    this.#hints = new Hints(waits, (connectable) => this.#hint(connectable));
    this.#tokens = token === undefined ? null : new Tokens(token, this.#around);
    this.#pings = new Pings(this.#around, this.#memberships, () => this.#hints.attention);
    for (const room of rooms) this.join(room);
    this.#ticks = setInterval(() => this.#tick(), waits.tickMs);
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
    return this.#listeners.add(type, listener);
  }

  /** @returns {State} of the connection */
  get state() {
    return this.#connection.state;
  }

  /**
   * How the connection does: all as `performance.now()`, or milliseconds.
   *
   * @returns {{since: number | null, roundTripMs: number | null, heardAt: number | null}} since when it
   *     is open, null where it is not; how long the last `pong` took, and when it came, null before
   *     the first one
   */
  get session() {
    const { roundTripMs, heardAt } = this.#pings;
    return { since: this.#connection.since, roundTripMs, heardAt };
  }

  /** @returns {import('./limits.js').Waits} */
  get waits() {
    return this.#waits;
  }

  /** @returns {string[]} the names of all rooms that are joined, or to be, in that order */
  get rooms() {
    return [...this.#memberships.keys()];
  }

  /** Whether somebody uses the page: it can be seen, and there was input a short while ago. */
  get inUse() {
    return this.#hints.attention === 'inUse';
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
    let membership = this.#memberships.get(checkedRoom(name));
    if (membership === undefined) {
      if (this.#memberships.size >= ROOMS_PER_CONNECTION_MAX) {
        throw new RangeError(`rooms: there can be ${ROOMS_PER_CONNECTION_MAX} at most`);
      }
      membership = this.#membership(name);
      this.#memberships.set(name, membership);
      this.#changed(name);
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
    this.#changed(name);
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
   *     discarded, its room is quit or this client closed. The caller need not wait for it.
   * @throws {TypeError | RangeError} for what cannot be sent
   */
  send(room, text) {
    return this.#joinedRoom(room).sender.send(checkedMessage(text), randomId());
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
    this.#joinedRoom(room).sender.discard(id);
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
   * Adds older pages to a room, 3,000 messages at most, until one message is there. The room is
   * pinned then: {@link pin} lets older messages go again.
   *
   * @param {string} room
   * @param {number} timestamp of the message
   * @returns {Promise<boolean>} whether it is among the room's `messages`, once the room is joined;
   *     rejects as {@link join} does, or with {@link Refused} or {@link Unanswered}
   */
  seek(room, timestamp) {
    return this.#joinedRoom(room).seek(timestamp);
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
   * Puts a message before the moderators. It may come to them twice.
   *
   * @param {string} room
   * @param {number} timestamp of the message
   * @param {string} why 1 to 1,000 code points after trimming, not all of them invisible
   * @returns {Promise<void>} resolves when it is before them; rejects with {@link Refused}
   *     (`no_such_message` where it is gone) or {@link Unanswered}
   * @throws {TypeError | RangeError} for what cannot be sent
   */
  async report(room, timestamp, why) {
    const { name } = this.#joinedRoom(room);
    await this.#connection.ask({ action: 'report', room: name, timestamp, why: checkedWhy(why) });
  }

  /**
   * The private rooms in which this user has a role, a few hundred of them. `user` is the other one of
   * a direct room.
   *
   * @returns {Promise<{rooms: {room: string, head: number | null, title: string | null, role: string,
   *     user?: string}[], more: boolean}>} rejects with {@link Refused} or {@link Unanswered}
   */
  async listMine() {
    const frame = { action: 'rooms', mine: true };
    const { items, more } = await this.#connection.list(frame, 'rooms');
    return { rooms: items.filter((r) => typeof r?.room === 'string'), more };
  }

  // Private rooms. Each of these rejects with Refused, or with Unanswered where it is not known what
  // became of it. To repeat it is safe, save for a room without a `user`, of which there would be two.

  /**
   * Makes a private room, of which this user is the owner, or the direct room with another user.
   *
   * @param {{title?: string, user?: string, via?: string}} [of] `via` as in {@link invite}
   * @returns {Promise<string>} its name, to {@link join} it
   */
  async createRoom({ title, user, via } = {}) {
    const { room } = await this.#connection.request({ action: 'createRoom', title, user, via });
    return room;
  }

  /**
   * Makes a user a member of a private room.
   *
   * @param {string} room
   * @param {string} user
   * @param {string} [via] a room that both are in, over which the user is told
   */
  async invite(room, user, via) {
    await this.#connection.ask({ action: 'invite', room, user, via });
  }

  /**
   * Gives up this user's role in a private room, for good.
   *
   * @param {string} room
   */
  async leave(room) {
    await this.#connection.ask({ action: 'leave', room });
    const membership = this.#memberships.get(room);
    if (membership !== undefined) await this.quit(room);
  }

  /**
   * Takes a user out of a room.
   *
   * @param {string} room
   * @param {string} user
   */
  async kick(room, user) {
    await this.#connection.ask({ action: 'kick', room, user });
  }

  /**
   * Keeps a user out of a room.
   *
   * @param {string} room
   * @param {string} user
   * @param {number} [seconds] for how long; for good where it is missing
   */
  async ban(room, user, seconds) {
    await this.#connection.ask({ action: 'ban', room, user, seconds });
  }

  /**
   * Lifts a ban.
   *
   * @param {string} room
   * @param {string} user
   */
  async unban(room, user) {
    await this.#connection.ask({ action: 'unban', room, user });
  }

  /**
   * Gives a member of a private room another role.
   *
   * @param {string} room
   * @param {string} user
   * @param {'owner' | 'moderator' | 'member'} role
   */
  async setRole(room, user, role) {
    await this.#connection.ask({ action: 'setRole', room, user, role });
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
   * Takes another display name, over another connection that is opened beside this one. Only a guest
   * has a say in it: that of others is in their tokens.
   *
   * @param {string} name as {@link cleanName} leaves it
   * @throws {TypeError} where nothing of it can be seen
   */
  rename(name) {
    this.#name = checkedName(name);
    if (this.state.phase === 'connected') this.#connection.renew();
    else if (this.state.phase !== 'disconnected') this.reconnect();
  }

  /**
   * Ends the connection until {@link reconnect}. Rooms and messages stay, and drafts wait. A name that
   * is taken meanwhile counts from the next connection on.
   */
  disconnect() {
    this.#connection.disconnect();
  }

  /** Connects now, without waiting any longer. */
  reconnect() {
    this.#connection.restart();
  }

  /**
   * Pings at once: what comes of it is in {@link session}.
   *
   * @returns {Promise<void>} resolves when the `pong` has come; rejects with {@link Refused} or
   *     {@link Unanswered}
   */
  heartbeat() {
    return this.#pings.beat();
  }

  /**
   * What the gateway knows of this connection: times as in `2026-11-20T09:28:00.123Z`.
   *
   * @returns {Promise<{connectionId: string, connectedAt: string, lastActiveAt: string,
   *     identity: {sourceIp: string, userAgent: string | null}}>} rejects with {@link Refused} or
   *     {@link Unanswered}
   */
  async whoAmI() {
    try {
      await this.#connection.ask({ action: 'whoAmI' });
    } catch (e) {
      const known = e instanceof Refused ? connectionOf(e.reply) : null;
      if (known !== null) return known;
      throw e;
    }
    throw new Unanswered('no action has this name');
  }

  /**
   * Looks whether anything is missing, and waits until it is not: in all rooms, all is there that
   * the server had handed out when this was called.
   *
   * @returns {Promise<void>} rejects once the client is closed
   */
  async sync() {
    const idle = () => this.state.phase === 'connected'
      && [...this.#memberships.values()].every(({ room }) => isCaughtUp(room));
    for (;;) {
      while (!idle()) await this.#change();
      if ((await this.#pings.ping()) && idle()) return;
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
    this.#pings.close();
    this.#tokens?.close();
    this.#hints.close();
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

  /** @returns {Promise<import('./socket.js').Address>} */
  async #address() {
    const token = this.#token === undefined ? undefined : checkedToken(await this.#token());
    const base = typeof this.#url === 'string' ? this.#url : await this.#url();
    const address = new URL(base, globalThis.location?.href);
    const query = address.searchParams;
    query.set('batch', 'true');
    if (token === undefined) {
      if (this.#name !== undefined) query.set('name', this.#name);
      if (this.#guest != null) query.set('guest', this.#guest);
    }
    this.#named = this.rooms.slice(0, ROOMS_IN_URL_MAX);
    query.set('rooms', this.#named.length > 0 ? this.#named.join(',') : NO_ROOM);
    // By subprotocol, since an address is logged in more places.
    const protocols = token === undefined ? [] : [SUBPROTOCOL, `${BEARER}${token}`];
    return { url: address.href, protocols };
  }

  /** @param {State} state */
  #entered(state) {
    for (const membership of this.#memberships.values()) {
      if (state.phase === 'connected') membership.enter();
      else membership.apply({ type: 'disconnected' });
    }
    if (state.phase === 'connected') {
      const left = this.#named.filter((name) => !this.#memberships.has(name));
      left.forEach((name) => this.#quits(this.#membership(name)));
    }
    this.#tokens?.connectionChanged();
    this.#pings.connectionChanged();
    this.#listeners.tell('state', state);
    this.#wake();
  }

  /** @param {import('./socket.js').ServerEvent[]} events */
  #receive(events) {
    /** @type {Map<string, any[]>} */
    const byRoom = new Map();
    /** @type {Map<string, string>} */
    const removed = new Map();
    for (const frame of events) {
      const { type, room: name, id, ...said } = frame;
      if (type === 'removed') removed.set(name, String(said.reason));
      if (isInvitation(frame)) {
        const { title, user, sender, via } = said;
        this.#listeners.tell('invited', { room: name, title, user, sender, via });
      }
      if (type === 'sent' && typeof id === 'string') {
        // A reply that comes after its request was given up still answers the send.
        this.#memberships.get(name)?.sender.answered({ ...said, id });
      }
      const event = eventOf(frame);
      if (event === null) continue;
      const others = byRoom.get(event.room);
      if (others === undefined) byRoom.set(event.room, [event]);
      else others.push(event);
    }
    for (const [name, those] of byRoom) {
      const membership = this.#memberships.get(name);
      if (membership === undefined) continue;
      const before = membership.room.messages;
      membership.receive(those);
      const { messages } = membership.room;
      this.#shown.received(name, those.filter(({ type, timestamp }) =>
        type === 'message' && has(messages, timestamp) && !has(before, timestamp)));
    }
    for (const [name, reason] of removed) {
      const membership = this.#memberships.get(name);
      if (membership !== undefined) this.#removed(membership, reason);
    }
  }

  /** @param {unknown} told */
  #authenticated(told) {
    const you = identityOf(told);
    for (const membership of this.#memberships.values()) membership.apply({ type: 'authenticated', you });
  }

  /** @param {Membership} membership */
  #joined(membership) {
    this.#pings.joined(membership);
    this.#listeners.tell('joined', { room: membership.name });
  }

  /**
   * @param {Membership} membership
   * @param {Refused} error
   */
  #refused(membership, error) {
    const { name, room } = membership;
    const ended = room.you === null || error.code === 'no_such_room' || error.code === 'banned';
    const left = ended && this.#memberships.get(name) === membership;
    if (left) {
      this.#memberships.delete(name);
      membership.end(error);
      this.#changed(name);
    }
    this.#listeners.tell('refused', { room: name, error, left });
  }

  /**
   * @param {Membership} membership
   * @param {string} reason
   */
  #removed(membership, reason) {
    const { name } = membership;
    if (this.#memberships.get(name) !== membership) return;
    this.#memberships.delete(name);
    this.#changed(name);
    this.#quits(membership); // Until then the room counts as one of this connection's.
    this.#listeners.tell('removed', { room: name, reason });
  }

  #tick() {
    this.#hints.look();
    if (this.state.phase !== 'connected') return;
    this.#connection.renewIfDue();
    this.#tokens?.renewIfDue();
    this.#pings.pingIfDue();
  }

  /** @param {boolean} connectable whether an attempt to connect may succeed now: else it is offline */
  #hint(connectable) {
    const { phase } = this.state;
    if (phase === 'offline' && connectable) this.#connection.restart();
    else if (phase === 'connected') this.#pings.probe(!connectable);
  }

  /** @param {string} room */
  #changed(room) {
    this.#listeners.changed(room);
    this.#wake();
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
