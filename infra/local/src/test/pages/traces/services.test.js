import { figuresOf, mapOf, meanSeconds, quantile, worstOf } from '../../../main/resources/dev/parley/local/pages/traces/services.js';
import { equal } from '../tools.js';

/** @param {number} total @param {number} seconds */
const ok = (total, seconds) => ({ OkCount: total, TotalCount: total, TotalResponseTime: seconds });

export default {
  'an invocation and its function are one node, and so are all clients'() {
    const { nodes, calls } = mapOf([
      { ReferenceId: 0, Name: 'Send', Type: 'client', Edges: [{ ReferenceId: 1, SummaryStatistics: ok(2, 1) }] },
      { ReferenceId: 1, Name: 'Send', Type: 'AWS::Lambda', SummaryStatistics: ok(2, 1),
        Edges: [{ ReferenceId: 2, SummaryStatistics: ok(2, 0.5) }] },
      { ReferenceId: 2, Name: 'Send', Type: 'AWS::Lambda::Function', SummaryStatistics: ok(3, 0.6),
        Edges: [{ ReferenceId: 3, SummaryStatistics: ok(3, 0.3) }] },
      { ReferenceId: 3, Name: 'Table', Type: 'AWS::DynamoDB::Table', SummaryStatistics: ok(3, 0.3) },
      { ReferenceId: 4, Name: 'Join', Type: 'client', Edges: [{ ReferenceId: 1, SummaryStatistics: ok(5, 1) }] },
    ]);

    equal(nodes.map((n) => [n.title, n.type, n.figures.total]),
      [['Clients', 'client', 0], ['Send', 'AWS::Lambda::Function', 3], ['Table', 'AWS::DynamoDB::Table', 3]]);
    equal(calls.map((c) => [c.from, c.to, c.figures.total, c.figures.seconds]), [
      ['client', 'Send AWS::Lambda::Function', 7, 2],
      ['Send AWS::Lambda::Function', 'Table AWS::DynamoDB::Table', 3, 0.3],
    ]);
  },

  'a queue has its short name, and who takes its messages is linked'() {
    const { nodes, calls } = mapOf([
      { ReferenceId: 7, Name: 'http://127.0.0.1:1/000000000000/Jobs.fifo', Type: 'AWS::SQS::Queue',
        Edges: [{ ReferenceId: 8, EdgeType: 'link', SummaryStatistics: ok(1, 1) }, { ReferenceId: 99 }] },
      { ReferenceId: 8, Name: 'Push', Type: 'AWS::Lambda' },
    ]);
    equal([nodes[0].title, nodes[0].name], ['Jobs.fifo', 'http://127.0.0.1:1/000000000000/Jobs.fifo']);
    equal(calls.map((c) => [c.to, c.link]), [['Push AWS::Lambda::Function', true]]);
  },

  'throttling is told apart from other errors'() {
    const figures = figuresOf({ OkCount: 5, TotalCount: 10, TotalResponseTime: 2,
      ErrorStatistics: { ThrottleCount: 2, OtherCount: 1, TotalCount: 3 }, FaultStatistics: { OtherCount: 2, TotalCount: 2 } });
    equal(figures, { total: 10, ok: 5, error: 1, throttle: 2, fault: 2, seconds: 2 });
    equal(meanSeconds(figures), 0.2);
    equal([worstOf(figures), worstOf(figuresOf(ok(1, 1)))], ['fault', '']);
    equal(meanSeconds(figuresOf()), null);
  },

  'a quantile is a value within which that share was done'() {
    const entries = [{ Value: 0.3, Count: 1 }, { Value: 0.1, Count: 8 }, { Value: 0.2, Count: 1 }];
    equal([0.5, 0.8, 0.9, 0.99].map((q) => quantile(entries, q)), [0.1, 0.1, 0.2, 0.3]);
    equal(quantile([], 0.5), null);
  },
};
