import { join, selfSeconds, shown } from '../../../main/resources/dev/parley/local/pages/traces/trace.js';
import { check, equal, generator } from '../tools.js';

/** @typedef {import('../../../main/resources/dev/parley/local/pages/traces/trace.js').Document} Document */

/**
 * @param {string} id
 * @param {number} start
 * @param {number | undefined} end
 * @param {Document} [more]
 * @returns {Document}
 */
const document = (id, start, end, more = {}) => ({ id, name: id, start_time: start, end_time: end, ...more });

/** @param {Document[]} documents */
const lines = (documents) => join(documents).spans.map((s) => `${'  '.repeat(s.depth)}${s.id}`);

export default {
  'subsegments hang in their segment, and segments under what caused them, whatever comes first'() {
    const send = document('send', 0, 4, { subsegments: [
      document('write', 2, 3, { subsegments: [document('put', 2.1, 2.9, { namespace: 'aws' })] }),
      document('parse', 0, 1),
    ] });
    const fanout = document('fanout', 6, 8, { parent_id: 'write', subsegments: [document('push', 7, 8)] });

    const expected = ['send', '  parse', '  write', '    put', '    fanout', '      push'];
    equal(lines([send, fanout]), expected);
    equal(lines([fanout, send]), expected);
    const { start, end, segments, services } = join([fanout, send]);
    equal([start, end, segments, [...services]], [0, 8, 2, [['send', 0], ['put', 1], ['fanout', 2]]]);
  },

  'what a span did itself stands before what went on elsewhere'() {
    const write = document('write', 0, 3, { subsegments: [document('put', 2, 3), document('check', 1, 2)] });
    equal(lines([document('fanout', 0.5, 9, { parent_id: 'write' }), write]), ['write', '  check', '  put', '  fanout']);
  },

  'a subsegment that comes by itself hangs where it would have stood'() {
    const step = document('step', 1, 2, { type: 'subsegment', parent_id: 'send' });
    const trace = join([step, document('send', 0, 3)]);
    equal(trace.spans.map((s) => [s.id, s.depth, s.segment]), [['send', 0, true], ['step', 1, false]]);
    equal(trace.spans[1].service, 'send');
  },

  'a span whose parent has not come is a root, and says so, until it comes'() {
    const fanout = document('fanout', 6, 8, { parent_id: 'write' });
    const alone = join([fanout]);
    equal([alone.roots.length, alone.roots[0].orphan], [1, true]);

    const whole = join([fanout, document('write', 1, 2)]);
    equal(whole.spans.map((s) => [s.id, s.orphan]), [['write', false], ['fanout', false]]);
  },

  'what is complete takes the place of what was in progress, whichever comes last'() {
    const progress = document('a', 0, undefined, { in_progress: true, subsegments: [document('b', 1, undefined)] });
    const complete = document('a', 0, 5, { fault: true, subsegments: [document('b', 1, 2)] });
    for (const documents of [[progress, complete], [complete, progress]]) {
      const trace = join(documents);
      equal(trace.spans.map((s) => [s.id, s.end]), [['a', 5], ['b', 2]]);
      equal([trace.inProgress, trace.status], [0, 'fault']);
    }
    equal(join([progress]).inProgress, 2);
  },

  'documents that name each other as parents are shown, once each'() {
    const trace = join([
      document('a', 0, 1, { parent_id: 'c' }), document('b', 1, 2, { parent_id: 'a' }),
      document('c', 2, 3, { parent_id: 'b' }), document('self', 4, 5, { parent_id: 'self' }),
    ]);
    equal(trace.spans.map((s) => s.id).sort(), ['a', 'b', 'c', 'self']);
    equal(trace.roots.length, 2);
    check(trace.roots.every((s) => s.orphan), 'roots of a circle say so');
  },

  'what is no document is counted and left out'() {
    const odd = /** @type {any[]} */ ([null, 5, {}, { id: 'x' }, document('a', 0, 1, /** @type {any} */ ({
      subsegments: [null, document('b', 0, 1), { id: 3, start_time: 1 }] })),
    document('c', 0, 1, /** @type {any} */ ({ subsegments: 'none', annotations: null, aws: null, http: 7 }))]);
    const trace = join(odd);
    equal([trace.spans.map((s) => s.id), trace.unreadable], [['a', 'b', 'c'], 6]);
    equal(join([]).spans, []);
  },

  'what X-Ray infers of a call that is shown is not shown again'() {
    const call = document('call', 1, 2, { namespace: 'aws', aws: { operation: 'Query', table_name: 'T' } });
    const inferred = document('inferred', 1, 2, { parent_id: 'call', inferred: true, origin: 'AWS::DynamoDB::Table' });
    equal(lines([document('a', 0, 3, { subsegments: [call] }), inferred]), ['a', '  call']);
    equal(lines([inferred]), ['inferred']);
  },

  'a call says what it did there, and whose work it was'() {
    /** @type {[Document, string, string][]} */
    const calls = [
      [{ name: 'DynamoDB', namespace: 'aws', aws: { operation: 'Query', table_name: 'T' } }, 'Query T', 'T'],
      [{ name: 'SQS', namespace: 'aws', aws: { operation: 'SendMessage', queue_url: 'http://h:1/0/Q.fifo' } },
        'SendMessage Q.fifo', 'Q.fifo'],
      [{ name: 'DynamoDB', namespace: 'aws', aws: { operation: 'TransactWriteItems', resource_names: ['A', 'B'] } },
        'TransactWriteItems A, B', 'A, B'],
      [{ name: 'Api', namespace: 'aws', aws: { operation: 'PostToConnection' } }, 'PostToConnection', 'Api'],
      [{ name: 'example.com', namespace: 'remote', http: { request: { method: 'GET', url: 'https://example.com/a?b' } } },
        'GET /a?b', 'example.com'],
      [{ name: 'step' }, '', 'root'],
      [{ name: 'step', origin: 'AWS::Lambda::Function' }, 'Lambda::Function', 'root'],
    ];
    for (const [call, detail, service] of calls) {
      const { spans } = join([document('root', 0, 9, { subsegments: [{ ...document('c', 1, 2), ...call }] })]);
      equal([spans[1].detail, spans[1].service], [detail, service]);
    }
  },

  'a segment that begins before its cause has another clock, a step that does tells of what was before'() {
    const { spans } = join([
      document('send', 10, 12, { subsegments: [document('write', 11, 12)] }),
      document('fanout', 10.5, 13, { parent_id: 'write', subsegments: [document('stream', 10.2, 10.5)] }),
      document('later', 14, 15, { parent_id: 'write' }),
    ]);
    const told = Object.fromEntries(spans.map((s) => [s.id, [s.early, s.wait]]));
    equal(told, { send: [0, 0], write: [0, 0], fanout: [0.5, 0], stream: [0, 0], later: [0, 2] });
  },

  'gaps are the times in which nothing was at work, where they are long enough to be seen'() {
    const trace = join([
      document('a', 0, 10), document('b', 4, 30), document('c', 50, 60), document('d', 60.5, 100),
    ]);
    equal(trace.gaps, [{ start: 30, end: 50 }]);
    const progress = join([document('a', 0, undefined), document('b', 50, 60)]);
    equal(progress.gaps, []);
  },

  'the work of a span itself is what its children do not cover'() {
    const { spans } = join([document('a', 0, 10, { subsegments: [
      document('b', 1, 4), document('c', 3, 5), document('d', 8, 12), document('e', 20, 30),
    ] })]);
    equal(selfSeconds(spans[0]), 4);
    equal(selfSeconds(join([document('a', 0, undefined)]).spans[0]), null);
  },

  'what is below a collapsed span does not show'() {
    const trace = join([document('a', 0, 9, { subsegments: [
      document('b', 1, 2, { subsegments: [document('c', 1, 2)] }), document('d', 3, 4),
    ] })]);
    equal(shown(trace, new Set(['b'])).map((s) => s.id), ['a', 'b', 'd']);
    equal(shown(trace, new Set(['a'])).map((s) => s.id), ['a']);
    equal(shown(trace, new Set()).length, 4);
  },

  'whatever documents come, each span is shown once, after its parent'() {
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const documents = Array.from({ length: 1 + random(30) }, (_, i) => document(`${i}`, random(50), 50 + random(50), {
        ...(random(3) > 0 ? { parent_id: String(random(40)) } : {}),
        subsegments: Array.from({ length: random(3) }, (_, j) => document(`${i}.${j}`, random(50), random(99))),
      }));
      const { spans } = join(documents);
      const expected = documents.flatMap((d) => [d.id, ...(d.subsegments ?? []).map((s) => s.id)]);
      equal(spans.map((s) => s.id).sort(), expected.sort(), `seed ${seed}`);
      const places = new Map(spans.map((s, i) => [s, i]));
      for (const span of spans) {
        check(span.parent === null || (places.get(span.parent) ?? Infinity) < (places.get(span) ?? -1),
          `seed ${seed}: ${span.id} before its parent`);
      }
    }
  },

  'a chain of thousands of spans is joined'() {
    let inner = document('0', 0, 1);
    for (let i = 1; i < 5_000; i++) inner = document(String(i), 0, 1, { subsegments: [inner] });
    equal(join([inner]).spans.at(-1)?.depth, 4_999);
  },
};
