/** That a client stays within what the server lets a connection do, and waits where it does not. */

import { equalToTheTable, HOUR, inACloud, MINUTE, SECOND } from './clients.js';
import { check, equal } from './tools.js';

/** @typedef {import('./cloud.js').Cloud} Cloud */

/** The defaults of infra/template.yaml, and the prices of docs/PROTOCOL.md. */
const ACTION_COST_MS = 500;
const ACTION_BURST_MS = 150_000;
const REFUSALS_MAX = 200;
/** @type {Record<string, number>} */
const PRICES = { ping: 1, history: 2, members: 1, rooms: 1, join: 4, quit: 3 };

const ROOMS = Array.from({ length: 50 }, (_, i) => `room-${i}`);

/**
 * Charges each frame as the server does.
 *
 * @param {Cloud} cloud
 * @param {number} [burstMs]
 */
function charge(cloud, burstMs = ACTION_BURST_MS) {
  const seen = { refused: 0, closed: 0, actions: /** @type {Record<string, number>} */ ({}) };
  /** @type {Map<object, number>} */
  const spent = new Map();
  const { handle } = cloud;
  cloud.handle = (socket, frame) => {
    const { action, ref, rooms } = frame;
    seen.actions[action] = (seen.actions[action] ?? 0) + 1;
    const price = (PRICES[action] ?? 0) + (action === 'ping' ? Math.floor(rooms.length / 10) : 0);
    const { now } = cloud.time;
    const before = Math.max(now, spent.get(socket) ?? 0);
    if (before <= now + burstMs) {
      spent.set(socket, before + price * ACTION_COST_MS);
      handle.call(cloud, socket, frame);
      return;
    }
    seen.refused++;
    spent.set(socket, before + ACTION_COST_MS);
    const retryAfterMs = before - now - burstMs + ACTION_COST_MS;
    socket.deliver({ type: 'error', code: 'rate_limited', message: '', retryAfterMs, ref });
    if (before + ACTION_COST_MS > now + burstMs + REFUSALS_MAX * ACTION_COST_MS) {
      seen.closed++;
      socket.lose();
    }
  };
  return seen;
}

/** @param {import('../client/client.js').Client} client */
const allLive = (client) => ROOMS.every((name) => client.room(name)?.link === 'live');

export default {
  aClientInAllItsRoomsIsNeverRefused: inACloud(async (cloud, connect) => {
    const seen = charge(cloud);
    ROOMS.forEach((name) => cloud.say(name, 'hello'));
    const client = connect({ rooms: ROOMS });
    await cloud.until(() => allLive(client), 'joined');
    for (const name of ROOMS.slice(0, 5)) await Promise.all([client.listMembers(name), cloud.pass(SECOND)]);

    // Somebody uses the page, everybody speaks, and the connection is lost now and then.
    for (let minute = 0; minute < 60; minute++) {
      dispatchEvent(new Event('keydown'));
      ROOMS.filter((_, i) => i % 5 === minute % 5).forEach((name) => cloud.say(name, `${minute}`));
      if (minute % 10 === 9) cloud.cut();
      await cloud.pass(MINUTE);
    }
    await cloud.until(() => equalToTheTable(cloud, client), 'equal');

    equal([seen.refused, seen.closed], [0, 0]);
    check(seen.actions.join >= 7 * 50, `${seen.actions.join} joins`);
  }),

  aReaderWhoScrollsThroughTheHistoryIsNotRefused: inACloud(async (cloud, connect) => {
    const seen = charge(cloud);
    for (let i = 0; i < 1_500; i++) cloud.say('r', `${i}`);
    await cloud.pass(MINUTE);
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');

    while ((client.room('r')?.from ?? 0) > 0) {
      const page = client.older('r');
      await cloud.pass(SECOND / 2);
      await page;
    }

    check(seen.actions.history >= 28, `${seen.actions.history} pages`);
    equal(seen.refused, 0);
  }),

  whereTheServerTakesFewAtOnceAllIsDoneInTurn: inACloud(async (cloud, connect) => {
    const seen = charge(cloud, 10 * SECOND);
    ROOMS.forEach((name) => cloud.say(name, 'hello'));
    const client = connect({ rooms: ROOMS });

    await cloud.pass(10 * MINUTE, () => allLive(client));

    check(allLive(client), 'not all are joined');
    check(seen.refused > 0, 'nothing was refused');
    check(seen.refused < 150, `${seen.refused} were refused`);
    equal([seen.closed, cloud.opened], [0, 1]);
  }),

  aPingThatIsRefusedIsSentAgainLater: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    await cloud.pass(MINUTE);
    const { handle } = cloud;
    /** @type {number[]} */
    const pings = [];
    cloud.handle = (socket, frame) => {
      if (frame.action !== 'ping') {
        handle.call(cloud, socket, frame);
        return;
      }
      pings.push(cloud.time.now);
      const refusal = { type: 'error', code: 'rate_limited', message: '', ref: frame.ref };
      socket.deliver({ ...refusal, retryAfterMs: 20_000 });
    };
    await cloud.pass(HOUR);

    const waits = pings.slice(1).map((at, i) => at - pings[i]);
    check(waits.length > 10 && Math.min(...waits) >= 20_000, `${waits}`);
  }),

  aPingThatTellsThatTheConnectionIsBeingClosedOpensAnother: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    const { handle } = cloud;
    cloud.handle = (socket, frame) => {
      if (frame.action !== 'ping') {
        handle.call(cloud, socket, frame);
        return;
      }
      cloud.handle = handle;
      socket.deliver({ type: 'error', code: 'not_connected', message: '', ref: frame.ref });
    };

    await cloud.until(() => cloud.opened === 2 && client.room('r')?.link === 'live', 'joined again');
  }),
};
