/**
 * A long list of rows of one height, of which only those are in the document that can be seen.
 *
 * The list has the focus, never a row, so that rows may come and go; which one is active is said by
 * `aria-activedescendant`. Rows that come above leave what the reader sees where it is.
 */

import { composes, element, setAttribute } from '../dom.js';

/** Rows beyond each edge that are drawn ahead, so that scrolling shows no white. */
const AHEAD = 10;

/**
 * @template T
 * @typedef {object} Drawing
 * @property {string} role of a row
 * @property {(key: string) => string} domId
 * @property {() => HTMLElement} create
 * @property {(row: HTMLElement, value: T) => void} update
 * @property {(value: T, index: number) => {of: number, at: number}} place among how many, from 1 on
 * @property {(key: string) => void} onOpen Enter, or a click
 * @property {(key: string) => void} onActive a key has made it so
 * @property {(event: KeyboardEvent, key: string | null) => boolean} [onKey] whether it was for it
 */

/** @template T */
export class Rows {
  /** @type {HTMLElement} */ #scroller;

  /** As high as all rows together. */
  #sheet = element('div', 'sheet', { role: 'presentation' });

  /** @type {Drawing<T>} */ #drawing;

  /** @type {{key: string, value: T}[]} */ #items = [];

  /** @type {Map<string, number>} */ #indexes = new Map();

  /** @type {Map<string, HTMLElement>} */ #drawn = new Map();

  /** @type {string | null} */ #active = null;

  #height = 0;

  /**
   * @param {HTMLElement} scroller
   * @param {Drawing<T>} drawing
   * @param {HTMLElement[]} back what lies behind the rows
   */
  constructor(scroller, drawing, ...back) {
    this.#scroller = scroller;
    this.#drawing = drawing;
    this.#sheet.append(...back);
    scroller.append(this.#sheet);
    scroller.addEventListener('scroll', () => this.#draw(false), { passive: true });
    new ResizeObserver(() => this.#draw(false)).observe(scroller);
    scroller.addEventListener('keydown', (e) => this.#onKey(e));
    this.#sheet.addEventListener('click', (e) => {
      const row = /** @type {HTMLElement} */ (e.target).closest(`[role=${drawing.role}]`);
      const key = row instanceof HTMLElement ? row.dataset.key : undefined;
      if (key === undefined || e.ctrlKey || e.metaKey || e.shiftKey) return;
      e.preventDefault();
      scroller.focus({ preventScroll: true });
      drawing.onOpen(key);
    });
  }

  get active() {
    return this.#active;
  }

  get length() {
    return this.#items.length;
  }

  /** Whether nothing is above what is seen. */
  get atTop() {
    return this.#scroller.scrollTop <= 0;
  }

  /** @param {{key: string, value: T}[]} items */
  set(items) {
    const height = this.#rowHeight();
    const top = this.#scroller.scrollTop;
    const anchor = top > 0 ? this.#items[Math.floor(top / height)] : undefined;
    const was = anchor === undefined ? 0 : this.#indexes.get(anchor.key) ?? 0;
    this.#items = items;
    this.#indexes = new Map(items.map(({ key }, i) => [key, i]));
    this.#sheet.style.height = `${items.length * height}px`;
    const now = anchor === undefined ? undefined : this.#indexes.get(anchor.key);
    if (now !== undefined && now !== was) this.#scroller.scrollTop = top + (now - was) * height;
    if (this.#active !== null && !this.#indexes.has(this.#active)) this.activate(null);
    this.#draw(true);
  }

  /**
   * @param {string | null} key
   * @param {boolean} [reveal] brings it into sight
   */
  activate(key, reveal = false) {
    this.#active = key;
    setAttribute(this.#scroller, 'aria-activedescendant',
      key === null ? null : this.#drawing.domId(key));
    const index = key === null ? undefined : this.#indexes.get(key);
    if (reveal && index !== undefined) {
      const height = this.#rowHeight();
      const { clientHeight, scrollTop } = this.#scroller;
      if (index * height < scrollTop) this.#scroller.scrollTop = index * height;
      if ((index + 1) * height > scrollTop + clientHeight) {
        this.#scroller.scrollTop = (index + 1) * height - clientHeight;
      }
    }
    this.#draw(false);
  }

  focus() {
    this.#scroller.focus({ preventScroll: true });
  }

  /** From the style, which may give narrow pages higher rows. */
  #rowHeight() {
    const height = parseFloat(getComputedStyle(this.#scroller).getPropertyValue('--row'));
    if (height !== this.#height) {
      this.#height = height;
      this.#sheet.style.height = `${this.#items.length * height}px`;
    }
    return height;
  }

  /** @param {boolean} anew */
  #draw(anew) {
    const height = this.#rowHeight();
    const { scrollTop, clientHeight } = this.#scroller;
    const from = Math.max(0, Math.floor(scrollTop / height) - AHEAD);
    const to = Math.min(this.#items.length, Math.ceil((scrollTop + clientHeight) / height) + AHEAD);
    const wanted = new Set(this.#items.slice(from, to).map((i) => i.key));
    for (const [key, row] of this.#drawn) {
      if (wanted.has(key)) continue;
      row.remove();
      this.#drawn.delete(key);
    }
    let before = this.#sheet.querySelector(`:scope > [role=${this.#drawing.role}]`);
    for (let i = from; i < to; i++) {
      const { key, value } = this.#items[i];
      let row = this.#drawn.get(key);
      const fresh = row === undefined;
      row ??= this.#drawing.create();
      if (fresh) {
        row.dataset.key = key;
        row.id = this.#drawing.domId(key);
        setAttribute(row, 'role', this.#drawing.role);
        this.#drawn.set(key, row);
      }
      if (fresh || anew) {
        this.#drawing.update(row, value);
        const { of, at } = this.#drawing.place(value, i);
        setAttribute(row, 'aria-setsize', String(of));
        setAttribute(row, 'aria-posinset', String(at));
      }
      row.style.transform = `translateY(${i * height}px)`;
      row.classList.toggle('active', key === this.#active);
      setAttribute(row, 'aria-selected', String(key === this.#active));
      // The order in the document is that on the screen, which is what a screen reader goes by.
      if (row === before) before = row.nextElementSibling;
      else this.#sheet.insertBefore(row, before);
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (composes(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target !== this.#scroller) return;
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / this.#rowHeight()) - 1);
    /** @type {Record<string, number>} */
    const steps = {
      ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page,
      Home: -Infinity, End: Infinity,
    };
    const step = steps[event.key];
    if (step !== undefined && this.#items.length > 0) {
      event.preventDefault();
      const at = this.#active === null ? undefined : this.#indexes.get(this.#active);
      const firstSeen = Math.ceil(this.#scroller.scrollTop / this.#rowHeight());
      const next = Math.min(this.#items.length - 1,
        Math.max(0, at !== undefined ? at + step : Number.isFinite(step) ? firstSeen : step));
      const { key } = this.#items[next];
      this.activate(key, true);
      this.#drawing.onActive(key);
    } else if (event.key === 'Enter' && this.#active !== null) {
      event.preventDefault();
      this.#drawing.onOpen(this.#active);
    } else if (this.#drawing.onKey?.(event, this.#active)) {
      event.preventDefault();
    }
  }
}
