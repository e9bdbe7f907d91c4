import { ago, counted, duration, percent } from '../../../main/resources/dev/parley/local/pages/traces/format.js';
import { equal } from '../tools.js';

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

  'what is counted agrees with its noun'() {
    equal([counted(0, 'trace'), counted(1, 'trace'), counted(1234, 'trace')],
      ['0 traces', '1 trace', '1,234 traces']);
  },

  'how long ago is said in one unit'() {
    equal([-2, 0, 1.6, 59.4, 59.6, 3569, 3570, 7200].map(ago),
      ['now', 'now', '2 s ago', '59 s ago', '1 min ago', '59 min ago', '1 h ago', '2 h ago']);
  },
};
