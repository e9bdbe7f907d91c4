/** A guest's secret: by it a guest is the same user on every connection. */

import { SECRET_BITS } from './limits.js';

const KEY = 'parley.guest';

/** Random and base64url: for a guest's secret, and for the id of a send. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BITS / 8));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
}

/**
 * The secret that the storage holds, or a new one, which is stored. Something else that stands under
 * its name is replaced: without a stored secret, no send could be repeated after a reload.
 *
 * @param {import('./storage.js').KeptStorage} storage
 * @returns {string}
 */
export function guestSecret(storage) {
  const made = randomId();
  try {
    const kept = storage.getItem(KEY);
    if (kept !== null && /^[A-Za-z0-9_-]{22,128}$/.test(kept)) return kept;
    storage.setItem(KEY, made);
  } catch {
    // It lives as long as the page.
  }
  return made;
}
