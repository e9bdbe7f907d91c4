/**
 * Who is in one room.
 *
 * @typedef {{user: string, sender: string}} Identity a user, and how it is called
 *
 * @typedef {Identity & {admin?: boolean}} You as whom the server knows this connection; `admin`: its token
 *     has the role that moderates public rooms
 *
 * @typedef {Identity & {connections: number}} Person a user in a room, and by how many connections: as
 *     far as was listed, since no event tells when another one comes or goes
 *
 * @typedef {Identity & {type: 'presence', state: 'in' | 'out'}} PresenceEvent
 *
 * @typedef {object} Members
 * @property {ReadonlyMap<string, Person> | null} members by user; null until listed
 * @property {boolean} membersMore there are more members than were listed
 * @property {Listing | null} listing what happened to members since their list was asked for
 *
 * @typedef {{arrived: ReadonlyMap<string, Person>, left: ReadonlySet<string>}} Listing
 */

/** @type {Members} */
export const UNLISTED = { members: null, membersMore: false, listing: null };

/**
 * After somebody came or went.
 *
 * @template {Members} T
 * @param {T} room
 * @param {PresenceEvent} event which may come twice
 * @returns {T} the same one where members were not listed
 */
export function presenceReceived(room, { user, sender, state }) {
  if (room.members === null && room.listing === null) return room;
  const arrived = new Map(room.listing?.arrived);
  const left = new Set(room.listing?.left);
  const members = new Map(room.members);
  for (const known of [arrived, members]) {
    const connections = known.get(user)?.connections ?? 1;
    if (state === 'in') known.set(user, { user, sender, connections });
    else known.delete(user);
  }
  if (state === 'in') left.delete(user);
  else left.add(user);
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
 * @param {Person[]} listed of whom two may be the same user
 * @param {boolean} more
 * @returns {T}
 */
export function membersListed(room, listed, more) {
  const { arrived, left } = room.listing ?? { arrived: new Map(), left: new Set() };
  /** @type {Map<string, Person>} */
  const members = new Map();
  for (const person of listed.filter(({ user }) => !left.has(user))) {
    const connections = (members.get(person.user)?.connections ?? 0) + person.connections;
    members.set(person.user, { ...person, connections });
  }
  for (const [user, { sender, connections }] of arrived) {
    members.set(user, { user, sender, connections: members.get(user)?.connections ?? connections });
  }
  return { ...room, members, membersMore: more, listing: null };
}

/**
 * Who is in the room, by display name.
 *
 * @param {Members} room
 * @returns {Person[]}
 */
export function people({ members }) {
  return [...members?.values() ?? []].sort(
    (a, b) => a.sender.localeCompare(b.sender) || (a.user < b.user ? -1 : 1),
  );
}
