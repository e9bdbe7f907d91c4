import { format, HOME, parse, range } from '../../../main/resources/dev/parley/local/pages/traces/address.js';
import { equal } from '../tools.js';

export default {
  'an address that is written is read again'() {
    for (const address of /** @type {import('../../../main/resources/dev/parley/local/pages/traces/address.js').Address[]} */ ([
      HOME,
      { ...HOME, filter: 'annotation.room = "a & b#" AND duration > 0.5', range: '5m' },
      { ...HOME, trace: '1-67891233-abcdef012345678912345678', segment: '53995c3f42cd8ad8', filter: 'fault' },
      { ...HOME, tab: 'map', node: 'ChatMessages AWS::DynamoDB::Table', range: '6h' },
    ])) equal(parse(format(address)), address);
  },

  'the shortest address is the list of the last hour'() {
    equal(format(HOME), '#');
    equal(parse(''), HOME);
    equal(range(HOME).seconds, 3600);
  },

  'a query says the same as a fragment'() {
    equal(parse('?trace=1-67891233-abcdef012345678912345678').trace, '1-67891233-abcdef012345678912345678');
  },

  'what makes no sense is left out'() {
    equal(parse('#tab=none&range=2y&segment=53995c3f42cd8ad8&node=x'), HOME);
    equal(parse('#tab=map&trace=t').tab, 'traces');
  },
};
