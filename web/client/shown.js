/**
 * How long messages take from the table to the reader. It is told, and not kept: a page may report it.
 *
 * @typedef {{id: string, timestamp: number}} Arrived
 */

/** Messages of a burst of which it is told; the others took as long. */
const MESSAGES_MAX = 100;

export class Shown {
  #clock;
  #listeners;

  /** Messages that came as events since the last change was told. @type {Map<string, Arrived[]>} */
  #arrived = new Map();

  /**
   * @param {import('./clock.js').ServerClock} clock
   * @param {import('./listeners.js').Listeners} listeners
   */
  constructor(clock, listeners) {
    this.#clock = clock;
    this.#listeners = listeners;
    listeners.add('change', ({ rooms }) => this.#changed(rooms));
  }

  /**
   * @param {string} room
   * @param {ReadonlyArray<Arrived>} messages that came live and are new in the room: the next change
   *     is theirs. What is read later says nothing.
   */
  received(room, messages) {
    if (messages.length === 0 || !this.#listeners.has('shown')) return;
    const arrived = this.#arrived.get(room) ?? [];
    this.#arrived.set(room, [...arrived, ...messages.slice(0, MESSAGES_MAX - arrived.length)]);
  }

  /** @param {ReadonlySet<string>} rooms */
  #changed(rooms) {
    for (const room of rooms) {
      const arrived = this.#arrived.get(room);
      if (arrived === undefined) continue;
      this.#arrived.delete(room);
      whenDrawn(() => this.#tell(room, arrived));
    }
  }

  /**
   * @param {string} room
   * @param {Arrived[]} arrived
   */
  #tell(room, arrived) {
    const now = this.#clock.estimate();
    if (now === null) return; // A clock that is not known measures nothing.
    const { us, errorMs } = now;
    const messages = arrived.map(({ id, timestamp }) => (
      { id, timestamp, ms: Math.max(0, (us - timestamp) / 1000), errorMs }));
    this.#listeners.tell('shown', { room, messages });
  }
}

/**
 * Calls back when what was changed is on the screen; never where the page cannot be seen. Outside of
 * a page it calls at once.
 *
 * @param {() => void} then
 */
function whenDrawn(then) {
  if (globalThis.document === undefined) then();
  else if (document.visibilityState === 'visible') requestAnimationFrame(() => setTimeout(then));
}
