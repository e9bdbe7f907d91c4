/**
 * Time, as far as this machine can be believed. Its wall clock may be set at any moment, so that no
 * wait is taken from it; its monotonic clock may stand while it sleeps.
 *
 * @typedef {{monotonicMs: number, wallMs: number}} Moment by both clocks
 */

/** Clocks that go apart by more from one `pong` to the next have not merely drifted. */
const DRIFT_MS_MAX = 1_000;

/** @returns {Moment} */
export const moment = () => ({ monotonicMs: performance.now(), wallMs: Date.now() });

/**
 * What has passed from one moment to another, by either clock.
 *
 * @param {Moment} from
 * @param {Moment} to
 * @returns {[monotonicMs: number, wallMs: number]}
 */
export const passedMs = (from, to) => [
  to.monotonicMs - from.monotonicMs, to.wallMs - from.wallMs];

/** What time it is for the server, by what its last `pong` told. */
export class ServerClock {
  /** @type {{timeUs: number, received: Moment, roundTripMs: number} | null} */
  #told = null;

  /**
   * @param {number} timeUs what a `pong` that has just come told
   * @param {number} roundTripMs how long it took to ask for it
   */
  set(timeUs, roundTripMs) {
    this.#told = { timeUs, received: moment(), roundTripMs };
  }

  /**
   * The server's time now, as far as a round trip tells: it was told somewhere on the way.
   *
   * @returns {{us: number, errorMs: number} | null} epoch microseconds, and how far off they may be;
   *     null where it is not known, or a clock of this machine stood or was set since
   */
  estimate() {
    if (this.#told === null || !this.sure) return null;
    const { timeUs, received, roundTripMs } = this.#told;
    const [passed] = passedMs(received, moment());
    return { us: timeUs + 1000 * (passed + roundTripMs / 2), errorMs: roundTripMs / 2 };
  }

  /**
   * The server's time at a moment, or earlier than that, in epoch microseconds.
   *
   * @param {Moment} [at]
   * @returns {number | null} null where it is not known: before the server has told it, and for a
   *     moment before that, where a clock of this machine stood or was set in between
   */
  earliestUs(at = moment()) {
    if (this.#told === null) return null;
    const { timeUs, received } = this.#told;
    const passed = passedMs(received, at);
    return passed[0] >= 0 || agree(passed) ? timeUs + Math.floor(1000 * passed[0]) : null;
  }

  /**
   * The server's time now, or later than that where the wall clock was set, in epoch microseconds.
   *
   * @returns {number | null} null before the server has told it
   */
  latestUs() {
    if (this.#told === null) return null;
    const { timeUs, received } = this.#told;
    return timeUs + Math.ceil(1000 * Math.max(...passedMs(received, moment())));
  }

  /** Whether the server's time is known, and no clock of this machine stood or was set since. */
  get sure() {
    return this.#told !== null && agree(passedMs(this.#told.received, moment()));
  }
}

/** @param {[monotonicMs: number, wallMs: number]} passed */
function agree([monotonicMs, wallMs]) {
  return Math.abs(monotonicMs - wallMs) <= DRIFT_MS_MAX;
}
