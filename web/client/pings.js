/**
 * Asks the server for the heads of the rooms, and for its time: of each room when a look at it is
 * due (`looks.js`), of all when there is a hint that the connection may be dead.
 */

import { moment, passedMs } from './clock.js';
import { isTimestamp } from './frames.js';
import { dueAt, goesAlong, isSettled } from './looks.js';
import { Refused, Unanswered } from './socket.js';

/** @typedef {import('./membership.js').Membership} Membership */

export class Pings {
  #around;
  #memberships;
  #attention;

  /** When the last one was sent on this connection, as `performance.now()`. */
  #sentAt = 0;

  /** How long the last answer took. @type {number | null} */
  roundTripMs = null;

  /** When that came, as `performance.now()`. @type {number | null} */
  heardAt = null;

  /** Those without an answer: no other is sent because it is due. */
  #unanswered = 0;

  #failures = 0;

  /** After a failure none is due before. */
  #retryAt = 0;

  /** Shortens waits, so that clients which heard the same message do not ping at the same moment. */
  #chance;

  /** When the probe that is under way gives up, as `performance.now()`. */
  #probedAt = Infinity;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;

  /** When it looks what is due. */
  #timerAt = Infinity;

  /**
   * @param {import('./membership.js').Surroundings} around
   * @param {ReadonlyMap<string, Membership>} memberships by room
   * @param {() => import('./looks.js').Attention} attention
   */
  constructor(around, memberships, attention) {
    this.#around = around;
    this.#memberships = memberships;
    this.#attention = attention;
    this.#chance = around.random();
  }

  /** The connection is another, or was lost. */
  connectionChanged() {
    this.#sentAt = performance.now();
    this.#failures = this.#retryAt = 0;
    this.pingIfDue();
  }

  /**
   * A room was joined: soon the index of members holds this connection, and pushes come.
   *
   * @param {Membership} membership
   */
  joined({ looks }) {
    const joinedAt = performance.now();
    Object.assign(looks, { joinedAt, lookedAt: -Infinity });
    // One look for all that are joined together.
    for (const other of this.#live()) {
      if (!isSettled(other.looks, this.#around.waits)) other.looks.joinedAt = joinedAt;
    }
    this.pingIfDue();
  }

  /**
   * A message event has come.
   *
   * @param {Membership} membership
   */
  heard(membership) {
    membership.looks.heardAt = performance.now();
    // In a busy room it mostly makes the next look later, and the timer finds that out.
    if (this.#dueAt(membership) < this.#timerAt) this.pingIfDue();
  }

  /** Asks for each room that is due, or waits until the first one is. */
  pingIfDue() {
    clearTimeout(this.#timer);
    this.#timerAt = Infinity;
    const { clock, connection, waits } = this.#around;
    if (connection.state.phase !== 'connected' || this.#unanswered > 0) return;
    const now = performance.now();
    const live = this.#live();
    const firstAt = live.length === 0 ? this.#sentAt + waits.pingMsMax // So that it is not idle.
      : Math.min(...live.map((m) => this.#dueAt(m)));
    const at = Math.max(this.#retryAt, clock.sure ? firstAt : now);
    if (now >= at) {
      this.#ask(live.filter((m) => goesAlong(m.looks, this.#dueAt(m), now))).catch(() => {});
    } else {
      this.#timerAt = at;
      this.#timer = setTimeout(() => this.pingIfDue(), Math.ceil(at - now));
    }
  }

  /**
   * Gives the connection up where no answer comes soon.
   *
   * @param {boolean} offline whether the browser has just told that it is offline
   */
  async probe(offline) {
    const patienceMs = this.#patienceMs(offline);
    const at = performance.now() + patienceMs;
    if (at >= this.#probedAt) return;
    this.#probedAt = at;
    await this.ping(patienceMs);
    if (this.#probedAt === at) this.#probedAt = Infinity;
  }

  /**
   * Asks for all rooms.
   *
   * @param {number} [patienceMs]
   * @returns {Promise<boolean>} whether it was answered, and found this client in all its rooms
   */
  ping(patienceMs) {
    return this.#ask(this.#live(), patienceMs).catch(() => false);
  }

  /** Asks for all rooms. Rejects with {@link Refused} or {@link Unanswered}. */
  async beat() {
    await this.#ask(this.#live(), this.#patienceMs());
  }

  /** A machine that is offline still reaches a server that runs on it. */
  #patienceMs(offline = false) {
    const { offlineMs, probeMs } = this.#around.waits;
    return offline || globalThis.navigator?.onLine === false ? offlineMs : probeMs;
  }

  /** @returns {Membership[]} */
  #live() {
    return [...this.#memberships.values()].filter((m) => m.room.link === 'live');
  }

  /** @param {Membership} membership */
  #dueAt({ looks }) {
    return dueAt(looks, this.#attention(), this.#chance, this.#around.waits);
  }

  /**
   * @param {Membership[]} asked
   * @param {number} [patienceMs]
   * @returns {Promise<boolean>} whether it found this client in all these rooms; rejects where it
   *     was not answered
   */
  async #ask(asked, patienceMs) {
    const { clock, connection, random, onRemoved, onYou } = this.#around;
    const { session } = connection;
    const sentAt = performance.now();
    this.#sentAt = sentAt;
    this.#unanswered++;
    try {
      const frame = { action: 'ping', rooms: asked.map((m) => m.name) };
      const sent = moment();
      const { time, you, rooms, removed } = await connection.request(frame, patienceMs);
      if (!isTimestamp(time) || !(rooms instanceof Object)) {
        throw new Unanswered('a pong tells the time, and heads');
      }
      const [roundTripMs] = passedMs(sent, moment());
      clock.set(time, roundTripMs);
      this.roundTripMs = roundTripMs;
      this.heardAt = performance.now();
      for (const membership of this.#memberships.values()) membership.timed();
      if (session !== connection.session) return false;
      onYou(you);
      for (const membership of asked) {
        membership.looks.lookedAt = sentAt;
        const head = rooms[membership.name];
        const reason = removed?.[membership.name];
        if (typeof reason === 'string') onRemoved(membership, reason);
        else if (head === null) membership.enter(); // It is not a member any more.
        else if (isTimestamp(head)) membership.apply({ type: 'head', head });
      }
      this.#failures = 0;
      return asked.every((m) => rooms[m.name] !== null);
    } catch (e) {
      if (session === connection.session) {
        const pauseMs = e instanceof Refused ? (e.retryAfterMs ?? 0) : 0;
        const backOffMs = connection.backOff(this.#failures++);
        this.#retryAt = performance.now() + Math.max(pauseMs, backOffMs);
      }
      throw e;
    } finally {
      this.#unanswered--;
      this.#chance = random();
      this.pingIfDue();
    }
  }

  close() {
    clearTimeout(this.#timer);
  }
}
