/** The service map: who calls whom, how often, how long it takes, and what goes wrong. */

import { $, element, refill, setText } from '../dom.js';
import { counted } from '../format.js';
import { range } from './address.js';
import { Refused, serviceGraph } from './api.js';
import { layOut } from './graph.js';
import { detailsOf } from './node.js';
import { showNote } from './parts.js';
import { DISTANCE, picture, sizeOf } from './picture.js';
import { mapOf } from './services.js';

/**
 * @typedef {import('./address.js').Address} Address
 * @typedef {import('./graph.js').Layout} Layout
 * @typedef {import('./services.js').Graph} Graph
 */

/** What fits is no smaller than can be read: the rest is scrolled to. */
const FIT_MIN = 0.75;
const FIT_MAX = 1.15;
const ZOOM_MIN = 0.4;
const ZOOM_MAX = 2;
const ZOOM_STEP = 1.25;

/** What keys do to a focused node: which way the next one lies. @type {Record<string, [number, number]>} */
const DIRECTIONS = {
  ArrowRight: [1, 0], l: [1, 0], ArrowLeft: [-1, 0], h: [-1, 0],
  ArrowDown: [0, 1], j: [0, 1], ArrowUp: [0, -1], k: [0, -1],
};

export class ServiceMap {
  /** @type {(address: Partial<Address>, replace?: boolean) => void} */ #go;

  /** @type {Address | null} */ #address = null;

  /** @type {Graph} */ #graph = { nodes: [], calls: [] };

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
    this.#graph = mapOf(services);
    this.#layout = layOut(this.#graph.nodes.map((n) => n.key), this.#graph.calls, DISTANCE);
    this.#draw();
  }

  /** @param {HTMLElement | null} note in the place of the map */
  #note(note) {
    showNote('map-note', note, 'map');
  }

  #draw() {
    if (this.#read === '') return;
    const address = /** @type {Address} */ (this.#address);
    const { nodes } = this.#graph;
    const services = nodes.filter((n) => n.type !== 'client');
    setText($('map-count'), `${counted(services.length, 'service')}, `
      + counted(services.reduce((sum, n) => sum + n.figures.total, 0), 'call'));
    this.#note(nodes.length > 0 ? null : element('div', '', {},
      element('p', 'loud', {}, 'Nothing has been called yet.'),
      element('p', '', {}, 'Send a message at ', element('a', '', { href: '/' }, `${location.origin}/`),
        ', and the services that it goes by are here a moment later.')));
    const focused = nodeKey(document.activeElement);
    const selected = nodes.find((n) => n.key === address.node);
    $('map').replaceChildren(picture(this.#graph, this.#layout, selected));
    this.#size();
    if (focused !== null) this.#focus(focused);
    $('node').hidden = selected === undefined;
    if (selected === undefined) return;
    refill($('node'), ...detailsOf(selected, this.#graph, address, () => this.close()));
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
    const from = this.#layout.nodes.get(key);
    if (from === undefined) return null;
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

  /** @param {number} by */
  #resize(by) {
    this.#zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, this.#scale() * by));
    this.#size();
  }

  #scale() {
    const { width, height } = sizeOf(this.#layout);
    const { clientWidth, clientHeight } = $('map');
    return this.#zoom
      ?? Math.min(FIT_MAX, Math.max(FIT_MIN, Math.min(clientWidth / width, clientHeight / height)));
  }

  #size() {
    const svg = $('map').querySelector('svg');
    if (svg === null || $('map').clientWidth === 0) return;
    const { width, height } = sizeOf(this.#layout);
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
