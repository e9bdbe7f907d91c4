/**
 * A whole Parley to run `client/client.js` against, in time that passes only when it is told to: the
 * protocol as docs/PROTOCOL.md has it, with whatever may go wrong. While it is installed it stands
 * in for the browser's sockets, timers and clock.
 */

import { FakeSocket } from './sockets.js';
import { Table } from './table.js';
import { Time } from './tools.js';

/** How often the timers of a hidden page run. */
const HIDDEN_TIMERS_MS = 60_000;

export class Cloud {
  time = new Time();

  /** @type {Map<string, Table>} */
  tables = new Map();

  /** What private rooms are called. @type {Map<string, string>} */
  titles = new Map();

  /** Server's sides of the sockets that are open. @type {Set<FakeSocket>} */
  open = new Set();

  /** How many sockets were opened so far. */
  opened = 0;

  /** The longest address of a socket. */
  addressMax = 0;

  /** Frames that were received, in order. @type {Record<string, any>[]} */
  received = [];

  /** The most sends that one client had outstanding in one room. */
  outstandingMax = 0;

  /** The trace of sends from now on, where they are sampled. @type {string | undefined} */
  trace;

  faults = {
    /** No socket opens. */
    unreachable: false,
    /** Nothing gets through, and no socket is closed. */
    mute: false,
    /** Parts of what is sent that is lost, doubled or late. */
    lostPushes: 0,
    doubledPushes: 0,
    latePushes: 0,
    lostReplies: 0,
    gatewayErrors: 0,
    /** Sends that have to wait. */
    refusals: 0,
    /** Tokens that are not to be had. */
    issuerErrors: 0,
    /** The longest a frame takes one way. */
    latencyMs: 20,
  };

  #random;

  /** What was replaced. @type {{target: any, name: string, value: any}[]} */
  #real = [];

  /** @type {Map<string, number>} */
  #outstanding = new Map();

  /** The timers of the machine that the clients run on. @type {Set<number>} */
  #timers = new Set();

  /** Those that are due, while the page is hidden. @type {Map<number, () => void>} */
  #late = new Map();

  /** Whether the page of the clients can be seen. */
  visible = true;

  /** Whether its browser believes that it is connected to a network. */
  online = true;

  /** Until when that machine sleeps. */
  #sleepsUntil = 0;

  /** How far its wall clock is off. */
  wallErrorMs = 0;

  /** What its monotonic clock is behind by: it stands while the machine sleeps. */
  #stoodMs = this.time.now;
  #monotonicMs = 0;

  /** @param {() => number} random */
  constructor(random) {
    this.#random = random;
  }

  /** @param {string} room */
  table(room) {
    let table = this.tables.get(room);
    if (table === undefined) {
      table = new Table(room, this.time, this.#random);
      table.members.push((event) => this.#push(room, event));
      this.tables.set(room, table);
    }
    return table;
  }

  /** Somebody else says something, or puts something into the table that is no message. */
  say(/** @type {string} */ room, /** @type {string} */ message, unreadable = false) {
    const said = { id: `id-${message}`, user: 'guest:other', sender: 'Other', message };
    this.table(room).write(said, () => {}, unreadable);
  }

  /** Closes all sockets, as the network does. */
  cut() {
    for (const socket of [...this.open]) socket.lose();
  }

  /** Loses all sockets without a word to the clients. */
  forget() {
    for (const socket of this.open) socket.forgotten = true;
    this.open.clear();
  }

  /** The connection is in no room any more, as after a prune. */
  prune() {
    for (const socket of this.open) socket.rooms.clear();
  }

  /**
   * Lets time pass, and everything happen that is due.
   *
   * @param {number} ms
   * @param {() => boolean} [until] ends it earlier
   */
  async pass(ms, until = () => false) {
    const end = this.time.now + ms;
    await settled();
    while (this.time.next <= end && !until()) {
      this.time.step();
      await settled();
    }
    if (!until()) this.time.run(end);
  }

  /**
   * Time passes for all but the clients: they get late what was sent to them, and do later what they
   * were about to do.
   *
   * @param {number} ms
   */
  async sleep(ms) {
    this.#sleepsUntil = this.time.now + ms;
    this.#monotonicMs = this.#monotonic();
    this.#stoodMs += ms;
    this.time.delay(ms, (task) => this.#timers.has(task));
    await this.pass(ms);
  }

  /**
   * The user shows the page, or hides it.
   *
   * @param {boolean} visible
   */
  show(visible) {
    this.visible = visible;
    if (visible) this.#runLate();
    document.dispatchEvent(new Event('visibilitychange'));
  }

  /**
   * Something happens to a client, once it is awake.
   *
   * @param {() => void} task
   */
  reach(task) {
    if (this.time.now >= this.#sleepsUntil) task();
    else this.time.after(this.#sleepsUntil - this.time.now, task);
  }

  /**
   * @param {() => boolean} condition
   * @param {string} what
   */
  async until(condition, what) {
    await this.pass(24 * 60 * 60_000, condition);
    if (!condition()) throw new Error(`it never came to this: ${what}`);
  }

  install() {
    const { time } = this;
    const cloud = this;
    /** @type {Map<number, number>} */
    const intervals = new Map();
    const every = (/** @type {() => void} */ task, /** @type {number} */ ms, id = 0) => {
      const timer = this.#timer(ms, () => {
        if (intervals.has(id || timer)) every(task, ms, id || timer);
        task();
      });
      intervals.set(id || timer, timer);
      return id || timer;
    };
    this.#replace(globalThis, {
      WebSocket: class extends FakeSocket {
        /**
         * @param {string} url
         * @param {string[]} [protocols]
         */
        constructor(url, protocols) {
          super(cloud, url, protocols);
        }
      },
      setTimeout: (/** @type {() => void} */ task, ms = 0) => this.#timer(ms, task),
      requestAnimationFrame: (/** @type {() => void} */ task) => this.#timer(16, task),
      clearTimeout: (/** @type {number | undefined} */ timer) => this.#clear(timer),
      setInterval: every,
      clearInterval: (/** @type {number} */ id) => {
        this.#clear(intervals.get(id));
        intervals.delete(id);
      },
    });
    const visibilityState = () => (this.visible ? 'visible' : 'hidden');
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: visibilityState });
    Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => this.online });
    this.#replace(Date, { now: () => time.now + this.wallErrorMs });
    this.#replace(performance, { now: () => this.#monotonic() });
  }

  #monotonic() {
    return Math.max(this.#monotonicMs, this.time.now - this.#stoodMs);
  }

  /**
   * @param {number} ms
   * @param {() => void} task
   * @returns {number}
   */
  #timer(ms, task) {
    const timer = this.time.after(ms, () => {
      this.#timers.delete(timer);
      if (this.visible) task();
      else this.#delay(timer, task);
    });
    this.#timers.add(timer);
    return timer;
  }

  /** @param {number | undefined} timer */
  #clear(timer) {
    if (timer !== undefined && !this.#late.delete(timer)) this.time.cancel(timer);
  }

  /**
   * The timers of a hidden page run together, when a minute begins.
   *
   * @param {number} timer
   * @param {() => void} task
   */
  #delay(timer, task) {
    if (this.#late.size === 0) {
      const minute = HIDDEN_TIMERS_MS - (this.time.now % HIDDEN_TIMERS_MS);
      this.time.after(minute, () => this.reach(() => this.#runLate()));
    }
    this.#late.set(timer, task);
  }

  #runLate() {
    const late = [...this.#late];
    for (const [timer, task] of late) if (this.#late.delete(timer)) task();
  }

  restore() {
    Reflect.deleteProperty(document, 'visibilityState'); // The browser's own are behind these.
    Reflect.deleteProperty(navigator, 'onLine');
    for (const { target, name, value } of this.#real) target[name] = value;
  }

  /**
   * @param {any} target
   * @param {Record<string, any>} fakes
   */
  #replace(target, fakes) {
    for (const [name, fake] of Object.entries(fakes)) {
      this.#real.push({ target, name, value: target[name] });
      target[name] = fake;
    }
  }

  get latency() {
    return 1 + this.#random() * this.faults.latencyMs;
  }

  /** @param {number} p */
  chance(p) {
    return p > 0 && this.#random() < p;
  }

  /**
   * @param {string} room
   * @param {object} event
   */
  #push(room, event) {
    for (const socket of this.open) {
      if (!socket.rooms.has(room) || socket.expired || this.chance(this.faults.lostPushes)) continue;
      for (let copies = this.chance(this.faults.doubledPushes) ? 2 : 1; copies > 0; copies--) {
        const late = this.chance(this.faults.latePushes) ? this.#random() * 20_000 : 0;
        this.time.after(late, () => socket.deliver(event));
      }
    }
  }

  /**
   * A frame has arrived.
   *
   * @param {FakeSocket} socket
   * @param {Record<string, any>} frame
   */
  handle(socket, frame) {
    this.received.push(frame);
    const { action, ref, room } = frame;
    /** @param {object} reply */
    const reply = (reply) => {
      if (this.chance(this.faults.gatewayErrors)) socket.deliver({ message: 'Internal server error' });
      else if (!this.chance(this.faults.lostReplies)) socket.deliver({ ...reply, ref });
    };
    const refuse = (/** @type {string} */ code) => reply({ type: 'error', code, message: code });
    if (socket.expired) {
      refuse('not_connected');
      return;
    }
    const time = Math.floor(this.time.now * 1000);
    const you = () => ({
      user: socket.user, sender: socket.sender,
      ...(socket.expiresMs < Infinity ? { expires: socket.expiresMs * 1000 } : {}),
      ...(socket.admin ? { admin: true } : {}) });
    switch (action) {
      case 'auth': {
        const [user, expires, role] = frame.token.split('.');
        if (user !== socket.user || Number(expires) <= this.time.now) {
          refuse('invalid_token');
          break;
        }
        if (Number(expires) > socket.expiresMs) {
          socket.expiresMs = Number(expires);
          socket.admin = role === 'admin';
        }
        reply({ type: 'authenticated', time, you: you() });
        break;
      }
      case 'join': {
        socket.rooms.add(room);
        const { head } = this.table(room);
        const page = this.table(room).page({ after: frame.after, limit: frame.limit });
        const title = this.titles.get(room);
        reply({ type: 'joined', room, ...page, head, title, you: you() });
        break;
      }
      case 'quit':
        if (socket.rooms.delete(room)) reply({ type: 'quit', room });
        else refuse('not_a_member');
        break;
      case 'history':
        if (!socket.rooms.has(room)) refuse('not_a_member');
        else reply({ type: 'history', room, ...this.table(room).page(/** @type {any} */ (frame)) });
        break;
      case 'members': {
        /** @type {Map<string, {user: string, sender: string, connections: number}>} */
        const byUser = new Map();
        for (const { user, sender } of [...this.open].filter((s) => s.rooms.has(room))) {
          const connections = (byUser.get(user)?.connections ?? 0) + 1;
          byUser.set(user, { user, sender, connections });
        }
        reply({ type: 'members', room, members: [...byUser.values()], cursor: null });
        break;
      }
      case 'ping': {
        const heads = frame.rooms.map((/** @type {string} */ name) => [
          name, socket.rooms.has(name) ? this.table(name).head ?? 0 : null]);
        reply({ type: 'pong', time, you: you(), rooms: Object.fromEntries(heads) });
        break;
      }
      case 'sendMessage': {
        if (!socket.rooms.has(room)) {
          refuse('not_a_member');
          break;
        }
        if (this.chance(this.faults.refusals)) {
          const code = 'rate_limited';
          reply({ type: 'error', code, message: code, retryAfterMs: 500 });
          break;
        }
        const key = `${socket.member} ${room}`;
        this.#outstanding.set(key, (this.#outstanding.get(key) ?? 0) + 1);
        this.outstandingMax = Math.max(this.outstandingMax, this.#outstanding.get(key) ?? 0);
        const { id, message, after } = frame;
        const { user, sender } = socket;
        this.table(room).write({ id, user, sender, message, after }, (timestamp) => {
          this.#outstanding.set(key, (this.#outstanding.get(key) ?? 0) - 1);
          reply({ type: 'sent', room, id, timestamp, trace: this.trace });
        });
        break;
      }
      default: {
        const connectedAt = new Date(socket.openedMs).toISOString();
        const lastActiveAt = new Date(this.time.now).toISOString();
        const identity = { sourceIp: '127.0.0.1', userAgent: null };
        const code = 'unknown_action';
        reply({ type: 'error', code, message: code, connectionId: socket.member, connectedAt, identity,
          lastActiveAt });
      }
    }
  }
}

const channel = new MessageChannel();

/** All promises have been kept that can be. */
function settled() {
  return new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
}
