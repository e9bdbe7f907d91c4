/**
 * Who is in one room.
 *
 * @typedef {{member: string, user: string, sender: string}} Member a connection; who it belongs to
 *
 * @typedef {Member & {type: 'presence', state: 'in' | 'out'}} PresenceEvent
 *
 * @typedef {object} Members
 * @property {ReadonlyMap<string, Member> | null} members null until listed
 * @property {boolean} membersMore there are more members than were listed
 * @property {Listing | null} listing what happened to members since their list was asked for
 *
 * @typedef {{arrived: ReadonlyMap<string, Member>, left: ReadonlySet<string>}} Listing
 */

/** @type {Members} */
export const UNLISTED = { members: null, membersMore: false, listing: null };

/**
 * After somebody came or went.
 *
 * @template {Members} T
 * @param {T} room
 * @param {PresenceEvent} event
 * @returns {T} the same one where members were not listed
 */
export function presenceReceived(room, { member, user, sender, state }) {
  if (room.members === null && room.listing === null) return room;
  const arrived = new Map(room.listing?.arrived);
  const left = new Set(room.listing?.left);
  const members = new Map(room.members);
  for (const known of [arrived, members]) {
    if (state === 'in') known.set(member, { member, user, sender });
    else known.delete(member);
  }
  if (state === 'in') left.delete(member);
  else left.add(member);
  return {
    ...room,
    members: room.members === null ? null : members,
    listing: room.listing === null ? null : { arrived, left },
  };
}

/**
 * Before a list is asked for.
 *
 * @template {Members} T
 * @param {T} room
 * @returns {T}
 */
export const listingBegun = (room) => ({ ...room, listing: { arrived: new Map(), left: new Set() } });

/**
 * After the list has come. Presence events that came in the meantime are newer than the list.
 *
 * @template {Members} T
 * @param {T} room
 * @param {Member[]} listed
 * @param {boolean} more
 * @returns {T}
 */
export function membersListed(room, listed, more) {
  const { arrived, left } = room.listing ?? { arrived: new Map(), left: new Set() };
  const members = new Map(listed.filter((m) => !left.has(m.member)).map((m) => [m.member, m]));
  for (const [member, who] of arrived) members.set(member, who);
  return { ...room, members, membersMore: more, listing: null };
}

/**
 * Who is in the room, by display name: a user with two tabs is two members, and one person.
 *
 * @param {Members} room
 * @returns {{user: string, sender: string, connections: number}[]}
 */
export function people({ members }) {
  /** @type {Map<string, {user: string, sender: string, connections: number}>} */
  const byUser = new Map();
  for (const { user, sender } of members?.values() ?? []) {
    byUser.set(user, { user, sender, connections: (byUser.get(user)?.connections ?? 0) + 1 });
  }
  return [...byUser.values()].sort(
    (a, b) => a.sender.localeCompare(b.sender) || (a.user < b.user ? -1 : 1),
  );
}
