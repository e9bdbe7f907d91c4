/**
 * The dashboard of the local cloud: asks for the metrics every few seconds while somebody looks.
 */

import { area, draw, mark, path, time, top } from './charts.js';
import { $, element, shape } from './dom.js';
import { words } from './format.js';
import { PANELS, functions, tables, tiles } from './panels.js';

/** @typedef {import('./panels.js').Metrics} Metrics */
/** @typedef {import('./charts.js').Line} Line */

const EVERY_MS = 5_000;

/** @type {Metrics | null} */
let shown = null;

/**
 * The period that the pointer is at, in all charts; null for none.
 *
 * @type {number | null}
 */
let cursor = null;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer = undefined;

async function refresh() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const response = await fetch('/_local/metrics', { signal: AbortSignal.timeout(EVERY_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    shown = await response.json();
    say('live', 'live');
    render();
  } catch {
    say('lost', 'the local cloud does not answer');
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, EVERY_MS);
}

/**
 * @param {'live' | 'lost'} state
 * @param {string} text
 */
function say(state, text) {
  $('state').className = state;
  $('state').textContent = text;
}

function render() {
  if (shown === null) return;
  const metrics = shown;
  $('tiles').replaceChildren(
    ...tiles(metrics).map(({ title, value, bad }) =>
      element('div', bad ? 'tile bad' : 'tile', {}, element('strong', '', {}, value), element('span', '', {}, title)),
    ),
  );
  for (const one of views) one.update(metrics);
  $('functions').replaceChildren(...functions(metrics).map(functionRow));
  $('tables').replaceChildren(...tables(metrics).map(tableRow));
  point();
}

/**
 * A chart with its legend. It stays, and what is in it is brought up to date, so that it can be
 * pointed at.
 *
 * @typedef {object} View
 * @property {(metrics: Metrics) => void} update
 * @property {(metrics: Metrics) => void} point shows the values where the pointer is
 */

/**
 * @param {import('./panels.js').Panel} panel
 * @returns {View}
 */
function view({ title, hint, unit, lines: linesOf }) {
  const chartUnit = unit === 'Milliseconds' ? unit : 'Count';
  const suffix = unit === 'Count/s' ? ' /s' : '';
  const heading = element('h2', '', { title: hint }, title);
  const plot = element('div', 'plot');
  const legend = element('ul', 'legend');
  $('panels').append(
    element(
      'section',
      'panel',
      { 'data-panel': title },
      heading,
      plot,
      element('p', 'ends', {}, element('span', '', {}, '15 min ago'), element('span', '', {}, 'now')),
      legend,
    ),
  );
  /** @type {Line[]} */
  let lines = [];
  plot.addEventListener('pointermove', (event) => {
    if (shown === null) return;
    const { left, width } = plot.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
    cursor = Math.round(share * (shown.periods - 1));
    point();
  });
  plot.addEventListener('pointerleave', () => {
    cursor = null;
    point();
  });
  return {
    update(metrics) {
      lines = linesOf(metrics);
      plot.replaceChildren(
        draw(lines, chartUnit, title),
        lines.length === 0
          ? element('span', 'none', {}, 'nothing yet')
          : element('span', 'top', {}, words(top(lines), chartUnit) + suffix),
      );
      legend.replaceChildren(
        ...lines.map(({ label }, i) =>
          element('li', `line-${i % 8}`, {}, element('i', ''), element('span', '', {}, label), element('b', '')),
        ),
      );
    },
    point({ periods }) {
      mark(plot, cursor === null ? null : cursor / (periods - 1));
      legend.querySelectorAll('b').forEach((text, i) => {
        const { values } = lines[i];
        // The last period is still under way.
        const at = cursor ?? values.findLastIndex((value, period) => value !== null && period < periods - 1);
        const value = values[at] ?? null;
        text.textContent = words(value, chartUnit) + (value === null ? '' : suffix);
      });
    },
  };
}

const views = PANELS.map(view);

/** Shows the values where the pointer is, else the newest that are whole, in all charts. */
function point() {
  if (shown === null) return;
  $('when').textContent = cursor === null ? '' : time(cursor, shown);
  for (const one of views) one.point(shown);
}

/**
 * @param {import('./panels.js').FunctionRow} row
 * @returns {HTMLElement}
 */
function functionRow(row) {
  return element(
    'tr',
    '',
    {},
    element('th', '', { scope: 'row' }, row.name),
    element('td', '', {}, words(row.invocations, 'Count')),
    element('td', row.errors > 0 ? 'bad' : '', {}, words(row.errors, 'Count')),
    element('td', '', {}, words(row.p50, 'Milliseconds')),
    element('td', '', {}, words(row.p99, 'Milliseconds')),
    element('td', '', {}, words(row.concurrency, 'Count')),
    element('td', 'spark', {}, spark(row.busy)),
  );
}

/**
 * @param {{ name: string, rows: number | null, line: Line }} row
 * @returns {HTMLElement}
 */
function tableRow({ name, rows, line }) {
  return element(
    'tr',
    '',
    {},
    element('th', '', { scope: 'row' }, name),
    element('td', '', {}, words(rows, 'Count')),
    element('td', 'spark', {}, spark(line)),
  );
}

/**
 * A chart of the size of a word.
 *
 * @param {Line} line
 * @returns {SVGElement}
 */
function spark(line) {
  const box = { width: 120, height: 20 };
  const end = top([line]);
  const whole = line.values.every((value) => value !== null);
  return shape(
    'svg',
    '',
    { viewBox: `0 0 ${box.width} ${box.height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    ...(whole ? [shape('path', 'area', { d: area(line.values, end, box) })] : []),
    shape('path', 'line line-0', { d: path(line.values, end, box) }),
  );
}

document.addEventListener('visibilitychange', refresh);
refresh();
