/** Draws the page's state, and keeps what belongs to drawing: focus, the reader's place, the composer. */

import { html, render } from '../lib/lit-html/lit-html.js';
import { Composer, composerView } from './composer.js';
import { conversationView } from './conversation.js';
import { dialogView } from './dialogs.js';
import { isDrawer } from './parts.js';
import { counted } from './read.js';
import { Scroller } from './scroller.js';
import { languageOf } from './settings.js';
import { peopleView, roomsView } from './sides.js';
import { topView } from './top.js';

/** @typedef {import('./page.js').Page} Page */

/** A page that nobody sees is drawn so much later: its title tells what is new. */
const HIDDEN_MS = 300;

/** Lists within which the arrow keys lead from item to item: each is one stop of the Tab key. */
const LISTS = ['room-list', 'known-list', 'messages', 'members', 'found'];
const ITEMS = '[data-item]';

/** What arrow keys do in a list: how many items further the next one is. */
const STEPS = new Map([['ArrowUp', -1], ['ArrowDown', 1], ['Home', -Infinity], ['End', Infinity]]);

export class View {
  /** Where the reader writes. */
  composer;

  /** Where the reader reads. */
  scroller;

  #page;
  #root;
  #isDue = false;

  /** The composer gets the focus with the next drawing. */
  #toCompose = false;

  /**
   * What each list was when its tab stop was marked.
   * @type {WeakMap<Element, {last: Element | null, count: number, current: string | null}>}
   */
  #stops = new WeakMap();

  /** What had the focus before a drawer took it. @type {HTMLElement | null} */
  #focused = null;

  /** @type {string | null} */
  #opened = null;

  /**
   * @param {Page} page
   * @param {HTMLElement} root
   */
  constructor(page, root) {
    this.#page = page;
    this.#root = root;
    this.scroller = new Scroller(page);
    this.composer = new Composer(page);
  }

  /** Draws for the first time. */
  begin() {
    this.#root.replaceChildren();
    this.settingsChanged();
    this.#draw();
    this.scroller.listen();
    this.composer.listen();
    document.addEventListener('keydown', (e) => this.#rove(e));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') this.#page.looksAway();
      this.draw();
    });
    // What lies over the page on narrow screens stands beside it on wide ones.
    for (const query of ['(max-width: 720px)', '(max-width: 1020px)']) {
      matchMedia(query).addEventListener('change', () => {
        const kind = this.#page.overlay?.kind;
        if (kind === 'rooms' || kind === 'people') this.#page.close();
      });
    }
  }

  /** Draws soon, once for all that has changed. */
  draw() {
    if (this.#isDue) return;
    this.#isDue = true;
    const draw = () => {
      this.#isDue = false;
      this.#draw();
    };
    if (document.visibilityState === 'visible') requestAnimationFrame(draw);
    else setTimeout(draw, HIDDEN_MS);
  }

  #draw() {
    const page = this.#page;
    const focused = document.activeElement;
    render(html`
      ${topView(page)}
      <p class="error" id="bad-config" data-testid="bad-config" role="alert">${problem(page)}</p>
      <div class="columns">
        ${roomsView(page)}
        <main ?inert=${isDrawer(page)}>
          ${conversationView(page)}
          ${composerView(page, this.composer)}
        </main>
        ${peopleView(page)}
      </div>
      <div class="backdrop" ?hidden=${!isDrawer(page)} @click=${() => page.close()}></div>
      ${dialogView(page)}`, this.#root);
    this.#drawn();
    this.#keepFocus(focused);
  }

  #drawn() {
    const page = this.#page;
    this.scroller.drawn();
    this.#moveFocus();
    for (const id of LISTS) this.#markTabStop(document.getElementById(id));
    const rooms = page.rooms.map((room) => page.reading.unread(room));
    const count = rooms.reduce((sum, unread) => sum + unread.count, 0);
    const all = { count, mentions: 0, first: null, more: rooms.some((unread) => unread.more) };
    const unread = counted(all);
    const name = page.current === null ? '' : `${page.names.labelOf(page.current)} · `;
    document.title = `${unread === '' ? '' : `(${unread}) `}${name}Parley`;
    const icon = count > 0 ? 'icon-unread.svg' : 'icon.svg';
    const link = document.querySelector('link[rel=icon]');
    if (link?.getAttribute('href') !== icon) link?.setAttribute('href', icon);
  }

  /**
   * To the composer where another room has come, or where what had the focus is gone.
   *
   * @param {Element | null} focused what had it before this drawing
   */
  #keepFocus(focused) {
    if (this.#page.overlay !== null) return;
    const isLost = focused !== null && focused !== document.body && !focused.checkVisibility();
    const isFound = document.activeElement !== document.body && document.activeElement !== focused;
    if (this.#toCompose || (isLost && !isFound)) this.focusComposer();
    this.#toCompose = false;
  }

  /** Into what lies over the page, and back to what had the focus before. */
  #moveFocus() {
    const { overlay } = this.#page;
    const dialog = /** @type {HTMLDialogElement} */ (document.getElementById('dialog'));
    const isDialog = overlay !== null && !isDrawer(this.#page);
    if (isDialog && !dialog.open) dialog.showModal(); // It gives the focus back by itself.
    if (!isDialog && dialog.open) dialog.close();
    const opened = isDrawer(this.#page) ? overlay?.kind ?? null : null;
    if (opened === this.#opened) return;
    if (opened !== null) {
      if (this.#opened === null) this.#focused = /** @type {HTMLElement} */ (document.activeElement);
      const drawer = document.getElementById(opened);
      /** @type {HTMLElement | null | undefined} */ (drawer?.querySelector('input, button'))?.focus();
    } else if (document.activeElement === document.body
      || document.activeElement?.closest('.side') != null) {
      this.#focused?.focus();
    }
    this.#opened = opened;
  }

  /** @param {KeyboardEvent} event */
  #rove(event) {
    const step = STEPS.get(event.key);
    const item = /** @type {HTMLElement} */ (event.target).closest(ITEMS);
    const list = LISTS.map((id) => item?.closest(`#${id}`)).find(Boolean);
    if (step === undefined || !list || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) {
      return;
    }
    event.preventDefault();
    const items = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(ITEMS)]);
    const at = items.findIndex((other) => other === item);
    items[Math.min(items.length - 1, Math.max(0, at + step))].focus();
    this.#stops.delete(list);
    this.#markTabStop(list);
  }

  /**
   * One item of a list can be reached by Tab: that which has the focus, else the current one, else the
   * first, or the last of the messages. It stays while the list does: to look through the messages costs
   * as much as to draw one.
   *
   * @param {Element | null} list
   */
  #markTabStop(list) {
    if (list === null) return;
    const { lastElementChild, childElementCount: count } = list;
    // A draft has no item yet, and becomes a message in the same place.
    const last = lastElementChild?.querySelector(ITEMS) ?? lastElementChild;
    const known = this.#stops.get(list);
    const { current } = this.#page;
    if (known?.last === last && known.count === count && known.current === current) return;
    const items = [...list.querySelectorAll(ITEMS)];
    const focused = document.activeElement?.closest(ITEMS);
    const stop = items.find((item) => item === focused)
      ?? items.find((item) => item.hasAttribute('aria-current'))
      ?? items.at(list.id === 'messages' ? -1 : 0);
    for (const item of items) {
      const tabIndex = item === stop ? '0' : '-1';
      if (item.getAttribute('tabindex') !== tabIndex) item.setAttribute('tabindex', tabIndex);
    }
    this.#stops.set(list, { last, count, current });
  }

  /** After another room has come: what stands in its composer. @param {string} text */
  roomChanged(text) {
    this.composer.text = text;
    this.#toCompose = !matchMedia('(pointer: coarse)').matches;
    if (this.#toCompose) this.focusComposer(); // What is typed at once is typed there.
  }

  /** Where there is none, a room is to be named. */
  focusComposer() {
    if (this.#page.room === undefined) document.getElementById('join-room')?.focus();
    else this.composer.focus();
  }

  settingsChanged() {
    const { settings, texts } = this.#page;
    const { dataset } = document.documentElement;
    dataset.theme = settings.theme;
    dataset.density = settings.density;
    document.documentElement.lang = languageOf(settings);
    document.documentElement.dir = texts.direction;
  }
}

/** @param {Page} page */
const problem = ({ deployment, texts }) =>
  (deployment.problem === '' ? '' : texts.badConfig(deployment.problem));

