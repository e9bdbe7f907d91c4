/** What more than one view has. */

import { $, element } from '../dom.js';

/** @param {[Node | string, Node | string | undefined][]} entries those without a value are left out */
export function facts(entries, className = 'facts') {
  return element('dl', className, {}, ...entries.flatMap(([key, value]) =>
    (value === undefined ? [] : [element('dt', '', {}, key), element('dd', '', {}, value)])));
}

/** @param {() => void} close what it does */
export function closeButton(close) {
  const button = element('button', 'icon',
    { type: 'button', 'aria-label': 'Close', title: 'Close (Escape)' }, '×');
  button.addEventListener('click', close);
  return button;
}

/**
 * Shows a note in the place of a part of a view, or that part.
 *
 * @param {string} id of where the note stands
 * @param {HTMLElement | null} note null: none
 * @param {...string} part ids of what is hidden meanwhile
 */
export function showNote(id, note, ...part) {
  const place = $(id);
  // One that says the same stays: a link in it may have the focus.
  if (place.textContent !== (note?.textContent ?? '')) place.replaceChildren(...(note === null ? [] : [note]));
  place.hidden = note === null;
  for (const other of part) $(other).hidden = note !== null;
}
