/**
 * What of a text can be seen, and what may stand in a display name: docs/PROTOCOL.md defines the
 * words. The server has the same rules; `web/test/text.json` holds the cases and the ranges of code
 * points by which tests hold both equal.
 */

import { NAME_CODE_POINTS_MAX } from './limits.js';

/** Combining marks that may follow one another: more than any script needs in a name. */
const MARKS_MAX = 8;

/** What is trimmed at both ends of a text. */
const SPACE = /[\p{White_Space}\x1C-\x1F\u200B\uFEFF]/u;

/** What shows nothing by itself. */
const INVISIBLE = new RegExp('[\\p{White_Space}\\p{Cc}\\p{Cs}\\p{Noncharacter_Code_Point}'
  + '\\p{Default_Ignorable_Code_Point}\\u2800\\uFFF9-\\uFFFB]', 'u');

const WHITE_SPACE_OR_CONTROL = /[\p{White_Space}\p{Cc}]/u;
const JOINER = /[\u200C\u200D]/u;
const MARK = /\p{M}/u;

/** Variation selectors and tag characters, which say how to show the code point before them. */
const SELECTOR = /[\uFE00-\uFE0F\u180B-\u180D\u180F\u{E0100}-\u{E01EF}\u{E0020}-\u{E007F}]/u;

/**
 * @param {string} text
 * @returns {string} without the space at both ends
 */
export function trim(text) {
  let [from, to] = [0, text.length];
  while (from < to && SPACE.test(text[from])) from++;
  while (from < to && SPACE.test(text[to - 1])) to--;
  return text.slice(from, to);
}

/**
 * @param {string} text
 * @returns {boolean} whether it shows nothing
 */
export function isBlank(text) {
  for (const c of text) if (!INVISIBLE.test(c)) return false;
  return true;
}

/**
 * @param {string} text
 * @returns {number} how many code points it has
 */
export function codePoints(text) {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/**
 * What is left of a text as a display name:
 *
 * - White space and control characters become one space, and none at either end.
 * - Other invisible code points go, except what shapes the visible one before it: a selector or tag
 *   character directly behind it, and a joiner between it and the next one.
 * - Of more than 8 combining marks on one character the rest goes, and so does what is longer than
 *   64 code points.
 *
 * @param {string} text
 * @returns {string} empty where nothing is left that can be seen, marks alone not being enough
 */
export function cleanName(text) {
  let name = '';
  let length = 0;
  let marks = 0;
  let between = ''; // A space or joiner, written with the visible code point behind it.
  let visible = false;
  for (const c of text) {
    const shapes = SELECTOR.test(c);
    if (WHITE_SPACE_OR_CONTROL.test(c)) {
      between = ' ';
      marks = 0;
      continue;
    }
    if (JOINER.test(c)) {
      between ||= c;
      continue;
    }
    if (shapes ? name === '' || between !== '' : INVISIBLE.test(c)) continue;
    const mark = MARK.test(c);
    if (mark && marks === MARKS_MAX) continue;
    const added = (name === '' ? '' : between) + c;
    length += codePoints(added);
    if (length > NAME_CODE_POINTS_MAX) break;
    name += added;
    between = '';
    if (mark) {
      marks++;
    } else if (!shapes) {
      marks = 0;
      visible = true;
    }
  }
  return visible ? name : '';
}
