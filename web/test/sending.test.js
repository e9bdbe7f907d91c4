/** What becomes of sends, whatever fails. */

import { isCaughtUp, Refused } from '../client/client.js';
import {
  content, drafts, equalToTheTable, HOUR, inACloud, MINUTE, SECOND, texts,
} from './clients.js';
import { MemoryStorage } from './storage.js';
import { check, equal } from './tools.js';

export default {
  aMessageReachesAllMembersAndItsSendResolves: inACloud(async (cloud, connect) => {
    const [ada, bob] = [connect({ name: 'Ada' }), connect({ name: 'Bob' })];
    let sent = null;
    ada.send('r', ' hello ').then((s) => { sent = s; });

    await cloud.until(() => equalToTheTable(cloud, ada, bob) && texts(bob).length === 1, 'equal');

    equal(texts(ada), ['hello']);
    const [{ id, timestamp, sender }] = cloud.table('r').messages;
    equal(sent, { id, timestamp });
    equal(sender, 'Ada');
  }),

  aSendThatIsAnsweredIsToldWithItsTrace: inACloud(async (cloud, connect) => {
    const ada = connect({ name: 'Ada' });
    /** @type {any[]} */
    const sent = [];
    ada.on('sent', (event) => sent.push(event));
    ada.send('r', 'untraced');
    await cloud.until(() => equalToTheTable(cloud, ada) && texts(ada).length === 1, 'equal');
    cloud.trace = '1-5759e988-bd862e3fe1be46a994272793';
    ada.send('r', 'traced');
    await cloud.until(() => sent.length === 2, 'both are told');

    const [first, second] = cloud.table('r').messages;
    equal(sent, [
      { room: 'r', id: first.id, timestamp: first.timestamp },
      { room: 'r', id: second.id, timestamp: second.timestamp, trace: cloud.trace },
    ]);
  }),

  howLongALiveMessageTookIsToldOnceTheServersTimeIsKnown: inACloud(async (cloud, connect) => {
    const [ada, bob] = [connect({ name: 'Ada' }), connect({ name: 'Bob' })];
    /** @type {any[]} */
    const shown = [];
    bob.on('shown', ({ room, messages }) => shown.push(...messages.map((m) => ({ room, ...m }))));
    await cloud.until(() => bob.room('r')?.link === 'live', 'joined');
    let timed = false;
    bob.sync().then(() => { timed = true; }); // a pong has told the time then
    await cloud.until(() => timed, 'the time is known');

    ada.send('r', 'hello');
    await cloud.until(() => equalToTheTable(cloud, ada, bob) && shown.length === 1, 'it is told');

    const [{ id, timestamp }] = cloud.table('r').messages;
    equal([shown[0].room, shown[0].id, shown[0].timestamp], ['r', id, timestamp]);
    check(shown[0].ms >= 0 && shown[0].ms < MINUTE, `it took ${shown[0].ms} ms`);
  }),

  aMessageThatIsPushedTwiceIsToldAsShownOnce: inACloud(async (cloud, connect) => {
    const [ada, bob] = [connect({ name: 'Ada' }), connect({ name: 'Bob' })];
    /** @type {number[]} */
    const shown = [];
    bob.on('shown', ({ messages }) => shown.push(...messages.map((m) => m.timestamp)));
    await cloud.until(() => bob.room('r')?.link === 'live', 'joined');
    let timed = false;
    bob.sync().then(() => { timed = true; });
    await cloud.until(() => timed, 'the time is known');
    cloud.faults.doubledPushes = 1;

    for (const text of ['one', 'two', 'three']) {
      ada.send('r', text);
      await cloud.pass(SECOND);
    }

    equal(texts(bob), ['one', 'two', 'three']);
    equal(shown, cloud.table('r').messages.map((m) => m.timestamp));
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

  messagesWrittenOfflineAreSentAfterAReload: inACloud(async (cloud, connect) => {
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

  anUnansweredSendIsNotDoubledByAReload: inACloud(async (cloud, connect) => {
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

  aTabSendsTheDraftsOfAClosedTab: inACloud(async (cloud, connect) => {
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

  aSendComesAfterTheDraftThatAnotherTabHasFinished: inACloud(async (cloud, connect) => {
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

  aLateRefusalDoesNotUndoASendThatWasAnswered: inACloud(async (cloud, connect) => {
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

  aRefusedSendHasFailedAndIsRemembered: inACloud(async (cloud, connect) => {
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

  aRateLimitedSendWaitsAndIsSent: inACloud(async (cloud, connect) => {
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

  aNewConnectionSendsWaitingDraftsAtOnce: inACloud(async (cloud, connect) => {
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

  aMessageFromTheFutureDoesNotStopSends: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.table('r').put(content((cloud.time.now + HOUR) * 1000, 'ahead'));
    await cloud.pass(10 * SECOND);
    const wanted = Array.from({ length: 20 }, (_, i) => `m${i}`);
    wanted.forEach((text) => client.send('r', text));

    await cloud.pass(30 * SECOND);

    equal(texts(client), [...wanted, 'ahead']);
  }),

  aSendIsRepeatedEvenIfTheClockIsSet: inACloud(async (cloud, connect) => {
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

  storedDraftsAreUsedAsFarAsTheyAreWellFormedAndKept: inACloud(async (cloud, connect) => {
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
    await cloud.until(() => drafts(client).every((d) => d.state === 'failed') && isCaughtUp(
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
};
