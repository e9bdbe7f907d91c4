/**
 * Keeps the sends that have no answer yet where they outlive the page. Each has an entry of its own,
 * so that several tabs of one page add and remove entries without undoing each other's work. Two tabs
 * may send the same draft: it has the same `id`, and one message comes of it.
 *
 * Another program, or another version of this one, may have stored something under such a name. What
 * can be used of it is used. What cannot be used stays in the storage, for it is not ours to remove.
 */

import { isTimestamp } from './frames.js';
import { DRAFT_KEPT_MS_MAX, MESSAGE_CODE_POINTS_MAX, ROOM_PATTERN } from './limits.js';

/** @typedef {import('./drafts.js').Draft} Draft */

const PREFIX = 'parley.draft/';

export class Outbox {
  #storage;

  /** Ids of drafts that could not be stored: they live as long as the page. @type {Set<string>} */
  #unstored = new Set();

  /** @param {import('./storage.js').KeptStorage} storage */
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
      return stored === null ? null : (parsed(room, key(room, draft.id), stored) ?? draft);
    } catch {
      return draft; // Not allowed any more.
    }
  }

  /**
   * All drafts of a room. Those that are too old have failed. They are not removed, since the clock
   * may be wrong.
   *
   * @param {string} room
   * @param {number} now epoch milliseconds
   * @returns {Draft[]}
   */
  list(room, now) {
    return this.#entries(room).flatMap(([name, entry]) => parsed(room, name, entry) ?? [])
      .map((draft) => (now - draft.writtenAt <= DRAFT_KEPT_MS_MAX ? draft
        : { error: 'It was written too long ago.', code: 'too_old', ...draft,
          state: /** @type {const} */ ('failed') }));
  }

  /**
   * @param {string} room
   * @returns {[name: string, entry: string][]}
   */
  #entries(room) {
    try {
      const names = Array.from({ length: this.#storage.length }, (_, i) => this.#storage.key(i) ?? '');
      return names.filter((name) => name.startsWith(key(room, '')))
        .map((name) => [name, this.#storage.getItem(name) ?? '']);
    } catch {
      return []; // Not allowed.
    }
  }
}

/**
 * A stored draft. Fields that are not as expected are left out. A draft that was tried, but does not
 * say when in a usable way, counts as tried so long ago that it has to be looked up.
 *
 * @param {string} room
 * @param {string} name
 * @param {string} entry
 * @returns {Draft | null} null where the entry is no draft
 */
function parsed(room, name, entry) {
  const { id, message, writtenAt, state, error, code, triedAt, lastTriedAt, after } = object(entry);
  if (typeof id !== 'string' || !ROOM_PATTERN.test(id) || name !== key(room, id)) return null;
  // A longer text would cost the connection, again and again.
  if (typeof message !== 'string' || message.length > 2 * MESSAGE_CODE_POINTS_MAX
    || [...message].length > MESSAGE_CODE_POINTS_MAX) return null;
  /** @type {Draft} */
  const draft = {
    id,
    message,
    writtenAt: isTime(writtenAt) ? writtenAt : 0,
    state: state === 'failed' ? 'failed' : 'queued',
  };
  if (typeof error === 'string') draft.error = error;
  if (typeof code === 'string') draft.code = code;
  if (triedAt === undefined) return draft;
  draft.triedAt = isTime(triedAt) ? triedAt : 0;
  if (isTime(lastTriedAt)) draft.lastTriedAt = lastTriedAt;
  if (isTimestamp(after)) draft.after = after;
  return draft;
}

/**
 * @param {string} json
 * @returns {any} an object, without fields where something else stands there
 */
function object(json) {
  try {
    return Object(JSON.parse(json));
  } catch {
    return {};
  }
}

/**
 * @param {unknown} value
 * @returns {value is number} epoch milliseconds
 */
const isTime = (value) => Number.isFinite(value) && Number(value) > 0;

/**
 * @param {string} room
 * @param {string} id
 */
const key = (room, id) => `${PREFIX}${room}/${id}`;
