/**
 * What is listed: rooms that there are, this user's private rooms, and the members of rooms. Lists cost as
 * much as pings, so they are asked for while somebody uses the page.
 */

import { Refused } from '../client/client.js';
import { ROOM_PATTERN } from '../client/limits.js';

/** @typedef {import('./page.js').Listed} Listed */
/** @typedef {import('./page.js').Mine} Mine */

/** How old the list of rooms may get while somebody uses the page: it is pages of a scan. */
const ROOMS_LISTED_MS = 5 * 60_000;

export class Lists {
  /** Rooms that there are. @type {ReadonlyArray<Listed>} */
  known = [];

  /** Private rooms of this user. @type {ReadonlyMap<string, Mine>} */
  mine = new Map();

  /** As `performance.now()`. */
  #knownAt = -Infinity;

  /**
   * When the members of rooms are to be listed: once after each join, when the list has all who came
   * before, and events tell of all who come later. @type {Map<string, number>}
   */
  #membersDueAt = new Map();

  #page;

  /** @param {import('./page.js').Page} page */
  constructor(page) {
    this.#page = page;
  }

  /** A room has been joined. @param {string} room */
  joined(room) {
    this.#membersDueAt.set(room, performance.now() + this.#page.client.waits.settleMs);
  }

  /** A room is not joined any more. @param {string} room */
  left(room) {
    this.#membersDueAt.delete(room);
  }

  /** A public room was quit: it is one of the others now. @param {string} room */
  quit(room) {
    this.known = [...this.known.filter((r) => r.room !== room), { room, head: null }];
  }

  /** A room is shown. @param {string} room */
  shown(room) {
    if (this.#page.client.room(room)?.link === 'live' && !this.#membersDueAt.has(room)) this.#listMembers(room);
  }

  /** Lists what is due. */
  tick() {
    const { client, current } = this.#page;
    if (client.state.phase !== 'connected' || !client.inUse) return;
    const now = performance.now();
    if (now >= this.#knownAt + ROOMS_LISTED_MS) {
      const isFirst = this.#knownAt === -Infinity;
      this.#knownAt = now;
      this.#listRooms();
      if (isFirst) this.listMine(); // Later ones are told by events, or are this page's own.
    }
    if (current !== null && now >= (this.#membersDueAt.get(current) ?? Infinity)) this.#listMembers(current);
  }

  /** @param {string} room */
  #listMembers(room) {
    this.#membersDueAt.delete(room);
    this.#page.client.listMembers(room).catch(() => {}); // The next connection lists them again.
  }

  async #listRooms() {
    try {
      const { rooms } = await this.#page.client.listRooms();
      this.known = rooms.filter((r) => ROOM_PATTERN.test(r.room));
      this.#page.view.draw();
    } catch (e) {
      if (!(e instanceof Refused)) this.#knownAt = -Infinity; // The next connection lists them again.
    }
  }

  async listMine() {
    try {
      const { rooms } = await this.#page.client.listMine();
      this.mine = new Map(rooms.filter((r) => ROOM_PATTERN.test(r.room)).map((r) => [r.room, r]));
    } catch {
      // As above.
    }
    this.#page.view.draw();
  }
}
