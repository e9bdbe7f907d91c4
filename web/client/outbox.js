/**
 * The sends without an answer, kept where they outlive the page. Each has an entry of its own, so
 * that several tabs of one page add and take out without undoing each other's work. Two of them may
 * send the same one: it has the same `id`, and one message comes of it.
 */

import { DRAFT_KEPT_MS_MAX } from './limits.js';

/** @typedef {import('./room.js').Draft} Draft */

/**
 * What the client needs of a storage: `localStorage`, `sessionStorage`, or anything like them.
 *
 * @typedef {Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>} KeptStorage
 */

const PREFIX = 'parley.draft/';

export class Outbox {
  #storage;

  /** Those that could not be stored: they live as long as the page. @type {Set<string>} */
  #unstored = new Set();

  /** @param {KeptStorage} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /**
   * @param {string} room
   * @param {Draft} draft
   */
  put(room, draft) {
    try {
      this.#storage.setItem(key(room, draft.id), JSON.stringify(draft));
      this.#unstored.delete(draft.id);
    } catch {
      this.#unstored.add(draft.id); // Full, or not allowed.
    }
  }

  /**
   * @param {string} room
   * @param {string} id
   */
  remove(room, id) {
    this.#unstored.delete(id);
    try {
      this.#storage.removeItem(key(room, id));
    } catch {
      // Not allowed: then it was not stored either.
    }
  }

  /**
   * A draft as it is stored by now.
   *
   * @param {string} room
   * @param {Draft} draft
   * @returns {Draft | null} null where another tab has finished or discarded it
   */
  current(room, draft) {
    if (this.#unstored.has(draft.id)) return draft;
    try {
      const stored = this.#storage.getItem(key(room, draft.id));
      return stored === null ? null : (parsed(stored) ?? draft);
    } catch {
      return draft; // Not allowed any more.
    }
  }

  /**
   * All drafts of a room. Those that nobody came back to are removed.
   *
   * @param {string} room
   * @param {number} now epoch milliseconds
   * @returns {Draft[]}
   */
  list(room, now) {
    /** @type {Draft[]} */
    const drafts = [];
    for (const entry of this.#entries(room)) {
      const draft = parsed(entry);
      if (draft === null) continue;
      if (now - draft.writtenAt > DRAFT_KEPT_MS_MAX) this.remove(room, draft.id);
      else drafts.push(draft);
    }
    return drafts;
  }

  /**
   * @param {string} room
   * @returns {string[]}
   */
  #entries(room) {
    try {
      const names = Array.from({ length: this.#storage.length }, (_, i) => this.#storage.key(i) ?? '');
      return names.filter((name) => name.startsWith(key(room, '')))
        .map((name) => this.#storage.getItem(name) ?? '');
    } catch {
      return []; // Not allowed.
    }
  }
}

/**
 * @param {string} entry
 * @returns {Draft | null} null where something else wrote it
 */
function parsed(entry) {
  try {
    const draft = JSON.parse(entry);
    return typeof draft?.id === 'string' && typeof draft.message === 'string'
      && typeof draft.writtenAt === 'number' ? draft : null;
  } catch {
    return null;
  }
}

/**
 * @param {string} room
 * @param {string} id
 */
const key = (room, id) => `${PREFIX}${room}/${id}`;
