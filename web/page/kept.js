/** What this tab keeps over a reload: what stands in the composer of each room, and where the reader is. */

import { parsed, recall, remember, tab } from './stored.js';

/** @typedef {import('./lines.js').Place} Place */

/** How long after the last change it is kept. */
const KEEP_MS = 300;

export class Kept {
  /** By room. @type {Map<string, string>} */
  #texts;

  /** By room; none where the reader is at its end. @type {Map<string, Place>} */
  #places;

  #page;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;

  /** @param {import('./page.js').Page} page */
  constructor(page) {
    this.#page = page;
    const kept = parsed(recall('view', tab));
    this.#texts = mapOf(kept?.texts, (text) => typeof text === 'string');
    this.#places = mapOf(kept?.places,
      (place) => Number.isSafeInteger(place?.timestamp) && Number.isFinite(place?.top));
  }

  /** What stands in the composer of a room. @param {string} room */
  textOf(room) {
    return this.#texts.get(room) ?? '';
  }

  /** Where the reader was in a room; null at its end. @param {string} room */
  placeOf(room) {
    return this.#places.get(room) ?? null;
  }

  /** Nothing is left of a room. @param {string} room */
  forget(room) {
    this.#texts.delete(room);
    this.#places.delete(room);
    this.#write();
  }

  /** After the reader has written or moved. */
  keepSoon() {
    this.#timer ??= setTimeout(() => this.keep(), KEEP_MS);
  }

  /** Keeps what is in the room that is shown. */
  keep() {
    const { current, place, view } = this.#page;
    if (current !== null) {
      const { text } = view.composer;
      if (text === '') this.#texts.delete(current);
      else this.#texts.set(current, text);
      if (place === null) this.#places.delete(current);
      else this.#places.set(current, place);
    }
    this.#write();
  }

  #write() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    remember('view', JSON.stringify({
      texts: Object.fromEntries(this.#texts), places: Object.fromEntries(this.#places) }), tab);
  }
}

/**
 * @param {any} object of something that was stored
 * @param {(value: any) => boolean} isUsable
 */
function mapOf(object, isUsable) {
  return new Map(Object.entries(Object(object)).filter(([, value]) => isUsable(value)));
}
