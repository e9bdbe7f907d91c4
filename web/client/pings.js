/**
 * Asks the server for the heads of the rooms, and for its time: regularly, a little after each join,
 * and when there is a hint that the connection may be dead.
 */

import { moment, passedMs } from './clock.js';
import { isTimestamp } from './frames.js';

/** @typedef {import('./membership.js').Membership} Membership */

export class Pings {
  #around;
  #memberships;

  /** As `performance.now()`. */
  #dueAt = Infinity;
  #probing = false;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settleTimer = undefined;

  /**
   * @param {import('./membership.js').Surroundings} around
   * @param {ReadonlyMap<string, Membership>} memberships by room
   */
  constructor(around, memberships) {
    this.#around = around;
    this.#memberships = memberships;
  }

  /** The connection is another, or was lost. */
  connectionChanged() {
    this.#dueAt = performance.now() + this.#around.waits.pingMs;
    const { clock, connection } = this.#around;
    if (connection.state.phase === 'connected' && clock.earliestUs() === null) this.ping();
  }

  /** A room was joined: soon the index of members holds this connection, and pushes come. */
  joined() {
    clearTimeout(this.#settleTimer);
    this.#settleTimer = setTimeout(() => this.ping(), this.#around.waits.settleMs);
  }

  pingIfDue() {
    if (performance.now() >= this.#dueAt) this.ping();
  }

  /** Gives the connection up where no answer comes soon. */
  async probe() {
    if (this.#probing) return;
    this.#probing = true;
    await this.ping(this.#around.waits.probeMs);
    this.#probing = false;
  }

  /**
   * @param {number} [patienceMs]
   * @returns {Promise<boolean>} whether it was answered, and found this client in all its rooms
   */
  async ping(patienceMs) {
    const { clock, connection, waits } = this.#around;
    this.#dueAt = performance.now() + waits.pingMs;
    const { session } = connection;
    const live = [...this.#memberships.values()].filter((m) => m.room.link === 'live');
    try {
      const frame = { action: 'ping', rooms: live.map((m) => m.name) };
      const asked = moment();
      const { time, rooms } = await connection.request(frame, patienceMs);
      if (isTimestamp(time)) {
        clock.set(time, passedMs(asked, moment())[0]);
        for (const membership of this.#memberships.values()) membership.timed();
      }
      if (session !== connection.session) return false;
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

  close() {
    clearTimeout(this.#settleTimer);
  }
}
