/** What rooms and people are called. */

import { isPrivate } from './routing.js';
import { folded } from './words.js';

/** @typedef {import('../client/client.js').Room} Room */

/** Messages of a room whose senders may share a name with somebody. */
const HEARD_MAX = 200;

export class Names {
  #page;

  /** Whom each name in a room belongs to. @type {{room: Room | undefined, users: Map<string, Set<string>>}} */
  #called = { room: undefined, users: new Map() };

  /** @param {import('./page.js').Page} page */
  constructor(page) {
    this.#page = page;
  }

  /**
   * What people call a room.
   *
   * @param {string} name
   * @returns {string}
   */
  titleOf(name) {
    const { client, lists, texts } = this.#page;
    if (!isPrivate(name)) return name;
    const mine = lists.mine.get(name);
    const title = client.room(name)?.title ?? mine?.title;
    if (title != null) return title;
    return mine?.user === undefined ? texts.privateRoom : this.senderOf(mine.user);
  }

  /**
   * The same, with the mark of a public room.
   *
   * @param {string} name
   */
  labelOf(name) {
    return `${isPrivate(name) ? '' : '#'}${this.titleOf(name)}`;
  }

  /**
   * What somebody is called, as far as it was heard.
   *
   * @param {string} user
   */
  senderOf(user) {
    const { client, texts } = this.#page;
    for (const name of client.rooms) {
      const room = client.room(name);
      const sender = room?.members?.get(user)?.sender
        ?? room?.messages.findLast((m) => m.user === user)?.sender;
      if (sender !== undefined) return sender;
    }
    return texts.somebody;
  }

  /**
   * What the reader is called in a room, which others mention.
   *
   * @param {Room | undefined} room
   */
  ownIn(room) {
    return room?.you?.sender ?? this.#page.name;
  }

  /**
   * What tells a person from others of the same name, in the room that is shown; empty where nobody else
   * has it.
   *
   * @param {string} user
   * @param {string} sender
   */
  tagOf(user, sender) {
    const isLikeYou = folded(sender) === folded(this.#page.texts.you);
    const users = this.#usersCalled(sender);
    return isLikeYou || [...users].some((other) => other !== user) ? `#${user.slice(-4)}` : '';
  }

  /**
   * @param {string} sender
   * @returns {ReadonlySet<string>} users
   */
  #usersCalled(sender) {
    const { room } = this.#page;
    if (room !== this.#called.room) {
      /** @type {Map<string, Set<string>>} */
      const users = new Map();
      const heard = room === undefined ? []
        : [...room.members?.values() ?? [], ...room.messages.slice(-HEARD_MAX)];
      for (const { user, sender: called } of heard) {
        const those = users.get(folded(called));
        if (those === undefined) users.set(folded(called), new Set([user]));
        else those.add(user);
      }
      this.#called = { room, users };
    }
    return this.#called.users.get(folded(sender)) ?? new Set();
  }
}
