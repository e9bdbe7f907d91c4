/** Hints that a socket may be dead, or that an attempt to connect may succeed now. */

import { moment, passedMs } from './clock.js';

export class Hints {
  #lookedAt = moment();
  #sleptMs;
  #onHint;

  /** Takes the listeners off the page again. */
  #listeners = new AbortController();

  /**
   * Listens to the page: `online`, `offline`, and becoming visible. Outside of a page there are no
   * such events.
   *
   * @param {number} sleptMs how much longer than expected a machine takes that has slept
   * @param {(connectable: boolean) => void} onHint told whether an attempt to connect may succeed now
   */
  constructor(sleptMs, onHint) {
    this.#sleptMs = sleptMs;
    this.#onHint = onHint;
    const { signal } = this.#listeners;
    globalThis.addEventListener?.('online', () => onHint(true), { signal });
    globalThis.addEventListener?.('offline', () => onHint(false), { signal });
    globalThis.document?.addEventListener('visibilitychange',
      () => document.visibilityState === 'visible' && onHint(true), { signal });
  }

  /**
   * Looks at the clocks: a machine that has slept has a hint too.
   *
   * @param {number} expectedMs how long ago they were looked at last, if it has not slept
   */
  look(expectedMs) {
    const now = moment();
    const slept = Math.max(...passedMs(this.#lookedAt, now)) - expectedMs > this.#sleptMs;
    this.#lookedAt = now;
    if (slept) this.#onHint(true);
  }

  close() {
    this.#listeners.abort();
  }
}
