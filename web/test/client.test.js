/**
 * What `client.js` promises of connections, rooms, arguments and events, against a Parley in which
 * anything may fail, in hours that take no time.
 */

import { Client, Refused } from '../client/client.js';
import { drafts, equalToTheTable, HOUR, inACloud, MINUTE, SECOND, texts } from './clients.js';
import { MemoryStorage } from './storage.js';
import { check, equal } from './tools.js';

export default {
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

  whoIsTakenOutOfARoomDoesNotComeBackByItself: inACloud(async (cloud, connect) => {
    const client = connect({ rooms: ['r', 's'] });
    /** @type {unknown[]} */
    const told = [];
    client.on('removed', (event) => told.push(event));
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    const [socket] = cloud.open;
    socket.rooms.delete('r');
    socket.deliver({ type: 'removed', room: 'r', reason: 'kicked' });
    socket.deliver({ type: 'removed', room: 'r', reason: 'kicked' });
    await cloud.pass(3 * HOUR);

    equal(told, [{ room: 'r', reason: 'kicked' }]);
    equal(client.rooms, ['s']);
    check(cloud.opened > 1, 'also on another connection');
    equal([...cloud.open].map(({ rooms }) => [...rooms]), [['s']]);

    client.join('r');
    await cloud.until(() => client.room('r')?.link === 'live', 'joined again');
  }),

  whoIsTakenOutOfTheLastRoomComesBackInNone: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    const [socket] = cloud.open;
    socket.rooms.delete('r');
    socket.deliver({ type: 'removed', room: 'r', reason: 'kicked' });
    await cloud.pass(MINUTE);
    /** @type {string[]} */
    const entered = [];
    const opened = cloud.opened;
    client.on('state', () => cloud.open.forEach(({ rooms }) => entered.push(...rooms)));
    cloud.cut();
    await cloud.pass(MINUTE);

    equal(cloud.opened, opened + 1);
    equal([client.state.phase, entered], ['connected', []]);
  }),

  aRemovalOfWhichNothingWasHeardIsTold: inACloud(async (cloud, connect) => {
    /** @type {Record<string, () => void>} */
    const ways = {
      ping: () => {},
      history: () => {
        cloud.faults.lostPushes = 1;
        cloud.say('r', 'unheard');
      },
      sendMessage: () => client.send('r', 'hello').catch(() => {}),
    };
    let client = connect({ rooms: [] });
    for (const [action, provoke] of Object.entries(ways)) {
      client.close();
      client = connect({ rooms: ['r'] });
      /** @type {unknown[]} */
      const told = [];
      client.on('removed', ({ reason }) => told.push(reason));
      await cloud.until(() => client.room('r')?.link === 'live', 'joined');
      await cloud.pass(10 * SECOND);
      const { handle } = cloud;
      const joins = cloud.received.filter((f) => f.action === 'join').length;
      cloud.handle = (socket, frame) => {
        if (frame.action === 'ping') {
          const time = Math.floor(cloud.time.now * 1000);
          const removed = action === 'ping' ? { removed: { r: 'banned' } } : {};
          const rooms = { r: action === 'ping' ? null : cloud.table('r').head ?? 0 };
          socket.deliver({ type: 'pong', time, rooms, ...removed, ref: frame.ref });
        } else if (frame.action === action) {
          socket.deliver({ type: 'error', code: 'removed', reason: 'banned', message: '', ref: frame.ref });
        } else handle.call(cloud, socket, frame);
      };
      provoke();

      await cloud.until(() => told.length > 0, action);
      await cloud.pass(HOUR);

      cloud.faults.lostPushes = 0;
      equal(told, ['banned']);
      equal(client.rooms, []);
      equal(cloud.received.filter((f) => f.action === 'join').length, joins);
      cloud.handle = handle;
    }
  }),

  aRoomThatTheUserMayNotBeInAnyMoreIsLeftOnTheNextConnection: inACloud(async (cloud, connect) => {
    for (const code of ['no_such_room', 'banned']) {
      const client = connect({ rooms: ['r', 's'] });
      /** @type {unknown[]} */
      const told = [];
      client.on('refused', ({ room, error, left }) => told.push([room, error.code, left]));
      await cloud.until(() => client.room('r')?.link === 'live', 'joined');
      const { handle } = cloud;
      cloud.handle = (socket, frame) => {
        if (frame.action !== 'join' || frame.room !== 'r') handle.call(cloud, socket, frame);
        else socket.deliver({ type: 'error', code, message: '', ref: frame.ref });
      };
      client.reconnect();

      await cloud.until(() => told.length > 0, 'refused');
      await cloud.pass(MINUTE);

      equal(told, [['r', code, true]]);
      equal(client.rooms, ['s']);
      cloud.handle = handle;
      client.close();
    }
  }),

  invitationsAreToldAndPrivateRoomsAreAskedForInFrames: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');
    /** @type {unknown[]} */
    const told = [];
    client.on('invited', (event) => told.push(event));
    const invitation = { room: 'p.1', title: null, user: 'u', sender: 'U', via: 'r' };
    const [socket] = cloud.open;
    socket.deliver([{ type: 'invitation', ...invitation }, { type: 'invitation', room: 'p.2' }]);
    await cloud.pass(SECOND);
    equal(told, [invitation]);

    const { handle } = cloud;
    /** @type {any[]} */
    const frames = [];
    const rooms = [{ room: 'p.1', head: null, title: 'T', role: 'owner' }];
    cloud.handle = (to, { ref, ...frame }) => {
      frames.push(frame);
      to.deliver({ type: 'any', room: 'p.1', rooms, cursor: null, ref });
    };
    /** @type {Promise<unknown>[]} */
    const done = [
      client.createRoom({ title: 'T' }),
      client.createRoom({ user: 'u', via: 'r' }),
      client.listMine(),
      client.invite('p.1', 'u', 'r'),
      client.setRole('p.1', 'u', 'moderator'),
      client.kick('p.1', 'u'),
      client.ban('p.1', 'u', 60),
      client.ban('p.1', 'u'),
      client.unban('p.1', 'u'),
      client.leave('p.1'),
    ];
    await cloud.pass(10 * SECOND);

    equal((await Promise.all(done)).slice(0, 3), ['p.1', 'p.1', { rooms, more: false }]);
    const asked = frames.filter(({ action }) => action !== 'ping').map((f) => JSON.stringify(f));
    equal(asked.sort(), [ // They arrive in any order.
      '{"action":"ban","room":"p.1","user":"u","seconds":60}',
      '{"action":"ban","room":"p.1","user":"u"}',
      '{"action":"createRoom","title":"T"}',
      '{"action":"createRoom","user":"u","via":"r"}',
      '{"action":"invite","room":"p.1","user":"u","via":"r"}',
      '{"action":"kick","room":"p.1","user":"u"}',
      '{"action":"leave","room":"p.1"}',
      '{"action":"rooms","mine":true}',
      '{"action":"setRole","room":"p.1","user":"u","role":"moderator"}',
      '{"action":"unban","room":"p.1","user":"u"}',
    ]);
    cloud.handle = handle;
  }),

  whoLeavesARoomForGoodIsNotInItAnyMore: inACloud(async (cloud, connect) => {
    const client = connect({ rooms: ['r', 's'] });
    await cloud.until(() => client.room('s')?.link === 'live', 'joined');
    const { handle } = cloud;
    cloud.handle = (socket, frame) => (frame.action !== 'leave' ? handle.call(cloud, socket, frame)
      : socket.deliver({ type: 'left', room: frame.room, ref: frame.ref }));
    client.leave('s');
    await cloud.pass(MINUTE);

    equal(client.rooms, ['r']);
    equal([...cloud.open].map(({ rooms }) => [...rooms]), [['r']]);
    cloud.handle = handle;
  }),

  whoDisconnectsStaysSoUntilItIsUndone: inACloud(async (cloud, connect) => {
    const client = connect({ name: 'Ada' });
    cloud.say('r', 'before');
    await cloud.pass(10 * SECOND);
    /** @type {string[]} */
    const phases = [];
    client.on('state', ({ phase }) => phases.push(phase));
    client.disconnect();
    cloud.say('r', 'meanwhile');
    client.send('r', 'unsent');
    client.join('s');
    client.rename('Augusta');
    let synced = false;
    client.sync().then(() => { synced = true; });
    for (const hint of ['online', 'focus', 'offline']) dispatchEvent(new Event(hint));
    cloud.show(false);
    cloud.show(true);
    await cloud.sleep(HOUR);
    await cloud.pass(3 * HOUR);

    equal([phases, client.state], [['disconnected'], { phase: 'disconnected' }]);
    equal([cloud.open.size, cloud.opened, synced], [0, 1, false]);
    equal([client.rooms, texts(client), drafts(client).length], [['r', 's'], ['before'], 1]);

    client.reconnect();
    await cloud.until(() => synced && equalToTheTable(cloud, client), 'equal');

    equal([phases, cloud.opened], [['disconnected', 'connecting', 'connected'], 2]);
    equal(texts(client), ['before', 'meanwhile', 'unsent']);
    equal(client.room('s')?.you?.sender, 'Augusta');
  }),

  whoDisconnectsInWhateverStateIsDisconnected: inACloud(async (cloud, connect) => {
    const client = connect();
    client.disconnect(); // While it connects.
    await cloud.pass(MINUTE);
    equal([client.state.phase, cloud.open.size], ['disconnected', 0]);

    cloud.faults.unreachable = true;
    client.reconnect();
    await cloud.until(() => client.state.phase === 'offline', 'offline');
    client.disconnect(); // While it waits to connect.
    cloud.faults.unreachable = false;
    await cloud.pass(HOUR);
    equal(client.state.phase, 'disconnected');

    client.close();
    client.disconnect();
    client.reconnect();
    await cloud.pass(MINUTE);
    equal([client.state.phase, cloud.open.size], ['closed', 0]);
  }),

  theGatewayTellsWhatItKnowsOfTheConnection: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    /** @type {any} */
    let told = null;
    client.whoAmI().then((known) => { told = known; });
    await cloud.pass(SECOND);

    const [socket] = cloud.open;
    equal(told, { connectionId: '1', connectedAt: new Date(socket.openedMs).toISOString(),
      lastActiveAt: told.lastActiveAt, identity: { sourceIp: '127.0.0.1', userAgent: null } });
    check(told.lastActiveAt > told.connectedAt, told.lastActiveAt);

    const { handle } = cloud;
    cloud.handle = (to, { ref }) => to.deliver({ type: 'error', code: 'unknown_action', message: '', ref });
    client.whoAmI().catch((e) => { told = e; });
    await cloud.pass(SECOND);
    check(told instanceof Refused && told.code === 'unknown_action', 'the gateway is too busy');
    cloud.handle = handle;
  }),

  aRoomHasTheTitleThatItsJoinTells: inACloud(async (cloud, connect) => {
    cloud.titles.set('p.1', 'Plans');
    const client = connect({ rooms: ['r', 'p.1'] });
    equal(client.room('p.1')?.title, null);
    await cloud.pass(10 * SECOND);

    equal(client.rooms.map((name) => client.room(name)?.title), [null, 'Plans']);
    cloud.cut();
    equal(client.room('p.1')?.title, 'Plans', 'while it is offline:');
  }),

  aConnectionThatTheServerIsClosingIsReplaced: inACloud(async (cloud, connect) => {
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

  roomsBeyondThoseInTheAddressAreJoinedByFrame: inACloud(async (cloud, connect) => {
    const rooms = Array.from({ length: 50 }, (_, i) => `room-${i}`);
    const client = connect({ rooms });

    await cloud.until(() => rooms.every((name) => client.room(name)?.link === 'live'), 'joined');

    equal([...cloud.open].map((socket) => socket.rooms.size), [50]);
  }),

  aSilentSocketIsGivenUp: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.forget();
    cloud.say('r', 'unheard');

    await cloud.pass(client.waits.pingMs + client.waits.replyMs + 10 * SECOND);

    equal(texts(client), ['unheard']);
  }),

  afterASleepTheConnectionIsProbedAtOnce: inACloud(async (cloud, connect) => {
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

  renamingReplacesTheConnectionAndLosesNothing: inACloud(async (cloud, connect) => {
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

  aClientWithoutRoomsIsInNone: inACloud(async (cloud, connect) => {
    connect({ rooms: [] });

    await cloud.pass(10 * SECOND);

    equal([...cloud.open].map((socket) => [...socket.rooms]), [[]]);
  }),

  aBurstOfMessagesIsToldAsFewChanges: inACloud(async (cloud, connect) => {
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

  aListenerThatThrowsDoesNotAffectOthers: inACloud(async (cloud, connect) => {
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
  theLongestMessageFitsAFrameAndTheLongestNamesFitTheAddress: inACloud(async (cloud, connect) => {
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

  invalidArgumentsAreRefusedAndChangeNothing: inACloud(async (cloud, connect) => {
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

  aClockThatIsSetForwardMakesTheClientProbe: inACloud(async (cloud, connect) => {
    const client = connect();
    await cloud.pass(10 * SECOND);
    cloud.forget();
    cloud.say('r', 'unheard');
    cloud.wallErrorMs = MINUTE;

    await cloud.pass(20 * SECOND);

    equal(texts(client), ['unheard']);
  }),

  aStorageThatThrowsDoesNotStopTheClient: inACloud(async (cloud, connect) => {
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
};
