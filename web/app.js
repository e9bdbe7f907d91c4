/**
 * The page: what a reader sees and does. Everything about the connection, and that nothing is lost,
 * is in `client/`.
 */

import { Client, Refused } from './client/client.js';
import {
  DRAFTS_PER_ROOM_MAX,
  MESSAGE_CODE_POINTS_MAX,
  ROOMS_PER_CONNECTION_MAX,
  ROOM_PATTERN,
} from './client/limits.js';
import { cleanName, codePoints, isBlank, trim } from './client/text.js';
import { BadConfig, fetchConfig } from './config.js';
import { clearConversation, drawConversation } from './conversation.js';
import { $, composes, setAttribute, setText } from './dom.js';
import { addressedRoom, remember, rememberedName, rememberedRooms } from './remembered.js';
import { beginSignIn, fetchToken, signInAddress, signOut, tokensAddress } from './signin.js';
import { clearMembers, closeDrawers, drawMembers, drawRooms } from './sides.js';

/** A reader this close to the end of the messages is at the end. */
const END_PX = 48;

/** From so many code points left, the composer shows how many. */
const REMAINING_SHOWN = 500;

/** How long a notice stands that nothing else takes away. */
const NOTICE_MS = 10_000;

/** Messages of which it is known how long they took. */
const MEASURED_MAX = 2_000;

/** How old the list of rooms may get while somebody uses the page: it is pages of a scan. */
const ROOMS_LISTED_MS = 5 * 60_000;

const view = {
  name: /** @type {HTMLInputElement} */ ($('name')),
  joinRoom: /** @type {HTMLInputElement} */ ($('join-room')),
  composer: /** @type {HTMLTextAreaElement} */ ($('composer')),
  send: /** @type {HTMLButtonElement} */ ($('send')),
  older: /** @type {HTMLButtonElement} */ ($('older')),
  scroller: $('scroller'),
};

// What the page knows

/** The room that is shown. @type {string | null} */
let current = null;

/** The room that was shown before it. @type {string | null} */
let previous = null;

/** Rooms that others are in. @type {string[]} */
let known = [];

/** When they were asked for, as `performance.now()`. */
let knownAt = -Infinity;

/**
 * When the members of rooms are to be listed, as `performance.now()`: once after each join, when the
 * list has all who came before, and events tell of all who come later. @type {Map<string, number>}
 */
const membersDueAt = new Map();

/** Text not sent yet, by room. @type {Map<string, string>} */
const unsent = new Map();

/** The reader is at the end of the messages, and stays there when new ones come. */
let atEnd = true;

let name = rememberedName();

/** @type {import('./config.js').Config | null} */
let config = null;

/** Where the user's tokens come from; null for a guest. */
const tokens = tokensAddress();

/** What is known of the last messages, by room and timestamp. @type {Map<string, Measured>} */
const measured = new Map();

/** @typedef {{shownMs?: number, errorMs?: number, trace?: string}} Measured */

const client = new Client({
  async url() {
    config = await loadConfig();
    return config.webSocketUrl;
  },
  token: tokens === null ? undefined : async () => {
    config = await loadConfig();
    return fetchToken(tokens, config.signInUrl);
  },
  name,
  rooms: rememberedRooms(),
});

client.on('change', renderSoon);
client.on('state', () => {
  listWhatIsDue();
  renderState();
  renderSoon();
});
client.on('joined', ({ room }) => {
  if (tokens !== null) view.name.value = client.room(room)?.you?.sender ?? '';
  membersDueAt.set(room, performance.now() + client.waits.settleMs);
});
client.on('sent', ({ room, timestamp, trace }) => {
  if (trace !== undefined) measure(room, timestamp, { trace });
});
client.on('shown', ({ room, messages }) => {
  if (room !== current || !atEnd) return; // The reader sees them later.
  for (const { timestamp, ms, errorMs } of messages) {
    measure(room, timestamp, { shownMs: ms, errorMs });
  }
});
client.on('refused', ({ room, error, left }) => {
  if (left) leave(room);
  notify(error.retryAfterMs === undefined
    ? `Could not join #${room}: ${error.message}`
    : `${error.message} It is sent as soon as it may be.`);
});

client.on('removed', ({ room, reason }) => {
  leave(room);
  notify({
    kicked: `You were taken out of #${room}.`,
    banned: `You were banned from #${room}.`,
    left: `You have left #${room}.`,
  }[reason] ?? `You are not in #${room} any more.`);
});

/**
 * Asks before each attempt to connect, since a deployment may have moved the WebSocket. Where there is
 * no answer, what is known still counts.
 */
async function loadConfig() {
  try {
    const loaded = await fetchConfig();
    setText($('bad-config'), '');
    const { signInUrl } = loaded;
    $('sign-in').hidden = signInUrl === undefined || tokens !== null;
    if (signInUrl !== undefined) setAttribute($('sign-in'), 'href', signInAddress(signInUrl));
    return loaded;
  } catch (e) {
    if (e instanceof BadConfig) {
      setText($('bad-config'), `This page is not set up rightly. Its config.json: ${e.message}`);
    } else if (config !== null) {
      return config;
    }
    throw e;
  }
}

/**
 * @param {string} room
 * @param {number} timestamp
 * @param {Measured} more
 */
function measure(room, timestamp, more) {
  const key = `${room} ${timestamp}`;
  measured.set(key, { ...measured.get(key), ...more });
  if (measured.size > MEASURED_MAX) measured.delete(measured.keys().next().value ?? '');
}

/**
 * @param {string} room
 * @param {number} timestamp
 * @returns {import('./conversation.js').Details}
 */
function details(room, timestamp) {
  const { trace, ...shown } = measured.get(`${room} ${timestamp}`) ?? {};
  const template = config?.traceUrl;
  return trace === undefined || template === undefined ? { ...shown, trace }
    : { ...shown, trace, traceUrl: template.replace('{trace}', trace) };
}

/** Lists what the sides show, as soon as somebody uses the page: else nobody sees it. */
function listWhatIsDue() {
  const now = performance.now();
  if (client.state.phase !== 'connected' || !client.inUse) return;
  if (now >= knownAt + ROOMS_LISTED_MS) {
    knownAt = now;
    listRooms();
  }
  if (current !== null && now >= (membersDueAt.get(current) ?? Infinity)) listMembers(current);
}

/** @param {string} room */
function listMembers(room) {
  membersDueAt.delete(room);
  client.listMembers(room).catch(() => {}); // The next connection lists them again.
}

async function listRooms() {
  try {
    const { rooms } = await client.listRooms();
    known = rooms.map((r) => r.room).filter((r) => ROOM_PATTERN.test(r)).sort();
    renderSoon();
  } catch (e) {
    if (!(e instanceof Refused)) knownAt = -Infinity; // The next connection lists them again.
  }
}

// What the reader does

function compose() {
  const message = trim(view.composer.value);
  const room = current === null ? undefined : client.room(current);
  if (room === undefined || isBlank(message)) return;
  if (codePoints(message) > MESSAGE_CODE_POINTS_MAX) return;
  if (room.drafts.length >= DRAFTS_PER_ROOM_MAX) {
    notify('Too many messages are waiting. Please send this one when they are through.');
    return;
  }
  view.composer.value = '';
  unsent.delete(room.name);
  setAtEnd(true);
  renderComposer();
  client.send(room.name, message);
}

/**
 * Shows a room, joining it where needed.
 *
 * @param {string} room
 */
function open(room) {
  if (client.room(room) === undefined) {
    if (client.rooms.length >= ROOMS_PER_CONNECTION_MAX) {
      $('join-error').textContent = `You are in ${client.rooms.length} rooms, the most there can be.`;
      return;
    }
    client.join(room);
    rememberRooms();
  }
  show(room);
}

/** @param {string | null} room */
function show(room) {
  if (current !== null) {
    unsent.set(current, view.composer.value);
    setAtEnd(true);
  }
  if (current !== room) previous = current;
  current = room;
  atEnd = true;
  view.composer.value = (room === null ? '' : unsent.get(room)) ?? '';
  clearConversation();
  clearMembers();
  notify('');
  $('join-error').textContent = '';
  const address = room === null ? location.pathname : `#room=${room}`;
  history.replaceState(null, '', address);
  closeDrawers();
  renderComposer();
  renderSoon();
  if (room !== null && client.room(room)?.link === 'live' && !membersDueAt.has(room)) {
    listMembers(room);
  }
}

/** @param {boolean} now */
function setAtEnd(now) {
  if (now === atEnd) return;
  atEnd = now;
  if (current !== null && client.room(current) !== undefined) client.pin(current, !atEnd);
  renderSoon();
}

/** @param {string} room */
function quit(room) {
  client.quit(room);
  known = [...new Set([...known, room])].sort();
  leave(room);
}

/** @param {string} room that is not joined any more */
function leave(room) {
  unsent.delete(room);
  membersDueAt.delete(room);
  rememberRooms();
  if (current !== room) renderSoon();
  else if (previous !== null && client.room(previous) !== undefined) show(previous);
  else show(client.rooms.at(-1) ?? null);
}

function rememberRooms() {
  remember('rooms', JSON.stringify(client.rooms));
}

async function older() {
  if (current === null) return;
  view.older.disabled = true;
  try {
    await client.older(current);
  } catch (e) {
    if (e instanceof Refused) notify(e.message);
  } finally {
    view.older.disabled = false;
  }
}

function rename() {
  const given = cleanName(view.name.value);
  view.name.value = given || name;
  if (given === '' || given === name) return;
  name = given;
  remember('name', name);
  client.rename(name);
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

function render() {
  const room = current === null ? undefined : client.room(current);
  if (room !== undefined && room.link !== 'out' && atEnd && document.visibilityState === 'visible') {
    client.markRead(room.name);
  }
  const rooms = client.rooms.flatMap((r) => client.room(r) ?? []);
  drawRooms(rooms, known, current, { atEnd, onOpen: open, onQuit: quit });
  drawMembers(room);
  drawConversation(current === null ? undefined : client.room(current), {
    connected: client.state.phase === 'connected',
    atEnd,
    details: ({ timestamp }) => details(current ?? '', timestamp),
    onSendAgain: ({ id }) => current !== null && client.sendAgain(current, id),
    onDiscard: ({ id }) => current !== null && client.discard(current, id),
  });
}

function renderState() {
  const { phase } = client.state;
  $('state').dataset.phase = phase;
  $('retry').hidden = phase !== 'offline';
  const text = {
    connecting: 'Connecting…', connected: 'Connected', offline: 'Offline', closed: 'Closed' };
  setText($('state-text'), text[phase]);
  renderCountdown();
}

/** Apart from the state, so that a screen reader does not read out every second. */
function renderCountdown() {
  const { state } = client;
  const seconds = state.phase === 'offline'
    ? Math.max(1, Math.ceil((state.retryAt - performance.now()) / 1000)) : 0;
  setText($('countdown'), seconds > 0 ? `retry in ${seconds} s` : '');
}

function renderComposer() {
  const { composer } = view;
  composer.style.height = 'auto';
  composer.style.height = `${composer.scrollHeight + composer.offsetHeight - composer.clientHeight}px`;
  const message = trim(composer.value);
  const left = MESSAGE_CODE_POINTS_MAX - codePoints(message);
  view.send.disabled = left < 0 || isBlank(message);
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

// Begin

view.name.value = tokens === null ? name : '';
view.name.disabled = tokens !== null; // It is in the token.
$('sign-in').addEventListener('click', beginSignIn);
$('sign-out').hidden = tokens === null;
$('sign-out').addEventListener('click', signOut);
view.name.addEventListener('change', rename);
view.name.addEventListener('keydown', (e) => {
  if (composes(e)) return;
  if (e.key === 'Enter') view.name.blur();
  if (e.key === 'Escape') view.name.value = name;
});

$('join').addEventListener('submit', (e) => {
  e.preventDefault();
  const wanted = trim(view.joinRoom.value).replace(/^#/, '');
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
  if (e.key !== 'Enter' || e.shiftKey || composes(e)) return;
  e.preventDefault();
  compose();
});

view.older.addEventListener('click', older);
$('newer').addEventListener('click', () => {
  setAtEnd(true);
  view.composer.focus();
});
view.scroller.addEventListener('scroll', () => {
  const { scrollHeight, scrollTop, clientHeight } = view.scroller;
  setAtEnd(scrollHeight - scrollTop - clientHeight <= END_PX);
}, { passive: true });
new ResizeObserver(() => {
  if (atEnd) view.scroller.scrollTop = view.scroller.scrollHeight;
}).observe(view.scroller);

$('retry').addEventListener('click', () => client.reconnect());
window.addEventListener('hashchange', () => {
  const room = addressedRoom();
  if (room !== null) open(room);
});
document.addEventListener('visibilitychange', renderSoon);
setInterval(renderCountdown, 500);
setInterval(listWhatIsDue, 500);

const addressed = addressedRoom();
if (addressed === null) show(client.rooms[0] ?? null);
else open(addressed);
renderState();
