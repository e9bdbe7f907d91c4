/** What the tests share. */

/**
 * @param {unknown} actual
 * @param {unknown} expected
 * @param {string} [context]
 */
export function equal(actual, expected, context = '') {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${context} expected ${should}, but it is ${is}`);
}

/**
 * @param {boolean} condition
 * @param {string} otherwise
 */
export function check(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

/**
 * Chance that can be repeated: mulberry32.
 *
 * @param {number} seed
 * @returns {(below: number) => number} whole numbers
 */
export function generator(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}
