/**
 * The page: what a reader sees and does. The state of a room and how events change it is in
 * `room.js`, the socket in `connection.js`. All text goes in as text, never as markup.
 */

import { backOff, Connection, Refused, Unanswered } from './connection.js';
import {
  CATCH_UP_PAGE,
  CATCH_UP_PAGES_MAX,
  DRAFTS_PER_ROOM_MAX,
  HISTORY_PAGE,
  LIST_PAGES_MAX,
  MESSAGE_CODE_POINTS_MAX,
  NAME_CODE_POINTS_MAX,
  PING_INTERVAL_MS,
  RESEND_MS_MAX,
  ROOMS_IN_URL_MAX,
  ROOMS_PER_CONNECTION_MAX,
  ROOM_PATTERN,
  SECRET_BITS,
  SETTLED_AFTER_MS,
} from './limits.js';
import { newest, newRoom, next, people, resumeAfter, unread } from './room.js';

/** @typedef {import('./room.js').Room} Room */
/** @typedef {import('./room.js').Message} Message */
/** @typedef {import('./room.js').Draft} Draft */

/** Messages of one sender within this time stand under one name. */
const GROUP_US = 5 * 60 * 1_000_000;

/** A reader this close to the end of the messages is at the end. */
const END_PX = 48;

/** From so many code points left, the composer shows how many. */
const REMAINING_SHOWN = 500;

/** How long a notice stands that nothing else takes away. */
const NOTICE_MS = 10_000;

const AVATARS = 8;
const DEFAULT_ROOM = 'global';

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
const $ = (id) => /** @type {T} */ (document.getElementById(id));

const view = {
  name: /** @type {HTMLInputElement} */ ($('name')),
  joinRoom: /** @type {HTMLInputElement} */ ($('join-room')),
  composer: /** @type {HTMLTextAreaElement} */ ($('composer')),
  send: /** @type {HTMLButtonElement} */ ($('send')),
  older: /** @type {HTMLButtonElement} */ ($('older')),
  scroller: $('scroller'),
  messages: $('messages'),
  drafts: $('drafts'),
};

// What is kept in this browser

/** @param {string} key */
function recall(key) {
  try {
    return localStorage.getItem(`parley.${key}`);
  } catch {
    return null; // No storage here: this visit is remembered by nobody.
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
function remember(key, value) {
  try {
    localStorage.setItem(`parley.${key}`, value);
  } catch {
    // As above.
  }
}

/** Random and base64url: a guest's secret, the id of a send. */
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BITS / 8));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
}

function friendlyName() {
  const moods = 'Amber Brave Bright Calm Clever Curious Gentle Happy Kind Lively Lucky Merry Mellow '
    + 'Nimble Patient Quiet Silver Sunny Swift Warm';
  const animals = 'Badger Crane Dolphin Falcon Finch Fox Hare Heron Ibex Lark Lynx Marten Otter Owl '
    + 'Puffin Robin Seal Sparrow Stork Wren';
  return [moods, animals]
    .map((words) => words.split(' '))
    .map((words) => words[crypto.getRandomValues(new Uint32Array(1))[0] % words.length])
    .join(' ');
}

/**
 * @param {string} name
 * @returns {string} trimmed and cut to what the server takes; empty where nothing is left
 */
function displayName(name) {
  return [...name.trim()].slice(0, NAME_CODE_POINTS_MAX).join('').trim();
}

function guestSecret() {
  const kept = recall('guest');
  if (kept !== null && /^[A-Za-z0-9_-]{22,}$/.test(kept)) return kept;
  const made = randomId();
  remember('guest', made);
  return made;
}

/** The room named by the page's address, if any. */
function addressedRoom() {
  const named = new URLSearchParams(location.hash.slice(1)).get('room')
    ?? new URLSearchParams(location.search).get('room');
  return named !== null && ROOM_PATTERN.test(named) ? named : null;
}

/** @returns {string[]} */
function rememberedRooms() {
  try {
    const names = JSON.parse(recall('rooms') ?? 'null');
    if (Array.isArray(names)) {
      return names.filter((n) => ROOM_PATTERN.test(n)).slice(0, ROOMS_PER_CONNECTION_MAX);
    }
  } catch {
    // Something else wrote it.
  }
  return [DEFAULT_ROOM];
}

// What the page knows

/** @type {Map<string, Room>} in the order they were joined */
const rooms = new Map();

/** The room that is shown. @type {string | null} */
let current = null;

/** The room that was shown before it. @type {string | null} */
let previous = null;

/** Rooms that others are in. @type {string[]} */
let known = [];

/** Text not sent yet, by room. @type {Map<string, string>} */
const unsent = new Map();

const guest = guestSecret();
let name = displayName(recall('name') ?? '') || friendlyName();
remember('name', name);

/** @type {string | null} */
let webSocketUrl = null;

/**
 * The room after an event, if this page is still in it.
 *
 * @param {string} roomName
 * @param {{type: string} & Record<string, any>} event
 */
function apply(roomName, event) {
  const room = rooms.get(roomName);
  if (room === undefined) return;
  rooms.set(roomName, next(room, event));
  renderSoon();
}

// The connection

const connection = new Connection({
  async url() {
    if (webSocketUrl === null) {
      const response = await fetch('config.json', { cache: 'no-cache' });
      webSocketUrl = (await response.json()).webSocketUrl;
    }
    const query = new URLSearchParams({ name, guest });
    if (rooms.size > 0) query.set('rooms', [...rooms.keys()].slice(0, ROOMS_IN_URL_MAX).join(','));
    return `${webSocketUrl}?${query}`;
  },
  onState(state) {
    if (state.phase === 'connected') {
      for (const room of rooms.keys()) enter(room);
      if (rooms.size === 0) quit(DEFAULT_ROOM); // Where a connection is that names no room.
      listRooms();
    } else {
      for (const room of rooms.keys()) apply(room, { type: 'disconnected' });
    }
    renderState();
    renderSoon();
  },
  onEvent(event) {
    if (event.type === 'error') notify(event.message ?? event.code);
    else if (typeof event.room === 'string') apply(event.room, /** @type {any} */ (event));
  },
});

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/**
 * A request that is safe to repeat, repeated for as long as its connection lives.
 *
 * @param {{action: string} & Record<string, unknown>} frame
 * @returns {Promise<any>} rejects with Refused, or with Unanswered once the connection is another
 */
async function ask(frame) {
  const { session } = connection;
  for (let attempt = 0; ; attempt++) {
    try {
      return await connection.request(frame);
    } catch (e) {
      if (e instanceof Refused && e.retryAfterMs === undefined) throw e;
      await pause(e instanceof Refused ? (e.retryAfterMs ?? 0) : backOff(attempt));
      if (session !== connection.session) throw new Unanswered('another connection by now');
    }
  }
}

/** Rooms that are being entered, with the connection's number. @type {Map<string, number>} */
const entering = new Map();

/**
 * Joins a room, again after each reconnect, and fetches what was missed.
 *
 * @param {string} roomName
 */
async function enter(roomName) {
  const { session } = connection;
  if (connection.state.phase !== 'connected' || entering.get(roomName) === session) return;
  entering.set(roomName, session);
  try {
    await quitting.get(roomName);
    if (session !== connection.session) return;
    await catchUp(roomName);
    listMembers(roomName);
    setTimeout(() => settled(roomName, session), SETTLED_AFTER_MS);
    pump(roomName);
  } catch (e) {
    if (!(e instanceof Refused)) return; // The next connection enters every room.
    if (e.code === 'not_connected') {
      connection.restart();
      return;
    }
    if (rooms.get(roomName)?.you === null) leave(roomName);
    notify(`Could not join #${roomName}: ${e.message}`);
  } finally {
    if (entering.get(roomName) === session) entering.delete(roomName);
  }
}

/**
 * The server's index of members may lag behind a join: pushes of that moment may have missed us, and
 * its list may not have held us yet.
 *
 * @param {string} roomName
 * @param {number} session
 */
function settled(roomName, session) {
  if (session !== connection.session) return;
  listMembers(roomName);
  ping();
}

/** @param {string} roomName */
async function catchUp(roomName) {
  const room = rooms.get(roomName);
  if (room === undefined) return;
  const from = resumeAfter(room);
  let reply = await joinAfter(roomName, from);
  if (from === undefined) return;
  for (let pages = 1; reply.more && reply.messages.length > 0; pages++) {
    if (pages === CATCH_UP_PAGES_MAX) {
      await joinAfter(roomName, undefined); // Too far behind: begin anew from the newest page.
      return;
    }
    const after = reply.messages.at(-1).timestamp;
    reply = await ask({ action: 'history', room: roomName, after, limit: CATCH_UP_PAGE });
    apply(roomName, { ...reply, after });
  }
}

/**
 * @param {string} roomName
 * @param {number | undefined} after
 */
async function joinAfter(roomName, after) {
  const limit = after === undefined ? HISTORY_PAGE : CATCH_UP_PAGE;
  const reply = await ask({ action: 'join', room: roomName, after, limit });
  apply(roomName, { ...reply, after });
  return reply;
}

/** @param {string} roomName */
async function listMembers(roomName) {
  if (roomName !== current || !rooms.has(roomName)) return;
  apply(roomName, { type: 'membersAsked' });
  const { items, more } = await list({ action: 'members', room: roomName }, 'members');
  if (items !== null) apply(roomName, { type: 'membersListed', members: items, more });
}

async function listRooms() {
  const { items } = await list({ action: 'rooms' }, 'rooms');
  if (items === null) return;
  known = items.map((r) => r.room).filter((r) => ROOM_PATTERN.test(r)).sort();
  renderSoon();
}

/**
 * The first pages of a list.
 *
 * @param {{action: string} & Record<string, unknown>} frame
 * @param {string} field
 * @returns {Promise<{items: any[] | null, more: boolean}>} items null: no answer on this connection
 */
async function list(frame, field) {
  const items = [];
  let cursor;
  try {
    for (let page = 0; page < LIST_PAGES_MAX; page++) {
      const reply = await ask({ ...frame, cursor });
      items.push(...reply[field]);
      cursor = reply.cursor ?? undefined;
      if (cursor === undefined) break;
    }
    return { items, more: cursor !== undefined };
  } catch {
    return { items: null, more: false };
  }
}

async function ping() {
  if (connection.state.phase !== 'connected') return;
  const { session } = connection;
  const entered = [...rooms.values()].filter((r) => r.link === 'live').map((r) => r.name);
  try {
    const pong = await connection.request({ action: 'ping', rooms: entered });
    for (const room of entered) {
      const head = pong.rooms?.[room];
      // Null: not a member any more. A head that was never seen: its push was lost.
      if (head === null || (head > 0 && misses(rooms.get(room), head))) enter(room);
    }
    listRooms();
  } catch (e) {
    // A socket that nothing comes back from is no connection, whatever the browser thinks.
    if (e instanceof Unanswered && session === connection.session) connection.restart();
  }
}

/** The head that a room was last entered for: what a join did not bring, another will not. */
const soughtHeads = new Map();

/**
 * Whether a head was never seen, and is worth a join.
 *
 * @param {Room | undefined} room
 * @param {number} head
 */
function misses(room, head) {
  if (room === undefined || soughtHeads.get(room.name) === head) return false;
  if (room.messages.some((message) => message.timestamp === head)) return false;
  soughtHeads.set(room.name, head);
  return true;
}

// Sending

/** Rooms whose drafts are being sent: one at a time, since the gateway runs frames concurrently. */
const pumping = new Set();

/** @param {string} roomName */
async function pump(roomName) {
  if (pumping.has(roomName)) return;
  pumping.add(roomName);
  let failures = 0;
  try {
    for (;;) {
      const room = rooms.get(roomName);
      const draft = room?.drafts.find((d) => d.state !== 'failed');
      if (room === undefined || draft === undefined || room.link === 'out') return;
      failures = (await attempt(room, draft)) ? 0 : failures + 1;
      if (failures > 0 && rooms.get(roomName)?.link !== 'out') await pause(backOff(failures));
    }
  } finally {
    pumping.delete(roomName);
  }
}

/**
 * Sends a draft once; the same `id` each time, so that one message comes of all attempts.
 *
 * @param {Room} room
 * @param {Draft} draft
 * @returns {Promise<boolean>} false: no answer, to be tried again
 */
async function attempt(room, draft) {
  const { id, message } = draft;
  /** @param {Partial<Draft>} change */
  const change = (change) => apply(room.name, { type: 'draftChanged', id, change });
  const firstTriedAt = draft.firstTriedAt ?? Date.now();
  if (Date.now() - firstTriedAt > RESEND_MS_MAX) {
    change({ state: 'failed', error: 'It is unknown whether this was sent.' });
    return true;
  }
  change({ firstTriedAt });
  const after = newest(room) ?? undefined;
  try {
    const reply = await connection.request(
      { action: 'sendMessage', room: room.name, id, message, after });
    apply(room.name, reply);
    notify('');
    return true;
  } catch (e) {
    if (!(e instanceof Refused)) return false;
    if (e.code === 'not_a_member') {
      await enter(room.name);
      return false;
    }
    if (e.retryAfterMs === undefined) {
      change({ state: 'failed', error: e.message });
      return true;
    }
    change({ state: 'waiting' });
    notify(`${e.message} It is sent as soon as it may be.`);
    await pause(e.retryAfterMs);
    return true;
  }
}

/** @param {Draft} draft */
function sendAgain(draft) {
  if (current === null) return;
  // What was refused was not written, so it may go as a new message; `id_reused` asks for that.
  apply(current, { type: 'draftDiscarded', id: draft.id });
  apply(current, { type: 'drafted', id: randomId(), message: draft.message });
  pump(current);
}

function compose() {
  const message = view.composer.value.trim();
  const room = current === null ? undefined : rooms.get(current);
  if (room === undefined || message === '' || length(message) > MESSAGE_CODE_POINTS_MAX) return;
  if (room.drafts.length >= DRAFTS_PER_ROOM_MAX) {
    notify('Too many messages are waiting. Please send this one when they are through.');
    return;
  }
  view.composer.value = '';
  unsent.delete(room.name);
  apply(room.name, { type: 'drafted', id: randomId(), message });
  atEnd = true;
  renderComposer();
  pump(room.name);
}

/** @param {string} text */
function length(text) {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

// What the reader does

/**
 * Shows a room, joining it where needed.
 *
 * @param {string} roomName
 */
function open(roomName) {
  if (!rooms.has(roomName)) {
    if (rooms.size >= ROOMS_PER_CONNECTION_MAX) {
      $('join-error').textContent = `You are in ${rooms.size} rooms, the most there can be.`;
      return;
    }
    rooms.set(roomName, newRoom(roomName));
    rememberRooms();
    enter(roomName);
  }
  show(roomName);
}

/** @param {string | null} roomName */
function show(roomName) {
  if (current !== null) unsent.set(current, view.composer.value);
  if (current !== roomName) previous = current;
  current = roomName;
  view.composer.value = (roomName === null ? '' : unsent.get(roomName)) ?? '';
  view.messages.replaceChildren();
  view.drafts.replaceChildren();
  $('members').replaceChildren();
  atEnd = true;
  notify('');
  $('join-error').textContent = '';
  const address = roomName === null ? location.pathname : `#room=${roomName}`;
  history.replaceState(null, '', address);
  closeDrawers();
  renderComposer();
  renderSoon();
  if (roomName !== null && rooms.get(roomName)?.link === 'live') listMembers(roomName);
}

/**
 * Quits without a reply yet; a join waits for it, as the two frames could run in either order.
 *
 * @type {Map<string, Promise<void>>}
 */
const quitting = new Map();

/** @param {string} roomName */
async function quit(roomName) {
  leave(roomName);
  // Refused: not a member anyhow. Unanswered: the next connection does not name the room.
  const done = ask({ action: 'quit', room: roomName }).then(() => {}, () => {});
  quitting.set(roomName, done);
  await done;
  if (quitting.get(roomName) === done) quitting.delete(roomName);
  listRooms();
}

/** @param {string} roomName */
function leave(roomName) {
  rooms.delete(roomName);
  unsent.delete(roomName);
  rememberRooms();
  if (current !== roomName) renderSoon();
  else show(previous !== null && rooms.has(previous) ? previous : [...rooms.keys()].at(-1) ?? null);
}

function rememberRooms() {
  remember('rooms', JSON.stringify([...rooms.keys()]));
}

async function older() {
  const room = current === null ? undefined : rooms.get(current);
  if (room === undefined || room.messages.length === 0) return;
  const before = room.messages[0].timestamp;
  view.older.disabled = true;
  try {
    const page = { action: 'history', room: room.name, before, limit: HISTORY_PAGE };
    apply(room.name, { ...(await ask(page)), before });
  } catch (e) {
    if (e instanceof Refused) notify(e.message);
  } finally {
    view.older.disabled = false;
  }
}

function rename() {
  const given = displayName(view.name.value);
  view.name.value = given || name;
  if (given === '' || given === name) return;
  name = given;
  remember('name', name);
  connection.restart(); // The server takes a name when connecting.
}

// Drawing

let drawing = false;

function renderSoon() {
  if (drawing) return;
  drawing = true;
  queueMicrotask(() => {
    drawing = false;
    render();
  });
}

/** The reader is at the end of the messages, and stays there when new ones come. */
let atEnd = true;

function render() {
  const reading = document.visibilityState === 'visible' && atEnd;
  if (current !== null) {
    let room = /** @type {Room} */ (rooms.get(current));
    if (reading && room.link !== 'out') room = next(room, { type: 'read' });
    if (atEnd) room = next(room, { type: 'trimmed' });
    rooms.set(current, room);
  }
  for (const [roomName, room] of rooms) {
    if (roomName !== current) rooms.set(roomName, next(room, { type: 'trimmed' }));
  }
  renderRooms();
  renderConversation(current === null ? null : /** @type {Room} */ (rooms.get(current)));
}

function renderState() {
  const { state } = connection;
  $('state').dataset.phase = state.phase;
  $('retry').hidden = state.phase !== 'offline';
  const text = { connecting: 'Connecting…', connected: 'Connected', offline: 'Offline' };
  setText($('state-text'), text[state.phase]);
  renderCountdown();
}

/** Apart from the state, so that a screen reader does not read out every second. */
function renderCountdown() {
  const { state } = connection;
  const seconds = state.phase === 'offline'
    ? Math.max(1, Math.ceil((state.retryAt - Date.now()) / 1000)) : 0;
  setText($('countdown'), seconds > 0 ? `retry in ${seconds} s` : '');
}

function renderRooms() {
  const all = [...rooms.values()];
  reconcile($('room-list'), all.map((r) => [r.name, r]), roomItem, (item, room) => {
    const count = unread(room);
    const [button, badge] = [find(item, 'button'), find(item, '.badge')];
    setAttribute(button, 'aria-current', room.name === current ? 'true' : null);
    badge.hidden = count === 0 || (room.name === current && atEnd);
    setText(badge, count > 99 ? '99+' : String(count));
    setAttribute(badge, 'aria-label', `${count} unread`);
  });
  const others = known.filter((r) => !rooms.has(r));
  reconcile($('known-list'), others.map((r) => [r, r]), knownItem, () => {});
  $('known').hidden = others.length === 0;
  const total = all.reduce((sum, room) => sum + unread(room), 0);
  $('unread-elsewhere').hidden = all.every((r) => r.name === current || unread(r) === 0);
  document.title = `${total > 0 ? `(${total}) ` : ''}${current === null ? '' : `#${current} · `}Parley`;
}

/** @param {Room} room */
function roomItem({ name: roomName }) {
  const open_ = element('button', 'room', { type: 'button', 'data-testid': `room-${roomName}` });
  open_.append(element('span', 'label', {}, roomName), element('span', 'badge', {}));
  open_.addEventListener('click', () => open(roomName));
  const quit_ = element('button', 'icon quit',
    { type: 'button', 'data-testid': `quit-${roomName}`, 'aria-label': `Quit ${roomName}`,
      title: `Quit ${roomName}` }, '×');
  quit_.addEventListener('click', () => quit(roomName));
  const item = element('li', '', { 'data-room': roomName });
  item.append(open_, quit_);
  return item;
}

/** @param {string} roomName */
function knownItem(roomName) {
  const join = element('button', 'room', { type: 'button', 'data-testid': `known-${roomName}`,
    'aria-label': `Join ${roomName}` });
  join.append(element('span', 'label', {}, roomName), element('span', 'verb', {}, 'Join'));
  join.addEventListener('click', () => open(roomName));
  const item = element('li', '');
  item.append(join);
  return item;
}

/** @param {Room | null} room */
function renderConversation(room) {
  document.body.dataset.room = room === null ? 'none' : 'open';
  for (const id of ['scroller', 'compose']) $(id).hidden = room === null;
  $('nowhere').hidden = room !== null;
  setText($('room-title'), room === null ? '' : room.name);
  setText($('room-note'), room === null ? '' : note(room));
  renderMembers(room);
  if (room === null) {
    $('newer').hidden = true;
    return;
  }
  setAttribute(view.messages, 'aria-label', `Messages in ${room.name}`);
  setAttribute(view.composer, 'placeholder', `Message #${room.name}`);
  setText($('composer-label'), `Message to ${room.name}`);
  keepPlace(() => {
    view.older.hidden = !room.more;
    $('beginning').hidden = room.more || room.you === null;
    setText($('beginning'), room.complete
      ? (room.messages.length === 0 ? 'No messages yet. Say hello.' : `This is where #${room.name} begins.`)
      : 'Earlier messages are no longer kept.');
    // A page of history is not news to be read out.
    setAttribute(view.messages, 'aria-busy', String(room.link !== 'live'));
    reconcile(view.messages, lines(room), line, markLine);
    reconcile(view.drafts, room.drafts.map((d) => [d.id, d]), draftItem, markDraft);
  });
  const count = unread(room);
  $('newer').hidden = atEnd;
  setText($('newer'), count === 0 ? 'To the newest' : count === 1 ? '1 new message' : `${count} new messages`);
}

/** @param {Room} room */
function note(room) {
  if (room.link === 'live') return '';
  if (connection.state.phase !== 'connected') return room.you === null ? '' : 'Waiting for the connection';
  return room.you === null ? 'Joining…' : 'Catching up…';
}

/**
 * Draws, and leaves what the reader sees where it was: the end, or the message that was on top.
 *
 * @param {() => void} draw
 */
function keepPlace(draw) {
  const { scroller } = view;
  if (atEnd) {
    draw();
    scroller.scrollTop = scroller.scrollHeight;
    return;
  }
  const top = scroller.getBoundingClientRect().top;
  const children = [...view.messages.querySelectorAll('.message')];
  const anchor = children.find((c) => c.getBoundingClientRect().bottom > top);
  const was = anchor?.getBoundingClientRect().top ?? 0;
  draw();
  if (anchor?.isConnected) scroller.scrollTop += anchor.getBoundingClientRect().top - was;
}

/**
 * @typedef {{kind: 'day', at: Date}
 *     | {kind: 'message', message: Message, own: boolean, first: boolean}} Line
 */

/**
 * @param {Room} room
 * @returns {[string, Line][]}
 */
function lines(room) {
  /** @type {[string, Line][]} */
  const all = [];
  /** @type {Message | null} */
  let previous = null;
  let day = '';
  for (const message of room.messages) {
    const at = new Date(message.timestamp / 1000);
    if (at.toDateString() !== day) {
      day = at.toDateString();
      previous = null;
      all.push([`day ${day}`, { kind: 'day', at }]);
    }
    const first = previous === null || previous.user !== message.user
      || previous.sender !== message.sender || message.timestamp - previous.timestamp > GROUP_US;
    const own = message.user === room.you?.user;
    all.push([String(message.timestamp), { kind: 'message', message, own, first }]);
    previous = message;
  }
  return all;
}

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayFormat = new Intl.DateTimeFormat(undefined,
  { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** @param {Line} line */
function line(line) {
  if (line.kind === 'day') {
    const item = element('li', 'day');
    item.append(element('span', '', {}, dayFormat.format(line.at)));
    return item;
  }
  const { message } = line;
  const at = new Date(message.timestamp / 1000);
  const item = element('li', 'message',
    { 'data-testid': 'message', 'data-timestamp': String(message.timestamp), 'data-id': message.id });
  const by = element('p', 'by');
  by.append(
    element('span', 'sender', { dir: 'auto' }, message.sender),
    element('time', '', { datetime: at.toISOString(), title: exactFormat.format(at) },
      timeFormat.format(at)),
  );
  const text = element('p', 'text', { dir: 'auto', title: exactFormat.format(at) }, message.message);
  item.append(avatar(message.user, message.sender), by, text);
  return item;
}

/**
 * @param {HTMLElement} item
 * @param {Line} line
 */
function markLine(item, line) {
  if (line.kind === 'day') return;
  item.classList.toggle('first', line.first);
  item.classList.toggle('own', line.own);
  setText(find(item, '.text'), line.message.message);
  setText(find(item, '.sender'), line.own ? 'You' : line.message.sender);
}

/** @param {Draft} draft */
function draftItem(draft) {
  const item = element('li', 'message own draft', { 'data-testid': 'draft', 'data-id': draft.id });
  const fate = element('p', 'fate');
  const again = element('button', 'plain', { type: 'button' }, 'Send again');
  again.addEventListener('click', () => sendAgain(draft));
  const discard = element('button', 'plain', { type: 'button' }, 'Discard');
  discard.addEventListener('click', () => {
    if (current !== null) apply(current, { type: 'draftDiscarded', id: draft.id });
  });
  fate.append(element('span', 'why'), again, discard);
  item.append(element('p', 'text', { dir: 'auto' }, draft.message), fate);
  return item;
}

/**
 * @param {HTMLElement} item
 * @param {Draft} draft
 */
function markDraft(item, draft) {
  const failed = draft.state === 'failed';
  item.classList.toggle('failed', failed);
  for (const button of item.querySelectorAll('button')) button.hidden = !failed;
  const sending = connection.state.phase === 'connected' ? 'Sending…' : 'Sent when connected again';
  setText(find(item, '.why'),
    failed ? `Not sent: ${draft.error}` : draft.state === 'waiting' ? 'Waiting…' : sending);
}

/** @param {Room | null} room */
function renderMembers(room) {
  const everybody = room === null ? [] : people(room);
  setText($('member-count'), room?.members == null ? '' : String(everybody.length));
  setText($('show-members'), room?.members == null ? 'Members' : `Members ${everybody.length}`);
  $('show-members').hidden = room === null;
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
    const you = p.user === room?.you?.user ? 'you' : '';
    setText(find(item, '.verb'), [you, p.connections > 1 ? `×${p.connections}` : ''].join(' ').trim());
  });
}

/**
 * @param {string} user decides the colour
 * @param {string} sender gives the letter
 */
function avatar(user, sender) {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < user.length; i++) hash = Math.imul(hash ^ user.charCodeAt(i), 0x01000193);
  const letter = [...sender.trim()][0]?.toLocaleUpperCase() ?? '?';
  return element('span', `avatar tone-${(hash >>> 16) % AVATARS}`, { 'aria-hidden': 'true' }, letter);
}

function renderComposer() {
  const { composer } = view;
  composer.style.height = 'auto';
  composer.style.height = `${composer.scrollHeight + composer.offsetHeight - composer.clientHeight}px`;
  const left = MESSAGE_CODE_POINTS_MAX - length(composer.value.trim());
  view.send.disabled = left < 0 || left === MESSAGE_CODE_POINTS_MAX;
  const remaining = $('remaining');
  setText(remaining, left < 0 ? `${-left} too many` : left <= REMAINING_SHOWN ? `${left} left` : '');
  remaining.classList.toggle('over', left < 0);
  setAttribute(composer, 'aria-invalid', left < 0 ? 'true' : null);
}

/** @type {number | undefined} */
let noticeTimer;

/** @param {string} text empty: nothing to say any more */
function notify(text) {
  clearTimeout(noticeTimer);
  setText($('notice'), text);
  if (text !== '') noticeTimer = setTimeout(() => notify(''), NOTICE_MS);
}

// Drawing's tools

/**
 * Makes the children of `parent` those of `items`, in their order, keeping the elements there are:
 * focus, selection and the reader's place survive.
 *
 * @template T
 * @param {HTMLElement} parent
 * @param {[string, T][]} items key and value
 * @param {(value: T) => HTMLElement} create
 * @param {(element: HTMLElement, value: T) => void} update
 */
function reconcile(parent, items, create, update) {
  const keys = new Set(items.map(([key]) => key));
  /** @type {Map<string, HTMLElement>} */
  const held = new Map();
  for (const child of /** @type {HTMLElement[]} */ ([...parent.children])) {
    const key = child.dataset.key ?? '';
    if (keys.has(key)) held.set(key, child);
    else child.remove();
  }
  let at = parent.firstElementChild;
  for (const [key, value] of items) {
    const child = held.get(key) ?? create(value);
    child.dataset.key = key;
    update(child, value);
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {Record<string, string>} [attributes]
 * @param {string} [text]
 * @returns {HTMLElement}
 */
function element(tag, className, attributes = {}, text = '') {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== '') made.textContent = text;
  return made;
}

/**
 * @param {HTMLElement} within
 * @param {string} selector
 */
const find = (within, selector) => /** @type {HTMLElement} */ (within.querySelector(selector));

/**
 * @param {HTMLElement} target
 * @param {string} text
 */
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * @param {HTMLElement} target
 * @param {string} attribute
 * @param {string | null} value
 */
function setAttribute(target, attribute, value) {
  if (value === null) target.removeAttribute(attribute);
  else if (target.getAttribute(attribute) !== value) target.setAttribute(attribute, value);
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

/** @returns {boolean} whether one was open */
function closeDrawers() {
  let wasOpen = false;
  for (const [button, side] of drawers) {
    if (!side.classList.contains('open')) continue;
    wasOpen = true;
    if (side.contains(document.activeElement)) button.focus();
    side.classList.remove('open');
    button.setAttribute('aria-expanded', 'false');
  }
  $('backdrop').hidden = true;
  return wasOpen;
}

// Begin

for (const [button, side] of drawers) {
  button.addEventListener('click', () => toggleDrawer(button, side));
}
$('backdrop').addEventListener('click', closeDrawers);
document.addEventListener('keydown', (e) => {
  if (e.key === 'Escape') closeDrawers();
});

view.name.value = name;
view.name.addEventListener('change', rename);
view.name.addEventListener('keydown', (e) => {
  if (e.key === 'Enter') view.name.blur();
  if (e.key === 'Escape') view.name.value = name;
});

$('join').addEventListener('submit', (e) => {
  e.preventDefault();
  const wanted = view.joinRoom.value.trim().replace(/^#/, '');
  if (!ROOM_PATTERN.test(wanted)) {
    $('join-error').textContent = 'A room is 1 to 64 letters, digits, dots, hyphens or underscores.';
    return;
  }
  view.joinRoom.value = '';
  open(wanted);
});
view.joinRoom.addEventListener('input', () => { $('join-error').textContent = ''; });

$('compose').addEventListener('submit', (e) => {
  e.preventDefault();
  compose();
  view.composer.focus();
});
view.composer.addEventListener('input', renderComposer);
view.composer.addEventListener('keydown', (e) => {
  if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
  e.preventDefault();
  compose();
});

view.older.addEventListener('click', older);
$('newer').addEventListener('click', () => {
  atEnd = true;
  renderSoon();
  view.composer.focus();
});
view.scroller.addEventListener('scroll', () => {
  const { scrollHeight, scrollTop, clientHeight } = view.scroller;
  const now = scrollHeight - scrollTop - clientHeight <= END_PX;
  if (now === atEnd) return;
  atEnd = now;
  renderSoon();
}, { passive: true });
new ResizeObserver(() => {
  if (atEnd) view.scroller.scrollTop = view.scroller.scrollHeight;
}).observe(view.scroller);

$('retry').addEventListener('click', () => connection.restart());
window.addEventListener('online', () => {
  if (connection.state.phase === 'offline') connection.restart();
});
window.addEventListener('hashchange', () => {
  const room = addressedRoom();
  if (room !== null) open(room);
});
document.addEventListener('visibilitychange', renderSoon);
setInterval(renderCountdown, 500);
setInterval(ping, PING_INTERVAL_MS);

const addressed = addressedRoom();
for (const room of rememberedRooms()) rooms.set(room, newRoom(room));
if (addressed === null) show([...rooms.keys()][0] ?? null);
else open(addressed);
connection.restart();
