import { annotationFilter, entryOf, merge, serviceFilter, sorted } from '../../../main/resources/dev/parley/local/pages/traces/summaries.js';
import { equal } from '../tools.js';

/** @param {number} seconds @param {string} mark @returns {string} */
const id = (seconds, mark) => `1-${seconds.toString(16).padStart(8, '0')}-${mark.padEnd(24, '0')}`;

/** @param {number} seconds @param {string} mark @param {number} [duration] */
const entry = (seconds, mark, duration = 1) =>
  entryOf({ Id: id(seconds, mark), StartTime: seconds + 0.5, Duration: duration });

export default {
  'an entry says what its summary says'() {
    equal(entryOf({
      Id: id(100, 'a'), StartTime: 100.25, Duration: 0.5, HasError: true, HasThrottle: true, IsPartial: true,
      EntryPoint: { Name: 'Send' },
      ServiceIds: [{ Name: 'client', Type: 'client' }, { Name: 'Send' }, { Name: 'Table' }, { Name: 'Send' }],
      Annotations: {
        room: [{ AnnotationValue: { StringValue: 'lobby' } }, { AnnotationValue: { StringValue: 'lobby' } }],
        members: [1, 2, 3, 4].map((n) => ({ AnnotationValue: { NumberValue: n } })),
        function_trace: [{ AnnotationValue: { StringValue: id(7, 'f') } }],
        large: [{ AnnotationValue: { BooleanValue: false } }],
      },
    }), {
      id: id(100, 'a'), name: 'Send', start: 100.25, duration: 0.5, status: 'throttle', partial: true,
      services: ['Send', 'Table'],
      annotations: [['room', 'lobby'], ['members', '1, 2, 3, …'], ['large', 'false']],
    });
  },

  'an entry without a start began when its id says'() {
    equal(entryOf({ Id: '1-67891233-abcdef012345678912345678' }).start, 0x67891233);
  },

  'what is read takes the place of what began since, and the rest stays'() {
    const known = [entry(90, 'a'), entry(100, 'b'), entry(101, 'c')];

    const merged = merge(known, [entry(101, 'c', 7), entry(102, 'd')], 100);

    equal(merged.map((e) => [e.id, e.duration]), [[id(101, 'c'), 7], [id(102, 'd'), 1], [id(90, 'a'), 1]]);
  },

  'the newest or the longest is the first'() {
    const entries = [entry(90, 'a', 3), entry(100, 'b', 1), entry(95, 'c', 2)];
    equal(sorted(entries, 'newest').map((e) => e.start), [100.5, 95.5, 90.5]);
    equal(sorted(entries, 'slowest').map((e) => e.duration), [3, 2, 1]);
  },

  'filters are written as X-Ray reads them'() {
    equal(annotationFilter('room', 'a "b" \\ c'), 'annotation.room = "a \\"b\\" \\\\ c"');
    equal(annotationFilter('members', 3), 'annotation.members = 3');
    equal(annotationFilter('is-large', true), 'annotation[is-large] = true');
    equal(serviceFilter('PushQueue.fifo'), 'service("PushQueue.fifo")');
  },
};
