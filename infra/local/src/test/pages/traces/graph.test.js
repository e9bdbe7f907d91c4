import { layOut } from '../../../main/resources/dev/parley/local/pages/traces/graph.js';
import { check, equal, generator } from '../tools.js';

/** @typedef {import('../../../main/resources/dev/parley/local/pages/traces/graph.js').Layout} Layout */

const DISTANCE = { across: 100, down: 50 };

/** @param {string} text for example `a>b b>c` */
const calls = (text) => text.split(' ').map((call) => ({ from: call.split('>')[0], to: call.split('>')[1] }));

/** @param {string} text @param {string[]} [ids] */
const laidOut = (text, ids) => layOut(ids ?? [...new Set(text.split(/[> ]/))], calls(text), DISTANCE);

/** @param {Layout} layout @param {string} id */
const at = ({ nodes }, id) => nodes.get(id) ?? { x: NaN, y: NaN };

export default {
  'what is called stands right of all its callers'() {
    const layout = laidOut('client>send send>table send>fanout fanout>table fanout>push push>table');
    equal(['client', 'send', 'fanout', 'push', 'table'].map((n) => at(layout, n).x), [0, 100, 200, 300, 400]);
  },

  'a call past a layer goes round the nodes in it'() {
    const layout = laidOut('a>b b>c a>c');
    const past = layout.edges.find((e) => e.from === 'a' && e.to === 'c');
    equal(past?.points.map((p) => p.x), [0, 100, 200]);
    check(Math.abs((past?.points[1].y ?? 0) - at(layout, 'b').y) >= 25, 'it goes through b');
  },

  'calls do not cross where they need not'() {
    const layout = laidOut('a>x b>y c>z r>a r>b r>c', ['r', 'c', 'a', 'b', 'z', 'y', 'x']);
    const order = (/** @type {string[]} */ ids) => [...ids].sort((p, q) => at(layout, p).y - at(layout, q).y);
    equal(order(['x', 'y', 'z']).map((n) => 'abc'['xyz'.indexOf(n)]), order(['a', 'b', 'c']));
  },

  'a caller stands in the middle of what it calls'() {
    const layout = laidOut('r>a r>b r>c');
    equal(at(layout, 'r').y, at(layout, 'b').y);
  },

  'circles and calls of oneself are drawn back'() {
    const layout = laidOut('a>b b>c c>a b>b');
    equal(layout.edges.map((e) => [e.from, e.to, e.back]),
      [['a', 'b', false], ['b', 'b', true], ['b', 'c', false], ['c', 'a', true]]);
    equal(layout.edges[3].points.map((p) => p.x), [200, 100, 0]);
  },

  'there and back are two calls'() {
    const layout = laidOut('a>b b>a');
    equal(layout.edges.map((e) => [e.back, e.points.map((p) => p.x)]), [[false, [0, 100]], [true, [100, 0]]]);
  },

  'nothing is laid out as nothing, and a call of the unknown is left out'() {
    equal(layOut([], [], DISTANCE).width, 0);
    equal(laidOut('a>b', ['a']).edges, []);
  },

  'any graph: no two nodes meet, calls go right, all is within the picture, and order does not matter'() {
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      const ids = Array.from({ length: 1 + random(16) }, (_, i) => `n${i}`);
      const some = Array.from({ length: random(30) }, () =>
        ({ from: ids[random(ids.length)], to: ids[random(ids.length)] }));

      const layout = layOut(ids, some, DISTANCE);

      const places = [...layout.nodes.values()];
      places.forEach((p, i) => places.slice(i + 1).forEach((q) =>
        check(p.x !== q.x || Math.abs(p.y - q.y) >= DISTANCE.down - 0.001, `seed ${seed}: nodes meet`)));
      for (const edge of layout.edges) {
        check(edge.back || at(layout, edge.from).x < at(layout, edge.to).x, `seed ${seed}: a call goes left`);
        equal([edge.points[0], edge.points.at(-1)], [at(layout, edge.from), at(layout, edge.to)], `seed ${seed}`);
        for (const p of edge.points) {
          check(p.x >= 0 && p.x <= layout.width && p.y >= -0.001 && p.y <= layout.height + 0.001,
            `seed ${seed}: outside`);
        }
      }
      const again = layOut([...ids].reverse(), [...some].reverse(), DISTANCE);
      equal([...again.nodes], [...layout.nodes], `seed ${seed}: another order`);
    }
  },
};
