/** The list of traces: what X-Ray's summaries say, in the reader's words. Pure. */

import { worst } from './trace.js';

/**
 * @typedef {import('./api.js').TraceSummary} TraceSummary
 * @typedef {import('./api.js').AnnotationValue} AnnotationValue
 * @typedef {import('./trace.js').Status} Status
 *
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} name of the service that began it
 * @property {number} start epoch seconds
 * @property {number} duration seconds, of what has come so far
 * @property {Status} status
 * @property {boolean} partial it goes on, or a part of it has not come
 * @property {string[]} services
 * @property {[string, string][]} annotations each key once, with its values; without references to
 *     other traces, which say nothing to a reader
 */

export const TRACE_ID = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/;

/** Of an annotation that says something else in each segment, so many values are named. */
const VALUES_MAX = 3;

/**
 * @param {TraceSummary} summary
 * @returns {Entry}
 */
export function entryOf(summary) {
  const services = (summary.ServiceIds ?? [])
    .filter((s) => s.Type !== 'client')
    .flatMap((s) => s.Name ?? []);
  return {
    id: summary.Id,
    name: shortName(summary.EntryPoint?.Name ?? services[0] ?? summary.Id),
    start: summary.StartTime ?? secondsOf(summary.Id),
    duration: summary.Duration ?? 0,
    status: worst([
      summary.HasFault ? 'fault' : 'ok',
      summary.HasThrottle ? 'throttle' : 'ok',
      summary.HasError ? 'error' : 'ok',
    ]),
    partial: summary.IsPartial === true,
    services: [...new Set(services.map(shortName))],
    annotations: Object.entries(summary.Annotations ?? {}).flatMap(([key, values]) => {
      const all = new Set(values.map((v) => valueOf(v.AnnotationValue)));
      const told = [...all].filter((v) => !TRACE_ID.test(v));
      const more = told.length > VALUES_MAX ? ', …' : '';
      return told.length === 0 ? [] : [[key, told.slice(0, VALUES_MAX).join(', ') + more]];
    }),
  };
}

/**
 * A queue is known by its URL, of which the last part tells which one it is.
 *
 * @param {string} name
 */
export const shortName = (name) => (/^https?:/.test(name) ? name.split('/').at(-1) || name : name);

/** @param {AnnotationValue} [value] */
const valueOf = (value) => String(value?.StringValue ?? value?.NumberValue ?? value?.BooleanValue ?? '');

/** When a trace began, to the second, by its id: `1-67891233-abcdef012345678912345678`. @param {string} id */
const secondsOf = (id) => parseInt(id.split('-')[1] ?? '', 16) || 0;

/**
 * What was known, and in the place of what began from `since` on that which was read. X-Ray looks
 * for traces by the second in their ids.
 *
 * @param {Entry[]} known
 * @param {Entry[]} read
 * @param {number} since whole epoch seconds
 */
export function merge(known, read, since) {
  const ids = new Set(read.map((e) => e.id));
  return [...read, ...known.filter((e) => secondsOf(e.id) < since && !ids.has(e.id))];
}

/** @type {Record<string, (a: Entry, b: Entry) => number>} */
const ORDERS = {
  newest: (a, b) => b.start - a.start || (a.id < b.id ? -1 : 1),
  slowest: (a, b) => b.duration - a.duration || b.start - a.start,
};

/**
 * @param {Entry[]} entries
 * @param {string} order `newest` or `slowest`
 */
export const sorted = (entries, order) => [...entries].sort(ORDERS[order] ?? ORDERS.newest);

/**
 * The filter that finds the traces with an annotation.
 *
 * @param {string} key
 * @param {string | number | boolean} value
 */
export function annotationFilter(key, value) {
  const name = /^\w+$/.test(key) ? `annotation.${key}` : `annotation[${key}]`;
  return `${name} = ${typeof value === 'string' ? quoted(value) : value}`;
}

/** The filter that finds the traces that went by a service. @param {string} name */
export const serviceFilter = (name) => `service(${quoted(name)})`;

/** @param {string} text */
const quoted = (text) => `"${text.replace(/["\\]/g, '\\$&')}"`;
