/**
 * The property that all of `room.js` is for: whatever is lost, doubled, late or cut off, what a room
 * shows equals the table over the range that it shows, once it says that nothing is missing. And at
 * no moment does it take for contiguous what may not be.
 */

import { isCaughtUp, newest, newRoom, next } from '../client/room.js';
import { hasGap, resumeAfter } from '../client/stretch.js';
import { Table } from './table.js';
import { check, equal, generator, seeds, Time } from './tools.js';

const SECOND = 1_000;
const OVERLAP_MS = 10 * SECOND;
const AHEAD_MS = 2 * SECOND;

export default {
  afterAnyOrderOfArrivalTheRoomEqualsTheTable() {
    let repairs = 0;
    for (const seed of seeds(500)) repairs += simulate(seed);
    check(repairs > 0, 'nothing was ever missing');
  },
};

/**
 * @param {number} seed
 * @returns {number} how many repairs there were
 */
function simulate(seed) {
  const random = generator(seed);
  const time = new Time();
  const table = new Table('r', time, random, random() < 0.5 ? 0.1 : 0.5);
  const you = { user: 'guest:me', sender: 'Me' };
  const chance = (/** @type {number} */ p) => random() < p;
  const between = (/** @type {number} */ min, /** @type {number} */ max) => min + random() * (max - min);

  const page = 2 + Math.floor(random() * 8);
  const pagesMax = 2 + Math.floor(random() * 8);
  const faults = { lost: between(0, 0.5), doubled: between(0, 0.3), late: between(0, 0.3) };
  const paceMs = [60, 400, 4_000][Math.floor(random() * 3)];
  const messagesMax = 200;
  const slow = chance(0.5) ? 0.1 : 0.8;
  const unreadable = chance(0.5) ? 0 : between(0, 0.5);
  table.wrongClocks = chance(0.5) ? 0 : between(0, 0.3);
  let faulty = true;
  let room = newRoom('r', OVERLAP_MS, chance(0.5) ? 2_000 : 4 * page);
  let repairs = 0;

  // The server's time, as its last answer told it, and when the last read was begun that has ended.
  let laterMs = Infinity;
  let readAt = 0;
  const limit = (/** @type {number} */ at) => (
    laterMs === Infinity ? 0 : Math.floor((at - laterMs + AHEAD_MS) * 1000));

  /** @param {import('../client/room.js').RoomEvent} event */
  function apply(event) {
    room = next(room, event);
    verify(room, table, `seed ${seed}, after ${event.type}`);
  }

  // The connection: events reach it while it is open, and two while one replaces the other.
  let session = 0;
  let open = false;
  let reading = false;
  let rejoin = false;
  let repairing = false;

  table.members.push((event) => {
    for (const copy of [1, faulty && chance(faults.doubled) ? 1 : 0]) {
      if (copy === 0 || !open || (faulty && chance(faults.lost))) continue;
      const at = session;
      const lateMs = faulty && chance(faults.late) ? between(0, 30 * SECOND) : between(1, 30);
      time.after(lateMs, () => at === session
        && apply({ type: 'events', events: [event], limit: limit(time.now) }));
    }
  });

  /** Asks, and gets the answer, unless the connection ends before. */
  function request(/** @type {() => any} */ answer, /** @type {(reply: any) => void} */ then) {
    const at = session;
    time.after(latency(), () => {
      const reply = answer();
      time.after(latency(), () => at === session && then(reply));
    });
  }
  const latency = () => (faulty && chance(slow) ? between(60, 6 * SECOND) : between(5, 60));

  function read(/** @type {'joined' | 'history'} */ type, /** @type {() => void} */ done) {
    let pages = 0;
    let begun = time.now;
    function ask(/** @type {'joined' | 'history'} */ type, /** @type {number | undefined} */ after) {
      pages++;
      const answer = () => ({ head: table.head, ...table.page({ after, limit: page }) });
      request(answer, ({ head, ...reply }) => {
        const fields = { ...reply, after, limit: limit(begun) };
        apply(type === 'joined' ? { type, title: null, you, head, ...fields } : { type, ...fields });
        if (after === undefined || !reply.more) {
          readAt = begun;
          done();
        } else if (pages < pagesMax) ask('history', reply.messages.at(-1).timestamp);
        else {
          begun = time.now;
          apply({ type: 'asked', after: undefined });
          ask('history', undefined);
        }
      });
    }
    reading = true;
    const after = resumeAfter(room.stretch);
    apply({ type: 'asked', after });
    ask(type, after);
  }

  function join() {
    rejoin = reading;
    if (reading) return;
    read('joined', () => {
      reading = false;
      if (rejoin) join();
      else time.after(2 * SECOND, ping);
      watch();
    });
  }

  function watch() {
    if (repairing || reading || room.link !== 'live' || !hasGap(room.stretch)) return;
    repairing = true;
    const at = session;
    time.after(between(300, 1_000), () => {
      repairing = false;
      if (at !== session || reading || isCaughtUp(room) || room.link !== 'live') return;
      repairs++;
      read('history', () => {
        reading = false;
        if (rejoin) join();
        watch();
      });
    });
  }

  function ping() {
    if (!open || room.link !== 'live') return;
    const skewMs = between(-500, 500);
    request(() => ({ head: table.head ?? 0, timeMs: time.now + skewMs }), ({ head, timeMs }) => {
      laterMs = time.now - timeMs;
      if (readAt > 0) apply({ type: 'timed', limit: limit(readAt) });
      apply({ type: 'head', head });
      watch();
    });
  }

  function older() {
    const before = room.from;
    if (before === 0 || room.stretch.earlier !== null || room.link !== 'live') return;
    apply({ type: 'olderAsked' });
    const at = session;
    request(() => table.page({ before, limit: page }), (reply) => {
      apply({ type: 'history', before, ...reply });
      apply({ type: 'olderAbandoned' });
    });
    time.after(60 * SECOND, () => at === session || apply({ type: 'olderAbandoned' }));
  }

  function connect() {
    session++;
    open = true;
    reading = repairing = rejoin = false;
    join();
  }

  function cut() {
    session++;
    open = false;
    apply({ type: 'disconnected' });
    if (room.stretch.earlier !== null) apply({ type: 'olderAbandoned' });
    time.after(chance(0.8) ? between(0, 5 * SECOND) : between(5, 90) * SECOND, connect);
  }

  // Somebody talks, in bursts, and now and then answers what this client has.
  let count = 0;
  function talk() {
    if (!faulty || count > messagesMax) return;
    const burst = chance(0.2) ? Math.floor(between(1, 4 * page)) : 1;
    for (let i = 0; i < burst; i++) {
      const id = `m${++count}`;
      const after = chance(0.2) ? (newest(room) ?? undefined) : undefined;
      table.write({ id, user: 'guest:other', sender: 'Other', message: id, after }, () => {},
        chance(unreadable));
    }
    time.after(between(0, 2 * paceMs), talk);
  }
  function trouble() {
    if (!faulty) return;
    if (open && chance(0.15)) cut();
    else if (open && chance(0.1)) join(); // Another socket takes over, or a ping said null.
    else if (chance(0.3)) older();
    else if (chance(0.1)) apply({ type: 'pinned', pinned: !room.pinned });
    else if (chance(0.3)) ping();
    watch();
    time.after(between(0, 4 * SECOND), trouble);
  }
  function regularly() {
    ping();
    watch();
    time.after(20 * SECOND, regularly);
  }
  time.after(0, talk);
  time.after(0, trouble);
  time.after(0, regularly);
  connect();

  time.run(time.now + Math.min(300, between(0.2, 1) * messagesMax * paceMs / SECOND) * SECOND);
  faulty = false;
  time.run(time.now + 200 * SECOND);

  check(isCaughtUp(room), `seed ${seed}: it is not caught up by the end`);
  equal(room.messages, table.messages.filter((m) => m.timestamp >= room.from), `seed ${seed}:`);
  return repairs;
}

/**
 * What must hold at every moment.
 *
 * @param {import('../client/room.js').Room} room
 * @param {Table} table
 * @param {string} context
 */
function verify(room, table, context) {
  const { watermark, gaps, unconfirmed } = room.stretch;
  const held = new Set();
  let last = 0;
  for (const { timestamp } of room.messages) {
    check(timestamp > last && timestamp >= room.from, `${context}: ${timestamp} is out of order`);
    last = timestamp;
    held.add(timestamp);
  }
  check(room.from === 0 || room.from <= (room.messages[0]?.timestamp ?? Infinity),
    `${context}: from ${room.from}`);

  // Nothing that is missing was handed out before a contiguous message, or is too old for
  // a repair to bring it.
  let missing = Infinity;
  table.stream.forEach((timestamp, position) => {
    if (timestamp < room.from || table.unreadable.has(timestamp)) return;
    if (!held.has(timestamp)) {
      missing = Math.min(missing, position);
      check(watermark === null || timestamp > watermark - OVERLAP_MS * 1000,
        `${context}: no repair would bring ${timestamp}`);
    } else if (position > missing) {
      check(gaps.has(timestamp) || unconfirmed.has(timestamp),
        `${context}: ${timestamp} counts as contiguous, but something before it is missing`);
    }
  });
}
