/**
 * The WebSocket to Parley: opens it, opens it again after every loss, and pairs requests with their
 * replies by `ref`. It knows nothing of rooms.
 */

import { BACK_OFF_BASE_MS, BACK_OFF_MS_MAX, OPEN_TIMEOUT_MS, REPLY_TIMEOUT_MS } from './limits.js';

/**
 * No reply: the socket closed, the gateway itself reported a failure, or time ran out. Whether the
 * request had its effect is unknown, so only what is safe to repeat may be sent again.
 */
export class Unanswered extends Error {}

/** The server's `error` reply: the request had no effect. */
export class Refused extends Error {
  /** @param {{code: string, message: string, retryAfterMs?: number}} reply */
  constructor({ code, message, retryAfterMs }) {
    super(message ?? code);
    this.code = code;
    /** @type {number | undefined} set where the same request may succeed after this time */
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * @typedef {{phase: 'connecting'} | {phase: 'connected'} | {phase: 'offline', retryAt: number}} State
 *
 * @typedef {object} Options
 * @property {() => Promise<string>} url where to connect to; asked before each attempt
 * @property {(state: State) => void} onState
 * @property {(event: Record<string, any>) => void} onEvent events, and replies nobody waits for
 */

export class Connection {
  /** Counts the sockets, so that what began on one of them can tell that it is gone. */
  session = 0;

  /** @type {State} */
  state = { phase: 'connecting' };

  /** @type {Options} */
  #options;

  /** @type {WebSocket | null} */
  #socket = null;

  /** @type {Map<number, {resolve: (reply: any) => void, reject: (e: Error) => void, timer: number}>} */
  #requests = new Map();

  #lastRef = 0;
  #failures = 0;

  /** @type {number | undefined} */
  #timer = undefined;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
  }

  /** Connects now, giving up the socket there is, if any, and the wait for the next attempt. */
  async restart() {
    clearTimeout(this.#timer);
    this.#drop();
    const session = this.session;
    this.#enter({ phase: 'connecting' });
    let socket;
    try {
      const url = await this.#options.url();
      if (session !== this.session) return;
      socket = new WebSocket(url);
    } catch {
      if (session === this.session) this.#lost();
      return;
    }
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lost(), OPEN_TIMEOUT_MS);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#enter({ phase: 'connected' });
    };
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => this.#lost();
  }

  /**
   * Sends a frame and gives its reply. Rejects with {@link Refused} or {@link Unanswered}.
   *
   * @param {{action: string} & Record<string, unknown>} frame fields that are undefined stay away
   * @returns {Promise<any>}
   */
  request(frame) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new Unanswered('not connected'));
        return;
      }
      const ref = ++this.#lastRef;
      const timer = setTimeout(() => {
        this.#requests.delete(ref);
        reject(new Unanswered(`no reply to ${frame.action}`));
      }, REPLY_TIMEOUT_MS);
      this.#requests.set(ref, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ ...frame, ref }));
    });
  }

  /** @param {unknown} data one JSON value: an event, or an array of events */
  #receive(data) {
    let value;
    try {
      value = JSON.parse(String(data));
    } catch {
      return;
    }
    for (const event of Array.isArray(value) ? value : [value]) {
      if (typeof event?.type === 'string') this.#accept(event);
      else this.#unanswered('the gateway reported a failure');
    }
  }

  /** @param {Record<string, any>} event */
  #accept(event) {
    // Not when the socket opens: a server that takes connections and drops them is not well yet.
    this.#failures = 0;
    const request = this.#requests.get(event.ref);
    if (request === undefined) {
      this.#options.onEvent(event);
      return;
    }
    this.#requests.delete(event.ref);
    clearTimeout(request.timer);
    if (event.type === 'error') request.reject(new Refused(/** @type {any} */ (event)));
    else request.resolve(event);
  }

  #lost() {
    this.#drop();
    const delay = backOff(this.#failures++);
    this.#timer = setTimeout(() => this.restart(), delay);
    this.#enter({ phase: 'offline', retryAt: Date.now() + delay });
  }

  #drop() {
    this.session++;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.#unanswered('the connection was lost');
  }

  /** @param {string} why */
  #unanswered(why) {
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const { reject, timer } of requests) {
      clearTimeout(timer);
      reject(new Unanswered(why));
    }
  }

  /** @param {State} state */
  #enter(state) {
    this.state = state;
    this.#options.onState(state);
  }
}

/**
 * How long to wait after so many failures in a row: with full jitter, so that clients which lost
 * the same server do not come back at the same moment.
 *
 * @param {number} failures
 * @returns {number} milliseconds
 */
export function backOff(failures) {
  return Math.random() * Math.min(BACK_OFF_MS_MAX, BACK_OFF_BASE_MS * 2 ** failures);
}
