/** What a client shows of a room, whatever was lost, late or malformed. */

import { people } from '../client/client.js';
import {
  content, drafts, equalToTheTable, HOUR, inACloud, MINUTE, SECOND, texts,
} from './clients.js';
import { check, equal } from './tools.js';

export default {
  aGapIsRepaired: inACloud(async (cloud, connect) => {
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

  aLostLastPushIsFoundByAPing: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.faults.lostPushes = 1;
    cloud.say('r', 'lost');

    await cloud.pass(70 * SECOND);

    equal(texts(client), ['lost']);
  }),

  aPushThatIsLostRightAfterAJoinIsFoundSoon: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    cloud.faults.lostPushes = 1; // The index does not know it yet.
    cloud.say('r', 'unheard');

    await cloud.pass(10 * SECOND);

    equal(texts(client), ['unheard']);
  }),

  syncFetchesWhatIsMissing: inACloud(async (cloud, connect) => {
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

  aForgottenMembershipIsRenewed: inACloud(async (cloud, connect) => {
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

  aLostConnectionIsReplacedAndCatchesUp: inACloud(async (cloud, connect) => {
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

  aClientThatIsFarBehindShowsTheNewestPageAndTheRestOnDemand: inACloud(async (cloud, connect) => {
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

  aMessageIsFoundHoweverOldItIs: inACloud(async (cloud, connect) => {
    for (let i = 0; i < 2_500; i++) cloud.say('r', `m${i}`);
    await cloud.pass(10 * SECOND);
    const { messages } = cloud.table('r');
    const client = connect();
    /** @type {unknown[]} */
    const found = [];
    const seek = async (/** @type {number} */ timestamp) => {
      client.older('r').catch(() => {}); // It waits for the page that is under way.
      const there = await client.seek('r', timestamp);
      found.push(there, texts(client).length);
    };
    const history = () => cloud.received.filter((f) => f.action === 'history').length;

    seek(messages[2_499].timestamp); // Before it is joined.
    await cloud.pass(10 * SECOND);
    equal([found.splice(0), history()], [[true, 50], 0]);

    seek(messages[2_200].timestamp);
    await cloud.pass(10 * SECOND);
    equal([found.splice(0), history()], [[true, 300], 3]);

    seek(messages[2_200].timestamp + 0.5); // None, in what is there.
    await cloud.pass(10 * SECOND);
    equal([found.splice(0)[0], history()], [false, 4]);

    seek(messages[0].timestamp);
    await cloud.pass(30 * SECOND);
    equal([found.splice(0), client.room('r')?.from, client.room('r')?.pinned], [[true, 2_500], 0, true]);
    check(equalToTheTable(cloud, client), 'older messages do not adjoin');

    seek(1);
    await cloud.pass(10 * SECOND);
    equal(found, [false, 2_500]);
    client.pin('r', false);
    equal(texts(client).length, 1_000);
  }),

  aMessageThatIsTooOldIsNotLookedForWithoutEnd: inACloud(async (cloud, connect) => {
    for (let i = 0; i < 3_200; i++) cloud.say('r', `m${i}`);
    await cloud.pass(10 * SECOND);
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    /** @type {boolean | null} */
    let found = null;
    client.seek('r', cloud.table('r').messages[0].timestamp).then((there) => { found = there; });

    await cloud.pass(MINUTE);

    equal([found, texts(client).length], [false, 3_050]);
    client.quit('r');
    client.join('r').catch(() => {});
    client.seek('r', 1).catch(() => { found = null; });
    client.quit('r');
    await cloud.pass(SECOND);
    equal(found, null, 'it ends with the room:');
  }),

  theNumberOfMessagesHeldIsBounded: inACloud(async (cloud, connect) => {
    const client = connect({ messagesMax: 200 });
    await cloud.pass(10 * SECOND);
    for (let i = 0; i < 3_000; i++) {
      cloud.say('r', `m${i}`);
      if (i % 100 === 0) await cloud.pass(100);
      check(texts(client).length <= 200, `${texts(client).length} are held`);
    }
    await cloud.until(() => equalToTheTable(cloud, client) && texts(client).length > 0, 'equal');
  }),

  aMessageFromTheFutureDoesNotHideLaterOnes: inACloud(async (cloud, connect) => {
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

  aRoomWhoseNewestPageIsFromTheFutureShowsCurrentMessages: inACloud(async (cloud, connect) => {
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

  aHeadFromTheFutureThatNeverComesIsLookedForOnce: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.say('r', 'hello');
    await cloud.pass(10 * SECOND);
    cloud.table('r').head = (cloud.time.now + HOUR) * 1000;
    await cloud.pass(10 * MINUTE);
    equal(cloud.received.filter((f) => f.action === 'history').length, 1);

    cloud.faults.lostPushes = 1;
    cloud.say('r', 'lost');
    await cloud.pass(9 * MINUTE);
    equal(texts(client), ['hello', 'lost']);
  }),

  unreadableRowsAreSkipped: inACloud(async (cloud, connect) => {
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

  anEmptyPageThatSaysMoreDoesNotStopTheClient: inACloud(async (cloud, connect) => {
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
          you: { user: socket.user, sender: socket.sender } });
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

  aMessageIsReportedOverWhateverConnectionThereIs: inACloud(async (cloud, connect) => {
    const client = connect();
    cloud.say('r', 'spam');
    await cloud.pass(10 * SECOND);
    const [{ timestamp }] = /** @type {any} */ (client.room('r')).messages;
    const { handle } = cloud;
    let refusals = 1;
    /** @type {any} */
    let received;
    cloud.handle = (socket, frame) => {
      if (frame.action === 'report') received ??= frame;
      if (frame.action !== 'report') handle.call(cloud, socket, frame);
      else if (refusals-- > 0) {
        const error = { type: 'error', code: 'rate_limited', message: '', retryAfterMs: 500 };
        socket.deliver({ ...error, ref: frame.ref });
      } else if (frame.timestamp === timestamp) {
        socket.deliver({ type: 'reported', room: frame.room, timestamp, ref: frame.ref });
      } else socket.deliver({ type: 'error', code: 'no_such_message', message: '', ref: frame.ref });
    };
    let reported = false;
    /** @type {any} */
    let refused = null;
    client.report('r', timestamp, ' An advertisement. ').then(() => { reported = true; });
    await cloud.pass(2 * SECOND);
    client.report('r', timestamp + 1, 'Why not?').catch((e) => { refused = e.code; });
    await cloud.pass(2 * SECOND);

    check(reported, 'it was not reported');
    equal(refused, 'no_such_message');
    equal([received.room, received.why], ['r', 'An advertisement.']);
    for (const odd of ['', ' \u200b ', 'x'.repeat(1_001), 7]) {
      /** @type {unknown} */
      let error;
      await client.report('r', timestamp, /** @type {any} */ (odd)).catch((e) => { error = e; });
      check(error instanceof TypeError || error instanceof RangeError, `${odd} was sent`);
    }
  }),

  malformedEventsDoNotAffectTheOthersOfTheirFrame: inACloud(async (cloud, connect) => {
    const client = connect({ rooms: ['r', 's'] });
    await cloud.pass(10 * SECOND);
    client.listMembers('r').catch(() => {});
    await cloud.pass(SECOND);
    const [socket] = cloud.open;
    const good = { ...content(cloud.time.now * 1000, 'good'), type: 'message', room: 'r', prev: null };
    const person = { type: 'presence', room: 'r', user: 'u', sender: 'U', state: 'in' };
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
      ...['user', 'sender', 'state', 'room'].flatMap((field) => (
        [undefined, null, {}, 7].map((odd) => ({ ...person, user: 'odd', [field]: odd })))),
      { type: 'sent', room: 's', id: {}, timestamp: 'x' }, { type: 'sent', room: {}, ref: [] },
      { type: 'pong' }, { type: 'error' }, { type: 'joined' }, { type: 'history', messages: 5 },
      good, person,
    ]));
    for (const frame of [null, 5, 'text', [[]]]) socket.deliver(/** @type {any} */ (frame));
    await cloud.pass(SECOND);

    equal(texts(client), ['good']);
    const there = people(/** @type {any} */ (client.room('r'))).map((p) => p.user);
    equal(there.filter((user) => !user.startsWith('guest:')), ['u']);
    equal(drafts(client, 's').length, 1);
    equal(cloud.opened, 1);
  }),

  malformedEntriesDoNotAffectTheOthersOfTheirPage: inACloud(async (cloud, connect) => {
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
          : { user: 'u', sender: 'U', connections: {} };
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
    equal(people(/** @type {any} */ (client.room('r'))), [{ user: 'u', sender: 'U', connections: 1 }]);
    equal(rooms, [{ room: 'r', head: null }]);
    cloud.say('r', 'three');
    await cloud.until(() => texts(client).includes('three'), 'shown');
  }),

  malformedJoinRepliesDoNotStopTheClient: inACloud(async (cloud, connect) => {
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
};
