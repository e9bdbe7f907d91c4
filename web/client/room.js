/**
 * One room as a client knows it: plain values, no DOM, no clock and no chance, so that every order of
 * arrival can be tried in a test. `next(room, event)` gives the room after an event and leaves the
 * old one as it was. Live events, pages and replies may come in any order and more than once.
 *
 * What is shown is one stretch, from `from` to the newest message. What may be missing from it is
 * kept in `chain`.
 */

import { headTold, heard, olderRead, pageRead, readBegun, timeTold, trimmed, UNLINKED } from './chain.js';
import { MESSAGES_HELD_MAX, PINNED_FACTOR, WAITS } from './limits.js';

/**
 * @typedef {object} Message
 * @property {number} timestamp epoch microseconds; identifies the message in its room
 * @property {string} id
 * @property {string} user
 * @property {string} sender display name
 * @property {string} message
 *
 * @typedef {{member: string, user: string, sender: string}} Member a connection; who it belongs to
 *
 * @typedef {object} Draft a send without an answer yet, or whose message is on its way
 * @property {string} id made here; the same for every attempt, so that one message comes of them
 * @property {string} message
 * @property {number} writtenAt epoch milliseconds
 * @property {'queued' | 'waiting' | 'sent' | 'failed'} state `waiting`: the server asked for a pause;
 *     `sent`: it is in the table, and will be among the messages
 * @property {string} [error] why it failed, for the reader
 * @property {number} [triedAt] the first attempt, in epoch milliseconds of the server's clock
 * @property {number} [lastTriedAt] the last attempt so far, likewise
 * @property {number} [after] the newest timestamp at the first attempt: its message comes later
 * @property {number} [timestamp] of its message, where it is sent
 *
 * @typedef {object} Room
 * @property {string} name
 * @property {'out' | 'behind' | 'live'} link `out`: no membership confirmed on this connection;
 *     `behind`: a member, and catching up; `live`: caught up since
 * @property {Member | null} you as whom the server knows this connection
 * @property {ReadonlyArray<Message>} messages ascending by timestamp, each once
 * @property {number} from where the stretch begins: a timestamp, or 0 for the beginning of the room
 * @property {boolean} complete false: retention has removed what came before
 * @property {ReadonlyArray<Message> | null} aside what came from before `from` since older messages
 *     were asked for, as it may have been written after their page was read; null: none are asked for
 * @property {import('./chain.js').Chain} chain what may be missing
 * @property {number} overlapUs
 * @property {number} heldMax how many messages are held; beyond, the older half goes
 * @property {boolean} pinned the reader looks at older messages: they are not let go
 * @property {ReadonlySet<number> | null} fresh messages of others that have come since the reader saw
 *     all; null before the first page. They need not be the newest ones: one that is ahead of its time
 *     stays behind them.
 * @property {ReadonlyArray<Draft>} drafts in the order they were written
 * @property {ReadonlyMap<string, Member> | null} members null until listed
 * @property {boolean} membersMore there are more members than were listed
 * @property {Listing | null} listing what happened to members since their list was asked for
 *
 * @typedef {{arrived: ReadonlyMap<string, Member>, left: ReadonlySet<string>}} Listing
 *
 * @typedef {Message & {type: 'message', prev: number | null}} MessageEvent
 * @typedef {Member & {type: 'presence', state: 'in' | 'out'}} PresenceEvent
 *
 * @typedef {object} Page
 * @property {(Message | import('./frames.js').Unreadable)[]} messages ascending
 * @property {boolean} more there are others in the direction asked
 * @property {boolean} complete
 *
 * @typedef {{type: 'joined', you: Member | null, head: number | null, after?: number, limit: number}
 *     & Page} Joined
 * @typedef {{type: 'history', after?: number, before?: undefined, limit: number} & Page} CatchUp
 * @typedef {{type: 'history', before: number} & Page} Older
 *
 * @typedef {Joined | CatchUp | Older
 *     | {type: 'events', events: ReadonlyArray<MessageEvent | PresenceEvent>, limit: number}
 *     | {type: 'asked', after: number | undefined}
 *     | {type: 'timed', limit: number}
 *     | {type: 'abandoned'} | {type: 'olderAsked'} | {type: 'olderAbandoned'} | {type: 'disconnected'} | {type: 'read'}
 *     | {type: 'head', head: number}
 *     | {type: 'pinned', pinned: boolean}
 *     | {type: 'sent', id: string, timestamp: number}
 *     | {type: 'drafted', drafts: ReadonlyArray<Draft>}
 *     | {type: 'draftChanged', id: string, change: Partial<Draft>}
 *     | {type: 'draftDiscarded', id: string}
 *     | {type: 'membersAsked'}
 *     | {type: 'membersListed', members: Member[], more: boolean}} RoomEvent
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
    you: null,
    messages: [],
    from: 0,
    complete: true,
    aside: null,
    chain: UNLINKED,
    overlapUs: overlapMs * 1000,
    heldMax,
    pinned: false,
    fresh: null,
    drafts: [],
    members: null,
    membersMore: false,
    listing: null,
  };
}

/**
 * The room after an event. The server's events go in as they came, as `events`; pages together with
 * the `after` or `before` that was asked for. `asked` goes before the first request of a read, and
 * `abandoned` where it came to nothing; for older messages `olderAsked` and `olderAbandoned` do.
 *
 * Timestamps later than `limit` are ahead of the server's time: as it was when events came, or when
 * the read was begun that a page belongs to. It is 0 while the server's time is not known; `timed`
 * tells later what it was for the last read that has come to its end.
 *
 * @param {Room} room
 * @param {RoomEvent} event
 * @returns {Room} the same one where nothing has changed
 */
export function next(room, event) {
  switch (event.type) {
    case 'events':
      return received(room, event.events, event.limit);
    case 'asked':
      return { ...room, chain: readBegun(room.chain, event.after) };
    case 'joined':
      return paged({ ...room, you: event.you ?? room.you }, event, event.head) ?? room;
    case 'history':
      return event.before === undefined ? (paged(room, event, null) ?? room) : preceded(room, event);
    case 'abandoned':
      return room.chain.read === null ? room : { ...room, chain: { ...room.chain, read: null } };
    case 'olderAsked':
      return { ...room, aside: [] };
    case 'olderAbandoned':
      return room.aside === null ? room : { ...room, aside: null };
    case 'disconnected':
      return { ...room, link: 'out', listing: null, chain: { ...room.chain, read: null } };
    case 'timed': {
      const sure = room.messages[lowerBound(room.messages, event.limit + 1) - 1]?.timestamp;
      return linked(room, timeTold(room.chain, sure, (t) => has(room, t), room.overlapUs));
    }
    case 'head':
      return linked(room, headTold(room.chain, event.head, (t) => has(room, t)));
    case 'read':
      return room.fresh === null || room.fresh.size === 0 ? room : { ...room, fresh: new Set() };
    case 'pinned':
      return event.pinned === room.pinned ? room : trim({ ...room, pinned: event.pinned });
    case 'sent':
      return sent(room, event.id, event.timestamp);
    case 'drafted':
      return drafted(room, event.drafts);
    case 'draftChanged':
      return {
        ...room,
        drafts: room.drafts.map((d) => (d.id === event.id ? { ...d, ...event.change } : d)),
      };
    case 'draftDiscarded':
      return { ...room, drafts: room.drafts.filter((d) => d.id !== event.id) };
    case 'membersAsked':
      return { ...room, listing: { arrived: new Map(), left: new Set() } };
    case 'membersListed':
      return membersListed(room, event.members, event.more);
    default:
      return room; // Newer servers may send more.
  }
}

/**
 * The timestamp after which a read begins, so that it brings all that is missing. Undefined where
 * the newest page is wanted.
 *
 * @param {Room} room
 * @returns {number | undefined}
 */
export function resumeAfter({ chain, overlapUs }) {
  const settled = Math.max(chain.settled ?? -1, chain.reached ?? -1);
  return settled < 0 ? undefined : Math.max(0, settled - overlapUs);
}

/**
 * Whether something is known to be missing that a repair would bring.
 *
 * @param {Room} room
 */
export function broken(room) {
  return room.chain.holes.size > 0;
}

/**
 * Whether the room is caught up on this connection, and nothing is known to be missing.
 *
 * @param {Room} room
 */
export function whole(room) {
  return room.link === 'live' && room.chain.read === null && !broken(room);
}

/**
 * @param {Room} room
 * @returns {number | null}
 */
export function newest(room) {
  return room.messages.at(-1)?.timestamp ?? null;
}

/**
 * The newest timestamp that may be the `after` of a send: of one's own, and of those of others that
 * are not ahead. The server takes an `after` that is further ahead for one second ahead: two messages
 * that are sent after it would be in the order of the clocks of two functions.
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
 * Messages of others that have come since the reader saw all.
 *
 * @param {Room} room
 * @returns {number}
 */
export function unread({ fresh }) {
  return fresh?.size ?? 0;
}

/**
 * Who is in the room, by display name: a user with two tabs is two members, and one person.
 *
 * @param {Room} room
 * @returns {{user: string, sender: string, connections: number}[]}
 */
export function people(room) {
  /** @type {Map<string, {user: string, sender: string, connections: number}>} */
  const byUser = new Map();
  for (const { user, sender } of room.members?.values() ?? []) {
    byUser.set(user, { user, sender, connections: (byUser.get(user)?.connections ?? 0) + 1 });
  }
  return [...byUser.values()].sort(
    (a, b) => a.sender.localeCompare(b.sender) || (a.user < b.user ? -1 : 1),
  );
}

/**
 * @param {Room} room
 * @param {ReadonlyArray<MessageEvent | PresenceEvent>} events
 * @param {number} limit
 * @returns {Room}
 */
function received(room, events, limit) {
  const old = (room.chain.settled ?? 0) - room.overlapUs;
  /** @type {MessageEvent[]} */
  const messages = [];
  let changed = room;
  for (const event of events) {
    if (event.type === 'presence') changed = presence(changed, event);
    else if (event.timestamp >= room.from || event.timestamp > old) messages.push(event);
  }
  const chain = heard(room.chain, messages, (t) => has(room, t), limit);
  return merged(linked(changed, chain), messages.map(content));
}

/**
 * The room after a page of the read that is under way.
 *
 * @param {Room} room
 * @param {Joined | CatchUp} page
 * @param {number | null} head
 * @returns {Room | null} null where no such page was asked for by now
 */
function paged(room, page, head) {
  const { read } = room.chain;
  if (read === null || read.after !== page.after) return null;

  const first = page.messages[0]?.timestamp;
  const newestPage = page.after === undefined;
  const more = !newestPage && page.more && first !== undefined;
  let { from, complete, messages } = room;
  if (newestPage) {
    // What is older than this page may lie behind a hole, unless the page is the whole room.
    from = Math.max(read.least, page.more && first !== undefined ? first : 0);
    complete = page.complete;
    messages = messages.slice(lowerBound(messages, from));
  } else if (!page.complete) {
    // Retention has overtaken us: what is held and older than the page is gone from the table too.
    from = read.least;
    complete = false;
    messages = messages.slice(lowerBound(messages, first ?? (room.chain.settled ?? 0) + 1));
  }
  const chain = pageRead(room.chain, read, { ...rows(page), more, head },
    (t) => has(room, t), page.limit, room.overlapUs);
  const behind = room.link === 'out' ? 'behind' : room.link;
  const kept = letGo({ ...room, link: more ? behind : 'live', from, complete, messages, chain });
  const result = merged(kept, readable(page));
  return more || room.fresh !== null ? result : { ...result, fresh: new Set() };
}

/**
 * The room after a page of older messages.
 *
 * @param {Room} room
 * @param {Older} page
 * @returns {Room}
 */
function preceded(room, page) {
  // The stretch may have begun anew since this page was asked for; it then no longer adjoins it.
  if (room.aside === null || room.from === 0 || room.from !== page.before) return room;
  const first = page.messages[0]?.timestamp;
  if (page.more && first === undefined) return room; // It says nothing of where it begins.
  const chain = olderRead(room.chain, rows(page), (t) => has(room, t), room.overlapUs);
  const from = page.more && first !== undefined ? first : 0;
  const { fresh } = room; // What is older is no news.
  return { ...merged({ ...room, from, complete: page.complete, chain, aside: null },
    [...readable(page), ...room.aside]), fresh };
}

/**
 * @param {Page} page
 * @returns {Message[]}
 */
function readable({ messages }) {
  return messages.flatMap((m) => ('unreadable' in m ? [] : [m]));
}

/**
 * @param {Page} page
 * @returns {import('./chain.js').Rows}
 */
function rows({ messages }) {
  return {
    timestamps: messages.map((m) => m.timestamp),
    unreadable: messages.filter((m) => 'unreadable' in m).map((m) => m.timestamp),
  };
}

/**
 * The room with these messages, as far as they belong to the stretch that is shown, and without the
 * drafts that they answer.
 *
 * @param {Room} room
 * @param {ReadonlyArray<Message>} news in any order
 * @returns {Room}
 */
function merged(room, news) {
  let changed = room;
  if (room.aside !== null && news.some((m) => m.timestamp < room.from)) {
    changed = { ...room, aside: [...room.aside, ...news.filter((m) => m.timestamp < room.from)] };
  }
  const fresh = news.filter((m) => m.timestamp >= room.from && !has(room, m.timestamp));
  if (fresh.length > 0) {
    changed = trim(counted({ ...changed, messages: merge(room.messages, fresh) }, fresh));
  }
  return answered(changed, news);
}

/**
 * @param {Room} room
 * @param {Message[]} news
 * @returns {Room}
 */
function counted(room, news) {
  if (room.fresh === null) return room;
  const others = news.filter((m) => m.user !== room.you?.user).map((m) => m.timestamp);
  return others.length === 0 ? room : { ...room, fresh: new Set([...room.fresh, ...others]) };
}

/**
 * The room without the drafts that these messages answer, nor those whose message was shown or will
 * not be.
 *
 * @param {Room} room
 * @param {ReadonlyArray<Message>} news
 * @returns {Room}
 */
function answered(room, news) {
  const { you, chain } = room;
  if (room.drafts.length === 0 || you === null) return room;
  const ids = new Set(news.filter((m) => m.user === you.user).map((m) => m.id));
  const drafts = room.drafts.filter((d) => {
    if (ids.has(d.id)) return false;
    if (d.timestamp === undefined) return true;
    return d.timestamp >= room.from && !has(room, d.timestamp)
      && d.timestamp > (chain.settled ?? 0) - room.overlapUs;
  });
  return drafts.length === room.drafts.length ? room : { ...room, drafts };
}

/**
 * @param {Room} room
 * @param {string} id
 * @param {number} timestamp
 * @returns {Room}
 */
function sent(room, id, timestamp) {
  if (!room.drafts.some((d) => d.id === id)) return room;
  const drafts = room.drafts.map((d) => (
    d.id === id ? { ...d, state: /** @type {const} */ ('sent'), timestamp } : d));
  return answered({ ...room, drafts }, []);
}

/**
 * @param {Room} room
 * @param {ReadonlyArray<Draft>} drafts some of which may be there already
 * @returns {Room}
 */
function drafted(room, drafts) {
  const ids = new Set(room.drafts.map((d) => d.id));
  const fresh = drafts.filter((d) => !ids.has(d.id));
  if (fresh.length === 0) return room;
  const all = [...room.drafts, ...fresh].sort((a, b) => a.writtenAt - b.writtenAt);
  return answered({ ...room, drafts: all }, room.messages);
}

/**
 * @param {Room} room
 * @param {PresenceEvent} event
 * @returns {Room}
 */
function presence(room, { member, user, sender, state }) {
  if (room.members === null && room.listing === null) return room;
  const changed = { ...room };
  const arrived = new Map(room.listing?.arrived);
  const left = new Set(room.listing?.left);
  const members = new Map(room.members);
  for (const known of [arrived, members]) {
    if (state === 'in') known.set(member, { member, user, sender });
    else known.delete(member);
  }
  if (state === 'in') left.delete(member);
  else left.add(member);
  if (room.members !== null) changed.members = members;
  if (room.listing !== null) changed.listing = { arrived, left };
  return changed;
}

/**
 * The list, with what happened while its pages came in.
 *
 * @param {Room} room
 * @param {Member[]} listed
 * @param {boolean} more
 * @returns {Room}
 */
function membersListed(room, listed, more) {
  const { arrived, left } = room.listing ?? { arrived: new Map(), left: new Set() };
  const members = new Map(listed.filter((m) => !left.has(m.member)).map((m) => [m.member, m]));
  for (const [member, who] of arrived) members.set(member, who);
  return { ...room, members, membersMore: more, listing: null };
}

/**
 * The room with no more messages than it may hold: the oldest go.
 *
 * @param {Room} room
 * @returns {Room}
 */
function trim(room) {
  const max = room.pinned ? PINNED_FACTOR * room.heldMax : room.heldMax;
  if (room.messages.length <= max) return room;
  const messages = room.messages.slice(-Math.ceil(room.heldMax / 2));
  const kept = letGo({ ...room, messages, from: messages[0].timestamp });
  return { ...kept, chain: trimmed(room.chain, kept.from, (t) => has(kept, t)) };
}

/**
 * @param {Room} room
 * @returns {Room} in which what is not held any more is not unread either
 */
function letGo(room) {
  const { fresh } = room;
  return fresh === null ? room : { ...room, fresh: new Set([...fresh].filter((t) => has(room, t))) };
}

/**
 * @param {Room} room
 * @param {import('./chain.js').Chain} chain
 * @returns {Room}
 */
function linked(room, chain) {
  return chain === room.chain ? room : { ...room, chain };
}

/**
 * @param {MessageEvent & {room?: string}} event
 * @returns {Message}
 */
function content({ type, room, prev, ...message }) {
  return message;
}

/**
 * @param {Room} room
 * @param {number} timestamp
 */
function has({ messages }, timestamp) {
  return messages[lowerBound(messages, timestamp)]?.timestamp === timestamp;
}

/**
 * Where the first message is that is not before a timestamp.
 *
 * @param {ReadonlyArray<Message>} messages
 * @param {number} timestamp
 */
function lowerBound(messages, timestamp) {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (messages[middle].timestamp < timestamp) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Both in one, ascending, each timestamp once.
 *
 * @param {ReadonlyArray<Message>} held
 * @param {Message[]} news none of which is held
 * @returns {ReadonlyArray<Message>}
 */
function merge(held, news) {
  news.sort((a, b) => a.timestamp - b.timestamp);
  const at = lowerBound(held, news[0].timestamp);
  const result = held.slice(0, at);
  let h = at;
  for (const message of news) {
    if (message.timestamp === result.at(-1)?.timestamp) continue;
    while (h < held.length && held[h].timestamp < message.timestamp) result.push(held[h++]);
    result.push(message);
  }
  while (h < held.length) result.push(held[h++]);
  return result;
}
