/**
 * One room as this page knows it: plain values and no DOM, so that every order of arrival can be
 * tried in a test. `next(room, event)` gives the room after an event and leaves the old one as it
 * was. Live events, history and replies may come in any order and more than once.
 *
 * What is held is one stretch without holes, as far as the server's replies tell: from the first
 * message held, to `settled`. Beyond `settled`, while the room is `behind`, lie only messages that
 * arrived live before the catch-up reached them.
 */

import { MESSAGES_HELD_MAX, MESSAGES_KEPT, OVERLAP_US } from './limits.js';

/**
 * @typedef {object} Message
 * @property {string} room
 * @property {number} timestamp epoch microseconds; identifies the message in its room
 * @property {number | null} [prev] the one that was handed out before it
 * @property {string} id
 * @property {string} user
 * @property {string} sender display name
 * @property {string} message
 *
 * @typedef {{member: string, user: string, sender: string}} Member a connection; who it belongs to
 *
 * @typedef {object} Draft a send without an answer yet
 * @property {string} id made here; the same for every attempt, so that one message comes of them
 * @property {string} message
 * @property {'queued' | 'waiting' | 'failed'} state `waiting`: the server asked for a pause
 * @property {string} [error] why it failed, for the reader
 * @property {number} [firstTriedAt] epoch milliseconds
 *
 * @typedef {object} Room
 * @property {string} name
 * @property {'out' | 'behind' | 'live'} link `out`: no membership confirmed on this connection;
 *     `behind`: a member, and catching up; `live`: what comes is all that is new
 * @property {Member | null} you as whom the server knows this connection
 * @property {ReadonlyArray<Message>} messages ascending by timestamp, each once
 * @property {number | null} settled nothing is known to be missing up to here
 * @property {boolean} more there are messages before the oldest held
 * @property {boolean} complete false: retention has removed what came before
 * @property {number | null} read the newest message that was shown to the reader
 * @property {ReadonlyArray<Draft>} drafts in the order they were written
 * @property {ReadonlyMap<string, Member> | null} members null until listed
 * @property {boolean} membersMore there are more members than were listed
 * @property {Listing | null} listing what happened to members since their list was asked for
 *
 * @typedef {{arrived: ReadonlyMap<string, Member>, left: ReadonlySet<string>}} Listing
 */

/**
 * A room before anything is known of it.
 *
 * @param {string} name
 * @returns {Room}
 */
export function newRoom(name) {
  return {
    name,
    link: 'out',
    you: null,
    messages: [],
    settled: null,
    more: false,
    complete: true,
    read: null,
    drafts: [],
    members: null,
    membersMore: false,
    listing: null,
  };
}

/**
 * The room after an event. Server frames go in as they came, replies together with the `after` or
 * `before` that was asked for; the other types are the page's own. An unknown type changes nothing:
 * newer servers may send more.
 *
 * @param {Room} room
 * @param {{type: string} & Record<string, any>} event
 * @returns {Room}
 */
export function next(room, event) {
  switch (event.type) {
    case 'message':
      return received(room, /** @type {any} */ (event));
    case 'joined':
      return joined(room, /** @type {any} */ (event));
    case 'history':
      return event.before === undefined
        ? caughtUp(room, event.messages, event.more)
        : preceded(room, /** @type {any} */ (event));
    case 'sent':
      return sent(room, event.id, event.timestamp);
    case 'presence':
      return presence(room, /** @type {any} */ (event));
    case 'disconnected':
      return { ...room, link: 'out', listing: null };
    case 'read':
      return newest(room) === room.read ? room : { ...room, read: newest(room) };
    case 'trimmed':
      return room.messages.length <= MESSAGES_HELD_MAX
        ? room
        : { ...room, messages: room.messages.slice(-MESSAGES_KEPT), more: true };
    case 'drafted':
      return {
        ...room,
        drafts: [...room.drafts, { id: event.id, message: event.message, state: 'queued' }],
      };
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
      return room;
  }
}

/**
 * The timestamp after which a join asks for messages, so that nothing is missed: some time before
 * the newest settled one. Undefined where the newest page is wanted.
 *
 * @param {Room} room
 * @returns {number | undefined}
 */
export function resumeAfter(room) {
  return room.settled === null ? undefined : Math.max(0, room.settled - OVERLAP_US);
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
 * @param {Message} message
 * @returns {Room}
 */
function received(room, message) {
  const drafts = withoutAnswered(room, [message]);
  if (room.more && room.messages.length > 0 && message.timestamp < room.messages[0].timestamp) {
    // It lies before the stretch that is held; shown now, it would hide those between.
    return { ...room, drafts };
  }
  return advanced({ ...room, drafts, messages: merge(room.messages, [message]) });
}

/**
 * @param {Room} room
 * @param {{you: Member, messages: Message[], more: boolean, complete: boolean, after?: number}} reply
 * @returns {Room}
 */
function joined(room, reply) {
  const member = { ...room, you: reply.you, link: /** @type {const} */ ('behind') };
  if (reply.after !== undefined) return caughtUp(member, reply.messages, reply.more);

  // The newest page. What is held and older than it may lie behind a hole, so it goes, unless the
  // page is the whole room.
  const from = reply.more ? (reply.messages[0]?.timestamp ?? 0) : 0;
  const held = room.messages.filter((m) => m.timestamp >= from);
  const messages = merge(held, reply.messages);
  return {
    ...member,
    link: 'live',
    drafts: withoutAnswered(member, reply.messages),
    messages,
    settled: messages.at(-1)?.timestamp ?? null,
    more: reply.more,
    complete: reply.complete !== false,
    read: room.read ?? reply.messages.at(-1)?.timestamp ?? 0,
  };
}

/**
 * @param {Room} room
 * @param {Message[]} page what follows the `after` that was asked for, ascending
 * @param {boolean} more there is more after this page
 * @returns {Room}
 */
function caughtUp(room, page, more) {
  const messages = merge(room.messages, page);
  const drafts = withoutAnswered(room, page);
  return more
    ? { ...room, drafts, messages, settled: page.at(-1)?.timestamp ?? room.settled }
    : advanced({ ...room, drafts, messages, link: 'live' });
}

/**
 * @param {Room} room
 * @param {{messages: Message[], more: boolean, complete: boolean, before: number}} page
 * @returns {Room}
 */
function preceded(room, page) {
  // The stretch may have begun anew since this page was asked for; it then no longer adjoins it.
  if (room.messages[0]?.timestamp !== page.before) return room;
  return {
    ...room,
    messages: merge(room.messages, page.messages),
    more: page.more,
    complete: page.complete !== false,
  };
}

/**
 * @param {Room} room
 * @param {string} id
 * @param {number} timestamp
 * @returns {Room}
 */
function sent(room, id, timestamp) {
  const draft = room.drafts.find((d) => d.id === id);
  if (draft === undefined || room.you === null) return room;
  if (room.messages.some((m) => m.timestamp === timestamp)) {
    // It arrived live before this reply, in the server's own wording: that stays.
    return { ...room, drafts: room.drafts.filter((d) => d.id !== id) };
  }
  const { user, sender } = room.you;
  return received(room, { room: room.name, timestamp, id, user, sender, message: draft.message });
}

/**
 * @param {Room} room
 * @param {Member & {state: 'in' | 'out'}} event
 * @returns {Room}
 */
function presence(room, { member, user, sender, state }) {
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
 * @param {Room} room
 * @returns {Room}
 */
function advanced(room) {
  return room.link === 'live' ? { ...room, settled: newest(room) } : room;
}

/**
 * Both lists in one, ascending, each timestamp once; where both have it, the later news counts.
 *
 * @param {ReadonlyArray<Message>} held
 * @param {ReadonlyArray<Message>} news
 * @returns {ReadonlyArray<Message>}
 */
function merge(held, news) {
  if (news.length === 0) return held;
  const last = held.at(-1)?.timestamp ?? -1;
  if (news.length === 1 && news[0].timestamp > last) return [...held, news[0]];
  const byTimestamp = new Map(held.map((m) => [m.timestamp, m]));
  for (const m of news) byTimestamp.set(m.timestamp, m);
  return [...byTimestamp.values()].sort((a, b) => a.timestamp - b.timestamp);
}

/**
 * @param {Room} room
 * @param {ReadonlyArray<Message>} messages
 * @returns {ReadonlyArray<Draft>}
 */
function withoutAnswered(room, messages) {
  if (room.drafts.length === 0) return room.drafts;
  const own = messages.filter((m) => room.you === null || m.user === room.you.user);
  const ids = new Set(own.map((m) => m.id));
  return room.drafts.filter((d) => !ids.has(d.id));
}
