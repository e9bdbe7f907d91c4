/**
 * One room as a client knows it: plain values, no DOM, no clock and no chance, so that every order of
 * arrival can be tried in a test. `next(room, event)` gives the room after an event and leaves the
 * old one as it was. Live events, pages and replies may come in any order and more than once.
 *
 * What is shown is one stretch of messages, from `from` to the newest one (`stretch.js`). Beside it
 * stand the user's drafts, the members, and which messages are unread.
 */

import { isPending, withChange, withMore, withoutAnswered } from './drafts.js';
import { MESSAGES_HELD_MAX, PINNED_FACTOR, WAITS } from './limits.js';
import { listingBegun, membersListed, presenceReceived, UNLISTED } from './members.js';
import { has, readable } from './messages.js';
import {
  eventsReceived,
  hasGap,
  headReceived,
  newStretch,
  olderAbandoned,
  olderAsked,
  olderReceived,
  pageReceived,
  readAbandoned,
  readBegun,
  timeReceived,
  trimmed,
} from './stretch.js';

export { people } from './members.js';

/**
 * @typedef {import('./drafts.js').Draft} Draft
 * @typedef {import('./members.js').You} You
 * @typedef {import('./members.js').Person} Person
 * @typedef {import('./members.js').PresenceEvent} PresenceEvent
 * @typedef {import('./messages.js').Message} Message
 * @typedef {import('./messages.js').MessageEvent} MessageEvent
 * @typedef {import('./messages.js').Page} Page
 * @typedef {import('./stretch.js').Stretch} Stretch
 *
 * @typedef {object} Conversation
 * @property {string} name
 * @property {'out' | 'behind' | 'live'} link `out`: no membership confirmed on this connection;
 *     `behind`: a member, and catching up; `live`: caught up since
 * @property {string | null} title what a private room is called; null where it has no title, and
 *     before it was joined
 * @property {You | null} you as whom the server knows this connection
 * @property {ReadonlyArray<Message>} messages ascending by timestamp, each once: the stretch's
 * @property {number} from where the messages begin: a timestamp, or 0 for the beginning of the room
 * @property {boolean} complete false: retention has removed what came before
 * @property {Stretch} stretch the same messages, and what may be missing among them
 * @property {number} heldMax how many messages are held; beyond, the older half goes
 * @property {boolean} pinned the reader looks at older messages: they are not let go
 * @property {ReadonlySet<number> | null} fresh messages of others that have come since the reader saw
 *     all; null before the first page. They need not be the newest ones: one that is ahead of its time
 *     stays behind them.
 * @property {ReadonlyArray<Draft>} drafts in the order they were written
 *
 * @typedef {Conversation & import('./members.js').Members} Room
 *
 * @typedef {{type: 'joined', title: string | null, you: You | null, head: number | null,
 *     after?: number, limit: number} & Page} Joined
 * @typedef {{type: 'history', after?: number, before?: undefined, limit: number} & Page} CatchUp
 * @typedef {{type: 'history', before: number} & Page} Older
 *
 * @typedef {Joined | CatchUp | Older
 *     | {type: 'events', events: ReadonlyArray<MessageEvent | PresenceEvent>, limit: number}
 *     | {type: 'asked', after: number | undefined} | {type: 'abandoned'}
 *     | {type: 'olderAsked'} | {type: 'olderAbandoned'}
 *     | {type: 'timed', limit: number}
 *     | {type: 'head', head: number}
 *     | {type: 'authenticated', you: You | null}
 *     | {type: 'disconnected'}
 *     | {type: 'read'}
 *     | {type: 'pinned', pinned: boolean}
 *     | {type: 'sent', id: string, timestamp: number}
 *     | {type: 'drafted', drafts: ReadonlyArray<Draft>}
 *     | {type: 'draftChanged', id: string, change: Partial<Draft>}
 *     | {type: 'draftDiscarded', id: string}
 *     | {type: 'membersAsked'}
 *     | {type: 'membersListed', members: Person[], more: boolean}} RoomEvent
 */

/**
 * A room before anything is known of it.
 *
 * @param {string} name
 * @param {number} [overlapMs]
 * @param {number} [heldMax]
 * @returns {Room}
 */
export function newRoom(name, overlapMs = WAITS.overlapMs, heldMax = MESSAGES_HELD_MAX) {
  return {
    name,
    link: 'out',
    title: null,
    you: null,
    ...shown(newStretch(overlapMs * 1000)),
    heldMax,
    pinned: false,
    fresh: null,
    drafts: [],
    ...UNLISTED,
  };
}

/**
 * The room after an event. The server's events go in as they came, as `events`; pages together with
 * the `after` or `before` that was asked for. `asked` goes before the first request of a read, and
 * `abandoned` where it came to nothing; for older messages `olderAsked` and `olderAbandoned` do.
 *
 * Timestamps later than `limit` are ahead of the server's time: as it was when events came, or when
 * the read began that a page belongs to. It is 0 while the server's time is not known; `timed` tells
 * later what it was for the last read that has finished.
 *
 * @param {Room} room
 * @param {RoomEvent} event
 * @returns {Room} the same one where nothing has changed
 */
export function next(room, event) {
  const { stretch } = room;
  switch (event.type) {
    case 'events':
      return received(room, event.events, event.limit);
    case 'asked':
      return withStretch(room, readBegun(stretch, event.after));
    case 'joined':
      return paged({ ...room, title: event.title, you: event.you ?? room.you }, event) ?? room;
    case 'history':
      return event.before === undefined ? (paged(room, event) ?? room) : preceded(room, event);
    case 'abandoned':
      return withStretch(room, readAbandoned(stretch));
    case 'olderAsked':
      return withStretch(room, olderAsked(stretch));
    case 'olderAbandoned':
      return withStretch(room, olderAbandoned(stretch));
    case 'authenticated':
      return room.you === null || event.you === null ? room : { ...room, you: event.you };
    case 'disconnected':
      return { ...withStretch(room, readAbandoned(stretch)), link: 'out', listing: null };
    case 'timed':
      return withStretch(room, timeReceived(stretch, event.limit));
    case 'head':
      return withStretch(room, headReceived(stretch, event.head));
    case 'read':
      return room.fresh === null || room.fresh.size === 0 ? room : { ...room, fresh: new Set() };
    case 'pinned':
      return event.pinned === room.pinned ? room
        : withStretch({ ...room, pinned: event.pinned }, stretch);
    case 'sent':
      return answered(withDrafts(room, withChange(room.drafts, event.id,
        { state: 'sent', timestamp: event.timestamp })), []);
    case 'drafted':
      return answered(withDrafts(room, withMore(room.drafts, event.drafts)), room.messages);
    case 'draftChanged':
      return withDrafts(room, withChange(room.drafts, event.id, event.change));
    case 'draftDiscarded':
      return withDrafts(room, room.drafts.filter((d) => d.id !== event.id));
    case 'membersAsked':
      return listingBegun(room);
    case 'membersListed':
      return membersListed(room, event.members, event.more);
    default:
      return room; // Newer servers may send more.
  }
}

/**
 * Whether the room is caught up on this connection, and nothing is known to be missing.
 *
 * @param {Room} room
 */
export function isCaughtUp({ link, stretch }) {
  return link === 'live' && stretch.read === null && !hasGap(stretch);
}

/**
 * @param {Room} room
 * @returns {number | null}
 */
export function newest(room) {
  return room.messages.at(-1)?.timestamp ?? null;
}

/**
 * The newest timestamp that may be the `after` of a send: of one's own messages, and of those of
 * others that are not ahead. The server takes an `after` that is further ahead for one second ahead:
 * two messages that are sent after it would be in the order of the clocks of two functions.
 *
 * @param {Room} room
 * @param {number} limit the server's time
 * @returns {number} 0 where there is none
 */
export function newestUpTo({ messages, drafts, you }, limit) {
  const last = messages.findLast((m) => m.timestamp <= limit || m.user === you?.user);
  return Math.max(last?.timestamp ?? 0, ...drafts.map(({ timestamp }) => timestamp ?? 0));
}

/**
 * The draft to be sent next.
 *
 * @param {Room} room
 * @returns {Draft | undefined}
 */
export const nextDraft = ({ drafts }) => drafts.find(isPending);

/**
 * Messages of others that have come since the reader saw all.
 *
 * @param {Room} room
 * @returns {number}
 */
export function unread({ fresh }) {
  return fresh?.size ?? 0;
}

/**
 * @param {Room} room
 * @param {ReadonlyArray<MessageEvent | PresenceEvent>} events
 * @param {number} limit
 * @returns {Room}
 */
function received(room, events, limit) {
  /** @type {MessageEvent[]} */
  const messages = [];
  let changed = room;
  for (const event of events) {
    if (event.type === 'presence') changed = presenceReceived(changed, event);
    else messages.push(event);
  }
  const stretch = eventsReceived(room.stretch, messages, limit);
  return answered(withStretch(changed, stretch, messages), messages);
}

/**
 * The room after a page of the read that is under way.
 *
 * @param {Room} room
 * @param {Joined | CatchUp} page
 * @returns {Room | null} null where this page was not asked for, or is not wanted any more
 */
function paged(room, page) {
  const stretch = pageReceived(room.stretch, page, page.limit);
  if (stretch === null) return null;
  const done = stretch.read === null;
  const news = readable(page);
  const changed = answered(withStretch(room, stretch, news), news);
  return {
    ...changed,
    link: done ? 'live' : room.link === 'out' ? 'behind' : room.link,
    fresh: done ? (changed.fresh ?? new Set()) : changed.fresh,
  };
}

/**
 * The room after a page of older messages, none of which is news.
 *
 * @param {Room} room
 * @param {Older} page
 * @returns {Room}
 */
function preceded(room, page) {
  const stretch = olderReceived(room.stretch, page);
  if (stretch === room.stretch) return room;
  return answered(withStretch(room, stretch), [...readable(page), ...(room.stretch.earlier ?? [])]);
}

/**
 * The room with another stretch, of which the oldest messages go where it is longer than it may be.
 *
 * @param {Room} room
 * @param {Stretch} stretch
 * @param {ReadonlyArray<Message>} [news] that are unread if they are new, and of others
 * @returns {Room}
 */
function withStretch(room, stretch, news = []) {
  const max = room.pinned ? PINNED_FACTOR * room.heldMax : room.heldMax;
  const kept = stretch.messages.length <= max ? stretch : trimmed(stretch, Math.ceil(room.heldMax / 2));
  if (kept === room.stretch) return room;
  const changed = { ...room, ...shown(kept) };
  if (room.fresh === null || kept.messages === room.messages) return changed;
  const others = news.filter((m) => m.user !== room.you?.user && !has(room.messages, m.timestamp));
  const unread = [...room.fresh, ...others.map((m) => m.timestamp)];
  return { ...changed, fresh: new Set(unread.filter((t) => has(kept.messages, t))) };
}

/**
 * A stretch, and what a reader needs of it.
 *
 * @param {Stretch} stretch
 */
function shown(stretch) {
  const { messages, from, complete } = stretch;
  return { stretch, messages, from, complete };
}

/**
 * The room without the drafts that these messages answer, and without those whose message was shown
 * or will not be.
 *
 * @param {Room} room
 * @param {ReadonlyArray<Message>} news
 * @returns {Room}
 */
function answered(room, news) {
  const { you, drafts, stretch } = room;
  if (drafts.length === 0 || you === null) return room;
  const own = new Set(news.filter((m) => m.user === you.user).map((m) => m.id));
  return withDrafts(room, withoutAnswered(drafts, own, stretch));
}

/**
 * @param {Room} room
 * @param {ReadonlyArray<Draft>} drafts
 * @returns {Room}
 */
function withDrafts(room, drafts) {
  return drafts === room.drafts ? room : { ...room, drafts };
}
