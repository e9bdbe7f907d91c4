import { ago, counted, duration, percent, words } from '../../main/resources/dev/parley/local/pages/format.js';
import { equal } from './tools.js';

export default {
  'a duration has three digits and the unit that suits'() {
    for (const [seconds, text] of /** @type {[number, string][]} */ ([
      [0, '0 ms'], [0.000_000_4, '0.40 µs'], [0.000_312, '312 µs'], [0.001, '1.00 ms'], [0.0084, '8.40 ms'],
      [0.0841, '84.1 ms'], [0.412, '412 ms'], [1.238, '1.24 s'], [12.34, '12.3 s'], [59.4, '59.4 s'],
      [184, '3 min 4 s'], [3600, '1 h 0 min'], [7530, '2 h 5 min'], [-0.0032, '−3.20 ms'],
    ])) equal(duration(seconds), text, String(seconds));
  },

  'a duration that rounds to the next unit is in that unit'() {
    equal(duration(0.000_999_6), '1.00 ms');
    equal(duration(0.9996), '1.00 s');
    equal(duration(59.96), '1 min 0 s');
    equal(duration(3599.7), '1 h 0 min');
  },

  'a share that is not all is not called 100 %'() {
    equal([[0, 0], [0, 9], [9, 9], [999, 1000], [1, 3], [1, 40], [1, 5000]].map(([a, b]) => percent(a, b)),
      ['0 %', '0 %', '100 %', '99 %', '33 %', '2.5 %', '< 0.1 %']);
  },

  'a value of a metric has at most four digits, also where it rounds to the next unit'() {
    for (const [value, text] of /** @type {[number, string][]} */ ([
      [0, '0'], [0.04, '0.04'], [0.25, '0.25'], [0.999, '1'], [7, '7'], [12.34, '12.3'], [99.97, '100'],
      [350, '350'], [9_999, '9999'], [9_999.7, '10 k'], [12_500, '12.5 k'], [999_600, '1 M'], [3_200_000, '3.2 M'],
    ])) equal(words(value, 'Count'), text, String(value));
    for (const [value, text] of /** @type {[number, string][]} */ ([
      [0, '0 ms'], [0.04, '40.0 µs'], [3.141_59, '3.14 ms'], [350, '350 ms'], [999.7, '1.00 s'], [1_250, '1.25 s'],
      [200_000, '3 min 20 s'],
    ])) equal(words(value, 'Milliseconds'), text, String(value));
    equal(words(null, 'Milliseconds'), '–');
  },

  'what is counted agrees with its noun'() {
    equal([counted(0, 'trace'), counted(1, 'trace'), counted(1234, 'trace')],
      ['0 traces', '1 trace', '1,234 traces']);
  },

  'how long ago is said in one unit'() {
    equal([-2, 0, 1.6, 59.4, 59.6, 3569, 3570, 7200].map(ago),
      ['now', 'now', '2 s ago', '59 s ago', '1 min ago', '59 min ago', '1 h ago', '2 h ago']);
  },
};
