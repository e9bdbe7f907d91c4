/** The overview of a trace: every span as a line, and the part of the time that the rows show. */

import { $, shape } from '../dom.js';

/**
 * @typedef {import('./trace.js').Span} Span
 * @typedef {import('./trace.js').Trace} Trace
 * @typedef {{from: number, to: number}} Window seconds since the trace began
 */

const HEIGHT_PX = 52;

/** The viewBox's. */
const WIDTH = 1000;

/** What is dragged is a window from this share of the width on; less is a click. */
const DRAG_SHARE_MIN = 0.01;

/** Colours for services; more of them begin again. */
const TONES = 10;

/** The scale of a trace that took no time. */
export const SHORTEST_SECONDS = 0.000_01;

/** @param {Trace} trace */
export const wholeSeconds = ({ start, end }) => Math.max(end - start, SHORTEST_SECONDS);

/**
 * The class that has the colour of a span's service.
 *
 * @param {Trace} trace
 * @param {Span} span
 */
export const toneOf = ({ services }, { service }) => `tone-${(services.get(service) ?? 0) % TONES}`;

export class Overview {
  #place = $('overview');

  /** Of the trace that is drawn. */
  #seconds = SHORTEST_SECONDS;

  /** What the rows do not show, before and after. */
  #outside = [shape('rect', 'outside', { height: HEIGHT_PX }), shape('rect', 'outside', { height: HEIGHT_PX })];

  /** @param {(window: Window | null) => void} onWindow a part was chosen; null: all of the trace */
  constructor(onWindow) {
    /** @type {number | null} */
    let from = null;
    const share = (/** @type {PointerEvent} */ e) => {
      const { left, width } = this.#place.getBoundingClientRect();
      return Math.min(1, Math.max(0, (e.clientX - left) / width));
    };
    this.#place.addEventListener('pointerdown', (e) => {
      from = share(e);
      this.#place.setPointerCapture(e.pointerId);
    });
    this.#place.addEventListener('pointermove', (e) => {
      if (from === null || Math.abs(share(e) - from) < DRAG_SHARE_MIN) return;
      const [a, b] = [from, share(e)].sort((x, y) => x - y);
      onWindow({ from: a * this.#seconds, to: b * this.#seconds });
    });
    for (const event of ['pointerup', 'pointercancel']) {
      this.#place.addEventListener(event, () => { from = null; });
    }
    this.#place.addEventListener('dblclick', () => onWindow(null));
  }

  /** @param {Trace} trace */
  draw(trace) {
    this.#seconds = wholeSeconds(trace);
    const x = (/** @type {number} */ at) => this.#x(at - trace.start).toFixed(2);
    const line = HEIGHT_PX / trace.spans.length;
    const svg = shape('svg', '',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT_PX}`, preserveAspectRatio: 'none', width: '100%', height: HEIGHT_PX });
    // One path for each colour: two thousand spans are drawn as fast as ten.
    /** @type {Map<string, string>} */
    const paths = new Map();
    trace.spans.forEach((span, i) => {
      const tone = span.status === 'ok' ? toneOf(trace, span) : span.status;
      const y = ((i + 0.5) * line).toFixed(2);
      paths.set(tone, `${paths.get(tone) ?? ''}M${x(span.start)} ${y}H${x(span.end ?? trace.end)}`);
    });
    for (const [tone, d] of paths) {
      svg.append(shape('path', tone, { d, 'stroke-width': Math.max(1, Math.min(4, line * 0.7)) }));
    }
    svg.append(...this.#outside);
    this.#place.replaceChildren(svg);
  }

  /** @param {Window | null} window that the rows show; null: all of the trace */
  mark(window) {
    const { from, to } = window ?? { from: 0, to: this.#seconds };
    const [before, after] = this.#outside;
    before.setAttribute('width', String(this.#x(from)));
    after.setAttribute('x', String(this.#x(to)));
    after.setAttribute('width', String(Math.max(0, WIDTH - this.#x(to))));
  }

  /** @param {number} seconds since the trace began */
  #x(seconds) {
    return (seconds / this.#seconds) * WIDTH;
  }
}
