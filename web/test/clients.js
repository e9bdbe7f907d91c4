/** Clients in a simulated cloud, for the tests of the whole library. */

import { Client, isCaughtUp } from '../client/client.js';
import { Cloud } from './cloud.js';
import { MemoryStorage } from './storage.js';
import { generator } from './tools.js';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** @param {Client} client */
export const texts = (client, room = 'r') => (client.room(room)?.messages ?? []).map((m) => m.message);

/** @param {number} timestamp */
export const content = (timestamp, message = '') => ({
  timestamp: Math.floor(timestamp), id: `id-${timestamp}`, user: 'guest:other', sender: 'Other', message });

/** @param {Client} client */
export const drafts = (client, room = 'r') => client.room(room)?.drafts ?? [];

/**
 * Clients that show what is in the table, and are not waiting for anything.
 *
 * @param {Cloud} cloud
 * @param {Client[]} clients
 */
export const equalToTheTable = (cloud, ...clients) => clients.every((client) => client.rooms.every((name) => {
  const room = client.room(name);
  if (room === undefined || !isCaughtUp(room) || room.drafts.length > 0) return false;
  const table = cloud.table(name).messages.filter((m) => m.timestamp >= room.from);
  return JSON.stringify(room.messages) === JSON.stringify(table);
}));

/**
 * @param {(cloud: Cloud, connect: (options?: Partial<import('../client/client.js').Options>) => Client)
 *     => Promise<void>} test
 */
export const inACloud = (test, seed = 1) => async () => {
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
