/** Draws the two sides: the rooms, and the people in the one that is shown. */

import { people } from '../client/client.js';
import { html, nothing } from '../lib/lit-html/lit-html.js';
import { repeat } from '../lib/lit-html/directives/repeat.js';
import { isPrivate } from './routing.js';
import { avatar, composes, isDrawer } from './parts.js';
import { counted } from './read.js';
import { beginSignIn, signInAddress, signOut } from './signin.js';

/**
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('../client/client.js').Room} Room
 */

/** So many of the other rooms are drawn; the others are found by a search. */
const OTHERS_MAX = 50;

/** @param {Page} page */
export function roomsView(page) {
  const { texts } = page;
  const isOpen = page.overlay?.kind === 'rooms';
  const wanted = page.search.toLowerCase();
  const fits = (/** @type {string} */ name) => page.names.titleOf(name).toLowerCase().includes(wanted);
  const rooms = page.rooms.filter((r) => fits(r.name));
  const others = othersOf(page).filter((r) => fits(r.room));
  return html`
    <nav class=${isOpen ? 'side open' : 'side'} id="rooms" aria-label=${texts.rooms}
      ?inert=${isDrawer(page) && !isOpen}>
      <label class="hidden" for="search">${texts.searchRooms}</label>
      <input type="search" id="search" data-testid="search" placeholder=${texts.searchRooms}
        autocomplete="off" spellcheck="false" .value=${page.search}
        @input=${(/** @type {InputEvent} */ e) => {
          page.search = /** @type {HTMLInputElement} */ (e.target).value;
          page.view.draw();
        }}>
      <div class="lists">
        <h2>${texts.yourRooms}</h2>
        <ul class="list" id="room-list" data-testid="room-list">
          ${repeat(rooms, (r) => r.name, (r) => roomItem(page, r))}
        </ul>
        <button type="button" class="plain wide" data-testid="new-private"
          @click=${() => page.show({ kind: 'private' })}>${texts.newPrivate}</button>
        <form class="join" id="join" autocomplete="off" @submit=${(/** @type {SubmitEvent} */ e) => {
          e.preventDefault();
          const field = /** @type {HTMLInputElement} */ (document.getElementById('join-room'));
          if (page.join(field.value)) field.value = '';
        }}>
          <label for="join-room">${texts.joinLabel}</label>
          <div class="field">
            <input id="join-room" data-testid="join-room" maxlength="64" placeholder=${texts.roomName}
              autocapitalize="none" spellcheck="false" aria-describedby="join-error"
              @input=${() => {
                page.joinError = '';
                page.view.draw();
              }}>
            <button type="submit" class="strong" data-testid="join">${texts.join}</button>
          </div>
          <p class="error" id="join-error" data-testid="join-error" role="status">${page.joinError}</p>
        </form>
        ${others.length === 0 ? nothing : html`
          <section aria-labelledby="known-title">
            <h2 id="known-title">${texts.otherRooms}</h2>
            <ul class="list" id="known-list" data-testid="known-rooms">
              ${repeat(others.slice(0, OTHERS_MAX), (r) => r.room, (r) => otherItem(page, r))}
            </ul>
            ${others.length > OTHERS_MAX
              ? html`<p class="topic">${texts.andMoreRooms(others.length - OTHERS_MAX)}</p>` : nothing}
          </section>`}
      </div>
      ${youView(page)}
    </nav>`;
}

/**
 * Rooms that the reader is not in, the one with the last activity first. Invitations come before.
 *
 * @param {Page} page
 */
function othersOf(page) {
  const invitations = [...page.lists.mine.values()].filter((r) => page.client.room(r.room) === undefined);
  const known = page.lists.known.filter((r) => page.client.room(r.room) === undefined);
  return [...invitations, ...[...known].sort((a, b) => (b.head ?? 0) - (a.head ?? 0)
    || a.room.localeCompare(b.room))];
}

/**
 * @param {Page} page
 * @param {Room} room
 */
function roomItem(page, room) {
  const { texts, formats } = page;
  const { name } = room;
  const unread = page.reading.unread(room);
  const count = name === page.current && page.place === null ? '' : counted(unread);
  const label = page.names.labelOf(name);
  const last = room.messages.at(-1)?.timestamp;
  return html`<li data-room=${name}>
    <button type="button" class=${count === '' ? 'room' : 'room unread'} data-testid="room-${name}"
      tabindex="-1" data-item aria-current=${name === page.current ? 'true' : nothing}
      @click=${() => page.open(name)}
      @keydown=${(/** @type {KeyboardEvent} */ e) => e.key === 'Delete' && page.quit(name)}>
      <span class="label" dir="auto">${label}</span>
      ${unread.mentions > 0 && count !== '' ? html`<span class="badge mentions"
        data-testid="mentions-${name}" aria-label=${texts.mentionsCount(unread.mentions)}>@${
          Math.min(99, unread.mentions)}</span>` : nothing}
      ${count !== '' ? html`<span class="badge" aria-label=${texts.unreadCount(count)}>${count}</span>`
        : last === undefined ? nothing : html`<span class="verb">${formats.recent(last)}</span>`}
    </button>
    <button type="button" class="icon quit" data-testid="quit-${name}" tabindex="-1"
      aria-label=${texts.quit(label)} title=${texts.quit(label)} @click=${() => page.quit(name)}>
      <span aria-hidden="true">×</span></button>
  </li>`;
}

/**
 * @param {Page} page
 * @param {import('./page.js').Listed} room
 */
function otherItem(page, { room, head }) {
  const { texts, formats } = page;
  return html`<li>
    <button type="button" class="room" data-testid="known-${room}" tabindex="-1" data-item
      @click=${() => page.open(room)}>
      <span class="label" dir="auto">${page.names.labelOf(room)}</span>
      <span class="verb">${isPrivate(room) ? texts.invitation : head === null || head === 0 ? ''
        : formats.recent(head)}</span>
      <span class="verb join-verb">${texts.join}</span>
    </button>
  </li>`;
}

/** @param {Page} page */
function youView(page) {
  const { texts, isSignedIn } = page;
  const { config } = page.deployment;
  return html`<div class="you">
    <label class="name">
      <span>${texts.yourName}</span>
      <input id="name" data-testid="name" autocomplete="nickname" spellcheck="false" required
        enterkeyhint="done" .value=${isSignedIn ? page.names.ownIn(page.room) : page.name} ?disabled=${isSignedIn}
        @change=${(/** @type {Event} */ e) => {
          const field = /** @type {HTMLInputElement} */ (e.target);
          page.rename(field.value);
          field.value = page.name;
        }}
        @keydown=${(/** @type {KeyboardEvent} */ e) => {
          const field = /** @type {HTMLInputElement} */ (e.target);
          if (composes(e)) return;
          if (e.key === 'Enter') field.blur();
          if (e.key === 'Escape') field.value = page.name;
        }}>
    </label>
    <div class="buttons">
      <button type="button" class="plain" data-testid="show-session"
        @click=${() => page.show({ kind: 'session' })}>${texts.session}</button>
      <button type="button" class="plain" data-testid="show-settings"
        @click=${() => page.show({ kind: 'settings' })}>${texts.settings}</button>
      ${config?.signInUrl === undefined || isSignedIn ? nothing : html`
        <a class="plain" id="sign-in" data-testid="sign-in" href=${signInAddress(config.signInUrl)}
          @click=${beginSignIn}>${texts.signIn}</a>`}
      ${isSignedIn ? html`<button type="button" class="plain" data-testid="sign-out"
        @click=${signOut}>${texts.signOut}</button>` : nothing}
    </div>
  </div>`;
}

/** People by the map of them: sorting a thousand at each message would make a page slow. */
const known = new WeakMap();

/**
 * @param {Room} room
 * @returns {import('../client/room.js').Person[]}
 */
function sorted(room) {
  const { members } = room;
  if (members === null) return [];
  if (!known.has(members)) known.set(members, people(room));
  return known.get(members);
}

/** @param {Page} page */
export function peopleView(page) {
  const { room, texts } = page;
  const isOpen = page.overlay?.kind === 'people';
  const everybody = room === undefined ? [] : sorted(room);
  return html`
    <aside class=${isOpen ? 'side open' : 'side'} id="people" aria-label=${texts.members}
      ?inert=${isDrawer(page) && !isOpen}>
      <h2>${texts.members} <span data-testid="member-count">${
        room?.members == null ? '' : everybody.length}</span></h2>
      <ul class="list" id="members" data-testid="members">
        ${repeat(everybody, (p) => p.user, (p) => html`
          <li class="member" data-user=${p.user}>
            <button type="button" tabindex="-1" data-item
              @click=${() => page.show({ kind: 'person', user: p.user })}>
              ${avatar(p.user, p.sender)}
              <span class="label" dir="auto">${p.sender}</span>
              <span class="verb">${page.names.tagOf(p.user, p.sender)}</span>
              ${p.user === room?.you?.user ? html`<span class="verb">${texts.youMark}</span>`
                : p.user.startsWith('guest:') ? nothing
                  : html`<span class="verb" title=${texts.signedIn} role="img" aria-label=${texts.signedIn}>✓</span>`}
            </button>
          </li>`)}
      </ul>
      ${room?.membersMore ? html`<p class="topic">${texts.andMore}</p>` : nothing}
    </aside>`;
}
