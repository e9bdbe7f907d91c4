/** The property that the whole library is for: after any faults, each client shows the table. */

import { Client } from '../client/client.js';
import { drafts, equalToTheTable, inACloud, MINUTE, SECOND } from './clients.js';
import { Cloud } from './cloud.js';
import { MemoryStorage } from './storage.js';
import { check, equal, generator, seeds } from './tools.js';

export default {
  async afterAnyFaultsEachClientShowsTheTable() {
    for (const seed of seeds(30)) {
      await inACloud((cloud, connect) => faultSchedule(seed, cloud, connect), seed)();
    }
  },

  /** Tokens of ten minutes, so that some expire while the client cannot renew them. */
  async afterAnyFaultsEachClientThatIsSignedInShowsTheTable() {
    for (const seed of seeds(15)) {
      await inACloud((cloud, connect) => {
        cloud.faults.issuerErrors = 0.3;
        return faultSchedule(seed, cloud, connect, (i) => ({
          token: async () => {
            if (cloud.chance(cloud.faults.issuerErrors)) throw new Error('the issuer is down');
            return `user${i}.${Math.floor(cloud.time.now + 10 * MINUTE)}`;
          },
        }));
      }, seed)();
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
 * @param {(i: number) => Partial<import('../client/client.js').Options>} [more] of each client
 */
async function faultSchedule(seed, cloud, connect, more = () => ({})) {
  const random = generator(seed);
  const storages = [1, 2, 3].map(() => new MemoryStorage());
  const clients = storages.map((storage, i) => connect({ storage, messagesMax: 200, ...more(i) }));
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
      clients[i] = connect({ storage: storages[i], messagesMax: 200, ...more(i) });
    },
    () => clients[pick()].rename(`Name ${Math.floor(random() * 100)}`),
    () => clients[pick()].reconnect(),
    () => cloud.show(!cloud.visible),
    () => { dispatchEvent(new Event('keydown')); },
    () => { clients[pick()].older('r').catch(() => {}); },
    () => {
      const client = clients[pick()];
      client.quit('r');
      client.join('r').catch(() => {});
    },
    () => { cloud.wallErrorMs = (random() - 0.5) * 100 * MINUTE; },
    () => {
      const table = cloud.table('r');
      table.wrongClocks = random(); // Of others only: a client's own messages have to stay in the order sent.
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
    latePushes: 0, lostReplies: 0, gatewayErrors: 0, refusals: 0, issuerErrors: 0, latencyMs: 20 });
  await cloud.pass(12 * MINUTE); // Until even a hidden page has looked, and repaired what it found.

  check(equalToTheTable(cloud, ...clients), `seed ${seed}: a client does not show the table`);
  const written = cloud.table('r').messages.filter((m) => m.user !== 'guest:other').map((m) => m.message);
  equal([...written].sort(), said.flat().sort(), `seed ${seed}: each was written once:`);
  for (const own of said) {
    equal(written.filter((text) => own.includes(text)), own, `seed ${seed}: in the order sent:`);
  }
}
