/** The pure parts of the dashboard: what is drawn of which values. */

import { area, held, last, line, path, top } from '../../main/resources/dev/parley/local/pages/charts.js';
import { PANELS, functions, tables, tiles } from '../../main/resources/dev/parley/local/pages/panels.js';
import { equal } from './tools.js';

const BOX = { width: 100, height: 50 };

/**
 * @typedef {import('../../main/resources/dev/parley/local/pages/charts.js').Point} Point
 * @typedef {import('../../main/resources/dev/parley/local/pages/charts.js').Series} Series
 */

/**
 * @param {string} name
 * @param {Record<string, string>} dimensions
 * @param {Point[]} points
 * @returns {Series}
 */
const series = (name, dimensions, points) => ({ namespace: 'any', name, dimensions, unit: 'Count', points });

/**
 * @param {number} periods
 * @param {...Series} all
 */
const metrics = (periods, ...all) => ({ periodMs: 5_000, periods, end: 1_795_654_805_000, refused: 0, series: all });

/**
 * @param {string} title
 * @param {ReturnType<typeof metrics>} of
 */
const drawn = (title, of) => PANELS.flatMap((panel) => (panel.title === title ? panel.lines(of) : []));

export default {
  'counts of empty periods are 0, other values are unknown'() {
    const pushes = series('Pushes', {}, [[1, 2, 12, 7, 5, 7]]);

    equal(line(pushes, 3, 'sum', 'all').values, [0, 12, 0]);
    equal(line(pushes, 3, 'p99', 'p99').values, [null, 7, null]);
    equal(last(line(pushes, 3, 'p50', 'p50')), 5);
    equal(last(line(series('x', {}, []), 3, 'max', '')), null);
  },

  'what is looked at now and then holds until it is looked at again'() {
    equal(held({ label: 'rows', values: [null, 3, null, null, 5] }).values, [null, 3, 3, 3, 5]);
  },

  'an axis ends at 1, 2, 5 or 10 of some power of ten'() {
    const of = (/** @type {(number | null)[]} */ ...values) => top([{ label: '', values }]);

    equal([of(), of(0), of(null), of(1), of(1.1), of(3), of(7), of(11), of(420), of(0.03)], [1, 1, 1, 1, 2, 5, 10, 20, 500, 0.05]);
  },

  'a path has a gap where a value is unknown, and a dot for one alone'() {
    equal(path([0, 5, 10], 10, BOX), 'M0 50L50 25L100 0');
    equal(path([0, null, 10], 10, BOX), 'M0 50h.01M100 0h.01');
    equal(path([null, 5, 5, null, null], 10, BOX), 'M25 25L50 25');
    equal(path([20, 20], 10, BOX), 'M0 0L100 0', 'what is above the axis stays in the box');
    equal(area([0, 10], 10, BOX), 'M0 50L100 0L100 50L0 50Z');
  },

  'a panel of counts shows them a second, a line for each code'() {
    const lines = drawn('Frames refused', metrics(
      2,
      series('FramesRefused', { Service: 'parley', Code: 'rate_limited' }, [[1, 1, 10, 10, 10, 10]]),
      series('FramesRefused', { Service: 'parley', Code: 'not_a_member' }, [[0, 1, 5, 5, 5, 5]]),
    ));

    equal(lines, [
      { label: 'not_a_member', values: [1, 0] },
      { label: 'rate_limited', values: [0, 2] },
    ]);
  },

  'queues that were empty all the time are not drawn'() {
    const depth = (/** @type {string} */ queue, /** @type {number} */ sum) =>
      series('ApproximateNumberOfMessagesVisible', { QueueName: queue }, [[0, 1, sum, sum, sum, sum]]);

    const lines = drawn('Queues', metrics(1, depth('PushRetries', 0), depth('PushSegments.fifo', 3)));

    equal(lines.map((one) => one.label), ['PushSegments waiting']);
  },

  'every panel bears that there is nothing yet'() {
    for (const panel of PANELS) equal(panel.lines(metrics(180)), [], panel.title);
    equal(functions(metrics(180)), []);
    equal(tables(metrics(180)), []);
    equal(
      tiles(metrics(180)).map((tile) => tile.value),
      ['–', '0', '0', '–', '–', '0', '0'],
    );
  },

  'functions are told with their errors and durations, the busiest first'() {
    const of = (/** @type {string} */ name, /** @type {string} */ f, /** @type {Point} */ point) =>
      series(name, { FunctionName: f }, [point]);
    const rows = functions(
      metrics(
        2,
        of('Invocations', 'PingFunction', [0, 3, 3, 1, 1, 1]),
        of('Invocations', 'FanoutFunction', [1, 9, 9, 1, 1, 1]),
        of('Errors', 'FanoutFunction', [1, 9, 2, 1, 0, 1]),
        of('Duration', 'FanoutFunction', [1, 9, 90, 40, 8, 40]),
        of('ConcurrentExecutions', 'FanoutFunction', [1, 9, 12, 2, 1, 2]),
      ),
    );

    equal(
      rows.map(({ name, invocations, errors, p50, p99, concurrency }) => [name, invocations, errors, p50, p99, concurrency]),
      [
        ['FanoutFunction', 9, 2, 8, 40, 2],
        ['PingFunction', 3, 0, null, null, 0],
      ],
    );
  },

  'figures are of the last minute that is over, and errors and dead letters stand out'() {
    const full = Array.from({ length: 13 }, (_, i) => /** @type {Point} */ ([167 + i, 1, 5, 5, 5, 5]));
    const shown = tiles(
      metrics(
        180,
        series('MessagesAccepted', {}, full),
        series('Errors', { FunctionName: 'PushFunction' }, [[3, 1, 1, 1, 1, 1]]),
        series('ApproximateNumberOfMessagesVisible', { QueueName: 'PushRetriesDead' }, [[179, 1, 4, 4, 4, 4]]),
      ),
    );

    const told = Object.fromEntries(shown.map((tile) => [tile.title, tile]));
    equal(told['messages a second'].value, '1', 'the period that is under way does not count');
    equal([told['errors in 15 min'].value, told['errors in 15 min'].bad], ['1', true]);
    equal([told['dead letters'].value, told['dead letters'].bad], ['4', true]);
    equal(told['oldest batch'].bad, false);
  },

  'figures go by the length and the number of the periods, and values that were left out are told'() {
    const minutes = { ...metrics(200, series('Pushes', {}, [[198, 1, 120, 1, 1, 1]]), series('Errors', {}, [[3, 1, 1, 1, 1, 1]])),
      periodMs: 60_000, refused: 7 };

    const told = Object.fromEntries(tiles(minutes).map((tile) => [tile.title, tile.value]));

    equal([told['pushes a second'], told['errors in 15 min'], told['values left out']], ['2', '1', '7']);
  },
};
