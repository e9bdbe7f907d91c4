/**
 * Those who listen to a client. A change of a room is told at most once in `changeMs`, so that a burst
 * is one change.
 *
 * @typedef {import('./client.js').Events} Events
 */

export class Listeners {
  #changeMs;

  /** @type {Map<string, Set<(event: any) => void>>} */
  #byType = new Map();

  /** Rooms that have changed since that was told. @type {Set<string>} */
  #changed = new Set();
  #toldAt = -Infinity;
  #telling = false;

  /** @param {number} changeMs */
  constructor(changeMs) {
    this.#changeMs = changeMs;
  }

  /**
   * @template {keyof Events} T
   * @param {T} type
   * @param {(event: Events[T]) => void} listener
   * @returns {() => void} removes it
   */
  add(type, listener) {
    if (typeof listener !== 'function') throw new TypeError('listener: expected a function');
    const listeners = this.#byType.get(type) ?? new Set();
    this.#byType.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** @param {keyof Events} type */
  has(type) {
    return (this.#byType.get(type)?.size ?? 0) > 0;
  }

  /**
   * @template {keyof Events} T
   * @param {T} type
   * @param {Events[T]} event
   */
  tell(type, event) {
    for (const listener of this.#byType.get(type) ?? []) {
      try {
        listener(event);
      } catch (e) {
        reportError(e); // Theirs, not ours.
      }
    }
  }

  /**
   * Tells soon that a room has changed.
   *
   * @param {string} room
   */
  changed(room) {
    this.#changed.add(room);
    if (this.#telling) return;
    this.#telling = true;
    const wait = this.#toldAt + this.#changeMs - performance.now();
    if (wait > 0) setTimeout(() => this.#tellChange(), wait);
    else queueMicrotask(() => this.#tellChange());
  }

  #tellChange() {
    const rooms = this.#changed;
    this.#changed = new Set();
    this.#toldAt = performance.now();
    this.#telling = false;
    this.tell('change', { rooms });
  }
}
