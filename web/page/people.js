/** What the reader does with others: private rooms, invitations, and keeping somebody out. */

import { people } from '../client/client.js';
import { cleanName, isBlank } from '../client/text.js';
import { isPrivate } from './routing.js';

export class People {
  #page;

  /** @param {import('./page.js').Page} page */
  constructor(page) {
    this.#page = page;
  }

  /**
   * Whether the reader may take others out of the room that is shown.
   *
   * @returns {boolean}
   */
  get moderates() {
    const page = this.#page;
    if (page.current === null) return false;
    const role = page.lists.mine.get(page.current)?.role;
    return isPrivate(page.current) ? role === 'owner' || role === 'moderator'
      : page.room?.you?.admin === true;
  }

  /**
   * Whether the reader may keep others out of it: in a direct room each of the two may.
   *
   * @returns {boolean}
   */
  get bans() {
    return this.moderates || this.#page.current?.startsWith('d.') === true;
  }

  /**
   * @param {'kick' | 'ban'} what
   * @param {string} user
   * @param {number} [seconds]
   */
  async moderate(what, user, seconds) {
    const page = this.#page;
    page.close();
    const room = page.current;
    if (room === null) return;
    const sender = page.names.senderOf(user);
    const done = what === 'kick' ? page.client.kick(room, user) : page.client.ban(room, user, seconds);
    const undo = { label: page.texts.unban, run: () => this.unban(room, user) };
    await this.#attempt(done, page.texts.moderated[what](sender), what === 'ban' ? undo : undefined);
  }

  /**
   * @param {string} room
   * @param {string} user
   */
  async unban(room, user) {
    const page = this.#page;
    await this.#attempt(page.client.unban(room, user), page.texts.unbanned(page.names.senderOf(user)));
  }

  /** @param {string} user */
  async writeTo(user) {
    const page = this.#page;
    page.close();
    const via = page.current ?? undefined;
    const room = await this.#attempt(page.client.createRoom({ user, via }));
    if (room === undefined) return;
    await page.lists.listMine();
    page.open(room);
  }

  /** @param {string} title */
  async createRoom(title) {
    const page = this.#page;
    page.close();
    const cleaned = cleanName(title);
    const room = await this.#attempt(page.client.createRoom(cleaned === '' ? {} : { title: cleaned }));
    if (room === undefined) return;
    await page.lists.listMine();
    page.open(room);
  }

  /** @param {string} user whom the reader asks into the room that is shown */
  async invite(user) {
    const { client, current, texts } = this.#page;
    if (current === null) return;
    const via = client.rooms.find((r) => r !== current && client.room(r)?.members?.has(user));
    await this.#attempt(client.invite(current, user, via), texts.invitedThem(this.#page.names.senderOf(user)));
  }

  /** Gives up the private room that is shown, for good. */
  async leave() {
    const page = this.#page;
    page.close();
    const room = page.current;
    if (room === null) return;
    await this.#attempt(page.client.leave(room));
    if (page.client.room(room) === undefined) page.left(room);
    await page.lists.listMine();
  }

  /** @returns {import('../client/room.js').Person[]} known people who are not in the room that is shown */
  get others() {
    const { client, room } = this.#page;
    const rooms = client.rooms.flatMap((name) => client.room(name) ?? []);
    const others = new Map(rooms.flatMap(people).map((p) => [p.user, p]));
    return [...others.values()].filter(({ user }) => user !== room?.you?.user && !room?.members?.has(user));
  }

  /**
   * @param {number} timestamp
   * @param {string} why
   */
  async report(timestamp, why) {
    const page = this.#page;
    page.close();
    if (page.current === null || isBlank(why)) return;
    await this.#attempt(page.client.report(page.current, timestamp, why), page.texts.reported);
  }

  /**
   * @template T
   * @param {Promise<T>} doing
   * @param {string} [done] what to tell then
   * @param {import('./page.js').Notice['action']} [action]
   * @returns {Promise<T | undefined>} undefined where it was refused, and the reader was told why
   */
  async #attempt(doing, done, action) {
    const page = this.#page;
    try {
      const result = await doing;
      if (done !== undefined) page.tell(done, action);
      return result;
    } catch (e) {
      page.tell(page.reasonOf(e));
      return undefined;
    }
  }
}
