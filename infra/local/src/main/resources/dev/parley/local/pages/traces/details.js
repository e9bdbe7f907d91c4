/** What is known of one span, beside the waterfall. */

import { element } from '../dom.js';
import { duration, moment } from '../format.js';
import { format } from './address.js';
import { facts } from './parts.js';
import { annotationFilter, TRACE_ID } from './summaries.js';
import { selfSeconds } from './trace.js';

/**
 * @typedef {import('./trace.js').Span} Span
 * @typedef {import('./trace.js').Trace} Trace
 * @typedef {import('./address.js').Address} Address
 */

/** Of a stack trace, so many lines are shown at once. */
const STACK_LINES_SHOWN = 8;

/**
 * @param {Span} span
 * @param {Trace} trace
 * @param {Address} address
 * @returns {HTMLElement[]}
 */
export function detailsOf(span, trace, address) {
  const { document } = span;
  return [
    ...warnings(span),
    facts([
      ['Started', `${moment(span.start)} (+${duration(span.start - trace.start)})`],
      ['Duration', span.end === null ? 'in progress' : duration(span.end - span.start)],
      ['By itself', selfText(span)],
      ['Waited', span.wait > 0 && span.parent !== null
        ? `${duration(span.wait)} since ${span.parent.title} had ended` : undefined],
      ['Service', span.service],
      ['Kind', kind(span)],
      ['Resource', document.resource_arn],
      ['User', document.user],
      ['Id', span.id],
      ['Parent', parentLink(span, address)],
    ]),
    ...exceptions(span, trace, address),
    ...part('Annotations', Object.entries(document.annotations ?? {})
      .map(([key, value]) => [key, annotation(key, value, address)])),
    ...part('Linked traces', (document.links ?? []).map((link) =>
      ['Trace', valueOf(link.trace_id, address)])),
    ...part('AWS', objectFacts(document.aws, address)),
    ...part('HTTP', objectFacts({ ...document.http?.request, ...prefixed(document.http?.response) },
      address)),
    ...part('SQL', objectFacts(document.sql, address)),
    ...part('Service', objectFacts(document.service, address)),
    ...Object.entries(document.metadata ?? {}).flatMap(([space, values]) =>
      part(space === 'default' ? 'Metadata' : `Metadata: ${space}`,
        typeof values === 'object' && values !== null
          ? objectFacts(values, address) : [[space, valueOf(values, address)]])),
    raw(document),
  ];
}

/** @param {Span} span */
function warnings(span) {
  const said = [
    span.orphan ? `Its parent ${span.document.parent_id ?? ''} has not come: it is shown as a root.` : '',
    span.early > 0 && span.parent !== null
      ? `It begins ${duration(span.early)} before ${span.parent.title}, which caused it: `
        + 'the clocks of the two differ.' : '',
    span.end === null ? 'It has not ended, or the document that says so has not come.' : '',
  ].filter(Boolean);
  return said.map((text) => element('p', 'warning', {}, text));
}

/** @param {Span} span */
function selfText(span) {
  const self = selfSeconds(span);
  return self === null || span.children.length === 0 ? undefined : duration(self);
}

/** @param {Span} span */
function kind({ namespace, segment, document }) {
  if (namespace === 'aws') return 'call to an AWS service';
  if (namespace === 'remote') return 'call to another service';
  return segment ? `segment${document.origin ? ` of ${document.origin}` : ''}` : 'step within its segment';
}

/**
 * @param {Span} span
 * @param {Address} address
 */
function parentLink({ parent }, address) {
  return parent === null ? undefined
    : element('a', '', { href: format({ ...address, segment: parent.id }) }, parent.title);
}

/**
 * @param {Span} span
 * @param {Trace} trace
 * @param {Address} address
 */
function exceptions({ document: { cause }, status }, trace, address) {
  if (cause === undefined || cause === null) return [];
  const heading = element('h3', '', {}, 'What went wrong');
  if (typeof cause === 'string') {
    // The exception of another span, by its id.
    const thrower = trace.spans.find((s) => Array.isArray(s.document.cause?.exceptions)
      && s.document.cause.exceptions.some((/** @type {any} */ e) => e.id === cause));
    return [heading, element('p', `exception ${status}`, {}, thrower === undefined
      ? `The exception ${cause}`
      : element('a', '', { href: format({ ...address, segment: thrower.id }) },
        `The exception of ${thrower.title}`))];
  }
  const all = Array.isArray(cause.exceptions) ? cause.exceptions : [];
  return [heading, ...all.map((/** @type {any} */ exception) => {
    const stack = (Array.isArray(exception.stack) ? exception.stack : [])
      .map((/** @type {any} */ frame) => `${frame.label ?? '?'} (${frame.path ?? '?'}:${frame.line ?? '?'})`);
    if (exception.truncated > 0) stack.push(`and ${exception.truncated} more`);
    const box = element('div', `exception ${status}`, {},
      element('b', '', {}, String(exception.type ?? 'Exception')),
      element('p', '', {}, String(exception.message ?? '')));
    if (stack.length > 0) {
      box.append(element('details', '', stack.length <= STACK_LINES_SHOWN ? { open: '' } : {},
        element('summary', '', {}, `Stack of ${stack.length}`),
        element('pre', '', {}, stack.join('\n'))));
    }
    return box;
  })];
}

/**
 * @param {string} key
 * @param {string | number | boolean} value
 * @param {Address} address
 */
function annotation(key, value, address) {
  const filter = annotationFilter(key, value);
  return element('span', 'with-link', {}, valueOf(value, address),
    element('a', 'find', {
      href: format({ filter, range: address.range }),
      'aria-label': `Traces with ${key} ${value}`,
      title: `Traces with ${filter}`,
    }, 'find'));
}

/**
 * @param {Record<string, any> | undefined} object
 * @param {Address} address
 * @returns {[string, Node | string][]}
 */
function objectFacts(object, address) {
  return Object.entries(object ?? {}).map(([key, value]) => [key, valueOf(value, address)]);
}

/** @param {Record<string, any> | undefined} response */
const prefixed = (response) => Object.fromEntries(
  Object.entries(response ?? {}).map(([key, value]) => [`response ${key}`, value]));

/**
 * @param {any} value
 * @param {Address} address
 * @returns {Node | string}
 */
function valueOf(value, address) {
  if (typeof value === 'object' && value !== null) {
    return element('pre', '', {}, JSON.stringify(value, null, 2));
  }
  const text = String(value);
  return TRACE_ID.test(text)
    ? element('a', 'mono', { href: format({ ...address, trace: text, segment: null }) }, text)
    : text;
}

/**
 * @param {string} title
 * @param {(Node | string)[][]} entries
 */
function part(title, entries) {
  return entries.length === 0 ? []
    : [element('h3', '', {}, title),
      facts(/** @type {[string, Node | string][]} */ (entries))];
}

/** @param {import('./trace.js').Document} document */
function raw(document) {
  const own = Object.fromEntries(Object.entries(document).filter(([key]) => key !== 'subsegments'));
  const count = document.subsegments?.length ?? 0;
  return element('details', 'raw', {},
    element('summary', '', {}, count === 0 ? 'Document' : 'Document, without its subsegments'),
    element('pre', '', {}, JSON.stringify(own, null, 2)));
}
