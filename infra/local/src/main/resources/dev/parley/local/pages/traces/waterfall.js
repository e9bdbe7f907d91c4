/** One trace: its figures, a row for each span, and the details of the selected one. */

import { $, element, find, refill, setAttribute, setText } from '../dom.js';
import { ago, counted, duration, moment } from '../format.js';
import { format } from './address.js';
import { Refused, trace as readTrace } from './api.js';
import { detailsOf } from './details.js';
import { Overview, SHORTEST_SECONDS, toneOf, wholeSeconds } from './overview.js';
import { closeButton, showNote } from './parts.js';
import { Rows } from './rows.js';
import { join, shown, STATES } from './trace.js';

/**
 * @typedef {import('./address.js').Address} Address
 * @typedef {import('./trace.js').Span} Span
 * @typedef {import('./trace.js').Trace} Trace
 * @typedef {import('./overview.js').Window} Window
 */

/** A trace that ended this long ago, and of which nothing is in progress, is not read again. */
const SETTLED_SECONDS = 120;

/** A duration stands beside its bar where this share of the width is left. */
const LABEL_SHARE = 0.13;

/** Deeper spans are not indented further: their names would have no room. */
const INDENT_MAX = 12;

const TICKS = 4;

export class Waterfall {
  /** @type {(address: Partial<Address>, replace?: boolean) => void} */ #go;

  /** @type {Address | null} */ #address = null;

  /** @type {Trace | null} */ #trace = null;

  #limited = false;

  #focusing = false;

  /** What was read last, and of which trace. */
  #read = { id: '', text: '' };

  /** @type {Set<string>} */ #collapsed = new Set();

  /** Null: the whole trace. @type {Window | null} */ #window = null;

  #bands = element('div', 'bands', { 'aria-hidden': 'true' });

  /** @type {Rows<Span>} */ #rows;

  #overview = new Overview((window) => this.#zoom(window));

  /** @param {(address: Partial<Address>, replace?: boolean) => void} go */
  constructor(go) {
    this.#go = go;
    this.#rows = new Rows($('spans'), {
      role: 'treeitem',
      domId: (key) => `span-${key}`,
      create: () => this.#row(),
      update: (item, span) => this.#update(item, span),
      place: (span) => {
        const siblings = span.parent?.children ?? this.#trace?.roots ?? [];
        return { of: siblings.length, at: siblings.indexOf(span) + 1 };
      },
      onOpen: (id) => {
        if (id === this.#address?.segment) $('details').focus();
        else go({ segment: id }, true);
      },
      onActive: (id) => go({ segment: id }, true),
      onKey: ({ key }, id) => this.#onKey(key, id),
    }, this.#bands);
    $('details').addEventListener('keydown', (e) => {
      if (e.key !== 'Escape') return;
      e.stopPropagation();
      this.#rows.focus();
    });
    $('whole').addEventListener('click', () => this.#zoom(null));
    $('collapse').addEventListener('click', () => this.#collapseAll(true));
    $('expand').addEventListener('click', () => this.#collapseAll(false));
    $('copy').hidden = navigator.clipboard === undefined; // the page is not on localhost
    $('copy').addEventListener('click', async () => {
      await navigator.clipboard.writeText(this.#address?.trace ?? '');
      setText($('copy'), 'Copied');
      setTimeout(() => setText($('copy'), 'Copy'), 1500);
    });
  }

  /** @param {Address} address */
  open(address) {
    const before = this.#address;
    this.#address = address;
    document.title = `${address.trace} · Traces`;
    $('back').setAttribute('href', format({ ...address, trace: null, segment: null }));
    setText($('trace-id'), address.trace ?? '');
    if (before?.trace !== address.trace) {
      this.#trace = null;
      this.#read = { id: '', text: '' };
      this.#collapsed.clear();
      this.#window = null;
      this.#rows.set([]);
      $('spans').scrollTop = 0;
      this.#note(element('p', '', {}, 'Reading…'));
    } else if (this.#trace !== null) {
      this.#select(before?.segment !== address.segment);
    }
  }

  /** Escape: what is selected, then the trace. */
  close() {
    const { segment } = /** @type {Address} */ (this.#address);
    if (segment !== null) this.#go({ segment: null }, true);
    else this.#go({ trace: null });
  }

  /** Now, or once there is something to look at. */
  focus() {
    this.#focusing = this.#trace === null;
    if (!this.#focusing) this.#rows.focus();
  }

  /**
   * @param {AbortSignal} signal
   * @throws {import('./api.js').Unreachable}
   */
  async read(signal) {
    const id = this.#address?.trace ?? '';
    if (this.#isSettled(id)) return;
    let read;
    try {
      read = await readTrace(id, signal);
    } catch (e) {
      if (!(e instanceof Refused)) throw e;
      this.#trace = null;
      this.#read = { id: '', text: '' };
      this.#note(element('div', '', {},
        element('p', 'loud', {}, 'This is not the id of a trace.'), element('p', '', {}, e.message),
        element('p', '', {}, this.#backLink())));
      return;
    }
    if (read === null || read.documents.length === 0) {
      // What is shown stays, though the store has let go of it meanwhile.
      if (this.#trace === null) this.#missing();
      return;
    }
    if (this.#read.id === id && this.#read.text === read.text) return;
    const first = this.#read.id !== id;
    this.#read = { id, text: read.text };
    this.#trace = join(read.documents);
    this.#trace.unreadable += read.unreadable;
    this.#limited = read.limited;
    this.#note(null);
    this.#draw();
    this.#select(first);
    if (this.#focusing && document.activeElement === document.body) this.#rows.focus();
    this.#focusing = false;
  }

  /** @param {string} id */
  #isSettled(id) {
    return this.#trace !== null && this.#read.id === id && this.#trace.inProgress === 0
      && Date.now() / 1000 - this.#trace.end > SETTLED_SECONDS;
  }

  #missing() {
    this.#note(element('div', '', {},
      element('p', 'loud', {}, 'This trace is not here.'),
      element('p', '', {}, 'Its first document has not come yet (this page looks again every two seconds), it was '
        + 'not sampled, or newer traces have taken its place: the local cloud keeps a bounded number of them, in '
        + 'memory.'),
      element('p', '', {}, 'Do again what it was of, and look at the newest.'),
      element('p', '', {}, this.#backLink())));
  }

  #backLink() {
    return element('a', 'plain', { href: format({ ...this.#address, trace: null, segment: null }) },
      'All traces');
  }

  /** @param {HTMLElement | null} note in the place of the trace */
  #note(note) {
    showNote('trace-note', note, 'overview', 'panes', 'figures');
    if (note === null) return;
    $('notices').hidden = true;
    setText($('trace-name'), 'Trace');
    $('trace-status').className = '';
    setText($('trace-status'), '');
  }

  #draw() {
    const trace = /** @type {Trace} */ (this.#trace);
    const root = trace.roots[0];
    setText($('trace-name'), root?.title ?? 'Trace');
    document.title = `${root?.title ?? 'Trace'} ${duration(trace.end - trace.start)} · Traces`;
    $('trace-status').className = `status ${trace.inProgress > 0 ? 'progress' : trace.status}`;
    setText($('trace-status'), trace.inProgress > 0 ? 'In progress' : STATES[trace.status] || 'OK');
    $('figures').replaceChildren(...[
      ['Started', moment(trace.start), ago(Date.now() / 1000 - trace.start)],
      ['Duration', duration(trace.end - trace.start), ''],
      ['Segments', String(trace.segments), ''],
      ['Spans', trace.spans.length.toLocaleString('en'), ''],
      ['Services', String(trace.services.size), ''],
    ].map(([name, value, title]) => element('div', '', title === '' ? {} : { title },
      element('dt', '', {}, name), element('dd', '', {}, value))));
    this.#drawNotices(trace);
    this.#overview.draw(trace);
    this.#overview.mark(this.#window);
    this.#drawRows();
  }

  /** @param {Trace} trace */
  #drawNotices(trace) {
    const orphans = trace.spans.filter((s) => s.orphan).length;
    const early = trace.spans.filter((s) => s.early > 0);
    const idle = trace.gaps.reduce((sum, g) => sum + g.end - g.start, 0);
    const notices = [
      orphans === 0 ? '' : `${counted(orphans, 'span')} without a parent: the parent's document has not come.`,
      early.length === 0 ? '' : `${counted(early.length, 'span')} begin before what caused them, by up to `
        + `${duration(Math.max(...early.map((s) => s.early)))}: the clocks of the two differ.`,
      idle === 0 ? '' : `Nothing was at work for ${duration(idle)} (hatched).`,
      trace.unreadable === 0 ? '' : `${counted(trace.unreadable, 'document')} cannot be read.`,
      this.#limited ? 'Documents are missing: a trace holds 500 KB.' : '',
    ].filter(Boolean);
    $('notices').replaceChildren(...notices.map((text) => element('li', '', {}, text)));
    $('notices').hidden = notices.length === 0;
  }

  /** @returns {Window} */
  get #shownWindow() {
    return this.#window ?? { from: 0, to: wholeSeconds(/** @type {Trace} */ (this.#trace)) };
  }

  #drawRows() {
    const trace = /** @type {Trace} */ (this.#trace);
    const { from, to } = this.#shownWindow;
    $('whole').hidden = this.#window === null;
    $('ticks').replaceChildren(...Array.from({ length: TICKS + 1 }, (_, i) =>
      element('span', '', {}, duration(from + (i / TICKS) * (to - from)))));
    this.#bands.replaceChildren(element('div', 'lane', {}, ...trace.gaps.map((gap) => {
      const band = element('i', 'gap');
      this.#placed(band, gap.start, gap.end);
      return band;
    })));
    this.#rows.set(shown(trace, this.#collapsed).map((s) => ({ key: s.id, value: s })));
  }

  /** @param {number} seconds epoch seconds @returns {number} its share of the shown window */
  #share(seconds) {
    const { from, to } = this.#shownWindow;
    return (seconds - /** @type {Trace} */ (this.#trace).start - from) / (to - from);
  }

  /**
   * @param {HTMLElement} bar
   * @param {number} start epoch seconds
   * @param {number} end
   */
  #placed(bar, start, end) {
    // What is outside the window is cut near its edges: a browser cannot place what is far away.
    const from = Math.max(-0.1, Math.min(1.1, this.#share(start)));
    const to = Math.max(-0.1, Math.min(1.1, this.#share(end)));
    bar.style.left = `${from * 100}%`;
    bar.style.width = `${(to - from) * 100}%`;
  }

  #row() {
    const item = element('div', 'span', { 'data-testid': 'span' });
    const caret = element('button', 'caret', { type: 'button', tabindex: '-1', 'aria-hidden': 'true' });
    caret.addEventListener('click', (e) => {
      e.stopPropagation();
      this.#toggle(item.dataset.key ?? '');
    });
    item.append(
      element('div', 'names', {}, caret, element('i', 'tone'), element('b', 'name'),
        element('span', 'detail'), element('span', 'badges')),
      element('div', 'lane', {}, element('i', 'wait'), element('i', 'bar'), element('span', 'took')));
    return item;
  }

  /**
   * @param {HTMLElement} item
   * @param {Span} span
   */
  #update(item, span) {
    const trace = /** @type {Trace} */ (this.#trace);
    const tone = toneOf(trace, span);
    const open = !this.#collapsed.has(span.id);
    const branch = span.children.length > 0;
    item.className = ['span', tone, span.namespace, span.status, span.segment ? 'segment' : '',
      span.end === null ? 'progress' : ''].filter(Boolean).join(' ');
    item.style.setProperty('--depth', String(Math.min(span.depth, INDENT_MAX)));
    setAttribute(item, 'aria-level', String(span.depth + 1));
    setAttribute(item, 'aria-expanded', branch ? String(open) : null);
    find(item, '.caret').hidden = !branch;
    setText(find(item, '.name'), span.title);
    setText(find(item, '.detail'), span.detail);
    const took = span.end === null ? 'in progress' : duration(span.end - span.start);
    const badges = [
      [span.namespace, span.namespace],
      ['progress', span.end === null ? 'in progress' : ''],
      ['status', STATES[span.status]],
      ['clock', span.early > 0 ? `clock −${duration(span.early)}` : ''],
      ['clock', span.orphan ? 'no parent' : ''],
      ['count', open || !branch ? '' : `+${hidden(span)}`],
    ].filter(([, text]) => text !== '');
    find(item, '.badges').replaceChildren(
      ...badges.map(([kind, text]) => element('span', `badge ${kind}`, {}, text)));
    setAttribute(item, 'aria-label', [span.title, span.detail, took,
      ...badges.map(([, text]) => text), `${duration(span.start - trace.start)} after the start`]
      .filter(Boolean).join(', '));
    setAttribute(item, 'title', `${span.title} ${span.detail}`.trim());
    this.#drawBar(item, span, took);
  }

  /**
   * @param {HTMLElement} item
   * @param {Span} span
   * @param {string} took
   */
  #drawBar(item, span, took) {
    const trace = /** @type {Trace} */ (this.#trace);
    const end = span.end ?? Math.max(trace.end, span.start);
    this.#placed(find(item, '.bar'), span.start, end);
    const wait = find(item, '.wait');
    wait.hidden = span.wait === 0 || span.parent === null;
    if (span.parent?.end != null && !wait.hidden) this.#placed(wait, span.parent.end, span.start);
    const label = find(item, '.took');
    const [from, to] = [Math.max(0, this.#share(span.start)), Math.min(1, this.#share(end))];
    setText(label, to < 0 || from > 1 ? '' : took);
    const right = 1 - to > LABEL_SHARE;
    const left = !right && from > LABEL_SHARE && wait.hidden;
    label.classList.toggle('inside', !right && !left);
    label.style.left = right ? `${to * 100}%` : '';
    label.style.right = right ? '' : `${(left ? 1 - from : Math.max(0, 1 - to)) * 100}%`;
  }

  /** @param {boolean} reveal brings the selected span into sight */
  #select(reveal) {
    const trace = /** @type {Trace} */ (this.#trace);
    const { segment } = /** @type {Address} */ (this.#address);
    const span = trace.spans.find((s) => s.id === segment);
    let opened = false;
    for (let above = span?.parent ?? null; above !== null; above = above.parent) {
      opened = this.#collapsed.delete(above.id) || opened;
    }
    if (opened) this.#drawRows();
    this.#rows.activate(span?.id ?? null, reveal);
    const details = $('details');
    details.hidden = span === undefined;
    if (span === undefined) return;
    const scrolled = details.scrollTop;
    const title = element('h2', '', {}, span.title);
    if (span.detail !== '') title.append(element('small', '', {}, span.detail));
    const close = closeButton(() => {
      this.#go({ segment: null }, true);
      this.#rows.focus();
    });
    const inWindow = element('button', 'plain',
      { type: 'button', title: 'Show the time of this span only (f)' }, 'Zoom to it');
    inWindow.addEventListener('click', () => this.#zoomTo(span));
    refill(details, element('div', 'title', {}, title, inWindow, close),
      ...detailsOf(span, trace, /** @type {Address} */ (this.#address)));
    details.scrollTop = reveal ? 0 : scrolled;
  }

  /** @param {string} id */
  #toggle(id) {
    if (!this.#collapsed.delete(id)) this.#collapsed.add(id);
    this.#drawRows();
    // What was selected is below it, and does not show any more.
    if (this.#rows.active === null && this.#address?.segment != null) this.#go({ segment: id }, true);
  }

  /** @param {boolean} collapsed */
  #collapseAll(collapsed) {
    const { spans } = /** @type {Trace} */ (this.#trace);
    this.#collapsed = new Set(collapsed
      ? spans.filter((s) => s.depth > 0 && s.children.length > 0).map((s) => s.id) : []);
    this.#drawRows();
    if (this.#rows.active === null && this.#address?.segment != null) this.#go({ segment: null }, true);
  }

  /**
   * @param {string} key
   * @param {string | null} id
   */
  #onKey(key, id) {
    const span = this.#trace?.spans.find((s) => s.id === id);
    if (key === '0') this.#zoom(null);
    if (span === undefined) return key === '0';
    const branch = span.children.length > 0;
    const open = branch && !this.#collapsed.has(span.id);
    if (key === 'f') this.#zoomTo(span);
    else if (key === 'ArrowRight' || key === 'l') {
      if (open) this.#go({ segment: span.children[0].id }, true);
      else if (branch) this.#toggle(span.id);
    } else if (key === 'ArrowLeft' || key === 'h') {
      if (open) this.#toggle(span.id);
      else if (span.parent !== null) this.#go({ segment: span.parent.id }, true);
    } else return key === '0';
    return true;
  }

  /** @param {Span} span */
  #zoomTo(span) {
    const { start, end } = /** @type {Trace} */ (this.#trace);
    const length = Math.max((span.end ?? end) - span.start, SHORTEST_SECONDS);
    const from = span.start - start - length * 0.05;
    this.#zoom({ from: Math.max(0, from), to: Math.min(end - start, from + length * 1.1) });
  }

  /** @param {Window | null} window */
  #zoom(window) {
    this.#window = window !== null && window.to - window.from < SHORTEST_SECONDS
      ? { from: window.from, to: window.from + SHORTEST_SECONDS } : window;
    this.#overview.mark(this.#window);
    this.#drawRows();
  }
}

/** How many spans are below one. @param {Span} span */
function hidden(span) {
  let count = 0;
  const open = [...span.children];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    count++;
    open.push(...next.children);
  }
  return count;
}
