/** The composer: where the reader writes, and what it offers to complete. */

import { people } from '../client/client.js';
import { MESSAGE_CODE_POINTS_MAX } from '../client/limits.js';
import { codePoints, isBlank, trim } from '../client/text.js';
import { html, nothing } from '../lib/lit-html/lit-html.js';
import { loadEmoji, matching } from './emoji.js';
import { isTooLong } from './words.js';
import { composes } from './parts.js';
import { enterSends } from './settings.js';

/**
 * @typedef {import('./page.js').Page} Page
 *
 * @typedef {{label: string, text: string}} Offer `text` comes in place of what was typed
 *
 * @typedef {{from: number, to: number, offers: Offer[], active: number}} Completion
 */

/** From so many code points left, the composer shows how many. */
const REMAINING_SHOWN = 500;

/** More than this is not pasted: it is no message, and would make each key slow. In UTF-16 units. */
const PASTED_MAX = 5 * MESSAGE_CODE_POINTS_MAX;

const OFFERS_MAX = 6;

export class Composer {
  /** @type {Completion | null} */
  completion = null;

  #page;

  /** @type {HTMLTextAreaElement | null} */
  #element = null;

  /** What is to stand in it once it is there. */
  #text = '';

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
  }

  /** Once the page has been drawn. */
  listen() {
    const element = /** @type {HTMLTextAreaElement} */ (document.getElementById('composer'));
    this.#element = element;
    element.value = this.#text;
    this.#fit();
  }

  get text() {
    return this.#element?.value ?? this.#text;
  }

  set text(text) {
    this.#text = text;
    this.completion = null;
    if (this.#element === null) return;
    this.#element.value = text;
    this.#fit();
  }

  focus() {
    this.#element?.focus();
  }

  input() {
    this.#fit();
    this.#complete();
    this.#page.kept.keepSoon();
    this.#page.view.draw();
  }

  /**
   * Something is pasted or dropped.
   *
   * @param {Event} event
   * @param {DataTransfer | null} data
   */
  pasted(event, data) {
    const pasted = data?.getData('text') ?? '';
    if (this.text.length + pasted.length <= PASTED_MAX) return;
    event.preventDefault();
    this.#page.tell(this.#page.texts.notPasted(MESSAGE_CODE_POINTS_MAX));
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (composes(event)) return;
    const { completion } = this;
    if (completion !== null && this.#chooses(event, completion)) return;
    if (event.key !== 'Enter' || event.shiftKey) return;
    if (enterSends(this.#page.settings) === (event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.#page.send();
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Completion} completion
   * @returns {boolean} whether the key was meant for what is offered
   */
  #chooses(event, completion) {
    const { offers, active } = completion;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      this.completion = { ...completion, active: (active + step + offers.length) % offers.length };
    } else if (event.key === 'Enter' || event.key === 'Tab') {
      this.take(offers[active]);
    } else if (event.key === 'Escape') {
      this.completion = null;
      event.stopPropagation();
    } else {
      return false;
    }
    event.preventDefault();
    this.#page.view.draw();
    return true;
  }

  /** @param {Offer} offer */
  take({ text }) {
    const { completion } = this;
    if (completion === null || this.#element === null) return;
    this.#element.setRangeText(text, completion.from, completion.to, 'end');
    this.completion = null;
    this.#element.focus();
    this.#fit();
    this.#page.kept.keepSoon();
    this.#page.view.draw();
  }

  /** Offers what begins as what is typed: `:tad` or `@gra`. */
  async #complete() {
    const element = this.#element;
    this.completion = null;
    if (element === null || element.selectionStart !== element.selectionEnd) return;
    const to = element.selectionStart;
    const typed = element.value.slice(Math.max(0, to - 64), to);
    const [, sign, word] = /(?:^|\s)([:@])([\p{L}\p{N}_+-]*)$/u.exec(typed) ?? [];
    if (sign === undefined || (sign === ':' && word.length < 2)) return;
    const offers = sign === '@' ? this.#people(word) : await emojiOffers(word);
    if (element.selectionStart !== to || offers.length === 0) return;
    this.completion = { from: to - word.length - 1, to, offers, active: 0 };
    this.#page.view.draw();
  }

  /**
   * @param {string} word
   * @returns {Offer[]}
   */
  #people(word) {
    const { room, texts } = this.#page;
    if (room === undefined) return [];
    const names = [...new Set(people(room).map((p) => p.sender)), 'room'];
    const wanted = word.toLowerCase();
    // Who has typed all of a name does not ask for more.
    if (names.some((name) => name.toLowerCase() === wanted)) return [];
    return names.filter((name) => name.toLowerCase().startsWith(wanted)).slice(0, OFFERS_MAX)
      .map((name) => ({ label: name === 'room' ? texts.everybody : name, text: `@${name} ` }));
  }

  /** As high as its text, where the browser does not see to it. */
  #fit() {
    if (this.#element === null || CSS.supports('field-sizing', 'content')) return;
    const element = this.#element;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + element.offsetHeight - element.clientHeight}px`;
  }
}

/**
 * @param {string} word
 * @returns {Promise<Offer[]>}
 */
async function emojiOffers(word) {
  try {
    return matching(await loadEmoji(), word, OFFERS_MAX)
      .map(({ name, emoji }) => ({ label: `${emoji} :${name}:`, text: `${emoji} ` }));
  } catch {
    return []; // It is not to be had now.
  }
}

/**
 * @param {Page} page
 * @param {Composer} composer
 */
export function composerView(page, composer) {
  const { texts, room, notice, settings } = page;
  const { completion, text } = composer;
  const message = trim(text);
  const isOver = isTooLong(message);
  const left = MESSAGE_CODE_POINTS_MAX - codePoints(message);
  const label = room === undefined ? '' : page.names.labelOf(room.name);
  return html`
    <div class="notice">
      <p data-testid="notice" role="status">${notice?.text ?? ''}</p>
      ${notice === null ? nothing : noticeButtons(page, notice, composer)}
    </div>
    <form class="composer" id="compose" ?hidden=${room === undefined}
      @submit=${(/** @type {SubmitEvent} */ e) => {
        e.preventDefault();
        page.send();
        composer.focus();
      }}>
      ${completion === null ? nothing : html`
        <ul class="offers" id="offers" role="listbox" aria-label=${texts.offers} data-testid="offers">
          ${completion.offers.map((offer, i) => html`
            <li id="offer-${i}" role="option" aria-selected=${i === completion.active}
              @pointerdown=${(/** @type {Event} */ e) => {
                e.preventDefault();
                composer.take(offer);
              }}>${offer.label}</li>`)}
        </ul>`}
      <div class="field">
        <textarea id="composer" data-testid="composer" rows="1" dir="auto"
          enterkeyhint=${enterSends(settings) ? 'send' : 'enter'} aria-label=${texts.messageTo(label)}
          placeholder=${texts.messageTo(label)} aria-describedby="remaining"
          aria-invalid=${isOver ? 'true' : nothing}
          aria-controls=${completion === null ? nothing : 'offers'}
          aria-activedescendant=${completion === null ? nothing : `offer-${completion.active}`}
          @input=${() => composer.input()}
          @paste=${(/** @type {ClipboardEvent} */ e) => composer.pasted(e, e.clipboardData)}
          @drop=${(/** @type {DragEvent} */ e) => composer.pasted(e, e.dataTransfer)}
          @keydown=${(/** @type {KeyboardEvent} */ e) => composer.pressed(e)}></textarea>
        <button type="submit" class="strong" data-testid="send" ?disabled=${isOver || isBlank(message)}>${
          texts.send}</button>
      </div>
      <p class="hint"><span class="keys">${enterSends(settings) ? texts.enterSends : texts.enterBreaks}</span>
        <span id="remaining" data-testid="remaining" class=${isOver ? 'over' : ''}>${
          isOver ? texts.tooMany(-left) : left <= REMAINING_SHOWN ? texts.left(left) : ''}</span></p>
    </form>`;
}

/**
 * @param {Page} page
 * @param {import('./page.js').Notice} notice
 * @param {Composer} composer
 */
function noticeButtons(page, { action }, composer) {
  return html`
    ${action === undefined ? nothing : html`<button type="button" class="plain" data-testid="notice-action"
      @click=${() => {
        page.tell('');
        composer.focus();
        action.run();
      }}>${action.label}</button>`}
    <button type="button" class="icon" data-testid="dismiss" aria-label=${page.texts.dismiss} @click=${() => {
      page.tell('');
      composer.focus();
    }}><span aria-hidden="true">×</span></button>`;
}
