/** The page's keys. `texts.keys` lists them for the reader. */

import { composes } from './parts.js';

/** @param {import('./page.js').Page} page */
export function handleKeys(page) {
  document.addEventListener('keydown', (event) => {
    if (composes(event) || event.defaultPrevented) return;
    if (acts(page, event)) event.preventDefault();
  });
}

/**
 * @param {import('./page.js').Page} page
 * @param {KeyboardEvent} event
 * @returns {boolean} whether the key meant something
 */
function acts(page, event) {
  const { key, altKey, shiftKey } = event;
  const target = /** @type {HTMLElement} */ (event.target);
  const isWriting = target.closest('input, textarea, select') !== null;
  if (key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !altKey) {
    page.show({ kind: 'switcher' });
  } else if (key === 'Escape' && page.overlay !== null) {
    page.close();
  } else if (key === 'Escape' && (!isWriting || target.id === 'composer') && page.current !== null) {
    page.markRead(page.current);
    page.moved(null);
    page.view.focusComposer();
  } else if (key === '?' && !isWriting && page.overlay === null) {
    page.show({ kind: 'shortcuts' });
  } else if (altKey && (key === 'ArrowUp' || key === 'ArrowDown') && page.overlay === null) {
    page.step(key === 'ArrowUp' ? -1 : 1, shiftKey);
  } else {
    return false;
  }
  return true;
}
