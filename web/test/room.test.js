/**
 * What `room.js` promises, run by opening `room.html`: `data-result` of its body becomes `passed` or
 * `failed`, and the report says which sentence did not hold.
 */

import { MESSAGES_HELD_MAX, MESSAGES_KEPT, OVERLAP_US } from '../limits.js';
import { newRoom, next, people, resumeAfter, unread } from '../room.js';

const you = { user: 'guest:me', sender: 'Me', member: '0000000000000001' };

/** @param {number} timestamp */
const message = (timestamp, fields = {}) => ({
  type: 'message', room: 'r', timestamp, prev: null, id: `id-${timestamp}`, user: 'guest:other',
  sender: 'Other', message: `text ${timestamp}`, ...fields,
});

/** @param {number[]} timestamps */
const joined = (timestamps, fields = {}) => ({
  type: 'joined', room: 'r', messages: timestamps.map((t) => message(t)), more: false, head: null,
  complete: true, you, ...fields,
});

/** @param {number[]} timestamps */
const history = (timestamps, fields = {}) => ({
  type: 'history', room: 'r', messages: timestamps.map((t) => message(t)), more: false,
  complete: true, ...fields,
});

/** @param {...({type: string} & Record<string, any>)} events */
const after = (...events) => events.reduce(next, newRoom('r'));

/** @param {import('../room.js').Room} room */
const timestamps = (room) => room.messages.map((m) => m.timestamp);

const tests = {
  liveMessagesAreShownInOrderOfTheirTimestampsEachOnce() {
    const room = after(joined([10]), message(30), message(20), message(30), message(10));

    equal(timestamps(room), [10, 20, 30]);
  },

  aMessageThatComesLiveBeforeTheJoinReplyIsKept() {
    const room = after(message(40), joined([10, 20], { more: true }));

    equal(timestamps(room), [10, 20, 40]);
  },

  theNewestPageReplacesWhatMayLieBehindAHole() {
    const room = after(joined([10, 20]), { type: 'disconnected' }, message(55),
      joined([50, 60], { more: true }));

    equal(timestamps(room), [50, 55, 60]);
    equal(room.more, true);
  },

  aCatchUpThatIsCutShortIsResumedWhereItStopped() {
    const second = 1_000_000;
    const held = after(joined([100 * second]), { type: 'disconnected' });
    equal(resumeAfter(held), 100 * second - OVERLAP_US);

    const cut = [
      joined([100 * second, 120 * second], { after: 90 * second, more: true }),
      message(500 * second),
      { type: 'disconnected' },
    ].reduce(next, held);
    equal(resumeAfter(cut), 120 * second - OVERLAP_US);

    const done = [
      joined([120 * second, 300 * second], { after: 110 * second, more: true }),
      history([500 * second], { after: 300 * second }),
    ].reduce(next, cut);
    equal(timestamps(done), [100, 120, 300, 500].map((s) => s * second));
    equal(done.settled, 500 * second);
    equal(done.link, 'live');
  },

  olderMessagesGoBeforeTheOthers() {
    const room = after(joined([30, 40], { more: true }), history([10, 20], { before: 30 }));

    equal(timestamps(room), [10, 20, 30, 40]);
    equal(room.more, false);
  },

  anOlderPageThatNoLongerAdjoinsIsLeftOut() {
    const room = after(joined([30], { more: true }), joined([90], { more: true }),
      history([10, 20], { before: 30 }));

    equal(timestamps(room), [90]);
    equal(room.more, true);
  },

  aLateMessageBeforeTheStretchHeldWaitsForItsPage() {
    const room = after(joined([30], { more: true }), message(5));

    equal(timestamps(room), [30]);
  },

  anOwnMessageAppearsOnceWhicheverNewsComesFirst() {
    const draft = { type: 'drafted', id: 'd', message: 'hello' };
    const live = message(20, { id: 'd', user: you.user, message: 'hello' });
    const reply = { type: 'sent', room: 'r', id: 'd', timestamp: 20 };

    for (const order of [[live, reply], [reply, live], [live], [reply], [live, live, reply, reply]]) {
      const room = after(joined([10]), draft, ...order);
      equal(timestamps(room), [10, 20]);
      equal(room.drafts, []);
    }
  },

  aSendWhoseReplyWasLostIsFoundInTheCatchUp() {
    const room = after(joined([10]), { type: 'drafted', id: 'd', message: 'hello' },
      { type: 'disconnected' },
      { ...joined([10], { after: 0 }), messages: [message(20, { id: 'd', user: you.user })] });

    equal(room.drafts, []);
    equal(timestamps(room), [10, 20]);
  },

  theIdOfAnotherUsersMessageAnswersNoSend() {
    const room = after(joined([10]), { type: 'drafted', id: 'd', message: 'hello' },
      message(20, { id: 'd' }));

    equal(room.drafts.length, 1);
  },

  whatCameBeforeTheFirstJoinIsNotUnread() {
    const joinedNow = after(joined([10, 20]));
    equal(unread(joinedNow), 0);

    const later = [message(30), message(40, { user: you.user }), message(50)].reduce(next, joinedNow);
    equal(unread(later), 2);
    equal(unread(next(later, { type: 'read' })), 0);
  },

  presenceDuringAListingCountsMoreThanTheList() {
    const [a, b, c] = ['a', 'b', 'c'].map((m) => ({ member: m, user: m, sender: m.toUpperCase() }));
    const room = after(joined([]), { type: 'membersAsked' },
      { type: 'presence', room: 'r', ...b, state: 'out' },
      { type: 'presence', room: 'r', ...c, state: 'in' },
      { type: 'membersListed', members: [a, b], more: false });

    equal(people(room).map((p) => p.sender), ['A', 'C']);
  },

  aUserWithTwoTabsIsOnePerson() {
    const tabs = ['a', 'b'].map((member) => ({ member, user: 'u', sender: 'U' }));
    const room = after(joined([]), { type: 'membersAsked' },
      { type: 'membersListed', members: tabs, more: false });

    equal(people(room), [{ user: 'u', sender: 'U', connections: 2 }]);
    const left = next(room, { type: 'presence', room: 'r', ...tabs[0], state: 'out' });
    equal(people(left), [{ user: 'u', sender: 'U', connections: 1 }]);
  },

  aLongConversationIsTrimmedToWhatCanBeFetchedAgain() {
    const all = Array.from({ length: MESSAGES_HELD_MAX + 1 }, (_, i) => i + 1);
    const room = next(after(joined(all)), { type: 'trimmed' });

    equal(room.messages.length, MESSAGES_KEPT);
    equal(room.more, true);
  },

  anUnknownEventChangesNothing() {
    const room = after(joined([10]));

    equal(next(room, { type: 'reaction', room: 'r' }) === room, true);
  },

  /**
   * Old state + events = a fresh read of the table, over the range shown: messages are written, come
   * live late, twice, or not at all when the connection is cut; every catch-up mends it.
   */
  whateverIsLostOrDoubledACatchUpShowsTheTable() {
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      /** @type {number[]} */
      const table = [];
      let room = newRoom('r');
      const page = 1 + Math.floor(random() * 5);
      for (let round = 0; round < 6; round++) {
        for (let i = Math.floor(random() * 12); i > 0; i--) {
          table.push((table.at(-1) ?? 1e9) + 1 + Math.floor(random() * 4 * OVERLAP_US));
          // Lost pushes go with a cut: this room does not mend holes of a standing connection.
          const pushes = room.link === 'live' ? 1 + Math.floor(random() * 2)
            : Math.floor(random() * 2);
          for (let n = 0; n < pushes; n++) room = next(room, message(table[table.length - 1]));
        }
        if (random() < 0.5) room = next(room, { type: 'disconnected' });
        if (room.link === 'live') continue;
        let from = resumeAfter(room);
        if (from === undefined) {
          room = next(room, joined(table.slice(-page), { more: table.length > page }));
          continue;
        }
        for (let first = true; ; first = false) {
          const rest = table.filter((t) => t > /** @type {number} */ (from));
          const reply = first ? joined : history;
          const got = rest.slice(0, page);
          room = next(room, reply(got, { after: from, more: rest.length > page }));
          if (rest.length <= page) break;
          from = got[got.length - 1];
          if (random() < 0.2) {
            room = next(room, { type: 'disconnected' });
            break;
          }
        }
      }
      if (room.link !== 'live') continue;
      equal(timestamps(room), table.filter((t) => t >= (room.messages[0]?.timestamp ?? 0)),
        `seed ${seed}`);
    }
  },
};

/**
 * mulberry32
 *
 * @param {number} seed
 * @returns {() => number} from 0 to below 1
 */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * @param {unknown} actual
 * @param {unknown} expected
 * @param {string} [context]
 */
function equal(actual, expected, context = '') {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${context} expected ${should}, but it is ${is}`);
}

const report = [];
let failures = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    test();
    report.push(`ok      ${name}`);
  } catch (e) {
    failures++;
    report.push(`FAILED  ${name}: ${/** @type {Error} */ (e).message}`);
  }
}
const target = /** @type {HTMLElement} */ (document.getElementById('report'));
target.textContent = report.join('\n');
document.body.dataset.result = failures === 0 ? 'passed' : 'failed';
