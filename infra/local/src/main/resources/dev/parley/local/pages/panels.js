/**
 * What the dashboard shows: which series of the local cloud go into which chart.
 */

import { held, last, line } from './charts.js';
import { words } from './format.js';

/**
 * @typedef {import('./charts.js').Series} Series
 * @typedef {import('./charts.js').Statistic} Statistic
 * @typedef {import('./charts.js').Line} Line
 */

/**
 * What `/_local/metrics` gives.
 *
 * @typedef {object} Metrics
 * @property {number} periodMs
 * @property {number} periods
 * @property {number} end epoch milliseconds
 * @property {number} refused values of series that there was no room for
 * @property {Series[]} series
 */

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} hint what it means, for those who ask
 * @property {string} unit
 * @property {(metrics: Metrics) => Line[]} lines
 */

/**
 * The series of a name, in the order of their dimensions.
 *
 * @param {Metrics} metrics
 * @param {string} name
 * @returns {Series[]}
 */
export function named(metrics, name) {
  return metrics.series
    .filter((series) => series.name === name)
    .sort((a, b) => told(a).localeCompare(told(b)));
}

/**
 * What tells a series from others of its name, without `Service`, which all of a chat share.
 *
 * @param {Series} series
 * @returns {string}
 */
export function told(series) {
  return Object.entries(series.dimensions)
    .filter(([name]) => name !== 'Service')
    .map(([, value]) => value.replace(/Function$/, '').replace(/\.fifo$/, ''))
    .join(' ');
}

/**
 * Lines of one name: one for each combination of dimensions, or one where there is none.
 *
 * @param {string} name
 * @param {Statistic} statistic
 * @param {string} [label] where the name has one series
 * @returns {(metrics: Metrics) => Line[]}
 */
function lines(name, statistic, label) {
  return (metrics) =>
    named(metrics, name).map((series) =>
      line(series, metrics.periods, statistic, [told(series), label].filter(Boolean).join(' ')),
    );
}

/**
 * As `lines`, for counts: how many a second.
 *
 * @param {string} name
 * @param {string} [label]
 * @returns {(metrics: Metrics) => Line[]}
 */
function rates(name, label) {
  return (metrics) =>
    lines(name, 'sum', label)(metrics).map((one) => ({
      label: one.label,
      values: one.values.map((value) => (value === null ? null : (value * 1000) / metrics.periodMs)),
    }));
}

/**
 * @param {...((metrics: Metrics) => Line[])} parts
 * @returns {(metrics: Metrics) => Line[]}
 */
function all(...parts) {
  return (metrics) => parts.flatMap((part) => part(metrics));
}

/**
 * @param {(metrics: Metrics) => Line[]} some
 * @returns {(metrics: Metrics) => Line[]}
 */
function sampled(some) {
  return (metrics) => some(metrics).map(held);
}

/**
 * Without lines that were 0 all the time.
 *
 * @param {(metrics: Metrics) => Line[]} some
 * @returns {(metrics: Metrics) => Line[]}
 */
function busy(some) {
  return (metrics) => some(metrics).filter((one) => one.values.some((value) => value));
}

/** @type {Panel[]} */
export const PANELS = [
  {
    title: 'Connections',
    hint: 'Opened and closed, a second.',
    unit: 'Count/s',
    lines: all(rates('ConnectionsOpened', 'opened'), rates('ConnectionsClosed', 'closed')),
  },
  {
    title: 'Frames',
    hint: 'Frames of clients that were answered, a second.',
    unit: 'Count/s',
    lines: all(rates('MessagesAccepted', 'messages'), rates('Joins', 'joins'), rates('Quits', 'quits'), rates('Pings', 'pings')),
  },
  {
    title: 'Frames refused',
    hint: 'Frames that were answered with an error, by its code, a second.',
    unit: 'Count/s',
    lines: rates('FramesRefused'),
  },
  {
    title: 'Accept to push',
    hint: 'From a message’s timestamp to the end of the first pushes that carried it.',
    unit: 'Milliseconds',
    lines: all(lines('AcceptToPush', 'p50', 'p50'), lines('AcceptToPush', 'p99', 'p99')),
  },
  {
    title: 'Wait in the streams',
    hint: 'Until a message’s invocation began, and the age of the last record of each batch.',
    unit: 'Milliseconds',
    lines: all(lines('StreamWait', 'p99', 'message p99'), lines('IteratorAge', 'max', 'iterator age')),
  },
  {
    title: 'Pushes',
    hint: 'Connections that were pushed to, and what became of those pushes, a second.',
    unit: 'Count/s',
    lines: all(
      rates('Pushes', 'all'),
      rates('PushesGone', 'gone'),
      rates('PushesThrottled', 'throttled'),
      rates('PushesFailed', 'failed'),
      rates('PushesLate', 'late'),
      rates('PushesGivenUp', 'given up'),
    ),
  },
  {
    title: 'Events in a push',
    hint: 'How many events a push carries.',
    unit: 'Count',
    lines: all(lines('EventsPerPush', 'p50', 'p50'), lines('EventsPerPush', 'max', 'most')),
  },
  {
    title: 'Queues',
    hint: 'Messages that wait to be received, are being handled, or are delayed. Empty queues are left out.',
    unit: 'Count',
    lines: busy(
      sampled(
        all(
          lines('ApproximateNumberOfMessagesVisible', 'max', 'waiting'),
          lines('ApproximateNumberOfMessagesNotVisible', 'max', 'at work'),
          lines('ApproximateNumberOfMessagesDelayed', 'max', 'delayed'),
        ),
      ),
    ),
  },
  {
    title: 'Failed and skipped',
    hint: 'Parts of batches that failed, records that had been handed out before, and stored rows that '
      + 'cannot be read, a second.',
    unit: 'Count/s',
    lines: all(rates('PartsFailed', 'parts failed'), rates('RecordsSkipped', 'records skipped'),
      rates('RowsUnreadable', 'rows unreadable')),
  },
];

/**
 * A figure at the top of the page.
 *
 * @typedef {object} Tile
 * @property {string} title
 * @property {string} value
 * @property {boolean} bad whether somebody should look
 */

/**
 * The newest figures. Those of what happens are of the last minute that is over.
 *
 * @param {Metrics} metrics
 * @returns {Tile[]}
 */
export function tiles(metrics) {
  const errors = sumOf(metrics, 'Errors', metrics.periods);
  const dead = named(metrics, 'ApproximateNumberOfMessagesVisible')
    .filter((series) => /Dead/.test(told(series)))
    .reduce((sum, series) => sum + (last(line(series, metrics.periods, 'max', '')) ?? 0), 0);
  const age = worst(metrics, 'IteratorAge', 'max');
  return [
    { title: 'connections open', value: words(newest(metrics, 'ConnectionsOpen'), 'Count'), bad: false },
    { title: 'messages a second', value: words(rate(metrics, 'MessagesAccepted'), 'Count'), bad: false },
    { title: 'pushes a second', value: words(rate(metrics, 'Pushes'), 'Count'), bad: false },
    { title: 'accept to push, p99', value: words(worst(metrics, 'AcceptToPush', 'p99'), 'Milliseconds'), bad: false },
    { title: 'oldest batch', value: words(age, 'Milliseconds'), bad: (age ?? 0) > 60_000 },
    { title: 'errors in 15 min', value: words(errors, 'Count'), bad: errors > 0 },
    { title: 'dead letters', value: words(dead, 'Count'), bad: dead > 0 },
    ...(metrics.refused === 0 ? []
      : [{ title: 'values left out', value: words(metrics.refused, 'Count'), bad: true }]),
  ];
}

/** How many periods a minute has. @param {Metrics} metrics */
const minute = ({ periodMs }) => Math.round(60_000 / periodMs);

/**
 * @param {Metrics} metrics
 * @param {string} name
 * @param {number} periods
 * @returns {number}
 */
function sumOf(metrics, name, periods) {
  return named(metrics, name)
    .flatMap((series) => series.points)
    .filter(([at]) => at >= metrics.periods - periods)
    .reduce((sum, point) => sum + point[2], 0);
}

/**
 * A second, in the last minute that is over.
 *
 * @param {Metrics} metrics
 * @param {string} name
 * @returns {number}
 */
function rate(metrics, name) {
  const periods = minute(metrics);
  const over = sumOf(metrics, name, periods + 1) - sumOf(metrics, name, 1);
  return (over * 1000) / (periods * metrics.periodMs);
}

/**
 * @param {Metrics} metrics
 * @param {string} name
 * @returns {number | null}
 */
function newest(metrics, name) {
  const [series] = named(metrics, name);
  return series === undefined ? null : last(line(series, metrics.periods, 'max', ''));
}

/**
 * The largest of the last minute, null where there is none.
 *
 * @param {Metrics} metrics
 * @param {string} name
 * @param {Statistic} statistic
 * @returns {number | null}
 */
function worst(metrics, name, statistic) {
  const values = named(metrics, name)
    .flatMap((series) => line(series, metrics.periods, statistic, '').values.slice(-minute(metrics) - 1))
    .filter((value) => value !== null);
  return values.length === 0 ? null : Math.max(...values);
}

/**
 * A function, in all 15 minutes.
 *
 * @typedef {object} FunctionRow
 * @property {string} name
 * @property {number} invocations
 * @property {number} errors
 * @property {number | null} p50 milliseconds
 * @property {number | null} p99 milliseconds
 * @property {number} concurrency the most at once
 * @property {Line} busy invocations by period
 */

/**
 * The functions that were invoked, those with most invocations first.
 *
 * @param {Metrics} metrics
 * @returns {FunctionRow[]}
 */
export function functions(metrics) {
  return named(metrics, 'Invocations')
    .map((series) => {
      const name = series.dimensions['FunctionName'] ?? '';
      const durations = points(metrics, 'Duration', name);
      return {
        name,
        invocations: total(series.points),
        errors: total(points(metrics, 'Errors', name)),
        p50: meanMedian(durations),
        p99: durations.length === 0 ? null : Math.max(...durations.map((point) => point[5])),
        concurrency: Math.max(0, ...points(metrics, 'ConcurrentExecutions', name).map((point) => point[3])),
        busy: line(series, metrics.periods, 'sum', name),
      };
    })
    .sort((a, b) => b.invocations - a.invocations || a.name.localeCompare(b.name));
}

/**
 * How many rows each table has.
 *
 * @param {Metrics} metrics
 * @returns {{ name: string, rows: number | null, line: Line }[]}
 */
export function tables(metrics) {
  return named(metrics, 'ItemCount').map((series) => {
    const of = held(line(series, metrics.periods, 'max', told(series)));
    return { name: told(series), rows: last(of), line: of };
  });
}

/**
 * @param {Metrics} metrics
 * @param {string} name
 * @param {string} functionName
 * @returns {import('./charts.js').Point[]}
 */
function points(metrics, name, functionName) {
  const of = metrics.series.find(
    (series) => series.name === name && series.dimensions['FunctionName'] === functionName,
  );
  return of?.points ?? [];
}

/**
 * @param {import('./charts.js').Point[]} some
 * @returns {number}
 */
function total(some) {
  return some.reduce((sum, point) => sum + point[2], 0);
}

/**
 * The mean of the periods' medians, by how many values each has: near the median of all.
 *
 * @param {import('./charts.js').Point[]} some
 * @returns {number | null}
 */
function meanMedian(some) {
  const count = some.reduce((sum, point) => sum + point[1], 0);
  return count === 0 ? null : some.reduce((sum, point) => sum + point[4] * point[1], 0) / count;
}
