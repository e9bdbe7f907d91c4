/** Draws the room that is shown: its head, its messages, and those that are being sent. */

import { html, nothing } from '../lib/lit-html/lit-html.js';
import { guard } from '../lib/lit-html/directives/guard.js';
import { repeat } from '../lib/lit-html/directives/repeat.js';
import { lines } from './lines.js';
import { isLoneEmoji, isLong, living } from './living.js';
import { avatar } from './parts.js';
import { counted } from './read.js';

/**
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('./lines.js').Line} Line
 * @typedef {import('../client/client.js').Room} Room
 * @typedef {import('../client/client.js').Message} Message
 * @typedef {import('../client/client.js').Draft} Draft
 */

/** @param {Page} page */
export function conversationView(page) {
  const { room, texts, older } = page;
  const label = room === undefined ? '' : page.names.labelOf(room.name);
  const isBeginning = room !== undefined && room.from === 0 && room.you !== null;
  return html`
    <div class="nowhere" ?hidden=${room !== undefined}>
      <p>${texts.nowhere}</p><p>${texts.joinOne}</p>
    </div>
    ${room === undefined ? nothing : headView(page, room, label)}
    ${room !== undefined && page.newAbove ? html`
      <button type="button" class="pill above" data-testid="to-new" @click=${() => {
        page.toNew();
        document.getElementById('scroller')?.focus();
      }}>${texts.toNew}</button>` : nothing}
    <div class="scroller" id="scroller" tabindex="0" role="region" aria-label=${texts.conversation}
      ?hidden=${room === undefined}>
      <div class="past">
        <button type="button" class="plain" data-testid="older" ?hidden=${!room || room.from === 0}
          aria-disabled=${older === 'loading'} @click=${() => page.loadOlder()}>${
            older === 'loading' ? texts.loading : older === 'failed' ? texts.tryAgain : texts.older}</button>
        <p class="error" role="status">${older === 'failed' ? texts.olderFailed : ''}</p>
        <p data-testid="beginning" ?hidden=${!isBeginning}>${isBeginning ? beginning(page, room, label) : ''}</p>
      </div>
      <ol class="messages" id="messages" data-testid="messages"
        aria-label=${texts.messagesIn(label)} @click=${(/** @type {Event} */ e) => copyCode(page, e)}>
        ${room === undefined ? nothing : repeat(
          lines(room, page.place, page.newAfter, (id) => page.isDrafted(id)), (l) => l.key,
          (l) => guard(looksOf(page, l), () => lineView(page, l)))}
      </ol>
    </div>
    <div id="announcer" class="hidden" role="log" aria-label=${texts.newest}></div>
    ${room === undefined || page.place === null ? nothing : html`
      <button type="button" class="pill" data-testid="newer" @click=${() => {
        page.moved(null);
        page.view.focusComposer();
      }}>${newer(page, room)}</button>`}`;
}

/**
 * The button beside a block of code copies it.
 *
 * @param {Page} page
 * @param {Event} event
 */
function copyCode(page, event) {
  const button = /** @type {HTMLElement} */ (event.target).closest('[data-copy]');
  if (button !== null) page.copy(button.parentElement?.querySelector('code')?.textContent ?? '');
}

/**
 * @param {Page} page
 * @param {Room} room
 * @param {string} label
 */
function headView(page, room, label) {
  const { texts, overlay } = page;
  return html`
    <div class="head">
      <h2 data-testid="room-title" dir="auto">${label}</h2>
      <p class="topic" role="status">${note(page, room)}</p>
      <button type="button" class="plain" data-testid="show-room"
        @click=${() => page.show({ kind: 'room' })}>${texts.roomMenu}</button>
      <button type="button" class="plain" id="show-people" data-testid="show-members"
        aria-controls="people" aria-expanded=${overlay?.kind === 'people'}
        @click=${() => page.show({ kind: 'people' })}>${texts.members}${
          room.members === null ? '' : ` ${room.members.size}`}</button>
    </div>`;
}

/**
 * @param {Page} page
 * @param {Room} room
 */
function newer(page, room) {
  const count = counted(page.reading.unread(room));
  return count === '' ? page.texts.toTheNewest : page.texts.newMessages(count);
}

/**
 * @param {Page} page
 * @param {Room} room
 */
function note({ texts, client }, room) {
  if (room.link === 'live') return '';
  if (client.state.phase !== 'connected') return room.you === null ? '' : texts.waitingForConnection;
  return room.you === null ? texts.joining : texts.catchingUp;
}

/**
 * @param {Page} page
 * @param {Room} room
 * @param {string} label
 */
function beginning({ texts }, room, label) {
  if (!room.complete) return texts.noLongerKept;
  return room.messages.length === 0 ? texts.sayHello : texts.beginsHere(label);
}

/**
 * Everything that decides how a line looks: it is not drawn again while that is the same. There are many
 * of them, and each frame with a new message would cost all of theirs.
 *
 * @param {Page} page
 * @param {Line} line
 * @returns {unknown[]}
 */
function looksOf(page, line) {
  const shared = [line.kind, page.texts, page.formats];
  if (line.kind === 'day') return [...shared, line.timestamp];
  if (line.kind === 'new') return shared;
  const { message, draft, own, first } = line;
  const said = [...shared, first, page.names.ownIn(page.room)];
  if (message === null) return [...said, draft, page.client.state.phase];
  const { timestamp, user, sender } = message;
  const isDetailed = page.detailed.has(timestamp);
  return [...said, message, own, timestamp === page.target, page.unfolded.has(timestamp), isDetailed,
    isDetailed && page.measured(timestamp), own ? '' : page.names.tagOf(user, sender)];
}

/**
 * @param {Page} page
 * @param {Line} line
 */
function lineView(page, line) {
  switch (line.kind) {
    case 'day':
      return html`<li class="day"><span>${page.formats.day(line.timestamp)}</span></li>`;
    case 'new':
      return html`<li class="new" id="new" data-testid="new"><span>${page.texts.newLine}</span></li>`;
    default:
      return saidView(page, line);
  }
}

/**
 * A message, or the draft that becomes one: both in one template, so that the element stays.
 *
 * @param {Page} page
 * @param {Line & {kind: 'message' | 'draft'}} line
 */
function saidView(page, { message, draft, own, first }) {
  const { texts, formats } = page;
  const text = message?.message ?? draft?.message ?? '';
  const timestamp = message?.timestamp ?? draft?.timestamp ?? (draft?.writtenAt ?? 0) * 1000;
  const user = message?.user ?? page.room?.you?.user ?? '';
  const sender = message?.sender ?? page.name;
  const classes = ['message', own ? 'own' : '', first ? 'first' : '', draft === null ? '' : 'draft',
    draft?.state ?? '', timestamp === page.target ? 'target' : '',
    message !== null && !own && isMention(page, message) ? 'meant' : ''];
  return html`
    <li class=${classes.filter((c) => c !== '').join(' ')} data-testid=${draft === null ? 'message' : 'draft'}
      data-timestamp=${message?.timestamp ?? nothing} data-id=${message?.id ?? draft?.id ?? ''}>
      ${own ? nothing : avatar(user, sender)}
      <p class="by">
        ${own ? html`<span class="sender">${texts.you}</span>` : html`
          <button type="button" class="sender" dir="auto" tabindex="-1"
            @click=${() => page.show({ kind: 'person', user })}>${sender}</button>
          <span class="tag">${page.names.tagOf(user, sender)}</span>`}
        <time datetime=${new Date(timestamp / 1000).toISOString()} title=${formats.exact(timestamp)}>${
          formats.time(timestamp)}</time>
      </p>
      ${bubble(page, text, timestamp)}
      ${message === null || draft !== null ? nothing : detailsView(page, message, own)}
      ${draft === null ? nothing : fateView(page, draft)}
    </li>`;
}

/**
 * @param {Page} page
 * @param {Message} message
 */
function isMention({ room, reading }, message) {
  return room !== undefined && reading.isMention(room, message);
}

/**
 * @param {Page} page
 * @param {string} text
 * @param {number} timestamp
 */
function bubble(page, text, timestamp) {
  const { texts } = page;
  const names = [page.names.ownIn(page.room).toLowerCase()];
  const folds = isLong(text);
  const isFolded = folds && !page.unfolded.has(timestamp);
  const classes = `text${isLoneEmoji(text) ? ' lone' : ''}${isFolded ? ' folded' : ''}`;
  return html`<div class=${classes} dir="auto">${living(text, { names, texts: { copy: texts.copy } })}</div>
    ${folds ? html`<button type="button" class="plain fold" data-testid="fold" aria-expanded=${!isFolded}
      @click=${() => page.toggleFold(timestamp)}>${isFolded ? texts.showAll : texts.showLess}</button>`
      : nothing}`;
}

/**
 * When exactly a message was sent, how long it took, its trace, and what can be done with it.
 *
 * @param {Page} page
 * @param {Message} message
 * @param {boolean} own
 */
function detailsView(page, { timestamp, sender, message, id }, own) {
  const { texts, formats } = page;
  const isShown = page.detailed.has(timestamp);
  return html`
    <button type="button" class="about" tabindex="-1" data-item title=${texts.details}
      aria-expanded=${isShown} aria-label=${texts.detailsOf(sender, formats.time(timestamp))}
      @click=${() => page.toggleDetails(timestamp)}><span aria-hidden="true">⋯</span></button>
    ${!isShown ? nothing : html`<div class="details" data-testid="details">
      <p>${formats.exact(timestamp)}${measuredView(page, timestamp)}</p>
      <p>${texts.messageId} <code>${id}</code></p>
      <p class="buttons">
        <button type="button" class="plain" @click=${() => page.copyLink(timestamp)}>${texts.copyLink}</button>
        <button type="button" class="plain" @click=${() => page.copy(message)}>${texts.copyText}</button>
        ${own ? nothing : html`<button type="button" class="plain"
          @click=${() => page.show({ kind: 'report', timestamp })}>${texts.report}</button>`}
      </p></div>`}`;
}

/**
 * @param {Page} page
 * @param {number} timestamp
 */
function measuredView(page, timestamp) {
  const { shownMs, errorMs = 0, trace } = page.measured(timestamp);
  const shown = shownMs === undefined ? ''
    : ` · ${page.texts.onScreenAfter(Math.round(shownMs), Math.ceil(errorMs))}`;
  if (trace === undefined) return shown;
  const url = page.deployment.config?.traceUrl?.replace('{trace}', trace);
  return html`${shown} · ${page.texts.trace} ${url === undefined ? html`<code>${trace}</code>`
    : html`<a href=${url} target="_blank" rel="noopener noreferrer">${trace}</a>`}`;
}

/**
 * @param {Page} page
 * @param {Draft} draft
 */
function fateView(page, draft) {
  const { texts, client } = page;
  if (draft.state === 'failed') {
    return html`<p class="fate"><span>${texts.notSent(page.reason(draft.code, draft.error ?? ''))}</span>
      <button type="button" class="plain" @click=${() => page.sendAgain(draft.id)}>${texts.sendAgain}</button>
      <button type="button" class="plain" @click=${() => page.discard(draft.id)}>${texts.discard}</button></p>`;
  }
  if (draft.state === 'queued' && client.state.phase !== 'connected') {
    return html`<p class="fate"><span>${texts.sentLater}</span></p>`;
  }
  return html`<span class="sending" role="img" aria-label=${texts.sending} title=${texts.sending}></span>`;
}
