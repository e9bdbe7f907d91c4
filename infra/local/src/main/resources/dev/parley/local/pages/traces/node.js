/** What is known of one service, beside the map. */

import { element, shape } from '../dom.js';
import { duration, percent } from '../format.js';
import { format } from './address.js';
import { closeButton, facts } from './parts.js';
import { callsText, typeOf } from './picture.js';
import { meanSeconds, quantile } from './services.js';
import { serviceFilter } from './summaries.js';

/**
 * @typedef {import('./address.js').Address} Address
 * @typedef {import('./services.js').Call} Call
 * @typedef {import('./services.js').Graph} Graph
 * @typedef {import('./services.js').Node} Node
 */

/**
 * @param {Node} node
 * @param {Graph} graph that it belongs to
 * @param {Address} address
 * @param {() => void} close
 * @returns {HTMLElement[]}
 */
export function detailsOf(node, { nodes, calls }, address, close) {
  const { figures } = node;
  const mean = meanSeconds(figures);
  const [type] = typeOf(node);
  const share = (/** @type {number} */ count) => `${count.toLocaleString('en')} (${percent(count, figures.total)})`;
  const figuresSaid = /** @type {[string, string][]} */ ([
    ['Calls', figures.total.toLocaleString('en')],
    ['Mean', mean === null ? '–' : duration(mean)],
    ...[0.5, 0.9, 0.99].flatMap((q) => {
      const value = quantile(node.histogram, q);
      return value === null ? [] : [[`p${q * 100}`, duration(value)]];
    }),
    ['OK', share(figures.ok)],
    ['Errors', share(figures.error)],
    ['Throttled', share(figures.throttle)],
    ['Faults', share(figures.fault)],
  ]);
  return [
    element('div', 'title', {}, element('h2', '', {}, node.title, element('small', '', {}, type)),
      closeButton(close)),
    ...(node.type === 'client' ? [] : [element('p', '', {}, element('a', 'plain', {
      href: format({ filter: serviceFilter(node.name), range: address.range }),
    }, 'Traces that went by it'))]),
    facts(figuresSaid),
    ...histogram(node.histogram),
    ...partners('Called by', calls.filter((c) => c.to === node.key), (c) => c.from, nodes, address),
    ...partners('Calls', calls.filter((c) => c.from === node.key), (c) => c.to, nodes, address),
  ];
}

/**
 * @param {string} title
 * @param {Call[]} calls
 * @param {(call: Call) => string} other
 * @param {Node[]} nodes
 * @param {Address} address
 * @returns {HTMLElement[]}
 */
function partners(title, calls, other, nodes, address) {
  if (calls.length === 0) return [];
  const titles = new Map(nodes.map((n) => [n.key, n.title]));
  return [element('h3', '', {}, title), facts(calls.map((call) => [
    element('a', '', { href: format({ ...address, node: other(call) }) }, titles.get(other(call)) ?? ''),
    callsText(call),
  ]), 'facts wide')];
}

const BARS = 24;

/** How response times are spread, on a scale that grows by factors. @param {{Value: number, Count: number}[]} entries */
function histogram(entries) {
  if (entries.length < 2) return [];
  const logs = entries.map((e) => Math.log(Math.max(e.Value, 0.000_1)));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  if (high === low) return [];
  const bars = new Array(BARS).fill(0);
  entries.forEach((e, i) => {
    bars[Math.min(BARS - 1, Math.floor(((logs[i] - low) / (high - low)) * BARS))] += e.Count;
  });
  const most = Math.max(...bars);
  const svg = shape('svg', 'histogram', { viewBox: `0 0 ${BARS * 10} 60`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    ...bars.map((count, i) => shape('rect', '', {
      x: i * 10 + 1, width: 8, y: 60 - (count / most) * 58, height: (count / most) * 58,
    })));
  return [element('h3', '', {}, 'Response times'), element('div', 'spread', {}, svg,
    element('p', '', {}, element('span', '', {}, duration(Math.exp(low))),
      element('span', '', {}, duration(Math.exp(high)))))];
}
