/** Draws one room: its messages, and those that are being sent. */

import { unread } from './client/client.js';
import { $, avatar, element, find, reconcile, setAttribute, setText } from './dom.js';

/**
 * @typedef {import('./client/client.js').Room} Room
 * @typedef {import('./client/client.js').Message} Message
 * @typedef {import('./client/client.js').Draft} Draft
 *
 * @typedef {object} Reader
 * @property {boolean} connected
 * @property {boolean} atEnd the reader is at the end of the messages, and stays there
 * @property {(message: Message) => Details} details
 * @property {(draft: Draft) => void} onSendAgain
 * @property {(draft: Draft) => void} onDiscard
 *
 * @typedef {object} Details what is known of a message beside what it says
 * @property {number} [shownMs] from its timestamp until it was on the screen
 * @property {number} [errorMs] how far off that may be
 * @property {string} [trace] the id of its trace
 * @property {string} [traceUrl] where that is to be seen
 *
 * @typedef {{kind: 'day', at: Date}
 *     | {kind: 'message', message: Message, own: boolean, first: boolean}} Line
 */

/** Messages of one sender within this time stand under one name. */
const GROUP_US = 5 * 60 * 1_000_000;

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayFormat = new Intl.DateTimeFormat(undefined,
  { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** Before another room is drawn. */
export function clearConversation() {
  $('messages').replaceChildren();
  $('drafts').replaceChildren();
}

/**
 * @param {Room | undefined} room
 * @param {Reader} reader
 */
export function drawConversation(room, reader) {
  document.body.dataset.room = room === undefined ? 'none' : 'open';
  for (const id of ['scroller', 'compose']) $(id).hidden = room === undefined;
  $('nowhere').hidden = room !== undefined;
  setText($('room-title'), room?.name ?? '');
  setText($('room-note'), room === undefined ? '' : note(room, reader));
  if (room === undefined) {
    $('newer').hidden = true;
    return;
  }
  setAttribute($('messages'), 'aria-label', `Messages in ${room.name}`);
  setAttribute($('composer'), 'placeholder', `Message #${room.name}`);
  setText($('composer-label'), `Message to ${room.name}`);
  keepPlace(reader.atEnd, () => {
    $('older').hidden = room.from === 0;
    $('beginning').hidden = room.from > 0 || room.you === null;
    setText($('beginning'), beginning(room));
    // A page of history is not news to be read out.
    setAttribute($('messages'), 'aria-busy', String(room.link !== 'live'));
    reconcile($('messages'), lines(room), (l) => line(l, reader), markLine);
    markTabStop();
    reconcile($('drafts'), room.drafts.map((d) => [d.id, d]), (d) => draftItem(d, reader),
      (item, d) => markDraft(item, d, reader.connected));
  });
  const count = unread(room);
  $('newer').hidden = reader.atEnd;
  setText($('newer'),
    count === 0 ? 'To the newest' : count === 1 ? '1 new message' : `${count} new messages`);
}

/**
 * @param {Room} room
 * @param {Reader} reader
 */
function note(room, reader) {
  if (room.link === 'live') return '';
  if (!reader.connected) return room.you === null ? '' : 'Waiting for the connection';
  return room.you === null ? 'Joining…' : 'Catching up…';
}

/** @param {Room} room */
function beginning(room) {
  if (!room.complete) return 'Earlier messages are no longer kept.';
  return room.messages.length === 0 ? 'No messages yet. Say hello.' : `This is where #${room.name} begins.`;
}

/**
 * Draws, and leaves what the reader sees where it was: the end, or the message that was on top.
 *
 * @param {boolean} atEnd
 * @param {() => void} draw
 */
function keepPlace(atEnd, draw) {
  const scroller = $('scroller');
  if (atEnd) {
    draw();
    scroller.scrollTop = scroller.scrollHeight;
    return;
  }
  const top = scroller.getBoundingClientRect().top;
  const children = [...$('messages').querySelectorAll('.message')];
  const anchor = children.find((c) => c.getBoundingClientRect().bottom > top);
  const was = anchor?.getBoundingClientRect().top ?? 0;
  draw();
  if (anchor?.isConnected) scroller.scrollTop += anchor.getBoundingClientRect().top - was;
}

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

/**
 * @param {Line} line
 * @param {Reader} reader
 */
function line(line, reader) {
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
  item.append(avatar(message.user, message.sender), by, text, detailsButton(message, reader));
  return item;
}

/**
 * Shows and hides when exactly a message was sent, how long it took, and its trace.
 *
 * @param {Message} message
 * @param {Reader} reader
 */
function detailsButton(message, reader) {
  const time = timeFormat.format(new Date(message.timestamp / 1000));
  const button = element('button', 'about', {
    type: 'button', tabindex: '-1', title: 'Details', 'aria-expanded': 'false',
    'aria-label': `Details of ${message.sender}, ${time}`,
  }, 'i');
  button.addEventListener('click', () => {
    const shown = button.nextElementSibling;
    setAttribute(button, 'aria-expanded', String(shown === null));
    if (shown === null) button.after(detailsOf(message, reader.details(message)));
    else shown.remove();
  });
  return button;
}

/** What keys do to the details' button that has the focus: how many messages further the next one is. */
const STEPS = new Map([['ArrowUp', -1], ['ArrowDown', 1], ['Home', -Infinity], ['End', Infinity]]);

$('messages').addEventListener('keydown', (e) => {
  const step = STEPS.get(e.key);
  if (step === undefined || e.ctrlKey || e.metaKey || e.altKey || e.shiftKey) return;
  const buttons = /** @type {HTMLElement[]} */ ([...$('messages').querySelectorAll('.about')]);
  const at = buttons.findIndex((b) => b === e.target);
  if (at < 0) return;
  e.preventDefault();
  buttons[Math.min(buttons.length - 1, Math.max(0, at + step))].focus();
  markTabStop();
});

/**
 * One button of the messages can be reached by Tab, where the focus is or else the newest message's;
 * from it the keys lead to the others. A room holds thousands.
 */
function markTabStop() {
  const messages = $('messages');
  const message = document.activeElement?.closest('#messages > .message') ?? messages.lastElementChild;
  const was = messages.querySelector('.about[tabindex="0"]');
  const is = message?.querySelector('.about') ?? null;
  if (is === was) return;
  was?.setAttribute('tabindex', '-1');
  is?.setAttribute('tabindex', '0');
}

/**
 * @param {Message} message
 * @param {Details} details
 */
function detailsOf({ timestamp }, { shownMs, errorMs = 0, trace, traceUrl }) {
  const parts = [exactFormat.format(new Date(timestamp / 1000))];
  if (shownMs !== undefined) {
    parts.push(`on screen after ${Math.round(shownMs)} ± ${Math.ceil(errorMs)} ms`);
  }
  const item = element('p', 'details', { 'data-testid': 'details' }, parts.join(' · '));
  if (trace !== undefined) {
    item.append(' · trace ', traceUrl === undefined ? element('code', '', {}, trace)
      : element('a', '', { href: traceUrl, target: '_blank', rel: 'noopener' }, trace));
  }
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

/**
 * @param {Draft} draft
 * @param {Reader} reader
 */
function draftItem(draft, { onSendAgain, onDiscard }) {
  const item = element('li', 'message own draft', { 'data-testid': 'draft', 'data-id': draft.id });
  const fate = element('p', 'fate');
  const again = element('button', 'plain', { type: 'button' }, 'Send again');
  again.addEventListener('click', () => onSendAgain(draft));
  const discard = element('button', 'plain', { type: 'button' }, 'Discard');
  discard.addEventListener('click', () => onDiscard(draft));
  fate.append(element('span', 'why'), again, discard);
  item.append(element('p', 'text', { dir: 'auto' }, draft.message), fate);
  return item;
}

/**
 * @param {HTMLElement} item
 * @param {Draft} draft
 * @param {boolean} connected
 */
function markDraft(item, draft, connected) {
  const failed = draft.state === 'failed';
  item.classList.toggle('failed', failed);
  item.classList.toggle('sent', draft.state === 'sent');
  for (const button of item.querySelectorAll('button')) button.hidden = !failed;
  setText(find(item, '.why'), fate(draft, connected));
}

/**
 * @param {Draft} draft
 * @param {boolean} connected
 */
function fate(draft, connected) {
  switch (draft.state) {
    case 'failed':
      return `Not sent: ${draft.error}`;
    case 'waiting':
      return 'Waiting…';
    case 'sent':
      return '';
    case 'queued':
      return connected ? 'Sending…' : 'Sent when connected again';
  }
}
