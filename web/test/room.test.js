/** What `room.js` promises, one order of arrival at a time. */

import { broken, newRoom, next, people, resumeAfter, unread, whole } from '../client/room.js';
import { equal } from './tools.js';

/** @typedef {import('../client/room.js').RoomEvent} RoomEvent */
/** @typedef {import('../client/room.js').Room} Room */

const SECOND_US = 1_000_000;
const HELD_MAX = 10;
const you = { user: 'guest:me', sender: 'Me', member: '0000000000000001' };

/** @param {number} timestamp */
const content = (timestamp, fields = {}) => ({
  timestamp, id: `id-${timestamp}`, user: 'guest:other', sender: 'Other', message: `text ${timestamp}`,
  ...fields,
});

/**
 * @param {number} timestamp
 * @param {number | null} [prev]
 * @returns {RoomEvent}
 */
const message = (timestamp, prev = null, fields = {}) => ({
  type: 'message', ...content(timestamp, fields), prev,
});

/**
 * A read begun `tookMs` before its answer came.
 *
 * @param {number[]} timestamps
 * @param {{after?: number, more?: boolean, head?: number | null, complete?: boolean, at?: number}} [fields]
 * @returns {RoomEvent[]}
 */
const joined = (timestamps, { after, more = false, head = null, complete = true, at = 0 } = {}) => [
  { type: 'asked', after, at: 0 },
  { type: 'joined', messages: timestamps.map((t) => content(t)), after, more, head, complete, you, at },
];

/**
 * A further page of that read.
 *
 * @param {number[]} timestamps
 * @param {{after?: number, more?: boolean, complete?: boolean, at?: number}} [fields]
 * @returns {RoomEvent}
 */
const further = (timestamps, { after, more = false, complete = true, at = 0 } = {}) => ({
  type: 'history', messages: timestamps.map((t) => content(t)), after, more, complete, at,
});

/**
 * A repair.
 *
 * @param {number[]} timestamps
 * @param {number} after
 * @returns {RoomEvent[]}
 */
const repaired = (timestamps, after) => [
  { type: 'asked', after, at: 0 }, further(timestamps, { after })];

/**
 * @param {number[]} timestamps
 * @param {number} before
 * @returns {RoomEvent[]}
 */
const older = (timestamps, before, more = false) => [
  { type: 'olderAsked' },
  { type: 'history', messages: timestamps.map((t) => content(t)), before, more, complete: true },
];

/** @returns {RoomEvent} */
const drafted = (id = 'd') => ({
  type: 'drafted', drafts: [{ id, message: 'hello', writtenAt: 0, state: 'queued' }],
});

/** @param {...RoomEvent} events */
const after = (...events) => events.reduce(next, newRoom('r', 10_000, HELD_MAX));

/** @param {Room} room */
const timestamps = (room) => room.messages.map((m) => m.timestamp);

export default {
  liveMessagesAreShownInOrderOfTheirTimestampsEachOnce() {
    const room = after(...joined([10]), message(30, 10), message(20, 30), message(30, 10), message(10));

    equal(timestamps(room), [10, 20, 30]);
    equal(whole(room), true);
  },

  aFrameOfManyEventsIsAsGoodAsManyFrames() {
    const events = [20, 30, 40].map((t) => ({ ...message(t, t - 10) }));
    const [first] = [{ type: 'events', events }];

    const room = after(...joined([10]), /** @type {any} */ (first));

    equal(timestamps(room), [10, 20, 30, 40]);
    equal(whole(room), true);
  },

  whatHasBeenSeenChangesNothing() {
    const room = after(...joined([10]), message(20, 10));

    equal(next(room, message(20, 10)) === room, true);
    equal(next(room, message(10, null)) === room, true);
    equal(next(room, { type: 'head', head: 20 }) === room, true);
    equal(next(room, { type: 'head', head: 0 }) === room, true);
  },

  aMessageThatComesLiveBeforeTheJoinReplyIsKept() {
    const [asked, reply] = joined([10, 20], { more: true });
    const room = after(asked, message(40, 20), reply);

    equal(timestamps(room), [10, 20, 40]);
    equal(whole(room), true);
  },

  aPageThatIsOlderThanWhatCameLiveTakesNothingBack() {
    const [asked, reply] = joined([10, 20]);
    const room = after(asked, message(40, 30), reply);

    equal(timestamps(room), [10, 20, 40]);
    equal(broken(room), true, '30 is missing:');
  },

  theNewestPageReplacesWhatMayLieBehindAHole() {
    const room = after(...joined([10, 20]), { type: 'disconnected' }, message(55, 50),
      ...joined([50, 60], { more: true }));

    equal(timestamps(room), [50, 55, 60]);
    equal(room.from, 50);
  },

  aPrevThatWasNotSeenIsAHoleUntilItComes() {
    const room = after(...joined([10]), message(30, 20));
    equal(broken(room), true);
    equal(timestamps(room), [10, 30]);

    const closed = next(room, message(20, 10));
    equal(whole(closed), true);
    equal(timestamps(closed), [10, 20, 30]);
  },

  whatFollowedAHoleIsVouchedForOnceItIsClosed() {
    const room = after(...joined([10]), message(30, 20), message(40, 30), message(50, 40));
    equal(broken(room), true);

    equal(whole(next(room, message(20, 10))), true);
  },

  aRepairClosesAHoleWhetherOrNotItsPrevIsFound() {
    const found = after(...joined([10]), message(30, 20), ...repaired([10, 20, 30], 0));
    equal(timestamps(found), [10, 20, 30]);
    equal(whole(found), true);

    const removed = after(...joined([10]), message(30, 20), ...repaired([10, 30], 0));
    equal(timestamps(removed), [10, 30]);
    equal(whole(removed), true);
  },

  aHoleThatOpensDuringARepairStaysOpen() {
    const [asked, page] = repaired([10, 20, 30], 0);
    const room = after(...joined([10]), message(30, 20), asked, message(60, 50), page);

    equal(timestamps(room), [10, 20, 30, 60]);
    equal([...room.chain.holes.keys()], [60]);
  },

  aRepairBeginsWhereNothingOlderCanBeMissing() {
    const s = SECOND_US;
    const room = after(...joined([100 * s]), message(130 * s, 120 * s), message(140 * s, 130 * s));

    equal(resumeAfter(room), 90 * s, 'what came behind the hole does not count:');
  },

  theAcknowledgementOfASendHidesNoHole() {
    const room = after(...joined([10]), drafted(), { type: 'sent', id: 'd', timestamp: 30 },
      message(40, 30));

    equal(broken(room), true, 'whether anything lies between 10 and 30 is not known:');
  },

  aHeadThatWasNotSeenIsAHoleUntilItsEventComes() {
    const room = after(...joined([10]), { type: 'head', head: 20 });
    equal(broken(room), true);

    equal(whole(next(room, message(20, 10))), true);
    equal(broken(next(room, message(20, 15))), true);
    equal(whole(repaired([10, 20], 0).reduce(next, room)), true);
  },

  aHeadThatTheTableHasNoMoreIsLookedForOnce() {
    const room = after(...joined([10]), { type: 'head', head: 20 }, ...repaired([10], 0));
    equal(whole(room), true);

    equal(next(room, { type: 'head', head: 20 }) === room, true);
    equal(whole(next(room, message(30, 20))), true);
  },

  aHeadThatTheNewestPageDoesNotReachIsNoHole() {
    const room = after(...joined([30, 40], { more: true, head: 20 }));

    equal(whole(next(room, { type: 'head', head: 20 })), true);
    equal(whole(next(room, message(50, 20))), true);
  },

  aLateMessageBeforeTheStretchWaitsForItsPageAndTakesItsPlaceInTheChain() {
    const room = after(...joined([30], { more: true }), message(5, 30), message(40, 5));

    equal(timestamps(room), [30, 40]);
    equal(whole(room), true);
  },

  anOldPushThatComesLateIsNoHole() {
    const s = SECOND_US;
    const room = after(...joined([100 * s], { more: true }), message(80 * s, 79 * s));

    equal(timestamps(room), [100 * s]);
    equal(whole(room), true);
  },

  aCatchUpThatIsCutShortIsResumedWhereItStopped() {
    const s = SECOND_US;
    const held = after(...joined([100 * s]), { type: 'disconnected' });
    equal(resumeAfter(held), 90 * s);

    const cut = [
      ...joined([100 * s, 120 * s], { after: 90 * s, more: true }),
      message(500 * s, 400 * s),
      /** @type {RoomEvent} */ ({ type: 'disconnected' }),
    ].reduce(next, held);
    equal(resumeAfter(cut), 110 * s);
    equal(cut.link, 'out');

    const done = [
      ...joined([120 * s, 300 * s], { after: 110 * s, more: true }),
      further([400 * s, 500 * s], { after: 300 * s }),
    ].reduce(next, cut);
    equal(timestamps(done), [100, 120, 300, 400, 500].map((t) => t * s));
    equal(whole(done), true);
  },

  whatIsWrittenBetweenTwoPagesOfAReadMayBeMissingFromIt() {
    const s = SECOND_US;
    const room = after(...joined([100 * s], { more: true, after: undefined }), { type: 'disconnected' },
      ...joined([101 * s, 102 * s], { after: 90 * s, more: true }),
      further([103 * s, 104 * s], { after: 102 * s, at: 3_000 }));
    equal(whole(room), true);
    equal(resumeAfter(room), 92 * s);

    // 101.5 s came to be in the table after the first page was read, and its push was lost.
    const named = next(room, message(105 * s, 104 * s));
    equal(broken(named), true);
    equal(whole(repaired([101.5 * s, 104 * s, 105 * s], 92 * s).reduce(next, named)), true);
  },

  aReadOfSeveralPagesVouchesForWhatWasHeardOfBefore() {
    const s = SECOND_US;
    const room = after(...joined([100 * s]), message(104 * s, 103 * s),
      { type: 'asked', after: 90 * s, at: 0 },
      further([100 * s, 102 * s], { after: 90 * s, more: true }),
      further([103 * s, 104 * s], { after: 102 * s, at: 3_000 }));
    equal(whole(room), true);

    equal(whole(next(room, message(105 * s, 104 * s))), true);
  },

  aPageThatWasNotAskedForIsLeftOut() {
    const room = after(...joined([30]));
    equal(next(room, further([10], { after: 0 })) === room, true);

    const asking = after(...joined([30]), { type: 'asked', after: 20, at: 0 });
    equal(next(asking, further([10], { after: 0 })) === asking, true);
    equal(whole(asking), false);
    equal(whole(next(asking, { type: 'abandoned' })), true);
  },

  anEmptyRoomIsReadFromItsBeginning() {
    const room = after(...joined([]));
    equal(resumeAfter(room), 0);

    equal(whole(next(room, message(20, null))), true, 'its first message:');
    equal(broken(next(room, message(20, 10))), true, 'its second message:');
  },

  olderMessagesGoBeforeTheOthers() {
    const room = after(...joined([30, 40], { more: true }), ...older([10, 20], 30));

    equal(timestamps(room), [10, 20, 30, 40]);
    equal(room.from, 0);
  },

  anOlderPageThatNoLongerAdjoinsIsLeftOut() {
    const [asked, page] = older([10, 20], 30);
    const room = after(...joined([30], { more: true }), asked, ...joined([90], { more: true }), page);

    equal(timestamps(room), [90]);
    equal(room.from, 90);
  },

  whatWasWrittenAfterAnOlderPageWasReadIsNotMissingFromIt() {
    const [asked, page] = older([10, 20], 30);
    const room = after(...joined([30], { more: true }), asked, message(15, 30), message(40, 15), page);

    equal(timestamps(room), [10, 15, 20, 30, 40]);
    equal(whole(room), true);
  },

  whatAnOlderPageBringsOfTheLastSecondsIsNotVouchedFor() {
    const room = after(...joined([30], { more: true }), ...older([20], 30), message(40, 20));

    equal(broken(room), true, '20 may have been handed out after something that is missing:');
  },

  aLongConversationIsTrimmedToWhatCanBeFetchedAgain() {
    const all = Array.from({ length: HELD_MAX + 1 }, (_, i) => i + 1);
    const room = after(...joined([1]), ...all.slice(1).map((t) => message(t, t - 1)));

    equal(timestamps(room), all.slice(-HELD_MAX / 2));
    equal(room.from, timestamps(room)[0]);
    equal(whole(room), true);
  },

  whatAReaderLooksAtIsNotTrimmed() {
    const all = Array.from({ length: HELD_MAX + 1 }, (_, i) => i + 1);
    const pinned = after(...joined([1]), { type: 'pinned', pinned: true },
      ...all.slice(1).map((t) => message(t, t - 1)));
    equal(pinned.messages.length, HELD_MAX + 1);

    equal(next(pinned, { type: 'pinned', pinned: false }).messages.length, HELD_MAX / 2);
  },

  aHoleStaysOpenThoughAllAroundItIsTrimmed() {
    const all = Array.from({ length: HELD_MAX + 1 }, (_, i) => i + 100);
    const room = after(...joined([1]), { type: 'head', head: 50 },
      ...all.map((t) => message(t, t === 100 ? 1 : t - 1)));

    equal(room.messages.length < HELD_MAX, true);
    equal(broken(room), true);
  },

  theNewestPageDoesNotBringBackWhatWasTrimmedMeanwhile() {
    const all = Array.from({ length: HELD_MAX + 1 }, (_, i) => i + 1);
    const [asked, reply] = joined([1, 2]);
    const room = after(asked, message(1), ...all.slice(1).map((t) => message(t, t - 1)), reply);

    equal(timestamps(room), all.slice(-HELD_MAX / 2));
    equal(room.from, timestamps(room)[0]);
  },

  whatRetentionHasRemovedGoesFromTheScreenToo() {
    const room = after(...joined([10, 20]), { type: 'disconnected' },
      ...joined([30, 40], { after: 10, complete: false }));
    equal(timestamps(room), [30, 40]);
    equal([room.from, room.complete], [0, false]);

    const nothing = after(...joined([10, 20]), { type: 'disconnected' },
      ...joined([], { after: 10, complete: false }));
    equal(timestamps(nothing), []);
  },

  anOwnMessageAppearsOnceWhicheverNewsComesFirst() {
    const live = message(20, 10, { id: 'd', user: you.user, message: 'hello' });
    /** @type {RoomEvent} */
    const reply = { type: 'sent', id: 'd', timestamp: 20 };

    for (const order of [[live, reply], [reply, live], [live], [live, live, reply, reply]]) {
      const room = after(...joined([10]), drafted(), ...order);
      equal(timestamps(room), [10, 20]);
      equal(room.drafts, []);
    }
    const acknowledged = after(...joined([10]), drafted(), reply);
    equal(acknowledged.drafts[0].state, 'sent');
  },

  anAcknowledgedSendIsGoneOnceItsMessageCannotComeAnyMore() {
    const s = SECOND_US;
    const room = after(...joined([10 * s]), drafted(), { type: 'sent', id: 'd', timestamp: 20 * s },
      message(60 * s, 10 * s));

    equal(room.drafts, []);
  },

  aSendWhoseReplyWasLostIsFoundInTheCatchUp() {
    const room = after(...joined([10]), drafted(), { type: 'disconnected' },
      { type: 'asked', after: 0, at: 0 },
      { type: 'joined', messages: [content(20, { id: 'd', user: you.user })], after: 0, more: false,
        head: null, complete: true, you, at: 0 });

    equal(room.drafts, []);
    equal(timestamps(room), [10, 20]);
  },

  theIdOfAnotherUsersMessageAnswersNoSend() {
    const room = after(...joined([10]), drafted(), message(20, 10, { id: 'd' }));

    equal(room.drafts.length, 1);
  },

  whatCameBeforeTheFirstJoinIsNotUnread() {
    const joinedNow = after(...joined([10, 20]));
    equal(unread(joinedNow), 0);

    const later = [message(30, 20), message(40, 30, { user: you.user }), message(50, 40)]
      .reduce(next, joinedNow);
    equal(unread(later), 2);
    equal(unread(next(later, { type: 'read' })), 0);
  },

  presenceDuringAListingCountsMoreThanTheList() {
    const [a, b, c] = ['a', 'b', 'c'].map((m) => ({ member: m, user: m, sender: m.toUpperCase() }));
    const room = after(...joined([]), { type: 'membersAsked' },
      { type: 'presence', ...b, state: 'out' },
      { type: 'presence', ...c, state: 'in' },
      { type: 'membersListed', members: [a, b], more: false });

    equal(people(room).map((p) => p.sender), ['A', 'C']);
  },

  aUserWithTwoTabsIsOnePerson() {
    const tabs = ['a', 'b'].map((member) => ({ member, user: 'u', sender: 'U' }));
    const room = after(...joined([]), { type: 'membersAsked' },
      { type: 'membersListed', members: tabs, more: false });

    equal(people(room), [{ user: 'u', sender: 'U', connections: 2 }]);
    const left = next(room, { type: 'presence', ...tabs[0], state: 'out' });
    equal(people(left), [{ user: 'u', sender: 'U', connections: 1 }]);
  },

  anUnknownEventChangesNothing() {
    const room = after(...joined([10]));

    equal(next(room, /** @type {any} */ ({ type: 'reaction', room: 'r' })) === room, true);
  },
};
