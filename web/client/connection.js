/**
 * The connection to Parley: opens a WebSocket, opens it again after every loss, and replaces it before
 * it is too old. It knows nothing of rooms.
 */

import { arrayOf } from './frames.js';
import { LIST_PAGES_MAX } from './limits.js';
import { Refused, Socket, Unanswered } from './socket.js';

/**
 * @typedef {{phase: 'connecting'} | {phase: 'connected'} | {phase: 'offline', retryAt: number}
 *     | {phase: 'disconnected'} | {phase: 'closed'}} State `retryAt`: as `performance.now()`;
 *     `disconnected`: by hand, until it is restarted
 *
 * @typedef {object} Options
 * @property {() => Promise<import('./socket.js').Address>} address where to connect to, and what to
 *     offer there; asked before each attempt
 * @property {import('./limits.js').Waits} waits
 * @property {() => number} random from 0 to below 1
 * @property {(state: State) => void} onState also told when the socket has been replaced, and the
 *     requests that follow go over the new one
 * @property {(events: import('./socket.js').ServerEvent[]) => void} onEvents those of one frame, and
 *     replies that nobody waits for
 */

export class Connection {
  /** Counts the sockets, so that what began on one of them can tell that it is gone. */
  session = 0;

  /** @type {State} */
  state = { phase: 'connecting' };

  /** Since when it is connected, as `performance.now()`. @type {number | null} */
  since = null;

  /** When the socket is to be replaced, as `performance.now()`. */
  #renewAt = Infinity;

  /** @type {Options} */
  #options;

  /** The one that requests go over. @type {Socket | null} */
  #socket = null;

  /** One that is not open yet. @type {Socket | null} */
  #opening = null;

  /** The one before, which is still listened to. @type {Socket | null} */
  #lingering = null;

  #failures = 0;

  /**
   * Requests that the server was asked for too often go one after the other: where each asked again
   * when it may, all would do so at the same moment, of which one is served and the others are
   * refused once more. @type {Promise<unknown>}
   */
  #lane = Promise.resolve();

  /** What ends each wait of {@link pause}. @type {Set<() => void>} */
  #pauses = new Set();

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer = undefined;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #lingerTimer = undefined;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
  }

  /** Connects now, giving up the socket there is, if any, and the wait for the next attempt. */
  restart() {
    if (this.state.phase === 'closed') return;
    this.#drop();
    this.#open();
    this.#enter({ phase: 'connecting' });
  }

  /** Opens another socket, and only then gives up the one there is. */
  renew() {
    if (this.state.phase !== 'connected' || this.#opening !== null) return;
    this.#renewAt = Infinity;
    this.#open();
  }

  /** As {@link renew}, where the socket is old enough. */
  renewIfDue() {
    if (performance.now() >= this.#renewAt) this.renew();
  }

  /** Gives up the socket there is, and connects no more until {@link restart}. */
  disconnect() {
    if (this.state.phase === 'closed') return;
    this.#drop();
    this.#enter({ phase: 'disconnected' });
  }

  close() {
    this.#drop();
    this.#enter({ phase: 'closed' });
  }

  /**
   * Sends a frame and gives its reply. Rejects with {@link Refused} or {@link Unanswered}. Where
   * nothing at all comes in the time, the connection is taken for dead.
   *
   * @param {{action: string} & Record<string, unknown>} frame fields that are undefined stay away
   * @param {number} [patienceMs]
   * @returns {Promise<any>}
   */
  request(frame, patienceMs = this.#options.waits.replyMs) {
    if (this.#socket === null) return Promise.reject(new Unanswered('not connected'));
    return this.#socket.request(frame, patienceMs);
  }

  /**
   * A request that is safe to repeat, repeated for as long as its connection lives.
   *
   * @param {{action: string} & Record<string, unknown>} frame
   * @param {() => boolean} [wanted] asked before each attempt
   * @returns {Promise<any>} rejects with {@link Refused}, or with {@link Unanswered} once the
   *     connection is another or the answer is not wanted any more
   */
  ask(frame, wanted = () => true) {
    return this.#ask(frame, wanted, this.session, false);
  }

  /**
   * @param {{action: string} & Record<string, unknown>} frame
   * @param {() => boolean} wanted
   * @param {number} session
   * @param {boolean} inLane
   * @returns {Promise<any>}
   */
  async #ask(frame, wanted, session, inLane) {
    for (let failures = 0; ; failures++) {
      if (session !== this.session || this.#socket === null || !wanted()) {
        throw new Unanswered('given up');
      }
      try {
        return await this.request(frame);
      } catch (e) {
        if (e instanceof Refused && e.retryAfterMs === undefined) throw e;
        const pauseMs = e instanceof Refused ? (e.retryAfterMs ?? 0) : this.backOff(failures);
        if (!inLane && e instanceof Refused && e.code === 'rate_limited') {
          const at = performance.now() + pauseMs;
          return this.#inLane(async () => {
            const leftMs = at - performance.now();
            if (session === this.session && leftMs > 0) await this.pause(leftMs);
            return this.#ask(frame, wanted, session, true);
          });
        }
        await this.pause(pauseMs);
      }
    }
  }

  /**
   * @param {() => Promise<any>} task
   * @returns {Promise<any>}
   */
  #inLane(task) {
    const done = this.#lane.then(task);
    this.#lane = done.catch(() => {});
    return done;
  }

  /**
   * The first pages of a list.
   *
   * @param {{action: string} & Record<string, unknown>} frame
   * @param {string} field of the reply
   * @param {() => boolean} [wanted]
   * @returns {Promise<{items: any[], more: boolean}>} rejects as {@link ask} does
   */
  async list(frame, field, wanted) {
    const items = [];
    let cursor;
    for (let page = 0; page < LIST_PAGES_MAX; page++) {
      const reply = await this.ask({ ...frame, cursor }, wanted);
      items.push(...arrayOf(reply[field]));
      cursor = typeof reply.cursor === 'string' ? reply.cursor : undefined;
      if (cursor === undefined) break;
    }
    return { items, more: cursor !== undefined };
  }

  /**
   * Waits, at most for as long as the connection lives.
   *
   * @param {number} ms
   * @returns {Promise<void>}
   */
  pause(ms) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#pauses.add(end);
    });
  }

  /**
   * How long to wait after so many failures in a row: with full jitter, so that clients which lost
   * the same server do not come back at the same moment.
   *
   * @param {number} failures
   * @returns {number} milliseconds
   */
  backOff(failures) {
    const { random, waits } = this.#options;
    return random() * Math.min(waits.backOffMsMax, waits.backOffMs * 2 ** failures);
  }

  #open() {
    const { waits, onEvents, address } = this.#options;
    /** @type {Socket} */
    const socket = new Socket(address, waits.openMs, {
      onOpen: () => this.#opened(socket),
      onEvents: (events) => {
        // Not when the socket opens: a server that takes connections and drops them is not well yet.
        if (socket === this.#socket) this.#failures = 0;
        onEvents(events);
      },
      onClose: () => this.#closed(socket),
    });
    this.#opening = socket;
  }

  /** @param {Socket} socket */
  #opened(socket) {
    const { random, waits } = this.#options;
    this.#opening = null;
    this.#leave();
    this.#lingering = this.#socket;
    this.#socket = socket;
    this.#begin();
    this.since = performance.now();
    const age = waits.renewMsMin + random() * (waits.renewMsMax - waits.renewMsMin);
    this.#renewAt = this.since + age;
    if (this.#lingering !== null) {
      this.#lingerTimer = setTimeout(() => this.#leave(), waits.lingerMs);
    }
    this.#enter({ phase: 'connected' });
  }

  /** @param {Socket} socket that closed by itself, or did not open */
  #closed(socket) {
    if (socket === this.#lingering) {
      this.#leave();
    } else if (socket === this.#opening && this.#socket !== null) {
      this.#opening = null;
      this.#renewAt = performance.now() + this.backOff(Infinity);
    } else if (socket === this.#socket && this.#opening !== null) {
      this.#socket = null; // Another one is on its way.
      this.#leave();
      this.#begin();
      this.#enter({ phase: 'connecting' });
    } else {
      this.#drop();
      const delay = this.backOff(this.#failures++);
      this.#retryTimer = setTimeout(() => this.restart(), delay);
      this.#enter({ phase: 'offline', retryAt: performance.now() + delay });
    }
  }

  #begin() {
    this.session++;
    for (const end of this.#pauses) end();
  }

  #leave() {
    clearTimeout(this.#lingerTimer);
    this.#lingering?.close();
    this.#lingering = null;
  }

  #drop() {
    clearTimeout(this.#retryTimer);
    this.#begin();
    this.#renewAt = Infinity;
    this.#leave();
    const sockets = [this.#socket, this.#opening];
    this.#socket = this.#opening = null;
    for (const socket of sockets) socket?.close();
  }

  /** @param {State} state */
  #enter(state) {
    if (state.phase !== 'connected') this.since = null;
    this.state = state;
    this.#options.onState(state);
  }
}
