/** What several views draw. */

import { html } from '../lib/lit-html/lit-html.js';

/** @typedef {import('./page.js').Page} Page */

const TONES = 8;

/**
 * Whether a key belongs to a text that is being composed, for example Japanese: it picks or ends
 * what is composed, and means nothing to the page. Safari tells of the last one, which ends it,
 * only by the code of keys that an input method has processed.
 *
 * @param {KeyboardEvent} event
 */
export const composes = (event) => event.isComposing || event.keyCode === 229;

/** @param {Page} page a side lies over the conversation */
export const isDrawer = ({ overlay }) => overlay?.kind === 'rooms' || overlay?.kind === 'people';

/**
 * @param {string} user decides the colour
 * @param {string} sender gives the letter
 */
export function avatar(user, sender) {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < user.length; i++) hash = Math.imul(hash ^ user.charCodeAt(i), 0x01000193);
  const letter = [...sender.trim()][0]?.toLocaleUpperCase() ?? '?';
  return html`<span class="avatar tone-${(hash >>> 16) % TONES}" aria-hidden="true">${letter}</span>`;
}
