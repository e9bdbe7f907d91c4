/**
 * Charts as SVG: what is decided of them is pure, and `draw` makes elements of it.
 */

import { shape } from './dom.js';
import { words } from './format.js';

/**
 * A point of a series: the number of its period, then how many values, their sum and maximum, and
 * their 50th and 99th percentile.
 *
 * @typedef {[at: number, count: number, sum: number, max: number, p50: number, p99: number]} Point
 */

/**
 * @typedef {object} Series
 * @property {string} namespace
 * @property {string} name
 * @property {Record<string, string>} dimensions
 * @property {string} unit
 * @property {Point[]} points
 */

/**
 * What a point is drawn as: `sum` counts what happened, `max`, `p50` and `p99` are of single values.
 *
 * @typedef {'sum' | 'max' | 'p50' | 'p99'} Statistic
 */

/**
 * One line of a chart: a value for each period, null where there is none.
 *
 * @typedef {object} Line
 * @property {string} label
 * @property {(number | null)[]} values
 */

/** @type {Record<Statistic, number>} */
const PLACE = { sum: 2, max: 3, p50: 4, p99: 5 };

/**
 * Counts of periods in which nothing was counted are 0; of other values nothing is known then.
 *
 * @param {Series} series
 * @param {number} periods
 * @param {Statistic} statistic
 * @param {string} label
 * @returns {Line}
 */
export function line(series, periods, statistic, label) {
  /** @type {(number | null)[]} */
  const values = new Array(periods).fill(statistic === 'sum' ? 0 : null);
  for (const point of series.points) values[point[0]] = point[PLACE[statistic]];
  return { label, values };
}

/**
 * The newest value that is known.
 *
 * @param {Line} line
 * @returns {number | null}
 */
export function last(line) {
  return line.values.findLast((value) => value !== null) ?? null;
}

/**
 * A line whose values hold until the next one: of what is looked at now and then.
 *
 * @param {Line} line
 * @returns {Line}
 */
export function held({ label, values }) {
  /** @type {number | null} */
  let value = null;
  return { label, values: values.map((next) => (value = next ?? value)) };
}

/**
 * Where an axis from 0 ends: the first of 1, 2, 5, 10, 20 and so on that no value is above.
 *
 * @param {Line[]} lines
 * @returns {number}
 */
export function top(lines) {
  const max = Math.max(0, ...lines.flatMap((line) => line.values.map((value) => value ?? 0)));
  if (max <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(max));
  return [1, 2, 5, 10].map((step) => step * unit).find((step) => step >= max * 0.999999) ?? max;
}

/**
 * The path of a line in a box, with a gap where a value is not known. A value between two that are
 * not known is a dot.
 *
 * @param {(number | null)[]} values
 * @param {number} end of the axis
 * @param {{ width: number, height: number }} box
 * @returns {string}
 */
export function path(values, end, { width, height }) {
  let drawing = false;
  return values
    .flatMap((value, i) => {
      if (value === null) {
        drawing = false;
        return [];
      }
      const x = round((i / (values.length - 1)) * width);
      const y = round(height - (Math.min(value, end) / end) * height);
      const begun = drawing;
      drawing = true;
      const next = values[i + 1] ?? null;
      return begun ? [`L${x} ${y}`] : [`M${x} ${y}${next === null ? 'h.01' : ''}`];
    })
    .join('');
}

/**
 * As `path`, closed along the axis: for one line that has a value in each period.
 *
 * @param {(number | null)[]} values
 * @param {number} end
 * @param {{ width: number, height: number }} box
 * @returns {string}
 */
export function area(values, end, box) {
  return `${path(values, end, box)}L${box.width} ${box.height}L0 ${box.height}Z`;
}

/**
 * The clock's time of a period, `14:05:10`.
 *
 * @param {number} period
 * @param {{ end: number, periodMs: number, periods: number }} window
 * @returns {string}
 */
export function time(period, { end, periodMs, periods }) {
  const at = new Date(end - (periods - period) * periodMs);
  return at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/**
 * @param {number} value
 * @returns {number}
 */
function round(value) {
  return Math.round(value * 100) / 100;
}

const BOX = { width: 360, height: 96 };

/**
 * A chart of some lines, with two values of its axis. Each line has a class `line-0` to `line-7`.
 *
 * @param {Line[]} lines
 * @param {string} unit
 * @param {string} title for those who do not see it
 * @returns {SVGElement}
 */
export function draw(lines, unit, title) {
  const end = top(lines);
  const only = lines.length === 1 && lines[0].values.every((value) => value !== null);
  return shape(
    'svg',
    '',
    { viewBox: `0 0 ${BOX.width} ${BOX.height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': title },
    shape('path', 'grid', { d: `M0 .5H${BOX.width}M0 ${BOX.height / 2}H${BOX.width}` }),
    shape('path', 'axis', { d: `M0 ${BOX.height - 0.5}H${BOX.width}` }),
    ...(only ? [shape('path', 'area', { d: area(lines[0].values, end, BOX) })] : []),
    ...lines.map((one, i) =>
      shape('path', `line line-${i % 8}`, { d: path(one.values, end, BOX) }, shape('title', '', {}, `${one.label}: ${words(last(one), unit)}`)),
    ),
    shape('path', 'cursor', { d: '' }),
  );
}

/**
 * Marks a period in a chart.
 *
 * @param {Element} chart that `draw` made, or what holds it
 * @param {number | null} share of the width; null for none
 */
export function mark(chart, share) {
  const x = round((share ?? 0) * BOX.width);
  chart.querySelector('.cursor')?.setAttribute('d', share === null ? '' : `M${x} 0V${BOX.height}`);
}
