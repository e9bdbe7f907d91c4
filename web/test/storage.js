/** What outlives a page, for clients that are its tabs or its reloads. */
export class MemoryStorage {
  /** @type {Map<string, string>} */
  #entries = new Map();

  get length() {
    return this.#entries.size;
  }

  /** @param {number} index in the order of the keys, as in a browser */
  key(index) {
    return [...this.#entries.keys()].sort()[index] ?? null;
  }

  /** @param {string} key */
  getItem(key) {
    return this.#entries.get(key) ?? null;
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  setItem(key, value) {
    this.#entries.set(key, String(value));
  }

  /** @param {string} key */
  removeItem(key) {
    this.#entries.delete(key);
  }
}
