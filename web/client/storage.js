/**
 * What the client needs of a storage: `localStorage`, `sessionStorage`, or anything like them.
 *
 * @typedef {Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>} KeptStorage
 */

/**
 * The browser's storage. Where that may not be used, one that holds nothing: what would be stored
 * lives as long as the page.
 *
 * @returns {KeptStorage}
 */
export function browserStorage() {
  try {
    return localStorage;
  } catch {
    const nothing = { length: 0, getItem: () => null, key: () => null, removeItem() {} };
    return { ...nothing, setItem: () => { throw new Error('there is no storage'); } };
  }
}
