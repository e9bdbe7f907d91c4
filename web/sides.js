/** Draws the two sides: the rooms, and the members of the one that is shown. */

import { people, unread } from './client/client.js';
import { $, avatar, composes, element, find, reconcile, setAttribute, setText } from './dom.js';

/** @typedef {import('./client/client.js').Room} Room */

/**
 * @param {Room[]} rooms
 * @param {string[]} known rooms that there are
 * @param {string | null} current the one that is shown
 * @param {{atEnd: boolean, onOpen: (room: string) => void, onQuit: (room: string) => void}} reader
 */
export function drawRooms(rooms, known, current, { atEnd, onOpen, onQuit }) {
  reconcile($('room-list'), rooms.map((r) => [r.name, r]), (r) => roomItem(r, onOpen, onQuit),
    (item, room) => {
      const count = unread(room);
      const [button, badge] = [find(item, 'button'), find(item, '.badge')];
      setAttribute(button, 'aria-current', room.name === current ? 'true' : null);
      badge.hidden = count === 0 || (room.name === current && atEnd);
      setText(badge, count > 99 ? '99+' : String(count));
      setAttribute(badge, 'aria-label', `${count} unread`);
    });
  const others = known.filter((name) => rooms.every((r) => r.name !== name));
  reconcile($('known-list'), others.map((r) => [r, r]), (r) => knownItem(r, onOpen), () => {});
  $('known').hidden = others.length === 0;
  const total = rooms.reduce((sum, room) => sum + unread(room), 0);
  $('unread-elsewhere').hidden = rooms.every((r) => r.name === current || unread(r) === 0);
  document.title = `${total > 0 ? `(${total}) ` : ''}${current === null ? '' : `#${current} · `}Parley`;
}

/**
 * @param {Room} room
 * @param {(room: string) => void} onOpen
 * @param {(room: string) => void} onQuit
 */
function roomItem({ name }, onOpen, onQuit) {
  const open = element('button', 'room', { type: 'button', 'data-testid': `room-${name}` });
  open.append(element('span', 'label', {}, name), element('span', 'badge', {}));
  open.addEventListener('click', () => onOpen(name));
  const quit = element('button', 'icon quit',
    { type: 'button', 'data-testid': `quit-${name}`, 'aria-label': `Quit ${name}`,
      title: `Quit ${name}` }, '×');
  quit.addEventListener('click', () => onQuit(name));
  const item = element('li', '', { 'data-room': name });
  item.append(open, quit);
  return item;
}

/**
 * @param {string} name
 * @param {(room: string) => void} onOpen
 */
function knownItem(name, onOpen) {
  const join = element('button', 'room', { type: 'button', 'data-testid': `known-${name}`,
    'aria-label': `Join ${name}` });
  join.append(element('span', 'label', {}, name), element('span', 'verb', {}, 'Join'));
  join.addEventListener('click', () => onOpen(name));
  const item = element('li', '');
  item.append(join);
  return item;
}

/** Before the members of another room are drawn. */
export function clearMembers() {
  $('members').replaceChildren();
}

/** @param {Room | undefined} room */
export function drawMembers(room) {
  const everybody = room === undefined ? [] : people(room);
  setText($('member-count'), room?.members == null ? '' : String(everybody.length));
  setText($('show-members'), room?.members == null ? 'Members' : `Members ${everybody.length}`);
  $('show-members').hidden = room === undefined;
  $('members-more').hidden = !room?.membersMore;
  reconcile($('members'), everybody.map((p) => [p.user, p]), (p) => {
    const item = element('li', 'member', { 'data-user': p.user });
    item.append(element('span', ''), element('span', 'label', { dir: 'auto' }),
      element('span', 'verb', {}));
    return item;
  }, (item, p) => {
    if (find(item, '.label').textContent !== p.sender) {
      item.firstElementChild?.replaceWith(avatar(p.user, p.sender));
    }
    setText(find(item, '.label'), p.sender);
    setText(find(item, '.verb'), p.user === room?.you?.user ? 'you' : '');
  });
}

// Drawers: on narrow screens the two sides lie over the conversation

const drawers = [[$('show-rooms'), $('rooms')], [$('show-members'), $('people')]];

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} side
 */
function toggleDrawer(button, side) {
  const opening = !side.classList.contains('open');
  closeDrawers();
  if (!opening) return;
  side.classList.add('open');
  button.setAttribute('aria-expanded', 'true');
  $('backdrop').hidden = false;
}

export function closeDrawers() {
  for (const [button, side] of drawers) {
    if (!side.classList.contains('open')) continue;
    if (side.contains(document.activeElement)) button.focus();
    side.classList.remove('open');
    button.setAttribute('aria-expanded', 'false');
  }
  $('backdrop').hidden = true;
}

for (const [button, side] of drawers) {
  button.addEventListener('click', () => toggleDrawer(button, side));
}
$('backdrop').addEventListener('click', closeDrawers);
document.addEventListener('keydown', (e) => {
  if (e.key === 'Escape' && !composes(e)) closeDrawers();
});
