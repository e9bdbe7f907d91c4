/** What `page/` decides without a DOM. */

import { newRoom } from '../client/room.js';
import { lines, windowOf } from '../page/lines.js';
import { changed, counted, seen, unread } from '../page/read.js';
import { hashOf, placeOf } from '../page/routing.js';
import { checkedSettings } from '../page/settings.js';
import en from '../texts/en.js';
import de from '../texts/de.js';
import { check, equal, generator, seeds } from './tools.js';

/** @typedef {import('../client/client.js').Room} Room */

/**
 * A room with messages at these timestamps, of `me` where they are negative.
 *
 * @param {number[]} timestamps
 * @param {Partial<Room>} [more]
 * @returns {Room}
 */
function roomOf(timestamps, more = {}) {
  const messages = timestamps.map((t) => ({
    timestamp: Math.abs(t), id: `id${t}`, user: t < 0 ? 'me' : 'ada', sender: 'Ada', message: `@me ${t}`,
  }));
  return { ...newRoom('lobby'), link: 'live', you: { user: 'me', sender: 'Me' }, messages, from: 0, ...more };
}

const NO_LATE = { late: new Set() };

/** @type {(texts: any, path?: string) => string[]} */
const keysOf = (texts, path = '') => Object.entries(texts).flatMap(([key, value]) => (
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? keysOf(value, `${path}${key}.`) : [`${path}${key}: ${typeof value}`])).sort();

export default {
  'what is behind the last message that was read, and of others, is unread'() {
    const room = roomOf([10, -20, 30, 40, -50]);
    const is = (/** @type {number} */ to) => unread(room, { to, ...NO_LATE }, (m) => m.timestamp === 40);
    equal(is(20), { count: 2, mentions: 1, more: false, first: 30 });
    equal(is(30), { count: 1, mentions: 1, more: false, first: 40 });
    equal(is(50), { count: 0, mentions: 0, more: false, first: null });
  },

  'what comes late behind what was read is unread until all has been seen'() {
    const before = roomOf([10, 30], { fresh: new Set() });
    const after = roomOf([10, 20, 30], { fresh: new Set([20]) });
    const late = changed({ to: 30, ...NO_LATE }, before, after);
    equal(unread(after, late, () => false).count, 1);
    equal(unread(after, seen(late, 30, false), () => false).count, 1);
    equal(unread(after, seen(late, 30, true), () => false).count, 0);
  },

  'where a room does not go back to what was read, there may be more'() {
    const room = roomOf([110, 120], { from: 110 });
    equal(unread(room, { to: 50, ...NO_LATE }, () => false).more, true);
    equal(unread(room, { to: 109, ...NO_LATE }, () => false).more, false);
    equal(unread({ ...room, from: 0 }, { to: 50, ...NO_LATE }, () => false).more, false);
  },

  'what was read only grows'() {
    for (const seed of seeds(50)) {
      const random = generator(seed);
      let read = { to: 0, late: new Set() };
      for (let i = 0; i < 50; i++) {
        const now = seen(read, Math.floor(random() * 100), random() < 0.5);
        check(now.to >= read.to, `seed ${seed}: from ${read.to} to ${now.to}`);
        read = /** @type {typeof read} */ (now);
      }
    }
  },

  'a count beyond 99 is told as 99+'() {
    const is = (/** @type {number} */ count, more = false) => counted({ count, more, mentions: 0, first: 1 });
    equal([is(0), is(1), is(99), is(99, true), is(100)], ['', '1', '99', '99+', '99+']);
  },

  'the window holds the place and is never long'() {
    for (const seed of seeds(200)) {
      const random = generator(seed);
      const room = roomOf(Array.from({ length: 1 + Math.floor(random() * 1_000) }, (_, i) => 10 * i + 10));
      const at = Math.floor(random() * room.messages.length);
      const { timestamp } = room.messages[at];
      const { start, end } = windowOf(room.messages, { timestamp, top: 0 });
      check(start <= at && at < end && end - start <= 160, `seed ${seed}: ${at} in ${start} to ${end}`);
      const last = windowOf(room.messages, null);
      check(last.end === room.messages.length && last.end - last.start <= 160, `seed ${seed}: the end`);
    }
  },

  'each line has a key of its own, and what is shown is what is in the window, in order'() {
    for (const seed of seeds(100)) {
      const random = generator(seed);
      let t = 1_795_000_000_000_000;
      const room = roomOf(Array.from({ length: 300 }, () => {
        t += Math.floor(random() * 3e9);
        return random() < 0.3 ? -t : t;
      }));
      const at = room.messages[Math.floor(random() * 300)];
      const place = random() < 0.3 ? null : { timestamp: at.timestamp, top: 0 };
      const newAfter = room.messages[Math.floor(random() * 300)].timestamp;
      const all = lines(room, place, newAfter, (id) => id.endsWith('1'));
      equal(new Set(all.map((l) => l.key)).size, all.length, `seed ${seed}: keys`);
      const { start, end } = windowOf(room.messages, place);
      equal(all.flatMap((l) => l.kind === 'message' ? [l.message.timestamp] : []),
        room.messages.slice(start, end).map((m) => m.timestamp), `seed ${seed}`);
      check(all.filter((l) => l.kind === 'new').length <= 1, `seed ${seed}: two lines "New"`);
    }
  },

  'the line "New" stands before the first message of others behind what was read'() {
    const kinds = lines(roomOf([10, -20, 30, 40]), null, 10, () => false).map((l) => l.kind);
    equal(kinds, ['day', 'message', 'message', 'new', 'message', 'message']);
  },

  'an address is read as it is written, and what names no room is none'() {
    for (const place of [{ room: 'lobby', timestamp: null }, { room: 'a.b_c-D', timestamp: 1795167012345678 }]) {
      equal(placeOf(hashOf(place.room, place.timestamp ?? undefined)), place);
    }
    equal(placeOf('#room=lobby'), { room: 'lobby', timestamp: null });
    for (const hash of ['', '#', '#/r/', '#/r/a b', '#/r/<b>', '#/r/a/b', '#tokens=x', `#/r/${'a'.repeat(65)}`]) {
      equal(placeOf(hash), null, hash);
    }
  },

  'a setting that cannot be used is as if it had not been made'() {
    const usual = checkedSettings(null);
    for (const odd of [5, 'x', [], { theme: 'pink', disconnectAfter: -1 }, { theme: {}, disconnectAfter: 1e9 }]) {
      equal(checkedSettings(odd), usual);
    }
    equal(checkedSettings({ theme: 'dark', disconnectAfter: 5, other: 1 }),
      { ...usual, theme: 'dark', disconnectAfter: 5 });
  },

  'every language says all that the page says'() {
    equal(keysOf(de), keysOf(en));
    equal(de.keys.length, en.keys.length);
  },
};
