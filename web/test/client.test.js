/** What `client.js` promises, against a Parley in which anything may fail, in hours that take no time. */

import { Client, people, Refused, whole } from '../client/client.js';
import { Cloud, MemoryStorage } from './cloud.js';
import { check, equal, generator, seeds } from './tools.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** @param {Client} client */
const texts = (client, room = 'r') => (client.room(room)?.messages ?? []).map((m) => m.message);

/** @param {number} timestamp */
const content = (timestamp, message = '') => ({
  timestamp: Math.floor(timestamp), id: `id-${timestamp}`, user: 'guest:other', sender: 'Other', message });

/** @param {Client} client */
const drafts = (client, room = 'r') => client.room(room)?.drafts ?? [];

/**
 * Clients that show what is in the table, and are not waiting for anything.
 *
 * @param {Cloud} cloud
 * @param {Client[]} clients
 */
const equalToTheTable = (cloud, ...clients) => clients.every((client) => client.rooms.every((name) => {
  const room = client.room(name);
  if (room === undefined || !whole(room) || room.drafts.length > 0) return false;
  const table = cloud.table(name).messages.filter((m) => m.timestamp >= room.from);
  return JSON.stringify(room.messages) === JSON.stringify(table);
}));

/**
 * @param {(cloud: Cloud, connect: (options?: Partial<import('../client/client.js').Options>) => Client)
 *     => Promise<void>} test
 */
const inACloud = (test, seed = 1) => async () => {
  const random = generator(seed);
  const cloud = new Cloud(random);
  /** @type {Client[]} */
  const clients = [];
  cloud.install();
  try {
    await test(cloud, (options) => {
      const client = new Client({
        url: 'ws://cloud/production', rooms: ['r'], storage: new MemoryStorage(), random, ...options });
      clients.push(client);
      return client;
    });
  } finally {
    clients.forEach((client) => client.close());
    cloud.restore();
  }
};

export default {
  aMessageReachesEverybodyAndItsSenderIsTold: inACloud(async (cloud, connect) => {
    const [ada, bob] = [connect({ name: 'Ada' }), connect({ name: 'Bob' })];
    let sent = null;
    ada.send('r', ' hello ').then((s) => { sent = s; });

    await cloud.until(() => equalToTheTable(cloud, ada, bob) && texts(bob).length === 1, 'equal');

    equal(texts(ada), ['hello']);
    const [{ id, timestamp, sender }] = cloud.table('r').messages;
    equal(sent, { id, timestamp });
    equal(sender, 'Ada');
  }),

  sendsOfARoomGoOneAfterTheOther: inACloud(async (cloud, connect) => {
    const client = connect({ rooms: ['r', 's'] });
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    const wanted = Array.from({ length: 20 }, (_, i) => `m${i}`);
    wanted.forEach((text) => client.send('r', text));
    client.send('s', 'elsewhere');

    await cloud.until(() => equalToTheTable(cloud, client) && texts(client).length === 20, 'equal');

    equal(texts(client), wanted);
    equal(cloud.outstandingMax, 1);
  }),

  aSendIsRepeatedWithTheSameIdUntilItIsAnswered: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    cloud.faults.gatewayErrors = 1;
    cloud.faults.lostPushes = 1;
    client.send('r', 'hello');
    const sends = () => cloud.received.filter((f) => f.action === 'sendMessage');
    await cloud.until(() => sends().length === 3, 'three attempts');
    cloud.faults.gatewayErrors = cloud.faults.lostPushes = 0;

    await cloud.until(() => equalToTheTable(cloud, client), 'equal');

    equal(texts(client), ['hello']);
    equal(new Set(sends().map((f) => f.id)).size, 1);
  }),

  whatIsWrittenOfflineIsSentAfterAReload: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    cloud.faults.unreachable = true;
    const before = connect({ storage });
    const written = Array.from({ length: 10 }, (_, i) => `m${i}`);
    written.forEach((text) => before.send('r', text));
    await cloud.pass(MINUTE);
    before.close();
    cloud.faults.unreachable = false;

    const after = connect({ storage });
    equal(drafts(after).map((d) => d.message), written);
    await cloud.until(() => equalToTheTable(cloud, after) && texts(after).length === 10, 'equal');

    equal(texts(after), written);
    equal(Array.from({ length: storage.length }, (_, i) => storage.key(i)), ['parley.guest']);
  }),

  whatWasSentButNotAnsweredIsNotDoubledByAReload: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    const before = connect({ storage });
    await cloud.until(() => before.room('r')?.link === 'live', 'joined');
    cloud.faults.lostReplies = cloud.faults.lostPushes = 1;
    before.send('r', 'hello');
    await cloud.until(() => cloud.table('r').messages.length === 1, 'written');
    before.close();
    cloud.faults.lostReplies = cloud.faults.lostPushes = 0;

    const after = connect({ storage });
    await cloud.until(() => equalToTheTable(cloud, after), 'equal');

    equal(texts(after), ['hello']);
    equal(cloud.received.filter((f) => f.action === 'sendMessage').length, 1, 'it was found:');
  }),

  twoTabsSendADraftOnce: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    cloud.faults.unreachable = true;
    const first = connect({ storage });
    first.send('r', 'hello');
    const second = connect({ storage });
    equal(drafts(second).length, 1);
    cloud.faults.unreachable = false;

    await cloud.until(() => equalToTheTable(cloud, first, second) && texts(second).length > 0, 'equal');

    equal(cloud.table('r').messages.map((m) => m.message), ['hello']);
    equal(storage.length, 1);
  }),

  aTabSendsWhatAnotherOneLeftBehind: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    const [closed, left] = [connect({ storage }), connect({ storage })];
    await cloud.until(() => left.room('r')?.link === 'live', 'joined');
    cloud.faults.unreachable = true;
    cloud.cut();
    closed.send('r', 'hello');
    closed.close();
    cloud.faults.unreachable = false;

    await cloud.until(() => texts(left).length === 1, 'sent');

    equal(texts(left), ['hello']);
  }),

  aDraftThatAnotherTabDiscardedIsNotSent: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    cloud.faults.unreachable = true;
    const [first, second] = [connect({ storage }), connect({ storage })];
    first.send('r', 'hello').catch(() => {});
    second.close();
    const third = connect({ storage });
    third.discard('r', drafts(third)[0].id);
    cloud.faults.unreachable = false;

    await cloud.pass(MINUTE);

    equal(cloud.table('r').messages, []);
    equal(drafts(first), []);
  }),

  whatATabSendsComesAfterWhatAnotherOneFinished: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    const client = connect({ storage });
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    const { you } = client.room('r') ?? {};
    cloud.faults.lostPushes = cloud.faults.gatewayErrors = 1;
    ['one', 'two', 'three'].forEach((text) => client.send('r', text).catch(() => {}));
    const { id, message } = drafts(client)[1];
    const ahead = (cloud.time.now + 10 * MINUTE) * 1000;
    cloud.table('r').write(
      { id, message, user: `${you?.user}`, sender: `${you?.sender}`, after: ahead }, () => {});
    await cloud.until(() => cloud.table('r').messages.some((m) => m.id === id), 'written');
    storage.removeItem(`parley.draft/r/${id}`);
    cloud.faults.lostPushes = cloud.faults.gatewayErrors = 0;

    await cloud.until(() => equalToTheTable(cloud, client) && texts(client).length === 3, 'equal');

    equal(texts(client), ['one', 'two', 'three']);
    equal(drafts(client), []);
  }),

  aRefusalDoesNotUndoASendThatWasAnsweredMeanwhile: inACloud(async (cloud, connect) => {
    const client = connect({ waits: { backOffMs: 0 } });
    await cloud.pass(10 * SECOND); // The next ping, which would tell of what was lost, is far.
    cloud.faults.lostPushes = 1;
    const ahead = (cloud.time.now + 10 * MINUTE) * 1000;
    const handle = cloud.handle.bind(cloud);
    let attempts = 0;
    cloud.handle = (socket, frame) => {
      if (frame.action === 'sendMessage') attempts++;
      if (frame.action !== 'sendMessage' || attempts > 2) {
        handle(socket, frame);
      } else if (attempts === 1) {
        socket.deliver({ message: 'Internal server error' });
        cloud.time.after(SECOND, () => handle(socket, { ...frame, after: ahead }));
      } else {
        const refusal = { type: 'error', code: 'rate_limited', message: '', retryAfterMs: 500 };
        cloud.time.after(20 * SECOND, () => socket.deliver({ ...refusal, ref: frame.ref }));
      }
    };
    ['one', 'two'].forEach((text) => client.send('r', text));
    await cloud.until(() => cloud.table('r').messages.length === 2, 'written');
    cloud.faults.lostPushes = 0;

    await cloud.until(() => equalToTheTable(cloud, client) && texts(client).length === 2, 'equal');

    equal(texts(client), ['one', 'two']);
  }),

  anOldAttemptIsLookedUpAndFound: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    const before = connect({ storage });
    for (let i = 0; i < 60; i++) cloud.say('r', `before ${i}`);
    await cloud.until(() => texts(before).length > 0, 'joined');
    cloud.faults.lostReplies = cloud.faults.lostPushes = 1;
    before.send('r', 'hello');
    await cloud.until(() => cloud.table('r').messages.some((m) => m.message === 'hello'), 'written');
    before.close();
    cloud.faults.lostReplies = cloud.faults.lostPushes = 0;
    await cloud.sleep(21 * HOUR);
    for (let i = 0; i < 60; i++) cloud.say('r', `later ${i}`);
    await cloud.pass(10 * SECOND);
    const sends = cloud.received.filter((f) => f.action === 'sendMessage').length;

    const after = connect({ storage });
    await cloud.until(() => equalToTheTable(cloud, after), 'equal');

    equal(cloud.table('r').messages.filter((m) => m.message === 'hello').length, 1);
    equal(cloud.received.filter((f) => f.action === 'sendMessage').length, sends, 'not sent again:');
  }),

  anOldAttemptIsLookedUpAfterASleepToo: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.faults.lostReplies = cloud.faults.lostPushes = 1;
    client.send('r', 'hello');
    await cloud.until(() => cloud.table('r').messages.length === 1, 'written');
    cloud.faults.unreachable = true;
    cloud.cut();
    await cloud.sleep(30 * HOUR);
    cloud.table('r').rows.length = cloud.table('r').messages.length = 0; // It has to ask for it.
    const sends = cloud.received.filter((f) => f.action === 'sendMessage').length;
    Object.assign(cloud.faults, { lostReplies: 0, lostPushes: 0, unreachable: false });

    await cloud.until(() => drafts(client)[0]?.state === 'failed', 'failed');

    equal(cloud.received.filter((f) => f.action === 'sendMessage').length, sends, 'not sent again:');
  }),

  anOldAttemptThatIsNotFoundHasFailed: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    const before = connect({ storage });
    await cloud.until(() => before.room('r')?.link === 'live', 'joined');
    cloud.faults.mute = true;
    before.send('r', 'hello');
    await cloud.pass(SECOND);
    before.close();
    cloud.faults.mute = false;
    await cloud.sleep(21 * HOUR);

    const after = connect({ storage });
    await cloud.until(() => drafts(after)[0]?.state === 'failed', 'failed');
    equal(cloud.table('r').messages, []);

    after.sendAgain('r', drafts(after)[0].id);
    await cloud.until(() => equalToTheTable(cloud, after) && texts(after).length === 1, 'equal');
  }),

  whatTheServerRefusesHasFailedAndIsRemembered: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    const client = connect({ storage });
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    const { handle } = cloud;
    cloud.handle = (socket, frame) => (frame.action !== 'sendMessage'
      ? handle.call(cloud, socket, frame)
      : socket.deliver({ type: 'error', code: 'id_reused', message: 'Used.', ref: frame.ref }));
    /** @type {unknown} */
    let refused = null;
    client.send('r', 'hello').catch((e) => { refused = e; });

    await cloud.until(() => refused !== null, 'refused');

    check(refused instanceof Refused && refused.code === 'id_reused', `${refused}`);
    client.close();
    equal(drafts(connect({ storage })).map((d) => [d.state, d.error]), [['failed', 'Used.']]);
  }),

  aSendThatHasToWaitWaits: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    const { handle } = cloud;
    cloud.handle = (socket, { action, ref }) => action === 'sendMessage' && socket.deliver(
      { type: 'error', code: 'rate_limited', message: 'Too many.', retryAfterMs: 700, ref });
    /** @type {unknown[]} */
    const refused = [];
    client.on('refused', ({ error, left }) => refused.push([error.code, left]));
    client.send('r', 'hello');
    await cloud.until(() => refused.length > 0, 'refused');
    equal(drafts(client).map((d) => d.state), ['waiting']);
    cloud.handle = handle;

    await cloud.until(() => equalToTheTable(cloud, client), 'equal');

    equal(refused, [['rate_limited', false]]);
    equal(texts(client), ['hello']);
  }),

  aRoomThatCannotBeJoinedIsLeft: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    const { handle } = cloud;
    cloud.handle = (socket, frame) => (frame.room !== 's' ? handle.call(cloud, socket, frame)
      : socket.deliver({ type: 'error', code: 'too_many_rooms', message: '', ref: frame.ref }));
    /** @type {unknown} */
    let told = null;
    client.on('refused', ({ room, left }) => { told = [room, left]; });
    /** @type {unknown} */
    let reason = null;
    client.join('s').catch((e) => { reason = e; });

    await cloud.until(() => told !== null && reason !== null, 'refused');

    equal(told, ['s', true]);
    check(reason instanceof Refused && reason.code === 'too_many_rooms', `${reason}`);
    equal(client.rooms, ['r']);
  }),

  aConnectionThatIsBeingClosedIsMadeAgain: inACloud(async (cloud, connect) => {
    const { handle } = cloud;
    cloud.handle = (socket, frame) => {
      if (frame.action !== 'join') {
        handle.call(cloud, socket, frame);
        return;
      }
      socket.deliver({ type: 'error', code: 'not_connected', message: '', ref: frame.ref });
      cloud.handle = handle;
    };
    const client = connect();

    await cloud.until(() => client.room('r')?.link === 'live', 'joined');

    equal(cloud.opened, 2);
  }),

  moreRoomsThanTheAddressNamesAreJoinedByFrame: inACloud(async (cloud, connect) => {
    const rooms = Array.from({ length: 50 }, (_, i) => `room-${i}`);
    const client = connect({ rooms });

    await cloud.until(() => rooms.every((name) => client.room(name)?.link === 'live'), 'joined');

    equal([...cloud.open].map((socket) => socket.rooms.size), [50]);
  }),

  aHoleIsRepaired: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    await cloud.pass(10 * SECOND);
    cloud.faults.lostPushes = 1;
    cloud.say('r', 'lost');
    await cloud.pass(10 * SECOND);
    cloud.faults.lostPushes = 0;
    const pings = cloud.received.filter((f) => f.action === 'ping').length;
    cloud.say('r', 'came');

    await cloud.until(() => equalToTheTable(cloud, client), 'equal');

    equal(texts(client), ['lost', 'came']);
    equal(cloud.received.filter((f) => f.action === 'ping').length, pings, 'by its prev:');
  }),

  aLastPushThatIsLostIsFoundByAPing: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.faults.lostPushes = 1;
    cloud.say('r', 'lost');

    await cloud.pass(70 * SECOND);

    equal(texts(client), ['lost']);
  }),

  whatAFreshMembershipMissesIsFoundSoon: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    cloud.faults.lostPushes = 1; // The index does not know it yet.
    cloud.say('r', 'unheard');

    await cloud.pass(10 * SECOND);

    equal(texts(client), ['unheard']);
  }),

  anotherConnectionIsTriedWithAtOnce: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    const { handle } = cloud;
    cloud.handle = (socket, frame) => (frame.action === 'sendMessage'
      ? socket.deliver({ message: 'Internal server error' }) : handle.call(cloud, socket, frame));
    client.send('r', 'hello');
    await cloud.pass(10 * MINUTE);
    cloud.handle = handle;
    client.reconnect();

    await cloud.pass(500);

    equal(cloud.table('r').messages.map((m) => m.message), ['hello']);
  }),

  whatIsMissingIsThereAfterSync: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.faults.lostPushes = 1;
    cloud.say('r', 'lost');
    await cloud.until(() => cloud.table('r').head !== null, 'handed out');
    let synced = false;
    client.sync().then(() => { synced = true; });

    await cloud.until(() => synced, 'synced');

    equal(texts(client), ['lost']);
  }),

  aMembershipThatIsGoneIsTakenAgain: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.prune();
    cloud.say('r', 'unheard');

    await cloud.pass(70 * SECOND);
    equal(texts(client), ['unheard']);

    cloud.prune();
    client.send('r', 'hello');
    await cloud.until(() => equalToTheTable(cloud, client), 'equal');
    equal(texts(client), ['unheard', 'hello']);
  }),

  aConnectionThatIsLostIsMadeAgainAndCatchesUp: inACloud(async (cloud, connect) => {
    const client = connect();
    for (let i = 0; i < 30; i++) cloud.say('r', `before ${i}`);
    await cloud.pass(10 * SECOND);
    cloud.faults.unreachable = true;
    cloud.cut();
    equal(client.state.phase, 'offline');
    for (let i = 0; i < 250; i++) cloud.say('r', `missed ${i}`);
    await cloud.pass(5 * MINUTE);
    cloud.faults.unreachable = false;

    await cloud.until(() => equalToTheTable(cloud, client), 'equal');

    equal(texts(client).length, 280);
  }),

  whoeverIsFarBehindSeesTheNewestPageAndTheRestOnDemand: inACloud(async (cloud, connect) => {
    const client = connect();
    cloud.say('r', 'first');
    await cloud.pass(10 * SECOND);
    cloud.faults.unreachable = true;
    cloud.cut();
    for (let i = 0; i < 1_500; i++) cloud.say('r', `missed ${i}`);
    await cloud.pass(MINUTE);
    cloud.faults.unreachable = false;

    await cloud.until(() => equalToTheTable(cloud, client), 'equal');
    check((client.room('r')?.from ?? 0) > 0, 'it fetched everything');
    equal(texts(client).length, 50);

    client.older('r');
    await cloud.until(() => texts(client).length === 100, 'older');
    check(equalToTheTable(cloud, client), 'older messages do not adjoin');
  }),

  whatIsHeldOfARoomIsBounded: inACloud(async (cloud, connect) => {
    const client = connect({ messagesMax: 200 });
    await cloud.pass(10 * SECOND);
    for (let i = 0; i < 3_000; i++) {
      cloud.say('r', `m${i}`);
      if (i % 100 === 0) await cloud.pass(100);
      check(texts(client).length <= 200, `${texts(client).length} are held`);
    }
    await cloud.until(() => equalToTheTable(cloud, client) && texts(client).length > 0, 'equal');
  }),

  aSocketFromWhichNothingComesIsGivenUp: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.forget();
    cloud.say('r', 'unheard');

    await cloud.pass(client.waits.pingMs + client.waits.replyMs + 10 * SECOND);

    equal(texts(client), ['unheard']);
  }),

  aMachineThatHasSleptLooksAtOnceWhetherItIsStillConnected: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.faults.mute = true;
    cloud.say('r', 'unheard');
    await cloud.sleep(HOUR);
    cloud.forget();
    cloud.faults.mute = false;

    await cloud.pass(20 * SECOND);

    equal(texts(client), ['unheard']);
  }),

  theConnectionIsReplacedBeforeItIsTwoHoursOld: inACloud(async (cloud, connect) => {
    const client = connect();
    /** @type {string[]} */
    const phases = [];
    await cloud.pass(10 * SECOND);
    client.on('state', ({ phase }) => phases.push(phase));
    let most = 0;
    for (let i = 0; i < 20 * 60; i++) {
      if (i % 60 === 0) cloud.say('r', `m${i}`);
      await cloud.pass(MINUTE, () => {
        check(cloud.open.size > 0, 'there was no socket');
        most = Math.max(most, cloud.open.size);
        return false;
      });
    }

    equal(new Set(phases), new Set(['connected']));
    equal(most, 2);
    check(cloud.opened >= 10 && cloud.opened <= 13, `${cloud.opened} sockets in 20 hours`);
    check(equalToTheTable(cloud, client), 'something is missing');
  }),

  anotherNameIsTakenWithoutAGap: inACloud(async (cloud, connect) => {
    const client = connect({ name: 'Ada' });
    await cloud.pass(10 * SECOND);
    client.rename('Augusta');
    client.send('r', 'hello');
    await cloud.pass(10 * SECOND);
    client.send('r', 'again');

    await cloud.until(() => equalToTheTable(cloud, client) && texts(client).length === 2, 'equal');

    equal(client.room('r')?.messages.at(-1)?.sender, 'Augusta');
  }),

  aRoomThatWasQuitIsNotJoinedAgainByALateReply: inACloud(async (cloud, connect) => {
    const client = connect();
    for (let i = 0; i < 10; i++) {
      client.join('s').catch(() => {});
      await cloud.pass(3);
      client.quit('s');
      await cloud.pass(10 * SECOND);
      equal([...cloud.open].map((socket) => [...socket.rooms]), [['r']]);
    }

    client.join('s');
    await cloud.pass(10 * SECOND);
    equal([...cloud.open].map((socket) => [...socket.rooms]), [['r', 's']]);
  }),

  whoNamesNoRoomIsInNone: inACloud(async (cloud, connect) => {
    connect({ rooms: [] });

    await cloud.pass(10 * SECOND);

    equal([...cloud.open].map((socket) => [...socket.rooms]), [[]]);
  }),

  aBurstIsToldAsFewChanges: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    let changes = 0;
    client.on('change', () => changes++);
    const began = cloud.time.now;
    for (let i = 0; i < 1_000; i++) cloud.say('r', `m${i}`);

    await cloud.until(() => texts(client).length === 1_000, 'all');

    const most = (cloud.time.now - began) / client.waits.changeMs + 2;
    check(changes <= most, `${changes} changes, at most ${most} were to be told`);
  }),

  aListenerThatFailsHarmsNobody: inACloud(async (cloud, connect) => {
    const { reportError } = globalThis;
    let reported = 0;
    globalThis.reportError = () => { reported++; };
    try {
      const client = connect();
      client.on('change', () => { throw new Error('mine'); });
      let told = 0;
      const stop = client.on('change', () => told++);
      await cloud.pass(10 * SECOND);
      check(told > 0 && reported >= told, `told ${told}, reported ${reported}`);

      stop();
      const before = told;
      client.send('r', 'hello');
      await cloud.pass(10 * SECOND);
      equal(told, before);
    } finally {
      globalThis.reportError = reportError;
    }
  }),

  /** A frame holds 32 KB, an address 4,096 characters. */
  theLongestThatMayBeSaidFitsAFrameAndAnAddress: inACloud(async (cloud, connect) => {
    const rooms = Array.from({ length: 50 }, (_, i) => String(i).padStart(64, '_'));
    const client = connect({ name: '\u{1F600}'.repeat(64), rooms });
    await cloud.until(() => rooms.every((r) => client.room(r)?.link === 'live'), 'all are joined');
    for (const c of ['\u0001', '\uFFFF', '\u{1F600}', '"']) {
      client.send(rooms[0], `.${c.repeat(3_998)}.`);
    }
    await cloud.until(() => drafts(client, rooms[0]).length === 0, 'all is said');

    check(cloud.addressMax <= 4_096 - 1_024, `an address of ${cloud.addressMax}, and a token`);
    const frames = cloud.received.map((f) => new TextEncoder().encode(JSON.stringify(f)).length);
    check(Math.max(...frames) > 24_000, 'the frames were not long');
    check(Math.max(...frames) <= 32 * 1024, `a frame of ${Math.max(...frames)} bytes`);
  }),

  namesAndTextsAreCleanedBeforeTheyAreSent: inACloud(async (cloud, connect) => {
    const client = connect({ name: '\u202eAda\u00a0 Lovelace\uffff ' });
    await cloud.until(() => client.room('r')?.link === 'live', 'it is joined');
    equal(client.room('r')?.you?.sender, 'Ada Lovelace');

    client.send('r', '\ufeff\u00a0\u001chello\u200b\n');
    await cloud.until(() => drafts(client).length === 0, 'it is said');
    equal(cloud.table('r').messages.map((m) => m.message), ['hello']);

    client.rename('x'.repeat(65));
    await cloud.until(() => client.room('r')?.you?.sender !== 'Ada Lovelace', 'it is renamed');
    equal(client.room('r')?.you?.sender, 'x'.repeat(64));
  }),

  whatCannotBeUsedIsRefusedAndChangesNothing: inACloud(async (cloud, connect) => {
    const client = connect();
    /** @type {[string, (options: any, client: any) => void][]} */
    const wrong = [
      ['url', () => new Client(/** @type {any} */ ({}))],
      ['url', () => new Client({ url: '' })],
      ['rooms', () => new Client({ url: 'ws://x/', rooms: /** @type {any} */ ('r') })],
      ['room', () => new Client({ url: 'ws://x/', rooms: ['no room'] })],
      ['name', () => new Client({ url: 'ws://x/', name: ' ' })],
      ['name', () => new Client({ url: 'ws://x/', name: '\u3164' })],
      ['waits', () => new Client({ url: 'ws://x/', waits: /** @type {any} */ ({ pongMs: 1 }) })],
      ['waits.pingMs', () => new Client({ url: 'ws://x/', waits: { pingMs: -1 } })],
      ['messagesMax', () => new Client({ url: 'ws://x/', messagesMax: 1 })],
      ['room', () => client.join('$connection')],
      ['room', () => client.send('s', 'hello')],
      ['text', () => client.send('r', ' ')],
      ['text', () => client.send('r', '\u3164')],
      ['text', () => client.send('r', 'x'.repeat(4_001))],
      ['id', () => client.sendAgain('r', 'nothing')],
      ['name', () => client.rename('\u0007')],
      ['listener', () => client.on('change', /** @type {any} */ (null))],
    ];
    for (const [what, call] of wrong) {
      try {
        call(null, null);
      } catch (e) {
        check(e instanceof Error && e.message.startsWith(`${what}: `), `${what}, but: ${e}`);
        continue;
      }
      throw new Error(`${call} was taken`);
    }
    await cloud.pass(SECOND);
    equal([client.rooms, cloud.opened, drafts(client)], [['r'], 1, []]);
  }),

  aClockThatIsSetBackChangesNothing: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    let changes = 0;
    client.on('change', () => changes++);
    cloud.wallErrorMs = -24 * HOUR;
    cloud.say('r', 'hello');
    await cloud.pass(10 * SECOND);
    check(changes > 0, 'no change was told');

    cloud.faults.lostPushes = 1;
    cloud.say('r', 'lost');
    await cloud.pass(70 * SECOND);
    equal(texts(client), ['hello', 'lost'], 'it pings:');

    await cloud.pass(3 * HOUR);
    equal(cloud.opened, 2, 'the connection is replaced:');
  }),

  aClockThatIsSetForwardIsAHintToLook: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.forget();
    cloud.say('r', 'unheard');
    cloud.wallErrorMs = MINUTE;

    await cloud.pass(20 * SECOND);

    equal(texts(client), ['unheard']);
  }),

  aSendIsRepeatedThoughTheClockOfTheMachineIsSet: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    const before = connect({ storage });
    await cloud.pass(10 * SECOND);
    const { handle } = cloud;
    cloud.handle = (socket, frame) => (frame.action !== 'sendMessage' ? handle.call(cloud, socket, frame)
      : socket.deliver({ message: 'Internal server error' }));
    before.send('r', 'hello');
    for (const days of [2, -2, 20, -2_000]) {
      cloud.wallErrorMs = days * 24 * HOUR;
      await cloud.pass(2 * MINUTE);
      equal(drafts(before).map((d) => d.state), ['queued'], `${days} days:`);
    }
    before.close();
    cloud.handle = handle;

    const after = connect({ storage });
    await cloud.until(() => equalToTheTable(cloud, after) && texts(after).length > 0, 'equal');

    equal(texts(after), ['hello']);
  }),

  aDraftThatWasTriedInTheFutureIsLookedUp: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    const future = cloud.time.now + 48 * HOUR;
    const own = { sender: 'Me', user: 'guest:secret' };
    cloud.table('r').write({ id: 'written', message: 'one', ...own }, () => {});
    await cloud.pass(10 * SECOND);
    for (const [id, message] of [['written', 'one'], ['unwritten', 'two']]) {
      storage.setItem(`parley.draft/r/${id}`, JSON.stringify({
        id, message, writtenAt: future, state: 'queued', triedAt: future, lastTriedAt: future }));
    }

    const client = connect({ storage, guest: 'secret', waits: { resendMsMax: 20 * HOUR } });
    await cloud.until(() => drafts(client)[0]?.state === 'failed', 'failed');

    equal(texts(client), ['one']);
    equal(drafts(client).map((d) => d.id), ['unwritten']);
    equal(cloud.received.filter((f) => f.action === 'sendMessage'), []);
  }),

  aDraftThatIsTooOldIsNotSentAndNotThrownAway: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    cloud.faults.unreachable = true;
    const before = connect({ storage });
    before.send('r', 'hello');
    before.close();
    cloud.faults.unreachable = false;
    cloud.wallErrorMs = 31 * 24 * HOUR;
    const later = connect({ storage });
    await cloud.pass(10 * SECOND);
    equal(drafts(later).map((d) => d.state), ['failed']);
    later.close();

    cloud.wallErrorMs = 0;
    const after = connect({ storage });
    await cloud.until(() => texts(after).length > 0, 'sent');
    equal(texts(after), ['hello'], 'it was the clock that was wrong:');
  }),

  aPauseThatTheServerAsksForIsBounded: inACloud(async (cloud, connect) => {
    for (const [room, retryAfterMs] of /** @type {[string, any][]} */ (
      [['r', 4_530_348], ['s', 2 ** 40], ['t', 'soon'], ['u', -5], ['v', []]])) {
      const client = connect({ rooms: [room] });
      await cloud.until(() => client.room(room)?.link === 'live', 'joined');
      const { handle } = cloud;
      let refusals = 0;
      cloud.handle = (socket, frame) => {
        if (frame.action !== 'sendMessage' || refusals++ > 0) handle.call(cloud, socket, frame);
        else {
          const reply = { type: 'error', code: 'rate_limited', message: '', ref: frame.ref };
          socket.deliver({ ...reply, retryAfterMs });
        }
      };
      client.send(room, 'hello');
      await cloud.pass(62 * SECOND);
      cloud.handle = handle;

      equal(texts(client, room), ['hello'], `${retryAfterMs}:`);
      equal(refusals, 2);
    }
  }),

  aMessageThatIsAheadOfItsTimeHidesNothingThatIsSaidNow: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    const ahead = content((cloud.time.now + HOUR) * 1000, 'ahead');
    cloud.table('r').put(ahead);
    await cloud.pass(10 * SECOND);
    equal(texts(client), ['ahead']);

    for (const when of ['away', 'reloaded']) {
      cloud.faults.unreachable = true;
      cloud.cut();
      cloud.say('r', `while ${when}`);
      await cloud.pass(MINUTE);
      cloud.faults.unreachable = false;
      await cloud.until(() => equalToTheTable(cloud, client), 'equal');
    }
    equal(texts(client), ['while away', 'while reloaded', 'ahead']);

    cloud.faults.lostPushes = 1;
    cloud.say('r', 'lost');
    await cloud.pass(70 * SECOND);
    equal(texts(client).slice(-2), ['lost', 'ahead']);
  }),

  aRoomWhoseNewestPageIsAheadShowsWhatIsSaidNow: inACloud(async (cloud, connect) => {
    cloud.say('r', 'before');
    await cloud.pass(10 * SECOND);
    const hourUs = HOUR * 1000;
    for (let i = 0; i < 130; i++) {
      cloud.table('r').put(content(cloud.time.now * 1000 + hourUs + i, `ahead ${i}`));
    }
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.say('r', 'now');

    await cloud.pass(10 * SECOND);

    equal(texts(client).slice(0, 3), ['before', 'now', 'ahead 0']);
    check(equalToTheTable(cloud, client), 'equal');
  }),

  aMessageThatIsAheadSilencesNobody: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.table('r').put(content((cloud.time.now + HOUR) * 1000, 'ahead'));
    await cloud.pass(10 * SECOND);
    const wanted = Array.from({ length: 20 }, (_, i) => `m${i}`);
    wanted.forEach((text) => client.send('r', text));

    await cloud.pass(30 * SECOND);

    equal(texts(client), [...wanted, 'ahead']);
  }),

  aHeadThatIsAheadAndNeverTurnsUpIsLookedForOnce: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.say('r', 'hello');
    await cloud.pass(10 * SECOND);
    cloud.table('r').head = (cloud.time.now + HOUR) * 1000;
    await cloud.pass(10 * MINUTE);
    equal(cloud.received.filter((f) => f.action === 'history').length, 1);

    cloud.faults.lostPushes = 1;
    cloud.say('r', 'lost');
    await cloud.pass(70 * SECOND);
    equal(texts(client), ['hello', 'lost']);
  }),

  whatCannotBeReadIsPassedOver: inACloud(async (cloud, connect) => {
    cloud.say('r', 'first');
    await cloud.pass(10 * SECOND);
    for (let i = 0; i < 220; i++) cloud.say('r', `odd ${i}`, true);
    await cloud.pass(10 * SECOND);
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    equal(texts(client), []);

    client.older('r');
    await cloud.pass(10 * SECOND);
    equal(texts(client), ['first']);
    equal(client.room('r')?.from, 0);

    const reads = cloud.received.filter((f) => f.action === 'history').length;
    cloud.say('r', 'second');
    await cloud.pass(2 * MINUTE);
    equal(texts(client), ['first', 'second']);
    equal(cloud.received.filter((f) => f.action === 'history').length, reads, 'nothing was missing:');

    cloud.faults.unreachable = true;
    cloud.cut();
    for (let i = 0; i < 250; i++) cloud.say('r', `odd again ${i}`, true);
    cloud.say('r', 'third');
    await cloud.pass(MINUTE);
    cloud.faults.unreachable = false;
    await cloud.until(() => equalToTheTable(cloud, client), 'equal');
    equal(texts(client), ['first', 'second', 'third']);
  }),

  anEmptyPageThatPromisesMoreStopsNobody: inACloud(async (cloud, connect) => {
    cloud.say('r', 'hello');
    await cloud.pass(10 * SECOND);
    const { handle } = cloud;
    cloud.handle = (socket, frame) => {
      if (frame.action !== 'join' && frame.action !== 'history') handle.call(cloud, socket, frame);
      else {
        cloud.received.push(frame);
        socket.rooms.add(frame.room);
        socket.deliver({ type: frame.action === 'join' ? 'joined' : 'history', room: frame.room,
          messages: [], more: true, complete: true, head: null, ref: frame.ref,
          you: { user: socket.user, sender: socket.sender, member: socket.member } });
      }
    };
    const client = connect();
    await cloud.pass(5 * MINUTE);
    equal(client.room('r')?.link, 'live');
    const reads = cloud.received.filter((f) => f.action === 'history' || f.action === 'join').length;
    check(reads < 10, `${reads} reads`);

    cloud.handle = handle;
    cloud.say('r', 'again');
    await cloud.until(() => texts(client).includes('again'), 'shown');
  }),

  whatIsOddInAFrameCostsItselfOnly: inACloud(async (cloud, connect) => {
    const client = connect({ rooms: ['r', 's'] });
    await cloud.pass(10 * SECOND);
    client.listMembers('r').catch(() => {});
    await cloud.pass(SECOND);
    const [socket] = cloud.open;
    const good = { ...content(cloud.time.now * 1000, 'good'), type: 'message', room: 'r', prev: null };
    const person = { type: 'presence', room: 'r', member: 'm', user: 'u', sender: 'U', state: 'in' };
    const sendMessage = cloud.handle;
    cloud.handle = (to, frame) => {
      if (frame.action !== 'sendMessage') sendMessage.call(cloud, to, frame);
    };
    client.send('s', 'unanswered as yet');
    await cloud.pass(SECOND);

    socket.deliver(/** @type {any} */ ([
      null, 5, 'text', [], [good], {}, { type: 7 }, { type: 'reaction' }, { type: 'message' },
      ...['timestamp', 'id', 'user', 'sender', 'message', 'prev', 'room'].flatMap((field) => (
        [undefined, {}, [], -1, 1.5].map((odd) => ({ ...good, id: 'odd', message: 'odd', [field]: odd })))),
      { ...good, timestamp: '5' }, { ...good, timestamp: 2 ** 53 },
      ...['member', 'user', 'sender', 'state', 'room'].flatMap((field) => (
        [undefined, null, {}, 7].map((odd) => ({ ...person, member: 'odd', [field]: odd })))),
      { type: 'sent', room: 's', id: {}, timestamp: 'x' }, { type: 'sent', room: {}, ref: [] },
      { type: 'pong' }, { type: 'error' }, { type: 'joined' }, { type: 'history', messages: 5 },
      good, person,
    ]));
    for (const frame of [null, 5, 'text', [[]]]) socket.deliver(/** @type {any} */ (frame));
    await cloud.pass(SECOND);

    equal(texts(client), ['good']);
    equal(people(/** @type {any} */ (client.room('r'))).map((p) => p.user).filter((u) => u === 'u'), ['u']);
    equal(drafts(client, 's').length, 1);
    equal(cloud.opened, 1);
  }),

  whatIsOddInAPageCostsItselfOnly: inACloud(async (cloud, connect) => {
    for (const message of ['one', 'two']) cloud.say('r', message);
    await cloud.pass(10 * SECOND);
    const { page } = cloud.table('r');
    const odd = [null, 5, [], [[]], {}, { timestamp: 'x' }, { timestamp: -1, message: 'odd' },
      ...['id', 'user', 'sender', 'message'].flatMap((field, f) => [null, {}, [], 7].map((value, v) => (
        { ...content(cloud.time.now * 1000 + 10 * f + v, 'odd'), [field]: value })))];
    cloud.table('r').page = function oddly(range) {
      const { messages, ...rest } = page.call(this, range);
      return { ...rest, messages: /** @type {any} */ ([...messages, ...odd]) };
    };
    const { handle } = cloud;
    cloud.handle = (socket, frame) => {
      if (frame.action === 'ping') {
        socket.deliver({ type: 'pong', time: {}, rooms: { r: 'x', s: [], t: null }, ref: frame.ref });
      } else if (frame.action === 'members' || frame.action === 'rooms') {
        const good = frame.action === 'rooms' ? { room: 'r', head: null }
          : { member: 'm', user: 'u', sender: 'U' };
        socket.deliver({ type: frame.action, [frame.action]: [null, 5, [], {}, good, { room: 5 }],
          cursor: {}, ref: frame.ref });
      } else handle.call(cloud, socket, frame);
    };
    const client = connect({ rooms: ['r', 's'] });
    await cloud.pass(10 * SECOND);
    client.listMembers('r');
    /** @type {unknown} */
    let rooms = null;
    client.listRooms().then((listed) => { rooms = listed.rooms; });
    await cloud.pass(2 * MINUTE);

    equal(texts(client), ['one', 'two']);
    equal([client.room('r')?.link, client.room('s')?.link], ['live', 'live']);
    equal(people(/** @type {any} */ (client.room('r'))).map((p) => p.user), ['u']);
    equal(rooms, [{ room: 'r', head: null }]);
    cloud.say('r', 'three');
    await cloud.until(() => texts(client).includes('three'), 'shown');
  }),

  aReplyThatIsNoneStopsNobody: inACloud(async (cloud, connect) => {
    const { handle } = cloud;
    const odd = [{}, { messages: null }, { messages: {}, you: 5, head: {} }, { you: { user: 7 } }];
    cloud.handle = (socket, frame) => {
      const reply = frame.action === 'join' ? odd.shift() : undefined;
      if (reply === undefined) handle.call(cloud, socket, frame);
      else socket.deliver({ type: 'odd', ...reply, ref: frame.ref });
    };
    const client = connect();
    for (let i = 0; i < 4; i++) {
      await cloud.pass(10 * SECOND);
      equal(client.room('r')?.link, 'live');
      cloud.cut();
    }
    client.send('r', 'hello');
    await cloud.until(() => equalToTheTable(cloud, client), 'equal');
    equal(texts(client), ['hello']);
  }),

  whatElseIsStoredUnderOurNamesIsUsedAsFarAsItCanBe: inACloud(async (cloud, connect) => {
    const storage = new MemoryStorage();
    const good = { id: 'good', message: 'good', writtenAt: cloud.time.now, state: 'queued' };
    const kept = {
      'no-json': '{', null: 'null', number: '5', text: '"x"', list: '[[], {}]', empty: '{}',
      other: JSON.stringify({ ...good, message: 'of another name' }),
      typed: JSON.stringify({ ...good, id: 'typed', message: { text: 'x' } }),
      'no room': JSON.stringify({ ...good, id: 'no room' }),
      huge: JSON.stringify({ ...good, id: 'huge', message: 'x'.repeat(1_000_000) }),
    };
    for (const [id, value] of Object.entries(kept)) storage.setItem(`parley.draft/r/${id}`, value);
    const used = [
      good,
      { ...good, id: 'odd', message: 'odd', state: 'sent', timestamp: 'x', error: {}, more: [] },
      { ...good, id: 'never', message: 'never', writtenAt: 'yesterday' },
      { ...good, id: 'tried', message: 'tried', triedAt: null, lastTriedAt: {}, after: -1 },
    ];
    for (const draft of used) storage.setItem(`parley.draft/r/${draft.id}`, JSON.stringify(draft));
    storage.setItem('parley.guest', '{"version": 2}');
    const client = connect({ storage });
    await cloud.until(() => drafts(client).every((d) => d.state === 'failed') && whole(
      /** @type {any} */ (client.room('r'))), 'done');
    await cloud.pass(10 * SECOND);

    equal(texts(client).sort(), ['good', 'odd']);
    equal(drafts(client).map((d) => d.id).sort(), ['never', 'tried'], 'these have failed:');
    for (const [id, value] of Object.entries(kept)) {
      equal(storage.getItem(`parley.draft/r/${id}`), value, 'it is not ours to remove:');
    }
    check(/^[A-Za-z0-9_-]{32}$/.test(storage.getItem('parley.guest') ?? ''), 'a secret was made');
    equal(cloud.opened, 1);
  }),

  aStorageThatFailsStopsNobody: inACloud(async (cloud, connect) => {
    const fails = () => { throw new DOMException('no', 'SecurityError'); };
    const full = new MemoryStorage();
    full.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
    const closed = { get length() { return fails(); }, getItem: fails, setItem: fails, removeItem: fails,
      key: fails };
    for (const [room, storage] of Object.entries({ full, closed, none: /** @type {any} */ (null) })) {
      const client = connect({ storage, rooms: [room] });
      client.send(room, 'hello');
      await cloud.until(() => equalToTheTable(cloud, client) && texts(client, room).length > 0, room);
    }
  }),

  async whateverFailsEveryClientShowsTheTableInTheEnd() {
    for (const seed of seeds(30)) {
      await inACloud((cloud, connect) => faultSchedule(seed, cloud, connect), seed)();
    }
  },
};

/**
 * Three clients talk for some minutes, in which pushes and replies are lost, doubled and late, sockets
 * are cut and go dead, pages are reloaded, machines sleep, clocks are set and rooms are quit, and others
 * write what is ahead of its time or cannot be read.
 *
 * @param {number} seed
 * @param {Cloud} cloud
 * @param {(options?: Partial<import('../client/client.js').Options>) => Client} connect
 */
async function faultSchedule(seed, cloud, connect) {
  const random = generator(seed);
  const storages = [1, 2, 3].map(() => new MemoryStorage());
  const clients = storages.map((storage) => connect({ storage, messagesMax: 200 }));
  const pick = () => Math.floor(random() * clients.length);
  let others = 0;
  /** What each has said. @type {string[][]} */
  const said = clients.map(() => []);
  /** @type {(() => void | Promise<void>)[]} */
  const troubles = [
    () => cloud.cut(),
    () => { cloud.faults.unreachable = !cloud.faults.unreachable; },
    () => { cloud.faults.mute = !cloud.faults.mute; },
    () => cloud.prune(),
    () => cloud.sleep(random() * 30 * MINUTE),
    () => { cloud.faults.latencyMs = random() < 0.5 ? 20 : 3_000; },
    () => {
      const i = pick();
      clients[i].close();
      clients[i] = connect({ storage: storages[i], messagesMax: 200 });
    },
    () => clients[pick()].rename(`Name ${Math.floor(random() * 100)}`),
    () => clients[pick()].reconnect(),
    () => { clients[pick()].older('r').catch(() => {}); },
    () => {
      const client = clients[pick()];
      client.quit('r');
      client.join('r').catch(() => {});
    },
    () => { cloud.wallErrorMs = (random() - 0.5) * 100 * MINUTE; },
    () => {
      const table = cloud.table('r');
      table.wrongClocks = random(); // Of others; nobody's own could stay in the order sent.
      for (let n = random() * 4; n > 0; n--) cloud.say('r', `other ${others++}`, random() < 0.5);
      table.wrongClocks = 0;
    },
  ];
  for (let i = 0; i < 40; i++) {
    for (const fault of /** @type {const} */ (
      ['lostPushes', 'doubledPushes', 'latePushes', 'lostReplies', 'gatewayErrors', 'refusals'])) {
      cloud.faults[fault] = random() < 0.5 ? 0 : random() * 0.5;
    }
    if (random() < 0.5) await troubles[Math.floor(random() * troubles.length)]();
    const talk = random() < 0.1 ? 40 : random() * 4;
    for (let n = 0; n < talk; n++) {
      const who = pick();
      if (drafts(clients[who]).length >= 40) continue;
      const text = `${i}.${n}`;
      clients[who].send('r', text);
      said[who].push(text);
    }
    await cloud.pass(random() * 20 * SECOND);
  }
  Object.assign(cloud.faults, { unreachable: false, mute: false, lostPushes: 0, doubledPushes: 0,
    latePushes: 0, lostReplies: 0, gatewayErrors: 0, refusals: 0, latencyMs: 20 });
  await cloud.pass(5 * MINUTE);

  check(equalToTheTable(cloud, ...clients), `seed ${seed}: a client does not show the table`);
  const written = cloud.table('r').messages.filter((m) => m.user !== 'guest:other').map((m) => m.message);
  equal([...written].sort(), said.flat().sort(), `seed ${seed}: each was written once:`);
  for (const own of said) {
    equal(written.filter((text) => own.includes(text)), own, `seed ${seed}: in the order sent:`);
  }
}
