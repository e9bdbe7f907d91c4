/**
 * The token that the server knows the user by: another one is sent before it expires, so that the
 * connection and its rooms stay.
 */

import { moment, passedMs } from './clock.js';
import { isTimestamp } from './frames.js';
import { checkedToken } from './options.js';
import { Refused } from './socket.js';

/** The part of a token's remaining life after which another one is sent. */
const LIFE_PART = 0.8;

/** A timer takes no more. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class Tokens {
  #source;
  #around;

  /** When the connection's token expires, in epoch microseconds. @type {number | null} */
  #expiresUs = null;

  /** From when another one is sent, by the server's time. */
  #renewUs = Infinity;

  /** After a failure not before, as `performance.now()`. */
  #retryAt = 0;

  #failures = 0;
  #renewing = false;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;

  /**
   * @param {() => string | Promise<string>} source gives a token that has long to live
   * @param {import('./membership.js').Surroundings} around
   */
  constructor(source, around) {
    this.#source = source;
    this.#around = around;
  }

  /** The connection is another, or was lost. */
  connectionChanged() {
    this.#expiresUs = null;
    this.#renewUs = Infinity;
    this.#retryAt = this.#failures = 0;
    clearTimeout(this.#timer);
  }

  /**
   * The server has told as whom it knows this connection, and its time perhaps. Replies come in any
   * order, and the server never takes from the life of a connection: an earlier end is old news.
   *
   * @param {any} you
   */
  told(you) {
    const expires = you?.expires;
    if (isTimestamp(expires) && expires > (this.#expiresUs ?? 0)) {
      this.#expiresUs = expires;
      this.#renewUs = Infinity;
    }
    const now = this.#around.clock.latestUs();
    if (this.#expiresUs === null || now === null || this.#renewUs < Infinity) return;
    this.#renewUs = now + LIFE_PART * (this.#expiresUs - now);
    this.#wait((this.#renewUs - now) / 1000);
  }

  /** Also called now and then: a machine that slept is late with its timers. */
  renewIfDue() {
    const { clock, connection } = this.#around;
    if (this.#renewing || connection.state.phase !== 'connected') return;
    const now = clock.latestUs();
    if (now === null) return;
    // A pong in between may have told an earlier time.
    const waitMs = Math.max((this.#renewUs - now) / 1000, this.#retryAt - performance.now());
    if (waitMs <= 0) this.#renew();
    else this.#wait(waitMs);
  }

  async #renew() {
    const { clock, connection, onAuthenticated } = this.#around;
    const { session } = connection;
    this.#renewing = true;
    try {
      const token = checkedToken(await this.#source());
      if (session !== connection.session) return;
      const sent = moment();
      const { time, you } = await connection.request({ action: 'auth', token });
      if (session !== connection.session) return;
      if (isTimestamp(time)) clock.set(time, passedMs(sent, moment())[0]);
      this.connectionChanged();
      this.told(you);
      onAuthenticated(you);
    } catch (e) {
      if (session !== connection.session) return;
      const askedMs = e instanceof Refused ? (e.retryAfterMs ?? 0) : 0;
      const delay = Math.max(askedMs, connection.backOff(this.#failures++));
      this.#retryAt = performance.now() + delay;
      this.#wait(delay);
    } finally {
      this.#renewing = false;
    }
  }

  /** @param {number} ms */
  #wait(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.renewIfDue(), Math.min(Math.ceil(ms), TIMER_MS_MAX));
  }

  close() {
    clearTimeout(this.#timer);
  }
}
