/** The rules for texts and names, by the cases and the ranges that the server is tested with too. */

import { cleanName, codePoints, isBlank, trim } from '../client/text.js';
import { check, equal, generator, seeds } from './tools.js';

/**
 * @typedef {{what: string, text: string, name: string}} NameCase
 * @typedef {{what: string, text: string, trimmed: string, blank: boolean}} MessageCase
 * @type {() => Promise<{space: string, invisible: string, names: NameCase[], messages: MessageCase[]}>}
 */
const shared = async () => (await fetch(new URL('text.json', import.meta.url))).json();

/**
 * @param {(c: string) => boolean} holds
 * @returns {string} the code points of which it holds, as `0009-000D 0020`
 */
function ranges(holds) {
  const found = [];
  for (let c = 0, from = -1; c <= 0x110000; c++) {
    const inside = c <= 0x10FFFF && holds(String.fromCodePoint(c));
    if (inside && from < 0) from = c;
    if (inside || from < 0) continue;
    found.push([...new Set([from, c - 1])].map(hex).join('-'));
    from = -1;
  }
  return found.join(' ');
}

/** @param {number} c */
const hex = (c) => c.toString(16).toUpperCase().padStart(4, '0');

export default {
  async everyCodePointIsWhatTheServerTakesItFor() {
    const { space, invisible } = await shared();
    equal(ranges((c) => trim(c) === ''), space, 'space:');
    equal(ranges(isBlank), invisible, 'invisible:');
  },

  async namesAreCleanedAsByTheServer() {
    for (const { what, text, name } of (await shared()).names) equal(cleanName(text), name, what);
  },

  async messagesAreTrimmedAndBlankAsForTheServer() {
    for (const { what, text, trimmed, blank } of (await shared()).messages) {
      equal([trim(text), isBlank(trim(text))], [trimmed, blank], what);
    }
  },

  async cleaningACleanNameChangesNothing() {
    const { names } = await shared();
    const pool = names.flatMap(({ text }) => [...text]);
    for (const seed of seeds(300)) {
      const random = generator(seed);
      const drawn = Array.from({ length: 1 + Math.floor(random() * 90) },
        () => pool[Math.floor(random() * pool.length)]);
      const name = cleanName(drawn.join(''));
      equal(cleanName(name), name, `seed ${seed}:`);
      check(codePoints(name) <= 64 && trim(name) === name, `seed ${seed}: ${JSON.stringify(name)}`);
    }
  },
};
