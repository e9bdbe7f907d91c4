/** What `room.js` promises, one order of arrival at a time. */

import { isCaughtUp, newestUpTo, newRoom, next, people, unread } from '../client/room.js';
import * as stretches from '../client/stretch.js';
import { equal } from './tools.js';

/** @typedef {import('../client/room.js').RoomEvent} RoomEvent */
/** @typedef {import('../client/room.js').Room} Room */

const SECOND_US = 1_000_000;
const HELD_MAX = 10;

/** Nothing is ahead of the server's time. */
const LIMIT = 2 ** 53;
const you = { user: 'guest:me', sender: 'Me' };

/** @param {number} timestamp */
const content = (timestamp, fields = {}) => ({
  timestamp, id: `id-${timestamp}`, user: 'guest:other', sender: 'Other', message: `text ${timestamp}`,
  ...fields,
});

/**
 * @param {number} timestamp
 * @param {number | null} [prev]
 * @returns {RoomEvent & {type: 'events'}}
 */
const message = (timestamp, prev = null, fields = {}, limit = LIMIT) => ({
  type: 'events', events: [{ type: 'message', ...content(timestamp, fields), prev }], limit,
});

/**
 * @param {{user: string, sender: string}} who
 * @param {'in' | 'out'} state
 * @returns {RoomEvent}
 */
const presence = (who, state) => ({
  type: 'events', events: [{ type: 'presence', ...who, state }], limit: LIMIT,
});

/** @param {number} timestamp */
const unreadable = (timestamp) => ({ timestamp, unreadable: /** @type {const} */ (true) });

/**
 * @typedef {number | ReturnType<typeof unreadable>} Row
 *
 * @param {Row[]} rows
 */
const messagesOf = (rows) => rows.map((row) => (typeof row === 'number' ? content(row) : row));

/**
 * A read of one page, or the first one of several.
 *
 * @param {Row[]} rows
 * @param {{after?: number, more?: boolean, head?: number | null, complete?: boolean, limit?: number}} [fields]
 * @returns {RoomEvent[]}
 */
const joined = (rows, { after, more = false, head = null, complete = true, limit = LIMIT } = {}) => [
  { type: 'asked', after },
  { type: 'joined', messages: messagesOf(rows), after, more, head, complete, title: null, you, limit },
];

/**
 * A further page of that read.
 *
 * @param {Row[]} rows
 * @param {{after?: number, more?: boolean, complete?: boolean, limit?: number}} [fields]
 * @returns {RoomEvent}
 */
const further = (rows, { after, more = false, complete = true, limit = LIMIT } = {}) => ({
  type: 'history', messages: messagesOf(rows), after, more, complete, limit,
});

/**
 * A repair.
 *
 * @param {Row[]} rows
 * @param {number} after
 * @returns {RoomEvent[]}
 */
const repaired = (rows, after) => [{ type: 'asked', after }, further(rows, { after })];

/**
 * @param {Row[]} rows
 * @param {number} before
 * @returns {RoomEvent[]}
 */
const older = (rows, before, more = false) => [
  { type: 'olderAsked' },
  { type: 'history', messages: messagesOf(rows), before, more, complete: true },
];

/** @returns {RoomEvent} */
const drafted = (id = 'd') => ({
  type: 'drafted', drafts: [{ id, message: 'hello', writtenAt: 0, state: 'queued' }],
});

/** @param {...RoomEvent} events */
const after = (...events) => events.reduce(next, newRoom('r', 10_000, HELD_MAX));

/** @param {Room} room */
const hasGap = (room) => stretches.hasGap(room.stretch);

/** @param {Room} room */
const resumeAfter = (room) => stretches.resumeAfter(room.stretch);

/** @param {Room} room */
const timestamps = (room) => room.messages.map((m) => m.timestamp);

export default {
  liveMessagesAreShownInOrderOfTheirTimestampsEachOnce() {
    const room = after(...joined([10]), message(30, 10), message(20, 30), message(30, 10), message(10));

    equal(timestamps(room), [10, 20, 30]);
    equal(isCaughtUp(room), true);
  },

  aFrameOfManyEventsIsAsGoodAsManyFrames() {
    const events = [20, 30, 40].flatMap((t) => message(t, t - 10).events);

    const room = after(...joined([10]), { type: 'events', events, limit: LIMIT });

    equal(timestamps(room), [10, 20, 30, 40]);
    equal(isCaughtUp(room), true);
  },

  anEventThatWasSeenChangesNothing() {
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
    equal(isCaughtUp(room), true);
  },

  aPageThatWasReadBeforeALiveMessageRemovesNothing() {
    const [asked, reply] = joined([10, 20]);
    const room = after(asked, message(40, 30), reply);

    equal(timestamps(room), [10, 20, 40]);
    equal(hasGap(room), true, '30 is missing:');
  },

  theNewestPageReplacesWhatMayLieBehindAGap() {
    const room = after(...joined([10, 20]), { type: 'disconnected' }, message(55, 50),
      ...joined([50, 60], { more: true }));

    equal(timestamps(room), [50, 55, 60]);
    equal(room.from, 50);
  },

  aPrevThatWasNotSeenIsAGapUntilItComes() {
    const room = after(...joined([10]), message(30, 20));
    equal(hasGap(room), true);
    equal(timestamps(room), [10, 30]);

    const closed = next(room, message(20, 10));
    equal(isCaughtUp(closed), true);
    equal(timestamps(closed), [10, 20, 30]);
  },

  anEventWithoutAPrevLeavesAGapOnceSomethingWasSaid() {
    equal(hasGap(after(...joined([]), message(20, null))), false, 'the first one of a room:');

    const room = after(...joined([10]), message(30, null));

    equal(timestamps(room), [10, 30]);
    equal(hasGap(room), true, 'the server has lost what it handed out before 30:');
    equal(isCaughtUp(after(...joined([10]), message(30, null), ...joined([10, 20, 30]))), true);
  },

  messagesAfterAGapAreContiguousOnceItIsClosed() {
    const room = after(...joined([10]), message(30, 20), message(40, 30), message(50, 40));
    equal(hasGap(room), true);

    equal(isCaughtUp(next(room, message(20, 10))), true);
  },

  aRepairClosesAGapWhetherOrNotThePrevIsFound() {
    const found = after(...joined([10]), message(30, 20), ...repaired([10, 20, 30], 0));
    equal(timestamps(found), [10, 20, 30]);
    equal(isCaughtUp(found), true);

    const removed = after(...joined([10]), message(30, 20), ...repaired([10, 30], 0));
    equal(timestamps(removed), [10, 30]);
    equal(isCaughtUp(removed), true);
  },

  aGapThatOpensDuringARepairStaysOpen() {
    const [asked, page] = repaired([10, 20, 30], 0);
    const room = after(...joined([10]), message(30, 20), asked, message(60, 50), page);

    equal(timestamps(room), [10, 20, 30, 60]);
    equal([...room.stretch.gaps.keys()], [60]);
  },

  aRepairBeginsWhereNothingOlderCanBeMissing() {
    const s = SECOND_US;
    const room = after(...joined([100 * s]), message(130 * s, 120 * s), message(140 * s, 130 * s));

    equal(resumeAfter(room), 90 * s, 'what came after the gap does not count:');
  },

  theAcknowledgementOfASendHidesNoGap() {
    const room = after(...joined([10]), drafted(), { type: 'sent', id: 'd', timestamp: 30 },
      message(40, 30));

    equal(hasGap(room), true, 'whether anything lies between 10 and 30 is not known:');
  },

  aHeadThatWasNotSeenIsAGapUntilItsEventComes() {
    const room = after(...joined([10]), { type: 'head', head: 20 });
    equal(hasGap(room), true);

    equal(isCaughtUp(next(room, message(20, 10))), true);
    equal(hasGap(next(room, message(20, 15))), true);
    equal(isCaughtUp(repaired([10, 20], 0).reduce(next, room)), true);
  },

  aHeadThatIsNotInTheTableIsLookedForOnce() {
    const room = after(...joined([10]), { type: 'head', head: 20 }, ...repaired([10], 0));
    equal(isCaughtUp(room), true);

    equal(next(room, { type: 'head', head: 20 }) === room, true);
    equal(isCaughtUp(next(room, message(30, 20))), true);
  },

  aHeadThatTheNewestPageDoesNotReachIsNoGap() {
    const room = after(...joined([30, 40], { more: true, head: 20 }));

    equal(isCaughtUp(next(room, { type: 'head', head: 20 })), true);
    equal(isCaughtUp(next(room, message(50, 20))), true);
  },

  aLateMessageBeforeTheStretchWaitsForItsPageAndTakesItsPlaceInTheChain() {
    const room = after(...joined([30], { more: true }), message(5, 30), message(40, 5));

    equal(timestamps(room), [30, 40]);
    equal(isCaughtUp(room), true);
  },

  anOldPushThatComesLateIsNoGap() {
    const s = SECOND_US;
    const room = after(...joined([100 * s], { more: true }), message(80 * s, 79 * s));

    equal(timestamps(room), [100 * s]);
    equal(isCaughtUp(room), true);
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
    equal(isCaughtUp(done), true);
  },

  aMessageWrittenBetweenTwoPagesOfAReadMayBeMissing() {
    const s = SECOND_US;
    const room = after(...joined([100 * s], { more: true, after: undefined }), { type: 'disconnected' },
      ...joined([101 * s, 102 * s], { after: 90 * s, more: true, limit: 102 * s }),
      further([103 * s, 104 * s], { after: 102 * s, limit: 102 * s }));
    equal(isCaughtUp(room), true);
    equal(resumeAfter(room), 92 * s, 'the read was begun at 102 s:');

    // 101.5 s came to be in the table after the first page was read, and its push was lost.
    const named = next(room, message(105 * s, 104 * s));
    equal(hasGap(named), true);
    equal(isCaughtUp(repaired([101.5 * s, 104 * s, 105 * s], 92 * s).reduce(next, named)), true);
  },

  aReadOfSeveralPagesClosesTheGapsFromBeforeIt() {
    const s = SECOND_US;
    const room = after(...joined([100 * s]), message(104 * s, 103 * s),
      { type: 'asked', after: 90 * s },
      further([100 * s, 102 * s], { after: 90 * s, more: true }),
      further([103 * s, 104 * s], { after: 102 * s }));
    equal(isCaughtUp(room), true);

    equal(isCaughtUp(next(room, message(105 * s, 104 * s))), true);
  },

  aPageThatWasNotAskedForIsLeftOut() {
    const room = after(...joined([30]));
    equal(next(room, further([10], { after: 0 })) === room, true);

    const asking = after(...joined([30]), { type: 'asked', after: 20 });
    equal(next(asking, further([10], { after: 0 })) === asking, true);
    equal(isCaughtUp(asking), false);
    equal(isCaughtUp(next(asking, { type: 'abandoned' })), true);
  },

  anEmptyRoomIsReadFromItsBeginning() {
    const room = after(...joined([]));
    equal(resumeAfter(room), 0);

    equal(isCaughtUp(next(room, message(20, null))), true, 'its first message:');
    equal(hasGap(next(room, message(20, 10))), true, 'its second message:');
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

  aMessageWrittenAfterAnOlderPageWasReadIsAddedWithIt() {
    const [asked, page] = older([10, 20], 30);
    const room = after(...joined([30], { more: true }), asked, message(15, 30), message(40, 15), page);

    equal(timestamps(room), [10, 15, 20, 30, 40]);
    equal(isCaughtUp(room), true);
  },

  recentMessagesOfAnOlderPageAreNotContiguous() {
    const room = after(...joined([30], { more: true }), ...older([20], 30), message(40, 20));

    equal(hasGap(room), true, '20 may have been handed out after something that is missing:');
  },

  aLongConversationIsTrimmedToWhatCanBeFetchedAgain() {
    const all = Array.from({ length: HELD_MAX + 1 }, (_, i) => i + 1);
    const room = after(...joined([1]), ...all.slice(1).map((t) => message(t, t - 1)));

    equal(timestamps(room), all.slice(-HELD_MAX / 2));
    equal(room.from, timestamps(room)[0]);
    equal(isCaughtUp(room), true);
  },

  pinnedMessagesAreNotTrimmed() {
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
    equal(hasGap(room), true);
  },

  theNewestPageDoesNotBringBackWhatWasTrimmedMeanwhile() {
    const all = Array.from({ length: HELD_MAX + 1 }, (_, i) => i + 1);
    const [asked, reply] = joined([1, 2]);
    const room = after(asked, message(1), ...all.slice(1).map((t) => message(t, t - 1)), reply);

    equal(timestamps(room), all.slice(-HELD_MAX / 2));
    equal(room.from, timestamps(room)[0]);
  },

  messagesThatRetentionHasRemovedAreNotShownAnyMore() {
    const room = after(...joined([10, 20]), { type: 'disconnected' },
      ...joined([30, 40], { after: 10, complete: false }));
    equal(timestamps(room), [30, 40]);
    equal([room.from, room.complete], [0, false]);

    const nothing = after(...joined([10, 20]), { type: 'disconnected' },
      ...joined([], { after: 10, complete: false }));
    equal(timestamps(nothing), []);
  },

  anOwnMessageAppearsOnceInAnyOrderOfReplyAndEvent() {
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
      { type: 'asked', after: 0 },
      { type: 'joined', messages: [content(20, { id: 'd', user: you.user })], after: 0, more: false,
        head: null, complete: true, title: null, you, limit: LIMIT });

    equal(room.drafts, []);
    equal(timestamps(room), [10, 20]);
  },

  theIdOfAnotherUsersMessageAnswersNoSend() {
    const room = after(...joined([10]), drafted(), message(20, 10, { id: 'd' }));

    equal(room.drafts.length, 1);
  },

  messagesFromBeforeTheFirstJoinAreNotUnread() {
    const joinedNow = after(...joined([10, 20]));
    equal(unread(joinedNow), 0);

    const later = [message(30, 20), message(40, 30, { user: you.user }), message(50, 40)]
      .reduce(next, joinedNow);
    equal(unread(later), 2);
    equal(unread(next(later, { type: 'read' })), 0);
  },

  aMessageFromTheFutureHidesNoUnreadMessage() {
    const read = after(...joined([10]), message(900, 10), /** @type {RoomEvent} */ ({ type: 'read' }));

    equal(unread(next(read, message(20, 900))), 1);
  },

  olderMessagesAreNotUnread() {
    const room = after(...joined([30], { more: true }), ...older([10, 20], 30));

    equal(unread(room), 0);
  },

  trimmedMessagesAreNotUnread() {
    const all = Array.from({ length: HELD_MAX + 1 }, (_, i) => i + 1);
    const room = after(...joined([1]), ...all.slice(1).map((t) => message(t, t - 1)));

    equal(unread(room), HELD_MAX / 2);
  },

  presenceDuringAListingOverridesTheList() {
    const [a, b, c] = ['a', 'b', 'c'].map((user) => (
      { user, sender: user.toUpperCase(), connections: 2 }));
    const room = after(...joined([]), { type: 'membersAsked' },
      presence(b, 'out'),
      presence(c, 'in'),
      { type: 'membersListed', members: [a, b], more: false });

    equal(people(room).map((p) => p.sender), ['A', 'C']);
  },

  presenceIsOfUsersAndMayComeTwice() {
    const [u, v] = ['u', 'v'].map((user) => ({ user, sender: user.toUpperCase() }));
    const room = after(...joined([]), { type: 'membersAsked' },
      { type: 'membersListed', members: [{ ...u, connections: 2 }], more: false });

    const renamed = [presence({ ...u, sender: 'New' }, 'in'), presence(v, 'in'), presence(v, 'in')];
    equal(people(renamed.reduce(next, room)),
      [{ user: 'u', sender: 'New', connections: 2 }, { ...v, connections: 1 }]);
    equal(people([presence(u, 'out'), presence(u, 'out')].reduce(next, room)), []);
  },

  /** A user with connections that the version before has opened may be in several pages. */
  aUserWhoIsListedTwiceIsOnePerson() {
    const room = after(...joined([]), { type: 'membersAsked' },
      { type: 'membersListed', members: [1, 2].map((connections) => (
        { user: 'u', sender: 'U', connections })), more: false });

    equal(people(room), [{ user: 'u', sender: 'U', connections: 3 }]);
  },

  anUnreadableRowCountsAsSeenAndIsNotShown() {
    const room = after(...joined([10, unreadable(20)], { head: 20 }));
    equal(timestamps(room), [10]);

    equal(isCaughtUp(next(room, { type: 'head', head: 20 })), true, 'as a head:');
    equal(isCaughtUp(next(room, message(30, 20))), true, 'as a prev:');
    equal(resumeAfter(after(...joined([unreadable(20 * SECOND_US)]))), 10 * SECOND_US);
  },

  anUnreadableRowThatWasHandedOutIsLookedForOnce() {
    const heard = after(...joined([10]), message(30, 20));
    equal(hasGap(heard), true);

    const room = repaired([10, unreadable(20), 30], 0).reduce(next, heard);
    equal(isCaughtUp(room), true);
    equal(next(room, message(30, 20)) === room, true);
    equal(isCaughtUp(next(room, message(40, 20))), true);
  },

  anUnreadableRowKeepsItsPlaceAtTheBeginningOfTheStretch() {
    const room = after(...joined([unreadable(20), 30], { more: true }));
    equal([room.from, ...timestamps(room)], [20, 30]);

    equal(timestamps(next(room, message(25, 30))), [25, 30]);
    const all = older([unreadable(10)], 20).reduce(next, room);
    equal([all.from, ...timestamps(all)], [0, 30]);
  },

  aPageWithoutReadableRowsIsSkipped() {
    const newest = after(...joined([unreadable(40), unreadable(50)], { more: true }));
    equal([newest.from, newest.messages], [40, []]);
    equal(isCaughtUp(next(newest, message(60, 50))), true);

    const older1 = older([unreadable(20), unreadable(30)], 40, true).reduce(next, newest);
    equal([older1.from, older1.messages], [20, []]);
    equal(timestamps(older([10], 20).reduce(next, older1)), [10]);

    const behind = after(...joined([10]), { type: 'disconnected' },
      ...joined([unreadable(20), unreadable(30)], { after: 0, more: true }), further([40], { after: 30 }));
    equal(timestamps(behind), [10, 40]);
    equal(isCaughtUp(behind), true);
  },

  aRowThatBecomesReadableIsShown() {
    const room = after(...joined([10, unreadable(20)]), ...repaired([10, 20], 0));

    equal(timestamps(room), [10, 20]);
  },

  unreadableRowsAreForgottenOnceNoPrevCanNameThem() {
    const s = SECOND_US;
    const room = after(...joined([unreadable(10 * s), unreadable(95 * s), 100 * s]));
    equal([...room.stretch.unreadable], [95 * s]);

    const all = Array.from({ length: HELD_MAX + 1 }, (_, i) => (101 + i) * s);
    const trimmed = all.reduce((r, t) => next(r, message(t, t - s)), room);
    equal([...trimmed.stretch.unreadable], []);
    equal(isCaughtUp(trimmed), true);
  },

  anEmptyPageEndsAReadEvenIfItSaysThatThereIsMore() {
    const room = after(...joined([], { more: true }));
    equal([room.from, isCaughtUp(room)], [0, true]);

    const held = after(...joined([30], { more: true }), ...repaired([], 20));
    equal([held.from, isCaughtUp(held)], [30, true]);
    const asked = older([], 30, true).reduce(next, held);
    equal([asked.from, ...timestamps(asked)], [30, 30], 'there may be older ones still:');
  },

  aTimestampAheadOfTheServersTimeDoesNotMoveTheWatermark() {
    const s = SECOND_US;
    const limit = 102 * s;
    const room = after(...joined([100 * s, 900 * s], { limit }));
    equal(timestamps(room), [100 * s, 900 * s]);
    equal(resumeAfter(room), 90 * s, 'after a page:');

    equal(resumeAfter(next(room, message(901 * s, 900 * s, {}, limit))), 90 * s, 'after an event:');
    const named = next(room, { type: 'head', head: 902 * s });
    equal(resumeAfter(named), 90 * s, 'after a head:');
    const [asked, page] = [{ type: 'asked', after: 90 * s }, further([100 * s], { after: 90 * s, limit })];
    const looked = [/** @type {RoomEvent} */ (asked), page].reduce(next, named);
    equal(isCaughtUp(looked), true);
    equal(resumeAfter(looked), 90 * s, 'after a repair:');
    equal(next(looked, { type: 'head', head: 902 * s }) === looked, true, 'it is looked for once:');

    const goes = [message(103 * s, 900 * s, {}, 105 * s), message(104 * s, 103 * s, {}, 106 * s)]
      .reduce(next, room);
    equal(isCaughtUp(goes), true);
    equal(resumeAfter(goes), 94 * s, 'with what is said now:');
  },

  aCatchUpThatIsCutShortSkipsNothingThatWasHandedOutBefore() {
    const s = SECOND_US;
    const limit = 150 * s;
    const room = after(...joined([100 * s], { limit }), { type: 'disconnected' },
      { type: 'asked', after: 90 * s },
      { type: 'joined', messages: messagesOf([100 * s, 101 * s, 102 * s, 140 * s]), after: 90 * s,
        more: true, head: null, complete: true, title: null, you, limit },
      { type: 'disconnected' });
    equal(resumeAfter(room), 130 * s);

    // 900 s is not read yet, and was handed out before 102 s.
    equal(hasGap(next(room, message(145 * s, 102 * s, {}, limit))), true);
  },

  thereIsNoWatermarkWhileTheServersTimeIsNotKnown() {
    const s = SECOND_US;
    const room = after(...joined([100 * s, 900 * s], { limit: 0 }));
    equal(isCaughtUp(room), true);
    equal(resumeAfter(room), undefined, 'the newest page:');

    const told = next(room, { type: 'timed', limit: 102 * s });
    equal(resumeAfter(told), 90 * s);
    equal(next(told, { type: 'timed', limit: 102 * s }) === told, true);
  },

  aSendComesAfterOnesOwnMessagesAndThoseOfOthersThatAreNotAhead() {
    const room = after(...joined([10, 20, 90]));
    equal([95, 50, 15, 5].map((limit) => newestUpTo(room, limit)), [90, 20, 10, 0]);

    const own = [message(40, 20, { user: you.user }), drafted()].reduce(next, room);
    equal(newestUpTo(own, 15), 40);
    equal(newestUpTo(next(own, { type: 'sent', id: 'd', timestamp: 50 }), 15), 50);
  },

  anUnknownEventChangesNothing() {
    const room = after(...joined([10]));

    equal(next(room, /** @type {any} */ ({ type: 'reaction', room: 'r' })) === room, true);
  },
};
