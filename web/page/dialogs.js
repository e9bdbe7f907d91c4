/** Draws the dialogs: what lies over the page and is not one of its sides. */

import { html, nothing } from '../lib/lit-html/lit-html.js';
import { checkedSocketUrl } from './config.js';
import { isPrivate } from './routing.js';
import { avatar, composes, isDrawer } from './parts.js';
import { choicesOf, DISCONNECT_AFTER_MAX, textsFor } from './settings.js';

/**
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('./settings.js').Choice} Choice
 */

/** Rooms that the search for a room shows. */
const FOUND_MAX = 12;

/** For how long somebody is banned, in seconds; for good at last. */
const BANS = [3_600, 86_400, undefined];

/** @param {Page} page */
export function dialogView(page) {
  const { overlay, texts } = page;
  const shown = overlay === null || isDrawer(page) ? null : content(page, overlay);
  return html`
    <dialog id="dialog" data-testid="dialog" aria-labelledby="dialog-title"
      @cancel=${(/** @type {Event} */ e) => {
        e.preventDefault();
        page.close();
      }}
      @click=${(/** @type {Event} */ e) => e.target === e.currentTarget && page.close()}>
      ${shown === null ? nothing : html`
        <div class="dialog" data-kind=${overlay?.kind ?? ''}>
          <div class="dialog-head">
            <h2 id="dialog-title" tabindex="-1" dir="auto" ?autofocus=${!isForm(overlay)}>${shown.title}</h2>
            <button type="button" class="icon" data-testid="close" aria-label=${texts.close}
              @click=${() => page.close()}><span aria-hidden="true">×</span></button>
          </div>
          ${shown.body}
        </div>`}
    </dialog>`;
}

/**
 * Whether the reader begins in a field of the dialog.
 *
 * @param {import('./page.js').Overlay | null} overlay
 */
const isForm = (overlay) => ['switcher', 'private', 'report'].includes(overlay?.kind ?? '');

/**
 * @param {Page} page
 * @param {import('./page.js').Overlay} overlay
 * @returns {{title: unknown, body: unknown}}
 */
function content(page, overlay) {
  const { texts } = page;
  switch (overlay.kind) {
    case 'settings':
      return { title: texts.settings, body: settingsView(page) };
    case 'session':
      return { title: texts.session, body: sessionView(page) };
    case 'shortcuts':
      return { title: texts.shortcuts, body: shortcutsView(page) };
    case 'switcher':
      return { title: texts.findRoom, body: switcherView(page) };
    case 'private':
      return { title: texts.newPrivate, body: privateView(page) };
    case 'room':
      return { title: page.current === null ? '' : page.names.labelOf(page.current), body: roomView(page) };
    case 'person':
      return { title: page.names.senderOf(overlay.user), body: personView(page, overlay.user) };
    case 'report':
      return { title: texts.report, body: reportView(page, overlay.timestamp) };
    default:
      return { title: '', body: nothing };
  }
}

// Settings

/** @param {Page} page */
function settingsView(page) {
  const choices = /** @type {Choice[]} */ (Object.keys(page.texts.choices));
  return html`<div class="rows">${choices.map((name) => choiceView(page, name))}</div>`;
}

/**
 * @param {Page} page
 * @param {Choice} name
 */
function choiceView(page, name) {
  const { label, values } = page.texts.choices[name];
  const names = /** @type {Record<string, string>} */ (values);
  return html`<label class="row"><span>${label}</span>
    <select data-testid="setting-${name}" @change=${async (/** @type {Event} */ e) => {
      await choose(page, name, /** @type {HTMLSelectElement} */ (e.target).value);
    }}>
      ${choicesOf(name).map((value) => html`<option value=${value}
        ?selected=${page.settings[name] === value}>${names[value]}</option>`)}
    </select></label>`;
}

/**
 * @param {Page} page
 * @param {Choice} name
 * @param {string} value
 */
async function choose(page, name, value) {
  if (name === 'notifications' && value !== 'off') {
    const allowed = globalThis.Notification === undefined ? 'denied' : await Notification.requestPermission();
    if (allowed !== 'granted') {
      page.tell(page.texts.notificationsRefused);
      page.choose({ notifications: 'off' });
      return;
    }
  }
  const settings = { ...page.settings, [name]: value };
  page.choose(settings, name === 'language' ? await textsFor(settings) : page.texts);
}

// Session

/** @param {Page} page */
function sessionView(page) {
  const { client, texts, formats, whoAmI, room, settings } = page;
  const { phase } = client.state;
  const { since, roundTripMs, heardAt } = client.session;
  const now = performance.now();
  const isOpen = phase === 'connected';
  const you = room?.you;
  return html`
    <dl class="facts">
      <dt>${texts.state}</dt><dd>${texts.phases[phase]}</dd>
      <dt>${texts.connectionId}</dt>
      <dd data-testid="connection-id"><code>${whoAmI?.connectionId ?? texts.none}</code></dd>
      <dt>${texts.connectedSince}</dt>
      <dd data-testid="connected-since">${whoAmI === null ? texts.none
        : formats.exact(Date.parse(whoAmI.connectedAt) * 1000)}</dd>
      <dt>${texts.sessionTime}</dt>
      <dd data-testid="session-time"><span role="timer">${
        since === null ? texts.none : formats.duration(now - since)}</span></dd>
      <dt>${texts.heartbeat}</dt>
      <dd data-testid="heartbeat">${heardAt === null ? texts.noHeartbeat
        : texts.heard(formats.duration(now - heardAt), Math.round(roundTripMs ?? 0))}
        <button type="button" class="plain" data-testid="ping" ?disabled=${!isOpen}
          @click=${() => client.heartbeat().catch((e) => page.tell(page.reasonOf(e)))
            .then(() => page.view.draw())}>${texts.pingNow}</button></dd>
      <dt>${texts.whoAmI}</dt>
      <dd data-testid="who-am-i">${you == null ? texts.none : html`<span dir="auto">${you.sender}</span>
        · ${you.user.startsWith('guest:') ? texts.guest : texts.signedIn}${
          you.admin ? ` · ${texts.admin}` : ''}<br><code>${you.user}</code>`}${
        whoAmI === null ? nothing : html`<br>${texts.from} <code>${whoAmI.identity.sourceIp}</code>`}</dd>
    </dl>
    <div class="buttons">
      <button type="button" class="strong" data-testid="connect" ?hidden=${phase !== 'disconnected'}
        @click=${() => client.reconnect()}>${texts.connect}</button>
      <button type="button" class="plain" data-testid="disconnect" ?hidden=${phase === 'disconnected'}
        @click=${() => client.disconnect()}>${texts.disconnect}</button>
    </div>
    <label class="row"><span>${texts.disconnectAfter}</span>
      <input type="number" min="0" max=${DISCONNECT_AFTER_MAX} step="1" data-testid="disconnect-after"
        .value=${String(settings.disconnectAfter)} @change=${(/** @type {Event} */ e) => {
          const field = /** @type {HTMLInputElement} */ (e.target);
          const minutes = Math.round(Number(field.value));
          const isUsable = minutes >= 0 && minutes <= DISCONNECT_AFTER_MAX;
          if (isUsable) page.choose({ disconnectAfter: minutes });
          field.value = String(page.settings.disconnectAfter);
        }}></label>
    <form class="rows" @submit=${(/** @type {SubmitEvent} */ e) => {
      e.preventDefault();
      const field = /** @type {HTMLInputElement} */ (document.getElementById('server'));
      try {
        page.useServer(checkedSocketUrl(field.value, location.href));
        field.setCustomValidity('');
      } catch {
        field.setCustomValidity(texts.noServerUrl);
        field.reportValidity();
      }
    }}>
      <label for="server">${texts.server}</label>
      <div class="field">
        <input id="server" data-testid="server" spellcheck="false" autocapitalize="none"
          ?disabled=${page.isSignedIn}
          .value=${page.deployment.server ?? page.deployment.config?.webSocketUrl ?? ''}
          @input=${(/** @type {Event} */ e) =>
            /** @type {HTMLInputElement} */ (e.target).setCustomValidity('')}>
        <button type="submit" class="plain" data-testid="use-server" ?disabled=${page.isSignedIn}>${texts.use}</button>
        <button type="button" class="plain" data-testid="reset-server" ?disabled=${page.deployment.server === null}
          @click=${() => page.useServer(null)}>${texts.reset}</button>
      </div>
      <p class="topic">${page.isSignedIn ? texts.serverFixed : texts.serverHint}</p>
    </form>`;
}

// Rooms

/** @param {Page} page */
function shortcutsView({ texts }) {
  return html`<dl class="facts">${texts.keys.map(([keys, what]) => html`
    <dt><kbd>${keys}</kbd></dt><dd>${what}</dd>`)}</dl>`;
}

/**
 * @param {Page} page
 * @returns {{typed: string, found: string[]}} what is looked for by now, and rooms, the best one first
 */
function lookFor(page) {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById('switch'));
  const typed = (field?.value ?? '').trim().replace(/^#/, '');
  const wanted = typed.toLowerCase();
  const names = [...new Set([...page.rooms.map((r) => r.name), ...page.lists.mine.keys(),
    ...page.lists.known.map((r) => r.room)])];
  const rank = (/** @type {string} */ name) => {
    const title = page.names.titleOf(name).toLowerCase();
    return title === wanted ? 0 : title.startsWith(wanted) ? 1 : 2;
  };
  const found = names.filter((name) => page.names.titleOf(name).toLowerCase().includes(wanted))
    .sort((a, b) => rank(a) - rank(b)).slice(0, FOUND_MAX);
  return { typed, found };
}

/** @param {Page} page */
function switcherView(page) {
  const { texts } = page;
  const { typed, found } = lookFor(page);
  const wanted = typed.toLowerCase();
  const isNew = wanted !== '' && found.every((name) => page.names.titleOf(name).toLowerCase() !== wanted);
  return html`
    <form @submit=${(/** @type {SubmitEvent} */ e) => {
      e.preventDefault();
      const now = lookFor(page); // More may have been typed since this was drawn.
      if (now.found.length > 0) page.open(now.found[0]);
      else page.join(now.typed);
    }}>
      <input id="switch" data-testid="switch" autocomplete="off" spellcheck="false" autofocus
        aria-label=${texts.findRoom} placeholder=${texts.roomName} maxlength="64"
        @keydown=${(/** @type {KeyboardEvent} */ e) => {
          if (composes(e) || e.key !== 'ArrowDown') return;
          e.preventDefault();
          /** @type {HTMLElement | null} */ (document.querySelector('#found [data-item]'))?.focus();
        }}
        @input=${() => page.view.draw()}>
    </form>
    <ul class="list" id="found" data-testid="found">
      ${found.map((name) => html`<li><button type="button" class="room" tabindex="-1" data-item
        @click=${() => page.open(name)}><span class="label" dir="auto">${page.names.labelOf(name)}</span>
        <span class="verb">${page.client.room(name) === undefined ? texts.join : ''}</span></button></li>`)}
      ${isNew ? html`<li><button type="button" class="room" tabindex="-1" data-item
        @click=${() => page.join(/** @type {HTMLInputElement} */ (document.getElementById('switch')).value)}>
        <span class="label">${texts.startRoom(typed)}</span></button></li>` : nothing}
    </ul>
    <p class="error" role="status">${page.joinError}</p>`;
}

/** @param {Page} page */
function privateView(page) {
  const { texts } = page;
  return html`<form class="rows" @submit=${(/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    page.people.createRoom(/** @type {HTMLInputElement} */ (document.getElementById('title')).value);
  }}>
    <p>${texts.privateHint}</p>
    <label for="title">${texts.title}</label>
    <div class="field">
      <input id="title" data-testid="title" maxlength="64" autocomplete="off" autofocus>
      <button type="submit" class="strong" data-testid="create">${texts.create}</button>
    </div>
  </form>`;
}

/** @param {Page} page */
function roomView(page) {
  const { texts, current } = page;
  if (current === null) return nothing;
  const isOurs = isPrivate(current);
  const mayInvite = current.startsWith('p.') && page.people.moderates;
  const others = mayInvite ? page.people.others : [];
  return html`
    <div class="buttons">
      <button type="button" class="plain" data-testid="mark-read" @click=${() => {
        page.markRead(current);
        page.close();
      }}>${texts.markRead}</button>
      <button type="button" class="plain" data-testid="copy-room"
        @click=${() => page.copy(location.href.replace(/#.*/, `#/r/${current}`))}>${texts.copyLink}</button>
      <button type="button" class="plain" data-testid="quit-room" @click=${async () => {
        await page.close(); // Back would lead into the room again.
        page.quit(current);
      }}>${texts.quit(page.names.labelOf(current))}</button>
      ${isOurs ? html`<button type="button" class="plain danger" data-testid="leave"
        @click=${() => page.people.leave()}>${texts.leaveForGood}</button>` : nothing}
    </div>
    ${!mayInvite ? nothing : html`
      <form class="rows" @submit=${(/** @type {SubmitEvent} */ e) => {
        e.preventDefault();
        const field = /** @type {HTMLInputElement} */ (document.getElementById('invitee'));
        if (field.value.trim() === '') return;
        page.close();
        page.people.invite(field.value.trim());
      }}>
        <label for="invitee">${texts.invite}</label>
        <div class="field">
          <input id="invitee" data-testid="invitee" list="invitees" autocomplete="off" spellcheck="false"
            placeholder=${texts.userId}>
          <button type="submit" class="strong" data-testid="invite">${texts.inviteVerb}</button>
        </div>
        <datalist id="invitees">${others.map((p) => html`<option value=${p.user}>${p.sender}</option>`)}</datalist>
        <ul class="list">${others.slice(0, FOUND_MAX).map((p) => html`<li class="member">
          <button type="button" data-testid="invite-${p.sender}" @click=${() => {
            page.close();
            page.people.invite(p.user);
          }}>${avatar(p.user, p.sender)}<span class="label" dir="auto">${p.sender}</span></button></li>`)}</ul>
      </form>`}`;
}

// People

/**
 * @param {Page} page
 * @param {string} user
 */
function personView(page, user) {
  const { texts, room } = page;
  const isYou = user === room?.you?.user;
  const connections = room?.members?.get(user)?.connections;
  return html`
    <dl class="facts">
      <dt>${texts.userId}</dt><dd><code data-testid="user">${user}</code></dd>
      <dt>${texts.whoAmI}</dt><dd>${user.startsWith('guest:') ? texts.guest : texts.signedIn}</dd>
      ${connections === undefined ? nothing : html`<dt>${texts.connections}</dt><dd>${connections}</dd>`}
    </dl>
    <div class="buttons">
      <button type="button" class="plain" @click=${() => page.copy(user)}>${texts.copyUserId}</button>
      ${isYou ? nothing : html`<button type="button" class="strong" data-testid="write-to"
        @click=${() => page.people.writeTo(user)}>${texts.writeTo}</button>`}
    </div>
    ${isYou || !page.people.bans ? nothing : html`<div class="buttons">
      ${!page.people.moderates ? nothing : html`<button type="button" class="plain danger" data-testid="kick"
        @click=${() => page.people.moderate('kick', user)}>${texts.kick}</button>`}
      ${BANS.map((seconds) => html`<button type="button" class="plain danger" data-testid="ban-${seconds ?? 'ever'}"
        @click=${() => page.people.moderate('ban', user, seconds)}>${texts.ban(seconds)}</button>`)}
    </div>`}`;
}

/**
 * @param {Page} page
 * @param {number} timestamp
 */
function reportView(page, timestamp) {
  const { texts } = page;
  return html`<form class="rows" @submit=${(/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    page.people.report(timestamp, /** @type {HTMLTextAreaElement} */ (document.getElementById('why')).value);
  }}>
    <p>${texts.reportHint}</p>
    <label for="why">${texts.why}</label>
    <textarea id="why" data-testid="why" rows="3" maxlength="1000" required autofocus></textarea>
    <div class="buttons"><button type="submit" class="strong" data-testid="send-report">${texts.report}</button></div>
  </form>`;
}
