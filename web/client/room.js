/**
 * One room as a client knows it: plain values, no DOM, no clock and no chance, so that every order of
 * arrival can be tried in a test. `next(room, event)` gives the room after an event and leaves the
 * old one as it was. Live events, pages and replies may come in any order and more than once.
 *
 * What is shown is one stretch, from `from` to the newest message. What may be missing from it is
 * kept in `chain`.
 */

import { headTold, heard, olderRead, pageRead, readBegun, trimmed, UNLINKED } from './chain.js';
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
 * @property {number} [triedAt] the first attempt, in epoch milliseconds
 * @property {number} [lastTriedAt] the last attempt so far, in epoch milliseconds
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
 * @property {number | null} read the newest message that was shown to the reader
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
 * @property {Message[]} messages ascending
 * @property {boolean} more there are others in the direction asked
 * @property {boolean} complete
 *
 * @typedef {{type: 'joined', you: Member, head: number | null, after?: number, at: number} & Page} Joined
 * @typedef {{type: 'history', after?: number, before?: undefined, at: number} & Page} CatchUp
 * @typedef {{type: 'history', before: number} & Page} Older
 *
 * @typedef {MessageEvent | PresenceEvent | Joined | CatchUp | Older
 *     | {type: 'events', events: ReadonlyArray<MessageEvent | PresenceEvent>}
 *     | {type: 'asked', after: number | undefined, at: number}
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
    read: null,
    drafts: [],
    members: null,
    membersMore: false,
    listing: null,
  };
}

/**
 * The room after an event. The server's events go in as they came, several at once as `events`;
 * pages together with the `after` or `before` that was asked for, and the time `at` which they came.
 * `asked` goes before the first request of a read, and `abandoned` where it came to nothing; for
 * older messages `olderAsked` and `olderAbandoned` do.
 *
 * @param {Room} room
 * @param {RoomEvent} event
 * @returns {Room} the same one where nothing has changed
 */
export function next(room, event) {
  switch (event.type) {
    case 'events':
      return received(room, event.events);
    case 'message':
    case 'presence':
      return received(room, [event]);
    case 'asked':
      return { ...room, chain: readBegun(room.chain, event.after, event.at) };
    case 'joined':
      return paged({ ...room, you: event.you }, event, event.head) ?? room;
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
    case 'head':
      return linked(room, headTold(room.chain, event.head, (t) => has(room, t)));
    case 'read':
      return newest(room) === room.read ? room : { ...room, read: newest(room) };
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
  return chain.settled === null ? undefined : Math.max(0, chain.settled - overlapUs);
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
 * Messages of others that came after the newest one read.
 *
 * @param {Room} room
 * @returns {number}
 */
export function unread(room) {
  const from = room.read ?? 0;
  let count = 0;
  for (let i = room.messages.length - 1; i >= 0 && room.messages[i].timestamp > from; i--) {
    if (room.messages[i].user !== room.you?.user) count++;
  }
  return count;
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
 * @returns {Room}
 */
function received(room, events) {
  const old = (room.chain.settled ?? 0) - room.overlapUs;
  /** @type {MessageEvent[]} */
  const messages = [];
  let changed = room;
  for (const event of events) {
    if (event.type === 'presence') changed = presence(changed, event);
    else if (event.timestamp >= room.from || event.timestamp > old) messages.push(event);
  }
  const chain = heard(room.chain, messages, (t) => has(room, t));
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
  const timestamps = page.messages.map((m) => m.timestamp);
  const chain = pageRead(room.chain, read, { timestamps, more, head, at: page.at },
    (t) => has(room, t), room.overlapUs);
  const behind = room.link === 'out' ? 'behind' : room.link;
  const result = merged(
    { ...room, link: more ? behind : 'live', from, complete, messages, chain }, page.messages);
  return more || room.read !== null ? result : { ...result, read: newest(result) ?? 0 };
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
  const timestamps = page.messages.map((m) => m.timestamp);
  const chain = olderRead(room.chain, timestamps, (t) => has(room, t), room.overlapUs);
  const from = page.more && first !== undefined ? first : 0;
  return merged({ ...room, from, complete: page.complete, chain, aside: null },
    [...page.messages, ...room.aside]);
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
  if (fresh.length > 0) changed = trim({ ...changed, messages: merge(room.messages, fresh) });
  return answered(changed, news);
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
  const kept = { ...room, messages, from: messages[0].timestamp };
  return { ...kept, chain: trimmed(room.chain, kept.from, (t) => has(kept, t)) };
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
