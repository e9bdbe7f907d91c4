/**
 * Keeps the reader's place in the conversation, whatever comes above or below it, and tells the page what
 * the reader has before the eyes.
 */

import { windowOf } from './lines.js';

/** A reader this close to the end of the messages is at the end. */
const END_PX = 48;

/** Older messages are fetched when the reader is so close to the first one. */
const NEAR_PX = 600;

export class Scroller {
  #page;

  /** @type {HTMLElement | null} */
  #element = null;

  /**
   * What is drawn: by now the room may be another value, or another room.
   *
   * @type {import('../client/client.js').Room | undefined}
   */
  #drawn = undefined;

  /** Where the reader was put with it, or has gone since. @type {import('./lines.js').Place | null} */
  #placed = null;

  /** How wide and high it was when the reader's place was restored. */
  #size = '';

  /** @param {import('./page.js').Page} page */
  constructor(page) {
    this.#page = page;
  }

  /** Once the page has been drawn. */
  listen() {
    const element = /** @type {HTMLElement} */ (document.getElementById('scroller'));
    this.#element = element;
    element.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    const resized = new ResizeObserver(() => {
      this.#restore();
      this.#look();
    });
    resized.observe(element);
    resized.observe(/** @type {HTMLElement} */ (document.getElementById('messages')));
  }

  get height() {
    return this.#element?.clientHeight ?? 0;
  }

  /** After each drawing. */
  drawn() {
    if (this.#element === null || this.#page.room === undefined) return;
    this.#drawn = this.#page.room;
    this.#placed = this.#page.place;
    this.#restore();
    this.#look();
  }

  /** What was where the reader looks is there again. */
  #restore() {
    const element = this.#element;
    const { place } = this.#page;
    if (element === null) return;
    this.#size = sizeOf(element);
    if (place === null) {
      element.scrollTop = element.scrollHeight;
      return;
    }
    const messages = this.#messages();
    const at = messages[firstThat(messages, (m) => timestampOf(m) >= place.timestamp)];
    if (at === undefined) return;
    const moved = at.getBoundingClientRect().top - this.#top - place.top;
    if (Math.abs(moved) >= 1) element.scrollTop += moved;
  }

  #scrolled() {
    const { room, place } = this.#page;
    // What moves with the window's size is put right at once, and no wish of the reader's.
    if (this.#element === null || sizeOf(this.#element) !== this.#size) return;
    // Where the page is to be put is not overruled by where it was.
    if (room?.name !== this.#drawn?.name || place !== this.#placed || !this.#isThere()) return;
    if (this.#isAtEnd()) {
      this.#page.moved(null);
    } else {
      const messages = this.#messages();
      const top = this.#top;
      const first = messages[firstThat(messages, (m) => m.getBoundingClientRect().bottom > top)];
      if (first === undefined) return;
      this.#page.moved({
        timestamp: timestampOf(first), top: first.getBoundingClientRect().top - top });
    }
    this.#placed = this.#page.place;
    this.#look();
  }

  /** Tells what is seen, and fetches what is above. */
  #look() {
    const page = this.#page;
    const { room } = page;
    const element = this.#element;
    if (element === null || room === undefined || room.name !== this.#drawn?.name) return;
    const isThere = page.place === this.#placed && this.#isThere();
    const atEnd = isThere && (page.place === null || this.#isAtEnd());
    if (atEnd && page.place !== null) page.moved(null); // A room that fits need not be scrolled.
    page.setNewAbove(page.newAfter !== null && this.#isNewAbove());
    if (document.visibilityState === 'visible' && room.link !== 'out' && isThere) {
      const seen = atEnd ? this.#drawn.messages.at(-1)?.timestamp : this.#lastSeen();
      page.saw(seen ?? 0, atEnd);
    }
    const { start } = windowOf(room.messages, page.place);
    if (start === 0 && room.from > 0 && room.link === 'live' && page.older === ''
      && element.scrollTop < NEAR_PX && element.clientHeight > 0) page.loadOlder();
  }

  #isNewAbove() {
    const line = document.getElementById('new')?.getBoundingClientRect();
    return line === undefined || line.bottom < this.#top;
  }

  /** Whether the place is among the messages that are drawn: that of a link is looked for. */
  #isThere() {
    const { place } = this.#page;
    const { messages = [], from = 0 } = this.#drawn ?? {};
    return place === null || (messages.length > 0 && place.timestamp >= from);
  }

  /** @returns {number | undefined} the last message that is seen as a whole */
  #lastSeen() {
    const messages = this.#messages();
    const bottom = this.#top + this.height;
    const last = messages[firstThat(messages, (m) => m.getBoundingClientRect().bottom > bottom) - 1];
    return last === undefined ? undefined : timestampOf(last);
  }

  #isAtEnd() {
    if (this.#element === null) return true;
    const { scrollHeight, scrollTop, clientHeight } = this.#element;
    if (scrollHeight - scrollTop - clientHeight > END_PX) return false;
    const newest = this.#drawn?.messages.at(-1)?.timestamp;
    const last = this.#messages().at(-1);
    return newest === undefined || (last !== undefined && timestampOf(last) === newest);
  }

  get #top() {
    return this.#element?.getBoundingClientRect().top ?? 0;
  }

  /** @returns {HTMLElement[]} */
  #messages() {
    return /** @type {HTMLElement[]} */ ([...document.getElementById('messages')?.children ?? []])
      .filter((line) => line.hasAttribute('data-timestamp'));
  }
}

/** @param {HTMLElement} element */
const sizeOf = ({ clientWidth, clientHeight }) => `${clientWidth} ${clientHeight}`;

/** @param {HTMLElement} message */
const timestampOf = ({ dataset }) => Number(dataset.timestamp);

/**
 * The index of the first one of which something is true, as it is of all behind it.
 *
 * @param {ReadonlyArray<HTMLElement>} elements
 * @param {(element: HTMLElement) => boolean} isTrue
 */
function firstThat(elements, isTrue) {
  let [low, high] = [0, elements.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isTrue(elements[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
