/** Draws the top of the page: the connection, and what leads elsewhere. */

import { html, nothing } from '../lib/lit-html/lit-html.js';
import { isDrawer } from './parts.js';

/** @param {import('./page.js').Page} page */
export function topView(page) {
  const { client, texts, overlay } = page;
  const { phase } = client.state;
  const shown = phase === 'connected' && !navigator.onLine ? 'doubtful' : phase;
  const elsewhere = page.rooms.some((r) => r.name !== page.current && page.reading.unread(r).count > 0);
  return html`
    <a class="skip" href="#composer" @click=${(/** @type {Event} */ e) => {
      e.preventDefault();
      page.view.focusComposer();
    }}>${texts.skip}</a>
    <header class="top" ?inert=${isDrawer(page)}>
      <button type="button" class="icon" id="show-rooms" data-testid="show-rooms" aria-controls="rooms"
        aria-expanded=${overlay?.kind === 'rooms'} @click=${() => page.show({ kind: 'rooms' })}>
        <span class="bars" aria-hidden="true"></span>
        <span class="hidden">${texts.rooms}${elsewhere ? `, ${texts.unreadElsewhere}` : ''}</span>
        ${elsewhere ? html`<span class="dot" aria-hidden="true"></span>` : nothing}
      </button>
      <h1><img src="icon.svg" alt="" width="24" height="24"> <span>Parley</span></h1>
      <div class="connection">
        <p class="state" id="state" data-testid="state" data-phase=${phase} role="status">
          <span class="lamp" aria-hidden="true"></span><span>${texts.phases[shown]}</span>
        </p>
        <span class="countdown" data-testid="countdown">${countdown(page)}</span>
      </div>
      ${phase === 'offline' || phase === 'disconnected' ? html`
        <button type="button" class="plain" data-testid="retry" @click=${() => client.reconnect()}>
          ${phase === 'offline' ? texts.retry : texts.connect}</button>` : nothing}
      <span class="space"></span>
      <button type="button" class="plain find" data-testid="find" title=${texts.keys[0][0]}
        @click=${() => page.show({ kind: 'switcher' })}>${texts.findRoom}</button>
      <button type="button" class="icon" data-testid="show-shortcuts" aria-label=${texts.shortcuts}
        title=${texts.shortcuts} @click=${() => page.show({ kind: 'shortcuts' })}>
        <span aria-hidden="true">?</span></button>
    </header>`;
}

/** Apart from the state, so that a screen reader does not read out every second. */
function countdown(/** @type {import('./page.js').Page} */ { client, texts }) {
  const { state } = client;
  if (state.phase !== 'offline') return '';
  return texts.retryIn(Math.max(1, Math.ceil((state.retryAt - performance.now()) / 1000)));
}
