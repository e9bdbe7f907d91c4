/**
 * What the service map shows of X-Ray's service graph. Pure.
 *
 * X-Ray has a node for Lambda's part of an invocation and one for the function's, and a client for
 * each service that is called from outside. As in X-Ray's console, the first two are one here; so are
 * all clients.
 */

import { shortName } from './summaries.js';

/**
 * @typedef {import('./api.js').Service} Service
 * @typedef {import('./api.js').Statistics} Statistics
 * @typedef {import('./api.js').HistogramEntry} HistogramEntry
 *
 * @typedef {object} Figures
 * @property {number} total
 * @property {number} ok
 * @property {number} error
 * @property {number} throttle
 * @property {number} fault
 * @property {number} seconds of all together
 *
 * @typedef {object} Node
 * @property {string} key stays the same from one reading to the next
 * @property {string} name as filters have it
 * @property {string} title as it is shown
 * @property {string} type
 * @property {Figures} figures
 * @property {HistogramEntry[]} histogram
 *
 * @typedef {object} Call
 * @property {string} from
 * @property {string} to
 * @property {boolean} link it goes by a message, in another trace
 * @property {Figures} figures
 *
 * @typedef {{nodes: Node[], calls: Call[]}} Graph
 */

const CLIENT = 'client';
const INVOCATION = 'AWS::Lambda';
const FUNCTION = 'AWS::Lambda::Function';

/**
 * @param {Service[]} services
 * @returns {Graph}
 */
export function mapOf(services) {
  const keys = new Map(services.map((s) => [s.ReferenceId, keyOf(s)]));
  /** @type {Map<string, Node>} */
  const nodes = new Map();
  for (const service of services) {
    const key = keyOf(service);
    const known = nodes.get(key);
    // Of an invocation and its function, the function's figures count: it has them also where it
    // goes on with a trace that another invocation began.
    if (known !== undefined && service.Type === INVOCATION) continue;
    const { Name: name = '(no name)', Type: type = '' } = service;
    nodes.set(key, {
      key,
      name,
      title: type === CLIENT ? 'Clients' : shortName(name),
      type: type === INVOCATION ? FUNCTION : type,
      figures: figuresOf(service.SummaryStatistics),
      histogram: service.ResponseTimeHistogram ?? service.DurationHistogram ?? [],
    });
  }
  /** @type {Map<string, Call>} */
  const calls = new Map();
  for (const service of services) {
    const from = keyOf(service);
    for (const edge of service.Edges ?? []) {
      const to = keys.get(edge.ReferenceId);
      if (to === undefined || (to === from && service.Type === INVOCATION)) continue;
      const call = { from, to, link: edge.EdgeType === 'link', figures: figuresOf(edge.SummaryStatistics) };
      const key = JSON.stringify([from, to]);
      const known = calls.get(key);
      calls.set(key, known === undefined ? call
        : { ...known, link: known.link && call.link, figures: sum(known.figures, call.figures) });
    }
  }
  return { nodes: [...nodes.values()], calls: [...calls.values()] };
}

/** @param {Service} service */
function keyOf({ Name: name = '', Type: type = '' }) {
  if (type === CLIENT) return CLIENT;
  return `${name} ${type === INVOCATION ? FUNCTION : type}`.trim();
}

/**
 * @param {Statistics} [statistics]
 * @returns {Figures}
 */
export function figuresOf(statistics = {}) {
  const { ErrorStatistics: errors = {}, FaultStatistics: faults = {} } = statistics;
  const total = statistics.TotalCount ?? 0;
  const throttle = errors.ThrottleCount ?? 0;
  const error = Math.max(0, (errors.TotalCount ?? throttle) - throttle);
  const fault = faults.TotalCount ?? 0;
  const ok = statistics.OkCount ?? Math.max(0, total - error - throttle - fault);
  return { total, ok, error, throttle, fault, seconds: statistics.TotalResponseTime ?? 0 };
}

/**
 * @param {Figures} a
 * @param {Figures} b
 * @returns {Figures}
 */
const sum = (a, b) => ({
  total: a.total + b.total,
  ok: a.ok + b.ok,
  error: a.error + b.error,
  throttle: a.throttle + b.throttle,
  fault: a.fault + b.fault,
  seconds: a.seconds + b.seconds,
});

/**
 * @param {Figures} figures
 * @returns {number | null} seconds; null where nothing was called
 */
export const meanSeconds = ({ total, seconds }) => (total === 0 ? null : seconds / total);

/**
 * The worst that happened, by which a node or a call is coloured.
 *
 * @param {Figures} figures
 */
export const worstOf = ({ error, throttle, fault }) =>
  (fault > 0 ? 'fault' : throttle > 0 ? 'throttle' : error > 0 ? 'error' : '');

/**
 * @param {HistogramEntry[]} entries
 * @param {number} share for example 0.5
 * @returns {number | null} seconds within which that share of all was done; null of none
 */
export function quantile(entries, share) {
  const ordered = [...entries].sort((a, b) => a.Value - b.Value);
  const total = ordered.reduce((count, e) => count + e.Count, 0);
  let seen = 0;
  for (const entry of ordered) {
    seen += entry.Count;
    if (seen >= total * share) return entry.Value;
  }
  return null;
}
