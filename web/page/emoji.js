/** The emoji by the names that people type for them: `tada` is 🎉. */

/**
 * @typedef {Record<string, string>} Emoji by name
 */

/** @type {Promise<Emoji> | undefined} */
let loading;

/** @returns {Promise<Emoji>} asked for once; after a failure again */
export function loadEmoji() {
  loading ??= load().catch((e) => {
    loading = undefined;
    throw e;
  });
  return loading;
}

/** @returns {Promise<Emoji>} */
async function load() {
  const response = await fetch(new URL('../lib/node-emoji/emoji.json', import.meta.url));
  if (!response.ok) throw new Error(`The emoji cannot be loaded: ${response.status}`);
  return response.json();
}

/**
 * The emoji for what is typed: first the one of this name, then those whose names begin so, then those
 * whose names contain it; short names before long ones.
 *
 * @param {Emoji} emoji
 * @param {string} prefix
 * @param {number} max
 * @returns {{name: string, emoji: string}[]}
 */
export function matching(emoji, prefix, max) {
  const typed = prefix.toLowerCase();
  return Object.keys(emoji)
    .filter((name) => name.includes(typed))
    .sort((a, b) => Number(b.startsWith(typed)) - Number(a.startsWith(typed))
      || a.length - b.length || (a < b ? -1 : 1))
    .slice(0, max)
    .map((name) => ({ name, emoji: emoji[name] }));
}
