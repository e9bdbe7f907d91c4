/** When a client pings, and that what was lost with nothing after it is found as soon as promised. */

import { Refused, Unanswered } from '../client/client.js';
import { equalToTheTable, HOUR, inACloud, MINUTE, SECOND, texts } from './clients.js';
import { Cloud } from './cloud.js';
import { check, equal, generator, seeds } from './tools.js';

/** Pings an hour, at most, of a page that is hidden while nobody speaks. */
const HIDDEN_PINGS_PER_HOUR = 10;

const quiet = { useMs: 0 }; // Nobody uses the page.

/**
 * The pings that arrive from now on.
 *
 * @param {Cloud} cloud
 * @returns {{at: number, rooms: string[]}[]} `at`: in seconds from now
 */
function record(cloud) {
  /** @type {{at: number, rooms: string[]}[]} */
  const pings = [];
  const began = cloud.time.now;
  const { handle } = cloud;
  cloud.handle = (socket, frame) => {
    if (frame.action === 'ping') {
      pings.push({ at: (cloud.time.now - began) / SECOND, rooms: frame.rooms });
    }
    handle.call(cloud, socket, frame);
  };
  return pings;
}

/**
 * @param {number[]} times
 * @param {[min: number, max: number][]} windows in which there is one each; a frame may take 20 ms
 * @param {string} [context]
 */
function oneInEach(times, windows, context = '') {
  equal(times.length, windows.length, `${context} ${times.map((t) => t.toFixed(1))}:`);
  windows.forEach(([min, max], i) => (
    check(times[i] >= min && times[i] <= max + 0.1, `${context} ${times[i]} is not in ${min} to ${max}`)));
}

/** @param {number[]} times */
const gaps = (times) => times.slice(1).map((t, i) => t - times[i]);

/** Somebody uses the page. */
const input = () => dispatchEvent(new Event('keydown'));

/** The same, until the time is over. @param {Cloud} cloud @param {number} ms */
async function inputFor(cloud, ms) {
  for (const end = cloud.time.now + ms; cloud.time.now < end;) {
    input();
    await cloud.pass(Math.min(4 * MINUTE, end - cloud.time.now));
  }
}

export default {
  aRoomIsLookedAtSoonAfterAMessageAndThenEverMoreRarely: inACloud(async (cloud, connect) => {
    connect({ waits: quiet });
    const first = record(cloud);
    await cloud.pass(20 * SECOND);
    oneInEach(first.map((p) => p.at), [[0, 0], [2, 2.2]], 'the time, and after the join:');

    await cloud.pass(2 * MINUTE);
    cloud.say('r', 'hello');
    await cloud.pass(10 * SECOND, () => cloud.table('r').head !== null);
    const pings = record(cloud);
    await cloud.pass(HOUR);

    const times = pings.map((p) => p.at);
    oneInEach(times.slice(0, 2), [[5, 10], [52.5, 60]]);
    for (let i = 2; i < times.length; i++) {
      const longest = Math.min(480, times[i - 1]); // As long as the room was quiet by then.
      oneInEach([times[i] - times[i - 1]], [[longest * 7 / 8 - 0.1, longest]], `ping ${i}:`);
    }
    check(Math.max(...gaps(times)) > 420, 'it gets as rare as it may');
  }),

  aBusyRoomDoesNotPostponeTheLooksAtAQuietOne: inACloud(async (cloud, connect) => {
    const client = connect({ rooms: ['busy', 'quiet'], waits: quiet });
    await cloud.pass(2 * MINUTE);
    cloud.say('quiet', 'hello');
    await cloud.pass(10 * SECOND, () => texts(client, 'quiet').length > 0);
    const pings = record(cloud);
    for (let i = 0; i < 600; i++) {
      cloud.say('busy', `m${i}`);
      await cloud.pass(3 * SECOND);
    }
    const end = pings.length;
    await cloud.pass(10 * SECOND);

    const looks = pings.slice(0, end).filter((p) => p.rooms.includes('quiet')).map((p) => p.at);
    check(end - looks.length <= 3, `${end - looks.length} pings for the busy room alone`);
    oneInEach(looks.slice(0, 2), [[5, 10], [52.5, 60]]);
    for (const gap of gaps(looks)) check(gap <= 480, `the quiet room was not looked at for ${gap} s`);
    check(looks.length <= 10, `${looks.length} looks in half an hour`);
    equal(pings.slice(end).map((p) => p.rooms.includes('busy')), [true], 'after its last message:');
  }),

  aHiddenPageGoesStraightToTheLongestWait: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(20 * SECOND);
    cloud.show(false);
    cloud.say('r', 'hello');
    await cloud.pass(10 * SECOND, () => texts(client).length > 0);
    const pings = record(cloud);
    await cloud.pass(HOUR);

    oneInEach([pings[0].at], [[360, 480]], 'after the message:');
    for (const gap of gaps(pings.map((p) => p.at))) {
      check(gap >= 360 - 0.1 && gap <= 480 + 0.1, `${gap} s lie between two pings`);
    }
  }),

  noMoreThanAMinuteLiesBetweenTwoPingsWhileThePageIsUsed: inACloud(async (cloud, connect) => {
    const client = connect({ rooms: ['busy', 'quiet'] });
    const pings = record(cloud);
    for (let i = 0; i < 60; i++) {
      if (i % 4 === 0) input();
      for (let n = 0; n < 20; n++) {
        if (i < 30) cloud.say('busy', `${i}.${n}`);
        await cloud.pass(3 * SECOND);
      }
    }

    check(texts(client, 'busy').length > 0, 'it heard nothing');
    for (const room of ['busy', 'quiet']) {
      const looks = pings.filter((p) => p.rooms.includes(room)).map((p) => p.at);
      for (const gap of gaps(looks)) check(gap <= 60.1, `${room} was not looked at for ${gap} s`);
    }
    check(pings.length <= 80, `${pings.length} pings in an hour`);
  }),

  aPageThatIsNotUsedAnyMorePingsMoreRarely: inACloud(async (cloud, connect) => {
    connect();
    await inputFor(cloud, 20 * MINUTE);
    input();
    const pings = record(cloud);
    await cloud.pass(HOUR);

    check(pings.filter((p) => p.at <= 300).length >= 4, 'it is used until 5 min after the last input');
    check(pings.filter((p) => p.at > 900).length <= 8, `${pings.map((p) => p.at)}`);
  }),

  aHintMakesTheClientLookAtAllRoomsAtOnce: inACloud(async (cloud, connect) => {
    connect({ rooms: ['r', 's'] });
    await cloud.pass(30 * SECOND);
    /** @type {Record<string, () => void>} */
    const hints = {
      online: () => dispatchEvent(new Event('online')),
      offline: () => dispatchEvent(new Event('offline')),
      visible: () => cloud.show(true),
      slept: () => { cloud.wallErrorMs += HOUR; },
      key: input,
      pointer: () => dispatchEvent(new Event('pointermove')),
      focus: () => dispatchEvent(new Event('focus')),
    };
    for (const [name, hint] of Object.entries(hints)) {
      cloud.show(name !== 'visible');
      await cloud.pass(20 * MINUTE);
      const pings = record(cloud);
      hint();
      await cloud.pass(6 * SECOND); // The clocks are looked at every 5 s.

      equal(pings.map((p) => p.rooms), [['r', 's']], `${name}:`);
      check(name === 'slept' || pings[0].at < 1, `${name}: after ${pings[0].at} s`);
    }

    const pings = record(cloud);
    for (let i = 0; i < 20; i++) input();
    await cloud.pass(SECOND);
    equal(pings.length, 0, 'who uses the page all the time gives no hint:');
  }),

  aHeartbeatIsSentAtOnceAndTellsHowLongItTook: inACloud(async (cloud, connect) => {
    const client = connect();
    equal(client.session, { since: null, roundTripMs: null, heardAt: null });
    await cloud.pass(10 * SECOND);
    const { since } = client.session;
    check(since !== null && performance.now() - since > 9 * SECOND, `connected since ${since}`);

    const pings = record(cloud);
    const began = performance.now();
    let done = false;
    client.heartbeat().then(() => { done = true; });
    await cloud.pass(SECOND);

    const { roundTripMs, heardAt } = client.session;
    equal([done, pings.map((p) => p.rooms)], [true, [['r']]]);
    check(roundTripMs !== null && roundTripMs > 0 && roundTripMs < 50, `it took ${roundTripMs} ms`);
    equal(heardAt, began + (roundTripMs ?? 0));

    client.disconnect();
    equal(client.session, { since: null, roundTripMs, heardAt });
  }),

  aHeartbeatWithoutAnAnswerFails: inACloud(async (cloud, connect) => {
    const client = connect();
    const { handle } = cloud;
    /** @type {Record<string, (socket: any, ref: unknown) => void>} */
    const answers = {
      rate_limited: (socket, ref) => socket.deliver({ type: 'error', code: 'rate_limited', ref }),
      odd: (socket, ref) => socket.deliver({ type: 'pong', time: 1, ref }),
      none: () => {},
    };
    for (const [name, answer] of Object.entries(answers)) {
      await cloud.until(() => client.room('r')?.link === 'live', 'joined');
      await cloud.pass(10 * SECOND);
      const { heardAt } = client.session;
      cloud.handle = (socket, frame) => (
        frame.action === 'ping' ? answer(socket, frame.ref) : handle.call(cloud, socket, frame));
      /** @type {unknown} */
      let error = null;
      client.heartbeat().catch((e) => { error = e; });
      await cloud.pass(client.waits.probeMs);

      if (name === 'rate_limited') check(error instanceof Refused && error.code === name, `${error}`);
      else check(error instanceof Unanswered, `${name}: ${error}`);
      equal(client.session.heardAt, heardAt);
      cloud.handle = handle;
    }
    check(client.session.since === null, 'the connection was given up');
  }),

  aBrowserThatSaysThatItIsOfflineIsBelievedSoon: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(30 * SECOND);
    /** @type {string[]} */
    const phases = [];
    client.on('state', ({ phase }) => phases.push(phase));
    cloud.faults.mute = true;
    const began = cloud.time.now;
    dispatchEvent(new Event('online')); // A probe that waits for long.
    await cloud.pass(SECOND);
    cloud.online = false;
    dispatchEvent(new Event('offline'));
    await cloud.until(() => phases.length > 0, 'it notices');

    equal([phases[0], Math.round((cloud.time.now - began) / 100)], ['offline', 30]);
    equal(client.session.since, null);
  }),

  aServerThatAnswersOfflineStaysConnected: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(30 * SECOND);
    cloud.online = false;
    dispatchEvent(new Event('offline'));
    await cloud.pass(HOUR);

    equal([client.state.phase, cloud.opened], ['connected', 1]);
  }),

  roomsThatAreDueTogetherGoInOnePing: inACloud(async (cloud, connect) => {
    const rooms = Array.from({ length: 30 }, (_, i) => `room-${i}`);
    const client = connect({ rooms, waits: quiet });
    const pings = record(cloud);
    await cloud.until(() => rooms.every((r) => client.room(r)?.link === 'live'), 'joined');
    await cloud.pass(10 * SECOND);
    equal(pings.map((p) => p.rooms.length), [0, 30], 'after the joins:');

    for (const room of rooms) {
      cloud.say(room, 'hello');
      await cloud.pass(7 * SECOND);
    }
    await cloud.pass(20 * MINUTE);
    const later = record(cloud);
    await cloud.pass(HOUR);

    check(later.length <= 10, `${later.length} pings in an hour`);
    equal(new Set(later.map((p) => p.rooms.length)), new Set([30]));
  }),

  aPingWithoutAnAnswerIsRepeated: inACloud(async (cloud, connect) => {
    const client = connect({ waits: quiet });
    await cloud.pass(MINUTE);
    cloud.faults.lostPushes = 1;
    cloud.say('r', 'lost');
    cloud.faults.gatewayErrors = 1;
    await cloud.pass(5 * MINUTE);
    const failed = record(cloud);
    await cloud.pass(5 * MINUTE);
    check(failed.length >= 5 && failed.length <= 60, `${failed.length} attempts in 5 min`);

    cloud.faults.gatewayErrors = 0;
    await cloud.pass(MINUTE);
    equal(texts(client), ['lost']);
  }),

  aPongWithoutTheTimeIsNoAnswer: inACloud(async (cloud, connect) => {
    connect();
    const { handle } = cloud;
    cloud.handle = (socket, frame) => {
      if (frame.action === 'ping') socket.deliver({ type: 'pong', rooms: { r: 0 }, ref: frame.ref });
      else handle.call(cloud, socket, frame);
    };
    const pings = record(cloud);
    await cloud.pass(5 * MINUTE);

    check(pings.length >= 5 && pings.length <= 60, `${pings.length} pings in 5 min`);
  }),

  aConnectionWithoutRoomsIsKeptFromIdling: inACloud(async (cloud, connect) => {
    connect({ rooms: [] });
    for (const visible of [true, false]) {
      cloud.show(visible);
      const pings = record(cloud);
      await cloud.pass(HOUR / 2); // The connection is replaced after 95 min.

      for (const gap of gaps(pings.map((p) => p.at))) check(gap < 590, `it is idle for ${gap} s`);
      check(pings.length <= HIDDEN_PINGS_PER_HOUR / 2, `${pings.length} pings in half an hour`);
    }
  }),

  async anIdleHiddenPagePingsSeldomAndIsNeverIdleForTooLong() {
    for (const seed of seeds(30)) {
      await inACloud(async (cloud, connect) => {
        const random = generator(seed);
        const rooms = Array.from({ length: 1 + random() * 10 }, (_, i) => `room-${i}`);
        connect({ rooms });
        await cloud.pass(random() * 10 * MINUTE);
        cloud.show(false);
        for (let i = random() * 20; i > 0; i--) {
          cloud.say(rooms[Math.floor(random() * rooms.length)], `m${i}`);
          await cloud.pass(random() * MINUTE);
        }
        await cloud.pass(15 * SECOND);
        const pings = record(cloud);
        await cloud.pass(HOUR);

        const times = pings.map((p) => p.at);
        check(times.length <= HIDDEN_PINGS_PER_HOUR, `seed ${seed}: ${times.length} pings in an hour`);
        const idle = Math.max(...gaps([0, ...times, HOUR / SECOND]));
        check(idle <= 9 * 60, `seed ${seed}: it is idle for ${idle} s`);
      }, seed)();
    }
  },

  async aLostLastPushIsFoundAsSoonAsPromised() {
    for (const seed of seeds(60)) {
      const random = generator(seed);
      const attention = /** @type {const} */ (['hidden', 'visible', 'inUse'])[seed % 3];
      const promisedMs = attention === 'inUse' ? 65 * SECOND : 9 * MINUTE;
      await inACloud(async (cloud, connect) => {
        const rooms = ['r', 's', 't'].slice(0, 1 + random() * 3);
        const any = () => rooms[Math.floor(random() * rooms.length)];
        const client = connect({ rooms });
        await cloud.pass(random() * 10 * MINUTE);
        cloud.show(random() < 0.7);
        for (let i = random() * 30; i > 0; i--) {
          if (random() < 0.1) cloud.show(!cloud.visible);
          if (random() < 0.3) input();
          cloud.say(any(), `m${i}`);
          await cloud.pass(random() ** 4 * 10 * MINUTE);
        }
        cloud.show(attention !== 'hidden');
        if (attention === 'visible') await cloud.pass(5 * MINUTE + random() * HOUR / 2);
        else if (attention === 'hidden') await cloud.pass(random() * HOUR / 2);
        else await inputFor(cloud, random() * HOUR / 2);

        const room = any();
        cloud.faults.lostPushes = 1;
        cloud.say(room, 'lost');
        await cloud.pass(10 * SECOND, () => cloud.table(room).head === cloud.table(room).rows.at(-1)?.timestamp);
        cloud.faults.lostPushes = 0;
        check(!texts(client, room).includes('lost'), `seed ${seed}: it was not lost`);
        const lostAt = cloud.time.now;
        const found = () => equalToTheTable(cloud, client);
        while (!found() && cloud.time.now - lostAt < HOUR) {
          if (attention === 'inUse') input();
          const busy = rooms.find((other) => other !== room);
          if (busy !== undefined && seed % 2 === 0) cloud.say(busy, `at ${cloud.time.now}`);
          await cloud.pass(4 * SECOND, found);
        }

        const ms = cloud.time.now - lostAt;
        check(ms <= promisedMs, `seed ${seed}, ${attention}: it was found after ${ms / SECOND} s`);
      }, seed)();
    }
  },
};
