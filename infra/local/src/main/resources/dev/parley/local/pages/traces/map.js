/** The service map: who calls whom, how often, how long it takes, and what goes wrong. */

import { format, range } from './address.js';
import { Refused, serviceGraph } from './api.js';
import { $, element, refill, setText, shape } from '../dom.js';
import { counted, duration, percent } from '../format.js';
import { layOut } from './graph.js';
import { closeButton, facts, showNote } from './parts.js';
import { mapOf, meanSeconds, quantile, worstOf } from './services.js';
import { serviceFilter } from './summaries.js';

/**
 * @typedef {import('./address.js').Address} Address
 * @typedef {import('./graph.js').Layout} Layout
 * @typedef {import('./services.js').Node} Node
 * @typedef {import('./services.js').Call} Call
 */

const RADIUS_PX = 38;
const DISTANCE = { across: 236, down: 136 };
const MARGIN = { x: 92, top: 56, bottom: 92 };

/** What fits is no smaller than can be read: the rest is scrolled to. */
const FIT_MIN = 0.75;
const FIT_MAX = 1.15;
const ZOOM_MIN = 0.4;
const ZOOM_MAX = 2;
const ZOOM_STEP = 1.25;

/** So many letters of a name fit below a node. */
const NAME_MAX = 24;

/** With more calls than this, only those of the selected node say how many they are. */
const LABELLED_CALLS_MAX = 40;

/** What types are called, and the sign that stands for each. @type {Record<string, [string, string]>} */
const TYPES = {
  client: ['Client', 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 8c0-4 3-6 7-6s7 2 7 6'],
  'AWS::Lambda': ['Lambda', 'M6 4h4l8 16h-3L9.500 9 5 20'],
  'AWS::Lambda::Function': ['Lambda function', 'M6 4h4l8 16h-3L9.500 9 5 20'],
  'AWS::DynamoDB': ['DynamoDB', 'M5 6c0-3 14-3 14 0v12c0 3-14 3-14 0V6Zm0 0c0 3 14 3 14 0M5 12c0 3 14 3 14 0'],
  'AWS::DynamoDB::Table': ['DynamoDB table',
    'M5 6c0-3 14-3 14 0v12c0 3-14 3-14 0V6Zm0 0c0 3 14 3 14 0M5 12c0 3 14 3 14 0'],
  'AWS::SQS': ['SQS', 'M4 6h5v12H4ZM10 6h5v12h-5ZM16 6h4v12h-4Z'],
  'AWS::SQS::Queue': ['SQS queue', 'M4 6h5v12H4ZM10 6h5v12h-5ZM16 6h4v12h-4Z'],
  remote: ['Remote', 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM4 12h16M12 4c-5 5-5 11 0 16M12 4c5 5 5 11 0 16'],
};

const OTHER_SIGN = 'M4 8l8-4 8 4v8l-8 4-8-4V8Zm0 0 8 4 8-4M12 12v8';

/** What keys do to a focused node: which way the next one lies. @type {Record<string, [number, number]>} */
const DIRECTIONS = {
  ArrowRight: [1, 0], l: [1, 0], ArrowLeft: [-1, 0], h: [-1, 0],
  ArrowDown: [0, 1], j: [0, 1], ArrowUp: [0, -1], k: [0, -1],
};

export class ServiceMap {
  /** @type {(address: Partial<Address>, replace?: boolean) => void} */ #go;

  /** @type {Address | null} */ #address = null;

  /** @type {Node[]} */ #nodes = [];

  /** @type {Call[]} */ #calls = [];

  /** @type {Layout} */ #layout = layOut([], [], DISTANCE);

  /** Null: as large as fits. @type {number | null} */ #zoom = null;

  /** What was read last. */
  #read = '';

  /** @param {(address: Partial<Address>, replace?: boolean) => void} go */
  constructor(go) {
    this.#go = go;
    $('smaller').addEventListener('click', () => this.#resize(1 / ZOOM_STEP));
    $('larger').addEventListener('click', () => this.#resize(ZOOM_STEP));
    $('fit').addEventListener('click', () => {
      this.#zoom = null;
      this.#size();
    });
    $('map').addEventListener('click', (e) => {
      const key = nodeKey(e.target);
      if (key !== null) go({ node: key }, true);
      else if (this.#address?.node != null) go({ node: null }, true);
    });
    $('map').addEventListener('keydown', (e) => this.#onKey(e));
    $('node').addEventListener('keydown', (e) => {
      if (e.key !== 'Escape') return;
      e.stopPropagation();
      this.close();
    });
    new ResizeObserver(() => this.#size()).observe($('map'));
  }

  /** @param {Address} address */
  open(address) {
    const before = this.#address;
    this.#address = address;
    document.title = 'Service map · Traces';
    if (before?.range !== address.range) this.#read = '';
    this.#draw();
  }

  /** Escape: what is selected. */
  close() {
    const { node } = /** @type {Address} */ (this.#address);
    if (node === null) return;
    this.#go({ node: null }, true);
    this.#focus(node);
  }

  /**
   * @param {AbortSignal} signal
   * @throws {import('./api.js').Unreachable}
   */
  async read(signal) {
    const address = /** @type {Address} */ (this.#address);
    const now = Date.now() / 1000;
    let services;
    try {
      services = await serviceGraph(
        { start: Math.floor(now - range(address).seconds) + 1, end: Math.ceil(now) }, signal);
    } catch (e) {
      if (!(e instanceof Refused)) throw e;
      this.#read = '';
      this.#note(element('div', '', {},
        element('p', 'loud', {}, 'The service map cannot be read.'), element('p', '', {}, e.message)));
      return;
    }
    const text = JSON.stringify(services.map((s) => [s.Name, s.Type, s.SummaryStatistics, s.Edges]));
    if (text === this.#read) return;
    this.#read = text;
    ({ nodes: this.#nodes, calls: this.#calls } = mapOf(services));
    this.#layout = layOut(this.#nodes.map((n) => n.key), this.#calls, DISTANCE);
    this.#draw();
  }

  /** @param {HTMLElement | null} note in the place of the map */
  #note(note) {
    showNote('map-note', note, 'map');
  }

  #draw() {
    if (this.#read === '') return;
    const address = /** @type {Address} */ (this.#address);
    const requests = this.#nodes.filter((n) => n.type !== 'client')
      .reduce((sum, n) => sum + n.figures.total, 0);
    setText($('map-count'), `${counted(this.#nodes.filter((n) => n.type !== 'client').length, 'service')}, `
      + counted(requests, 'call'));
    this.#note(this.#nodes.length > 0 ? null : element('div', '', {},
      element('p', 'loud', {}, 'Nothing has been called yet.'),
      element('p', '', {}, 'Send a message at ', element('a', '', { href: '/' }, `${location.origin}/`),
        ', and the services that it goes by are here a moment later.')));
    const focused = nodeKey(document.activeElement);
    const selected = this.#nodes.find((n) => n.key === address.node);
    const svg = shape('svg', selected === undefined ? '' : 'selecting', {
      role: 'group', 'aria-label': 'Services, from callers on the left to what they call on the right',
    }, arrowHeads());
    const beside = new Set(this.#calls.filter((c) => c.from === selected?.key || c.to === selected?.key)
      .flatMap((c) => [c.from, c.to]));
    const edges = this.#calls.map((call) => this.#edge(call, selected));
    // Words above all lines.
    for (const drawn of [edges.map(([path]) => path), edges.flatMap(([, ...words]) => words)]) {
      svg.append(...drawn.filter((e) => e !== undefined));
    }
    for (const node of this.#nodes) svg.append(this.#node(node, selected, beside));
    $('map').replaceChildren(svg);
    this.#size();
    if (focused !== null) this.#focus(focused);
    this.#drawDetails(selected);
  }

  /**
   * @param {Call} call
   * @param {Node | undefined} selected
   * @returns {SVGElement[]} its line, then its words
   */
  #edge(call, selected) {
    const placed = this.#layout.edges.find((e) => e.from === call.from && e.to === call.to);
    if (placed === undefined) return [];
    const { figures } = call;
    const bad = worstOf(figures);
    const near = selected !== undefined && (call.from === selected.key || call.to === selected.key);
    const path = shape('path', ['call', call.link ? 'link' : '', bad, near ? 'near' : ''].filter(Boolean).join(' '), {
      d: curve(placed),
      'stroke-width': Math.min(5, 1.2 + Math.log10(Math.max(1, figures.total)) * 0.8).toFixed(1),
      'marker-end': `url(#arrow${bad === '' ? '' : `-${bad}`})`,
    });
    const labelled = near || this.#calls.length <= LABELLED_CALLS_MAX;
    if (!labelled || figures.total === 0) return [path];
    const { x, y } = middle(placed);
    return [path, shape('text', `calls ${near ? 'near' : ''}`, { x, y: y - 6 },
      callsText(call))];
  }

  /**
   * @param {Node} node
   * @param {Node | undefined} selected
   * @param {Set<string>} beside the selected one
   */
  #node(node, selected, beside) {
    const { figures } = node;
    const { x, y } = at(this.#layout.nodes.get(node.key));
    const isSelected = node === selected;
    const [type, sign] = typeOf(node);
    const bad = figures.error + figures.throttle + figures.fault;
    const mean = meanSeconds(figures);
    const group = shape('g', ['node', isSelected ? 'selected' : '',
      selected !== undefined && !isSelected && !beside.has(node.key) ? 'far' : ''].filter(Boolean).join(' '), {
      transform: `translate(${x} ${y})`,
      role: 'button',
      tabindex: this.#isTabStop(node) ? 0 : -1,
      'aria-pressed': String(isSelected),
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
          shape('path', 'sign', { d: sign, transform: 'translate(-8.400 -8.400) scale(0.7)' })));
    }
    const kind = shape('text', 'kind', { y: RADIUS_PX + 37 }, node.type === 'client' ? '' : type);
    if (bad > 0) {
      kind.append(', ', shape('tspan', `rate ${worstOf(figures)}`, {}, `${percent(bad, figures.total)} errors`));
    }
    group.append(shape('text', 'name', { y: RADIUS_PX + 21 },
      node.title.length > NAME_MAX ? `${node.title.slice(0, NAME_MAX - 1)}…` : node.title), kind);
    return group;
  }

  /** One node can be reached by Tab; from it the arrow keys lead to the others. @param {Node} node */
  #isTabStop(node) {
    const stop = this.#nodes.find((n) => n.key === this.#address?.node)
      ?? [...this.#nodes].sort((a, b) => {
        const [p, q] = [at(this.#layout.nodes.get(a.key)), at(this.#layout.nodes.get(b.key))];
        return p.x - q.x || p.y - q.y;
      })[0];
    return node === stop;
  }

  focus() {
    const stop = $('map').querySelector('.node[tabindex="0"]');
    if (stop instanceof SVGElement) stop.focus({ preventScroll: true });
  }

  /** @param {string} key */
  #focus(key) {
    const found = [...$('map').querySelectorAll('.node')].find((n) => nodeKey(n) === key);
    if (found instanceof SVGElement) found.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const key = nodeKey(event.target);
    if (key === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      if (this.#address?.node === key) $('node').focus();
      else this.#go({ node: key }, true);
      return;
    }
    const direction = DIRECTIONS[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    const next = this.#neighbour(key, direction);
    if (next === null) return;
    for (const n of $('map').querySelectorAll('.node')) n.setAttribute('tabindex', nodeKey(n) === next ? '0' : '-1');
    const found = [...$('map').querySelectorAll('.node')].find((n) => nodeKey(n) === next);
    if (found instanceof SVGElement) {
      found.focus({ preventScroll: true });
      found.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
    if (this.#address?.node != null) this.#go({ node: next }, true);
  }

  /**
   * The node that lies nearest in a direction.
   *
   * @param {string} key
   * @param {[number, number]} direction
   */
  #neighbour(key, [dx, dy]) {
    const from = at(this.#layout.nodes.get(key));
    let best = null;
    let least = Infinity;
    for (const [other, to] of this.#layout.nodes) {
      const along = (to.x - from.x) * dx + (to.y - from.y) * dy;
      const across = Math.abs((to.x - from.x) * dy) + Math.abs((to.y - from.y) * dx);
      const distance = along + 2 * across;
      if (other === key || along <= 1 || distance >= least) continue;
      best = other;
      least = distance;
    }
    return best;
  }

  /** @param {Node | undefined} node */
  #drawDetails(node) {
    const panel = $('node');
    panel.hidden = node === undefined;
    if (node === undefined) return;
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
    refill(panel,
      element('div', 'title', {}, element('h2', '', {}, node.title, element('small', '', {}, type)),
        closeButton(() => this.close())),
      ...(node.type === 'client' ? [] : [element('p', '', {}, element('a', 'plain', {
        href: format({ filter: serviceFilter(node.name), range: this.#address?.range }),
      }, 'Traces that went by it'))]),
      facts(figuresSaid),
      ...histogram(node.histogram),
      ...this.#callers('Called by', (c) => c.to === node.key, (c) => c.from),
      ...this.#callers('Calls', (c) => c.from === node.key, (c) => c.to));
  }

  /**
   * @param {string} title
   * @param {(call: Call) => boolean} which
   * @param {(call: Call) => string} other
   */
  #callers(title, which, other) {
    const calls = this.#calls.filter(which);
    if (calls.length === 0) return [];
    return [element('h3', '', {}, title), facts(calls.map((call) => {
      const node = this.#nodes.find((n) => n.key === other(call));
      return [element('a', '', { href: format({ ...this.#address, node: other(call) }) }, node?.title ?? ''),
        callsText(call)];
    }), 'facts wide')];
  }

  /** @param {number} by */
  #resize(by) {
    this.#zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, this.#scale() * by));
    this.#size();
  }

  #scale() {
    const { width, height } = this.#whole();
    const { clientWidth, clientHeight } = $('map');
    return this.#zoom
      ?? Math.min(FIT_MAX, Math.max(FIT_MIN, Math.min(clientWidth / width, clientHeight / height)));
  }

  #whole() {
    return {
      width: this.#layout.width + 2 * MARGIN.x,
      height: this.#layout.height + MARGIN.top + MARGIN.bottom,
    };
  }

  #size() {
    const svg = $('map').querySelector('svg');
    if (svg === null || $('map').clientWidth === 0) return;
    const { width, height } = this.#whole();
    const scale = this.#scale();
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    svg.setAttribute('width', String(Math.floor(width * scale)));
    svg.setAttribute('height', String(Math.floor(height * scale)));
  }
}

/** @param {EventTarget | null} target */
function nodeKey(target) {
  const node = target instanceof Element ? target.closest('.node') : null;
  return node?.getAttribute('data-node') ?? null;
}

/** @param {Node} node @returns {[string, string]} */
const typeOf = ({ type }) => TYPES[type] ?? [type.replace(/^AWS::/, '').replaceAll('::', ' ') || 'Service', OTHER_SIGN];

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
function callsText({ figures }) {
  const mean = meanSeconds(figures);
  return `${figures.total.toLocaleString('en')}×${mean === null ? '' : ` ${duration(mean)}`}`;
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
