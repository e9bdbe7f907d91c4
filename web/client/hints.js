/**
 * What the page and the clocks tell: hints that a socket may be dead, or that an attempt to connect
 * may succeed now, and whether somebody looks at the page.
 */

import { moment, passedMs } from './clock.js';

/** Input of the user's. The focus comes to a window that could be seen before, too. */
const INPUT = ['pointerdown', 'pointermove', 'wheel', 'keydown', 'focus'];

export class Hints {
  #waits;
  #onHint;

  /** When the clocks were looked at last. */
  #lookedAt = moment();

  /** When there was input last, as `performance.now()`; a page begins with somebody who opens it. */
  #inputAt = performance.now();

  /** Takes the listeners off the page again. */
  #listeners = new AbortController();

  /**
   * Listens to the page: `online`, `offline`, becoming visible, and input after a while without.
   * Outside of a page there are no such events.
   *
   * @param {import('./limits.js').Waits} waits
   * @param {(connectable: boolean) => void} onHint told whether an attempt to connect may succeed now:
   *     not where the browser says that it is offline
   */
  constructor(waits, onHint) {
    this.#waits = waits;
    this.#onHint = onHint;
    const { signal } = this.#listeners;
    globalThis.addEventListener?.('online', () => onHint(true), { signal });
    globalThis.addEventListener?.('offline', () => onHint(false), { signal });
    globalThis.document?.addEventListener('visibilitychange', () => this.#shown(), { signal });
    for (const type of INPUT) {
      globalThis.addEventListener?.(type, () => this.#used(), { capture: true, passive: true, signal });
    }
  }

  /** @returns {import('./looks.js').Attention} */
  get attention() {
    if (globalThis.document?.visibilityState === 'hidden') return 'hidden';
    return performance.now() - this.#inputAt < this.#waits.useMs ? 'inUse' : 'visible';
  }

  /** Looks at the clocks, every `tickMs`: a machine that has slept has a hint too. */
  look() {
    const { sleptMs, tickHiddenMs, tickMs } = this.#waits;
    const expectedMs = this.attention === 'hidden' ? tickHiddenMs : tickMs;
    const now = moment();
    const slept = Math.max(...passedMs(this.#lookedAt, now)) - expectedMs > sleptMs;
    this.#lookedAt = now;
    if (slept) this.#onHint(true);
  }

  close() {
    this.#listeners.abort();
  }

  #shown() {
    if (this.attention === 'hidden') return;
    this.#lookedAt = moment(); // Its timers were late until now: it need not have slept.
    this.#inputAt = performance.now();
    this.#onHint(true);
  }

  #used() {
    const returns = this.attention === 'visible';
    this.#inputAt = performance.now();
    if (returns) this.#onHint(true);
  }
}
