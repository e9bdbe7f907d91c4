/** The picture of the service map, as SVG. */

import { shape } from '../dom.js';
import { counted, duration, percent } from '../format.js';
import { meanSeconds, worstOf } from './services.js';

/**
 * @typedef {import('./graph.js').Layout} Layout
 * @typedef {import('./services.js').Call} Call
 * @typedef {import('./services.js').Graph} Graph
 * @typedef {import('./services.js').Node} Node
 */

/** Between the centres of nodes. */
export const DISTANCE = { across: 236, down: 136 };

const RADIUS_PX = 38;
const MARGIN = { x: 92, top: 56, bottom: 92 };

/** So many letters of a name fit below a node. */
const NAME_MAX = 24;

/** With more calls than this, only those of the selected node say how many they are. */
const LABELLED_CALLS_MAX = 40;

/** What types are called, and the sign that stands for each. @type {Record<string, [string, string]>} */
const TYPES = {
  client: ['Client', 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 8c0-4 3-6 7-6s7 2 7 6'],
  'AWS::Lambda::Function': ['Lambda function', 'M6 4h4l8 16h-3L9.5 9 5 20'],
  'AWS::DynamoDB': ['DynamoDB', 'M5 6c0-3 14-3 14 0v12c0 3-14 3-14 0V6Zm0 0c0 3 14 3 14 0M5 12c0 3 14 3 14 0'],
  'AWS::DynamoDB::Table': ['DynamoDB table',
    'M5 6c0-3 14-3 14 0v12c0 3-14 3-14 0V6Zm0 0c0 3 14 3 14 0M5 12c0 3 14 3 14 0'],
  'AWS::SQS': ['SQS', 'M4 6h5v12H4ZM10 6h5v12h-5ZM16 6h4v12h-4Z'],
  'AWS::SQS::Queue': ['SQS queue', 'M4 6h5v12H4ZM10 6h5v12h-5ZM16 6h4v12h-4Z'],
  remote: ['Remote', 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM4 12h16M12 4c-5 5-5 11 0 16M12 4c5 5 5 11 0 16'],
};

const OTHER_SIGN = 'M4 8l8-4 8 4v8l-8 4-8-4V8Zm0 0 8 4 8-4M12 12v8';

/**
 * @param {Graph} graph
 * @param {Layout} layout of its nodes, {@link DISTANCE} apart
 * @param {Node | undefined} selected
 */
export function picture({ nodes, calls }, layout, selected) {
  const near = calls.filter((c) => c.from === selected?.key || c.to === selected?.key);
  const beside = new Set(near.flatMap((c) => [c.from, c.to]));
  const labelsAll = calls.length <= LABELLED_CALLS_MAX;
  const placed = new Map(layout.edges.map((e) => [pair(e), e]));
  const edges = calls.flatMap((call) => {
    const way = placed.get(pair(call));
    return way === undefined ? [] : [edge(call, way, near.includes(call), labelsAll)];
  });
  // One node can be reached by Tab; from it the arrow keys lead to the others.
  const tabStop = selected?.key ?? first(layout);
  return shape('svg', selected === undefined ? '' : 'selecting',
    { role: 'group', 'aria-label': 'Services, from callers on the left to what they call on the right' },
    arrowHeads(),
    // Words above all lines.
    ...edges.map(([line]) => line), ...edges.flatMap(([, ...words]) => words),
    ...nodes.map((node) => disc(node, layout.nodes.get(node.key), {
      selected: node === selected,
      far: selected !== undefined && node !== selected && !beside.has(node.key),
      tabStop: node.key === tabStop,
    })));
}

/** With its margins. @param {Layout} layout */
export const sizeOf = ({ width, height }) =>
  ({ width: width + 2 * MARGIN.x, height: height + MARGIN.top + MARGIN.bottom });

/** @param {{from: string, to: string}} call */
const pair = ({ from, to }) => JSON.stringify([from, to]);

/** The node furthest to the left, and of those the highest. @param {Layout} layout */
const first = ({ nodes }) => [...nodes].sort(([, p], [, q]) => p.x - q.x || p.y - q.y)[0]?.[0];

/**
 * @param {Call} call
 * @param {import('./graph.js').PlacedEdge} placed
 * @param {boolean} near the selected node
 * @param {boolean} labelsAll also those have words that are not near it
 * @returns {SVGElement[]} its line, then its words
 */
function edge(call, placed, near, labelsAll) {
  const { figures } = call;
  const bad = worstOf(figures);
  const path = shape('path', ['call', call.link ? 'link' : '', bad, near ? 'near' : ''].filter(Boolean).join(' '), {
    d: curve(placed),
    'stroke-width': Math.min(5, 1.2 + Math.log10(Math.max(1, figures.total)) * 0.8).toFixed(1),
    'marker-end': `url(#arrow${bad === '' ? '' : `-${bad}`})`,
  });
  if (!(near || labelsAll) || figures.total === 0) return [path];
  const { x, y } = middle(placed);
  return [path, shape('text', `calls ${near ? 'near' : ''}`, { x, y: y - 6 }, callsText(call))];
}

/**
 * @param {Node} node
 * @param {import('./graph.js').Point | undefined} point
 * @param {{selected: boolean, far: boolean, tabStop: boolean}} marks `far`: from the selected one
 */
function disc(node, point, { selected, far, tabStop }) {
  const { figures } = node;
  const { x, y } = at(point);
  const [type, sign] = typeOf(node);
  const bad = figures.error + figures.throttle + figures.fault;
  const mean = meanSeconds(figures);
  const group = shape('g', ['node', selected ? 'selected' : '', far ? 'far' : ''].filter(Boolean).join(' '), {
    transform: `translate(${x} ${y})`,
    role: 'button',
    tabindex: tabStop ? 0 : -1,
    'aria-pressed': String(selected),
    'aria-label': `${node.title}, ${type}, ${counted(figures.total, 'call')}`
      + (mean === null ? '' : `, ${duration(mean)} on average`)
      + (bad === 0 ? '' : `, ${percent(bad, figures.total)} with errors`),
    'data-node': node.key,
    'data-testid': 'map-node',
  }, shape('title', '', {}, node.name), shape('circle', 'halo', { r: RADIUS_PX + 8 }),
  shape('circle', 'face', { r: RADIUS_PX }), ...ring(figures));
  if (node.type === 'client') {
    group.append(shape('path', 'sign large', { d: sign, transform: 'translate(-18 -18) scale(1.5)' }));
  } else {
    group.append(
      shape('text', 'mean', { y: -1 }, mean === null ? '–' : duration(mean)),
      shape('text', 'total', { y: 14 }, `${figures.total.toLocaleString('en')}×`),
      shape('g', 'type', { transform: `translate(${-RADIUS_PX + 5} ${-RADIUS_PX + 5})` },
        shape('circle', '', { r: 13 }),
        shape('path', 'sign', { d: sign, transform: 'translate(-8.4 -8.4) scale(0.7)' })));
  }
  const kind = shape('text', 'kind', { y: RADIUS_PX + 37 }, node.type === 'client' ? '' : type);
  if (bad > 0) {
    kind.append(', ', shape('tspan', `rate ${worstOf(figures)}`, {}, `${percent(bad, figures.total)} errors`));
  }
  group.append(shape('text', 'name', { y: RADIUS_PX + 21 },
    node.title.length > NAME_MAX ? `${node.title.slice(0, NAME_MAX - 1)}…` : node.title), kind);
  return group;
}

/** @param {Node} node @returns {[string, string]} */
export const typeOf = ({ type }) => TYPES[type] ?? [type.replace(/^AWS::/, '').replaceAll('::', ' ') || 'Service', OTHER_SIGN];

/** @param {import('./graph.js').Point} [point] */
const at = (point = { x: 0, y: 0 }) => ({ x: point.x + MARGIN.x, y: point.y + MARGIN.top });

/**
 * From the edge of one circle to the edge of the other, through the places between.
 *
 * @param {import('./graph.js').PlacedEdge} edge
 */
function curve({ points, back, from, to }) {
  const all = points.map(at);
  const [first, last] = [all[0], all[all.length - 1]];
  const gap = RADIUS_PX + 3;
  if (from === to) {
    return `M${first.x - 12} ${first.y - gap}c-20 -44 44 -44 24 -4`;
  }
  if (back) {
    // Below, so that it is told apart from the way there.
    const low = Math.max(first.y, last.y) + DISTANCE.down * 0.62;
    return `M${first.x - 10} ${first.y + gap}C${first.x - 60} ${low} ${last.x + 60} ${low} ${last.x + 12} ${last.y + gap + 4}`;
  }
  all[0] = { x: first.x + gap, y: first.y };
  all[all.length - 1] = { x: last.x - gap - 5, y: last.y };
  return all.slice(1).reduce((d, p, i) => {
    const bend = (p.x - all[i].x) / 2;
    return `${d}C${all[i].x + bend} ${all[i].y} ${p.x - bend} ${p.y} ${p.x} ${p.y}`;
  }, `M${all[0].x} ${all[0].y}`);
}

/** Where an edge's words stand. @param {import('./graph.js').PlacedEdge} edge */
function middle({ points, back, from, to }) {
  const all = points.map(at);
  if (from === to) return { x: all[0].x, y: all[0].y - RADIUS_PX - 34 };
  if (back) {
    return {
      x: (all[0].x + all[all.length - 1].x) / 2,
      y: Math.max(all[0].y, all[all.length - 1].y) + DISTANCE.down * 0.6,
    };
  }
  const [before, last] = all.slice(-2);
  return { x: before.x + (last.x - before.x) * 0.47, y: before.y + (last.y - before.y) * 0.45 };
}

/** The shares of what went well and wrong, round a node. @param {import('./services.js').Figures} figures */
function ring({ total, ok, error, throttle, fault }) {
  const length = 2 * Math.PI * RADIUS_PX;
  let turned = 0;
  return /** @type {[string, number][]} */ ([['ok', ok], ['error', error], ['throttle', throttle], ['fault', fault]])
    .filter(([, count]) => total > 0 && count > 0)
    .map(([status, count]) => {
      const part = (count / total) * length;
      const arc = shape('circle', `ring ${status}`, {
        r: RADIUS_PX, 'stroke-dasharray': `${part} ${length - part}`, 'stroke-dashoffset': -turned,
        transform: 'rotate(-90)',
      });
      turned += part;
      return arc;
    });
}

function arrowHeads() {
  return shape('defs', '', {}, ...['', 'error', 'throttle', 'fault'].map((status) =>
    shape('marker', `arrow ${status}`, {
      id: status === '' ? 'arrow' : `arrow-${status}`, viewBox: '0 0 8 8', refX: 5, refY: 4,
      markerWidth: 8, markerHeight: 8, markerUnits: 'userSpaceOnUse', orient: 'auto',
    }, shape('path', '', { d: 'M0 0 8 4 0 8Z' }))));
}

/**
 * How often, and how long it took.
 *
 * @param {Call} call
 */
export function callsText({ figures }) {
  const mean = meanSeconds(figures);
  return `${figures.total.toLocaleString('en')}×${mean === null ? '' : ` ${duration(mean)}`}`;
}
