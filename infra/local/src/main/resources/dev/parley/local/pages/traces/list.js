/** The list of traces: filter, plot of durations, rows. */

import { $, element, find, setAttribute, setText, shape } from '../dom.js';
import { ago, clock, counted, duration, moment } from '../format.js';
import { format, range } from './address.js';
import { Refused, traceSummaries } from './api.js';
import { showNote } from './parts.js';
import { Rows } from './rows.js';
import { annotationFilter, entryOf, merge, serviceFilter, sorted } from './summaries.js';
import { STATES } from './trace.js';

/**
 * @typedef {import('./address.js').Address} Address
 * @typedef {import('./summaries.js').Entry} Entry
 */

/** What has begun this long ago may still change, so it is read again each time. */
const CHANGING_SECONDS = 120;

/** How often everything is read again, since old traces leave the store. */
const ANEW_SECONDS = 60;

/** More chips than this do not fit a row. */
const CHIPS_MAX = 3;

export class TraceList {
  /** @type {(address: Partial<Address>) => void} */ #go;

  /** @type {Address | null} */ #address = null;

  /** What was read. @type {Entry[]} */ #known = [];

  /** What is shown, while new ones wait. @type {Entry[]} */ #entries = [];

  /** @type {Rows<Entry>} */ #rows;

  /** Epoch seconds of the last time that everything was read; 0 before the first. */
  #readAt = 0;

  /** Of what is shown, in seconds. */
  #longest = 0;

  /** Until all was read for the first time, what comes is shown though the reader is in the list. */
  #first = true;

  /** The filter that X-Ray has refused: it is not asked again. @type {string | null} */
  #refused = null;

  /** @param {(address: Partial<Address>) => void} go */
  constructor(go) {
    this.#go = go;
    this.#rows = new Rows($('list'), {
      role: 'option',
      domId: (key) => `trace-${key}`,
      create: row,
      update: (item, entry) => this.#update(item, entry),
      place: (_, index) => ({ of: this.#entries.length, at: index + 1 }),
      onOpen: (id) => go({ trace: id, segment: null }),
      onActive: () => {},
    });
    $('filter-form').addEventListener('submit', (e) => {
      e.preventDefault();
      go({ filter: filterField().value.trim() });
    });
    filterField().addEventListener('input', () => { $('clear').hidden = filterField().value === ''; });
    filterField().addEventListener('keydown', (e) => {
      if (e.key === 'ArrowDown' && this.#rows.length > 0) {
        e.preventDefault();
        this.#rows.focus();
      }
    });
    $('clear').addEventListener('click', () => {
      filterField().value = '';
      go({ filter: '' });
      filterField().focus();
    });
    $('help').addEventListener('click', () => {
      const opening = $('syntax').hidden;
      $('syntax').hidden = !opening;
      setAttribute($('help'), 'aria-expanded', String(opening));
      if (opening) this.#drawExamples();
    });
    $('order').addEventListener('change', () => this.#show());
    $('newer').addEventListener('click', () => {
      $('list').scrollTop = 0;
      this.#show();
      this.#rows.focus();
    });
    $('plot').addEventListener('click', (e) => this.#openNearest(e));
    new ResizeObserver(() => this.#drawPlot()).observe($('plot'));
  }

  /** @param {Address} address that is shown from now on */
  open(address) {
    const before = this.#address;
    this.#address = address;
    if (before?.filter !== address.filter || before?.range !== address.range) {
      this.#readAt = 0;
      this.#first = true;
      if (this.#known.length === 0) this.#note(element('p', '', {}, 'Reading…'));
    }
    if (before?.filter !== address.filter) filterField().value = address.filter;
    $('clear').hidden = filterField().value === '';
    document.title = address.filter === '' ? 'Traces' : `${address.filter} · Traces`;
  }

  focus() {
    this.#rows.focus();
  }

  /** @param {string | null} id of the trace that one comes from */
  activate(id) {
    this.#rows.activate(id, true);
  }

  /**
   * @param {AbortSignal} signal
   * @throws {import('./api.js').Unreachable}
   */
  async read(signal) {
    const address = /** @type {Address} */ (this.#address);
    if (address.filter === this.#refused) return;
    const now = Date.now() / 1000;
    const oldest = now - range(address).seconds;
    const all = now - this.#readAt > ANEW_SECONDS;
    const start = Math.floor(all ? oldest : Math.max(oldest, now - CHANGING_SECONDS));
    /** @type {Entry[]} */
    const read = [];
    try {
      // To the end of the second after this one: clocks of functions may be ahead.
      const query = { start, end: Math.ceil(now) + 1, filter: address.filter };
      for await (const page of traceSummaries(query, signal)) {
        read.push(...page.map(entryOf));
        if (this.#first) {
          this.#known = [...read];
          this.#show();
        }
      }
    } catch (e) {
      if (!(e instanceof Refused)) throw e;
      this.#refused = address.filter;
      this.#refuse(e.message);
      return;
    }
    this.#refused = null;
    this.#refuse('');
    if (all) this.#readAt = now;
    this.#known = all ? read : merge(this.#known, read, start).filter((e) => e.start >= oldest);
    if (!this.#first && this.#isRead()) this.#keep();
    else this.#show();
    this.#first = false;
  }

  /**
   * Says what is wrong with the filter. What was shown stays.
   *
   * @param {string} why empty: nothing is
   */
  #refuse(why) {
    setText($('filter-error'), why);
    setAttribute(filterField(), 'aria-invalid', why === '' ? null : 'true');
    if (why === '') return;
    $('syntax').hidden = false;
    setAttribute($('help'), 'aria-expanded', 'true');
    this.#drawExamples();
    if (this.#known.length === 0) this.#note(element('p', '', {}, 'Correct the filter to see traces.'));
  }

  /** Whether the reader looks at rows that must not move. */
  #isRead() {
    return !this.#rows.atTop || $('list').matches(':hover, :focus');
  }

  /** Shows all that was read. */
  #show() {
    this.#entries = sorted(this.#known, /** @type {HTMLSelectElement} */ ($('order')).value);
    this.#draw(0);
  }

  /** Shows what has changed of the rows that there are, and how many wait. */
  #keep() {
    const known = new Map(this.#known.map((e) => [e.id, e]));
    this.#entries = this.#entries.flatMap((e) => known.get(e.id) ?? []);
    this.#draw(this.#known.length - this.#entries.length);
  }

  /** @param {number} waiting */
  #draw(waiting) {
    this.#longest = this.#entries.reduce((most, e) => Math.max(most, e.duration), 0);
    this.#rows.set(this.#entries.map((e) => ({ key: e.id, value: e })));
    $('newer').hidden = waiting === 0;
    setText($('newer'), `Show ${counted(waiting, 'new trace')}`);
    const errors = this.#entries.filter((e) => e.status !== 'ok').length;
    setText($('count'), counted(this.#entries.length, 'trace')
      + (errors === 0 ? '' : `, ${errors.toLocaleString('en')} with errors`));
    this.#note(this.#known.length > 0 ? null : this.#emptiness());
    this.#drawPlot();
  }

  /** @param {HTMLElement | null} note in the place of the list */
  #note(note) {
    showNote('list-note', note, 'list', 'plot');
  }

  #emptiness() {
    const address = /** @type {Address} */ (this.#address);
    const { label } = range(address);
    const wider = address.range === '6h' ? [] : [element('p', '', {},
      element('a', 'plain', { href: format({ ...address, range: '6h' }) }, 'Look at the last 6 hours'))];
    if (address.filter !== '') {
      return element('div', '', {},
        element('p', 'loud', {}, 'No trace matches.'),
        element('p', '', {}, `${label}, filter `, element('code', '', {}, address.filter)),
        element('p', '', {},
          element('a', 'plain', { href: format({ ...address, filter: '' }) }, 'Show all traces')),
        ...wider);
    }
    return element('div', '', {},
      element('p', 'loud', {}, 'No traces yet.'),
      element('p', '', {}, 'Send a message at ',
        element('a', '', { href: '/' }, `${location.origin}/`),
        ', and its trace is here a moment later.'),
      ...wider);
  }

  /**
   * @param {HTMLElement} item
   * @param {Entry} entry
   */
  #update(item, entry) {
    const address = /** @type {Address} */ (this.#address);
    setAttribute(item, 'href', format({ ...address, trace: entry.id }));
    item.dataset.status = entry.status;
    setText(find(item, '.name'), entry.name);
    setText(find(item, '.id'), entry.id);
    const state = STATES[entry.status];
    setText(find(item, '.status'), state);
    find(item, '.partial').hidden = !entry.partial;
    find(item, '.chips').replaceChildren(...chips(entry));
    const when = find(item, 'time');
    setText(when, clock(entry.start).slice(0, 8));
    setAttribute(when, 'title', moment(entry.start));
    setText(find(item, '.ago'), ago(Date.now() / 1000 - entry.start));
    setText(find(item, '.duration'), duration(entry.duration));
    const share = this.#longest === 0 ? 0 : entry.duration / this.#longest;
    find(item, '.meter').style.setProperty('--share', String(share));
    setAttribute(item, 'aria-label', [
      entry.name, state, duration(entry.duration), `at ${clock(entry.start).slice(0, 8)}`,
      ...entry.annotations.map(([key, value]) => `${key} ${value}`),
    ].filter(Boolean).join(', '));
  }

  /** A dot for each trace: when it began, and how long it took. */
  #drawPlot() {
    const plot = $('plot');
    const { clientWidth: width, clientHeight: height } = plot;
    if (plot.hidden || width === 0 || height === 0 || this.#entries.length === 0) return;
    const scale = this.#scale(width, height);
    const svg = shape('svg', '', { width, height });
    for (const seconds of scale.ticks) {
      const y = scale.y(seconds);
      svg.append(shape('line', 'grid', { x1: PLOT_LEFT_PX, x2: width, y1: y, y2: y }),
        shape('text', '', { x: PLOT_LEFT_PX - 8, y: y + 4, 'text-anchor': 'end' }, duration(seconds)));
    }
    for (const share of [0, 0.5, 1]) {
      const at = scale.from + share * (scale.to - scale.from);
      svg.append(shape('text', '', {
        x: scale.x(at), y: height - 3,
        'text-anchor': share === 0 ? 'start' : share === 1 ? 'end' : 'middle',
      }, clock(at).slice(0, 8)));
    }
    // One path for all dots of a colour: thousands of them are drawn as fast as one.
    const size = this.#entries.length > DOTS_LARGE_MAX ? 4 : 8;
    for (const status of ['ok', 'error', 'throttle', 'fault']) {
      const d = this.#entries.filter((e) => e.status === status)
        .map((e) => `M${scale.x(e.start).toFixed(1)} ${scale.y(e.duration).toFixed(1)}h0`).join('');
      if (d !== '') svg.append(shape('path', `dots ${status}`, { d, 'stroke-width': size }));
    }
    plot.replaceChildren(svg);
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  #scale(width, height) {
    const starts = this.#entries.map((e) => e.start);
    const from = starts.reduce((a, b) => Math.min(a, b));
    const to = Math.max(starts.reduce((a, b) => Math.max(a, b)), from + 1);
    const durations = this.#entries.map((e) => Math.max(e.duration, SHORTEST_SECONDS));
    const low = Math.floor(Math.log10(durations.reduce((a, b) => Math.min(a, b))));
    const high = Math.max(low + 1, Math.ceil(Math.log10(durations.reduce((a, b) => Math.max(a, b)))));
    const bottom = height - PLOT_BOTTOM_PX;
    return {
      from,
      to,
      ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
        .filter((_, i) => (high - low) <= 3 || i % 2 === 0),
      x: (/** @type {number} */ at) =>
        PLOT_LEFT_PX + 6 + ((at - from) / (to - from)) * (width - PLOT_LEFT_PX - 12),
      y: (/** @type {number} */ seconds) => bottom
        - ((Math.log10(Math.max(seconds, SHORTEST_SECONDS)) - low) / (high - low)) * (bottom - PLOT_TOP_PX),
    };
  }

  /** @param {MouseEvent} event */
  #openNearest({ offsetX, offsetY }) {
    if (this.#entries.length === 0) return;
    const scale = this.#scale($('plot').clientWidth, $('plot').clientHeight);
    const away = (/** @type {Entry} */ e) =>
      Math.hypot(scale.x(e.start) - offsetX, scale.y(e.duration) - offsetY);
    const nearest = this.#entries.reduce((a, b) => (away(b) < away(a) ? b : a));
    if (away(nearest) <= REACH_PX) this.#go({ trace: nearest.id, segment: null });
  }

  /** Examples with the names that are in the list. */
  #drawExamples() {
    const service = this.#known.flatMap((e) => e.services)[0] ?? 'my-function';
    const [key, values] = this.#known.flatMap((e) => e.annotations)
      .find(([, text]) => Number.isNaN(Number(text))) ?? ['key', 'value'];
    const examples = [
      ['duration > 0.5', 'took longer than half a second'],
      ['error = true OR fault = true', 'something went wrong in it'],
      ['throttle = true', 'was throttled'],
      [serviceFilter(service), 'went by a service'],
      [annotationFilter(key, values.split(', ')[0]), 'has an annotation'],
      [`${serviceFilter(service)} AND duration >= 0.05`, 'both'],
    ];
    $('examples').replaceChildren(...examples.map(([filter, meaning]) => element('li', '', {},
      element('a', '', { href: format({ ...this.#address, filter }) },
        element('code', '', {}, filter)), ` ${meaning}`)));
  }
}

/** Room for the words of the plot. */
const PLOT_LEFT_PX = 56;
const PLOT_TOP_PX = 10;
const PLOT_BOTTOM_PX = 24;

/** More dots than these would cover each other. */
const DOTS_LARGE_MAX = 400;

/** As near as this to a dot is a click on it. */
const REACH_PX = 14;

/** A logarithm needs a least. */
const SHORTEST_SECONDS = 0.0001;

const filterField = () => /** @type {HTMLInputElement} */ ($('filter'));

function row() {
  const item = element('a', 'trace', { tabindex: '-1', 'data-testid': 'trace' });
  item.append(
    element('span', 'head', {}, element('b', 'name'), element('span', 'status'),
      element('span', 'partial', {}, 'in progress'), element('code', 'id')),
    element('span', 'chips'),
    element('span', 'when', {}, element('time', ''), element('span', 'ago')),
    element('span', 'took', {}, element('span', 'duration'), element('span', 'meter')));
  return item;
}

/** @param {Entry} entry */
function chips({ services, annotations }) {
  const more = services.length - CHIPS_MAX;
  return [
    ...services.slice(0, CHIPS_MAX).map((s) => element('span', 'chip', {}, s)),
    ...(more > 0 ? [element('span', 'chip', {}, `+${more}`)] : []),
    ...annotations.map(([key, value]) =>
      element('span', 'annotation', {}, element('i', '', {}, key), ` ${value}`)),
  ];
}
