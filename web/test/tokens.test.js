/** What the client does with a token: shows it, renews it in time, and survives that it expires. */

import { equalToTheTable, HOUR, inACloud, MINUTE, SECOND, texts } from './clients.js';
import { check, equal } from './tools.js';

/**
 * A source of tokens, each of which lives for a while, and when they were taken from it.
 *
 * @param {import('./cloud.js').Cloud} cloud
 * @param {number} lifeMs
 */
function source(cloud, lifeMs, user = 'ada') {
  /** @type {number[]} */
  const takenMs = [];
  return {
    takenMs,
    token() {
      takenMs.push(cloud.time.now);
      return `${user}.${Math.floor(cloud.time.now + lifeMs)}`;
    },
  };
}

/** @param {import('./cloud.js').Cloud} cloud */
const auths = (cloud) => cloud.received.filter(({ action }) => action === 'auth');

export default {
  whoHasATokenIsThatUserAndNoGuest: inACloud(async (cloud, connect) => {
    const client = connect({ token: () => `ada.${cloud.time.now + HOUR}`, name: 'Somebody' });
    await cloud.until(() => client.room('r')?.link === 'live', 'joined');

    equal(client.room('r')?.you, { user: 'ada', sender: 'ada' });
  }),

  theAdminRoleIsThatOfTheTokenThatWasShownLast: inACloud(async (cloud, connect) => {
    let role = '';
    const token = () => `ada.${Math.floor(cloud.time.now + 10 * MINUTE)}${role}`;
    const client = connect({ token, rooms: ['r', 's'] });
    const you = () => client.rooms.map((name) => client.room(name)?.you);
    await cloud.until(() => you().every((known) => known != null), 'joined');
    const ada = { user: 'ada', sender: 'ada' };
    equal(you(), [ada, ada]);

    role = '.admin';
    await cloud.pass(9 * MINUTE);
    equal(you(), [{ ...ada, admin: true }, { ...ada, admin: true }]);

    role = '';
    await cloud.pass(9 * MINUTE);
    equal([you(), cloud.opened], [[ada, ada], 1]);
  }),

  anotherTokenIsSentAtFourFifthsOfTheTimeAndNoRoomIsLost: inACloud(async (cloud, connect) => {
    const { token, takenMs } = source(cloud, 10 * MINUTE);
    const client = connect({ token, rooms: ['r', 's'] });
    await cloud.until(() => client.rooms.every((name) => client.room(name)?.link === 'live'), 'joined');
    const beganMs = cloud.time.now;
    for (let i = 0; i < 90; i++) {
      cloud.say(i % 2 === 0 ? 'r' : 's', `m${i}`);
      await cloud.pass(MINUTE, () => {
        check([...cloud.open].every((socket) => !socket.expired), 'the token has expired');
        return false;
      });
    }

    equal(cloud.opened, 1);
    equal(auths(cloud).length, 11);
    for (let i = 1; i < takenMs.length; i++) {
      const lifeMs = takenMs[i] - takenMs[i - 1];
      check(Math.abs(lifeMs - 8 * MINUTE) < 2 * SECOND, `after ${lifeMs} ms`);
    }
    check(cloud.time.now - beganMs > 89 * MINUTE, 'time has passed');
    check(equalToTheTable(cloud, client), 'something is missing');
  }),

  aTokenThatLivesLongerThanTheConnectionIsNotRenewed: inACloud(async (cloud, connect) => {
    const client = connect({ token: () => 'ada.Infinity' });
    await cloud.pass(90 * MINUTE);

    equal(auths(cloud).length, 0);
    equal(client.state.phase, 'connected');
  }),

  whatFailsIsTriedAgainWhileTheTokenLives: inACloud(async (cloud, connect) => {
    let failures = 0;
    const token = () => {
      if (cloud.time.now > began + MINUTE && failures++ < 3) throw new Error('the issuer is down');
      return `ada.${Math.floor(cloud.time.now + 10 * MINUTE)}`;
    };
    const began = cloud.time.now;
    const client = connect({ token });
    await cloud.pass(9.9 * MINUTE);

    equal(failures, 4);
    equal([cloud.opened, auths(cloud).length], [1, 1]);
    equal(client.state.phase, 'connected');
  }),

  aTokenThatComesTooOftenIsSentAgainWhenItMayBe: inACloud(async (cloud, connect) => {
    const { token } = source(cloud, 10 * MINUTE);
    /** @type {number[]} */
    const atMs = [];
    const { handle } = cloud;
    cloud.handle = (socket, frame) => {
      if (frame.action === 'auth' && atMs.push(cloud.time.now) < 4) {
        const refusal = { type: 'error', code: 'rate_limited', message: '', ref: frame.ref };
        socket.deliver({ ...refusal, retryAfterMs: 20_000 });
      } else {
        handle.call(cloud, socket, frame);
      }
    };
    connect({ token });
    await cloud.pass(9.9 * MINUTE);

    equal([cloud.opened, atMs.length], [1, 4]);
    const waits = atMs.slice(1).map((at, i) => at - atMs[i]);
    check(Math.min(...waits) >= 20_000, `${waits}`);
  }),

  afterATokenHasExpiredTheClientConnectsByAnother: inACloud(async (cloud, connect) => {
    let down = false;
    const token = () => {
      if (down) throw new Error('the issuer is down');
      return `ada.${Math.floor(cloud.time.now + MINUTE)}`;
    };
    const client = connect({ token });
    await cloud.pass(10 * SECOND);
    down = true;
    await cloud.pass(2 * MINUTE);
    cloud.say('r', 'unheard');
    client.send('r', 'unsaid');
    await cloud.pass(MINUTE);
    equal(client.state.phase, 'offline');

    down = false;
    await cloud.pass(MINUTE);

    check(equalToTheTable(cloud, client), 'something is missing');
    equal(texts(client).sort(), ['unheard', 'unsaid']);
  }),

  afterASleepAnotherTokenIsShownAtOnce: inACloud(async (cloud, connect) => {
    const { token } = source(cloud, 10 * MINUTE);
    const client = connect({ token });
    await cloud.pass(10 * SECOND);
    await cloud.sleep(9 * MINUTE);
    await cloud.pass(20 * SECOND);
    equal([cloud.opened, auths(cloud).length], [1, 1]);

    await cloud.sleep(HOUR);
    cloud.say('r', 'unheard');
    await cloud.pass(30 * SECOND);

    equal(texts(client), ['unheard']);
    check([...cloud.open].some((socket) => !socket.expired), 'connected by another token');
  }),

  aWallClockThatIsSetRenewsNoMoreThanOnce: inACloud(async (cloud, connect) => {
    const { token } = source(cloud, 10 * MINUTE);
    connect({ token });
    await cloud.pass(10 * SECOND);
    for (const minutes of [40, -40, 0]) {
      cloud.wallErrorMs = minutes * MINUTE;
      await cloud.pass(MINUTE);
    }

    check(auths(cloud).length <= 2, `${auths(cloud).length} times`);
    equal(cloud.opened, 1);
  }),
};
