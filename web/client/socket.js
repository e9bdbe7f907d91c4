/**
 * One WebSocket, and the requests that it carries: pairs each with its reply by `ref`.
 *
 * @typedef {{type: string, ref?: unknown} & Record<string, any>} ServerEvent
 *
 * @typedef {{url: string, protocols: string[]}} Address `protocols`: what is offered as subprotocols
 *
 * @typedef {object} Handlers none of which is called once the socket was closed by {@link Socket.close}
 * @property {() => void} onOpen
 * @property {(events: ServerEvent[]) => void} onEvents those of one frame, and replies that nobody
 *     waits for
 * @property {() => void} onClose it closed by itself, or did not open
 */

import { RETRY_AFTER_MS_MAX } from './limits.js';

/**
 * No reply: the socket closed, the gateway itself reported a failure, or time ran out. Whether the
 * request had its effect is unknown, so only what is safe to repeat may be sent again.
 */
export class Unanswered extends Error {}

/** The server's `error` reply: the request had no effect. */
export class Refused extends Error {
  /** @param {{code?: unknown, message?: unknown, retryAfterMs?: unknown} & Record<string, any>} reply */
  constructor(reply) {
    const { code, message, retryAfterMs } = reply;
    super(String(message ?? code));
    /** All that it tells. */
    this.reply = reply;
    /** One of the codes that docs/PROTOCOL.md lists. */
    this.code = String(code);
    /** @type {number | undefined} set where the same request may succeed after this time */
    this.retryAfterMs = retryAfterMs == null ? undefined
      : Math.min(Math.max(0, Number(retryAfterMs) || 0), RETRY_AFTER_MS_MAX);
  }

  /** How somebody has taken the connection out of the room; the code where an older server does not say. */
  get removal() {
    return String(this.reply.reason ?? this.code);
  }

  /** Whether the connection is not in the room, as the answer to anything but a join. */
  get isOutside() {
    return this.code === 'not_a_member' || this.code === 'no_such_room';
  }
}

/** One WebSocket, from before it opens. */
export class Socket {
  /** @type {Handlers} */
  #handlers;

  /** @type {WebSocket | null} */
  #webSocket = null;

  /**
   * @typedef {object} Request
   * @property {(reply: any) => void} resolve
   * @property {(e: Error) => void} reject
   * @property {ReturnType<typeof setTimeout>} timer
   */

  /** @type {Map<unknown, Request>} by `ref` */
  #requests = new Map();

  #lastRef = 0;
  #frames = 0;
  #closed = false;

  /** @type {ReturnType<typeof setTimeout>} */
  #openTimer;

  /**
   * @param {() => Promise<Address>} address
   * @param {number} openMs
   * @param {Handlers} handlers none of which is called within this call
   */
  constructor(address, openMs, handlers) {
    this.#handlers = handlers;
    this.#openTimer = setTimeout(() => this.#lose(), openMs);
    this.#connect(address);
  }

  /** @param {() => Promise<Address>} address */
  async #connect(address) {
    try {
      const { url, protocols } = await Promise.resolve().then(address);
      if (this.#closed) return;
      const webSocket = new WebSocket(url, protocols);
      this.#webSocket = webSocket;
      webSocket.onopen = () => {
        clearTimeout(this.#openTimer);
        this.#handlers.onOpen();
      };
      webSocket.onmessage = ({ data }) => this.#receive(data);
      webSocket.onclose = () => this.#lose();
    } catch {
      this.#lose(); // No address, or none that can be connected to.
    }
  }

  /**
   * @param {{action: string} & Record<string, unknown>} frame
   * @param {number} patienceMs
   * @returns {Promise<any>}
   */
  request(frame, patienceMs) {
    return new Promise((resolve, reject) => {
      if (this.#webSocket?.readyState !== WebSocket.OPEN) {
        reject(new Unanswered('not connected'));
        return;
      }
      const ref = ++this.#lastRef;
      const frames = this.#frames;
      const timer = setTimeout(() => {
        this.#requests.delete(ref);
        reject(new Unanswered(`no reply to ${frame.action}`));
        // A socket that nothing comes back from is no connection, whatever the browser thinks.
        if (frames === this.#frames) this.#lose();
      }, patienceMs);
      this.#requests.set(ref, { resolve, reject, timer });
      this.#webSocket.send(JSON.stringify({ ...frame, ref }));
    });
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#openTimer);
    const webSocket = this.#webSocket;
    this.#webSocket = null;
    if (webSocket !== null) {
      webSocket.onopen = webSocket.onmessage = webSocket.onclose = null;
      webSocket.close();
    }
    this.#unanswered('the connection was lost');
  }

  #lose() {
    if (this.#closed) return;
    this.close();
    this.#handlers.onClose();
  }

  /** @param {unknown} data one JSON value: an event, or an array of events */
  #receive(data) {
    let value;
    try {
      value = JSON.parse(String(data));
    } catch {
      return;
    }
    this.#frames++;
    if (this.#ended(value)) {
      this.#lose();
      return;
    }
    /** @type {ServerEvent[]} */
    const events = [];
    for (const event of Array.isArray(value) ? value : [value]) {
      if (typeof event?.type === 'string') {
        if (!this.#answered(event)) events.push(event);
      } else if (event === value && event !== null && typeof event === 'object') {
        this.#unanswered('the gateway reported a failure');
      }
    }
    this.#handlers.onEvents(events);
  }

  /**
   * @param {any} reply
   * @returns {boolean} whether the server has ended this connection, or its token has expired: no
   *     request has an effect any more
   */
  #ended(reply) {
    return reply?.type === 'error' && reply.code === 'not_connected' && this.#requests.has(reply.ref);
  }

  /**
   * @param {ServerEvent} event
   * @returns {boolean} whether somebody waited for it
   */
  #answered(event) {
    const request = this.#requests.get(event.ref);
    if (request === undefined) return false;
    this.#requests.delete(event.ref);
    clearTimeout(request.timer);
    if (event.type === 'error') request.reject(new Refused(event));
    else request.resolve(event);
    return true;
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
}
