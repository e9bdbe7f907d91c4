/**
 * One trace, made of the documents that have come of it. Pure: documents go in, spans come out.
 *
 * A span is a segment or a subsegment. What is told of it in several documents (in progress, then
 * complete) is one span. Subsegments come within their segment's document, or by themselves.
 */

/**
 * @typedef {'ok' | 'error' | 'throttle' | 'fault'} Status
 *
 * @typedef {object} Document as "X-Ray segment documents" of the X-Ray developer guide says
 * @property {string} [id]
 * @property {string} [name]
 * @property {number} [start_time] epoch seconds
 * @property {number} [end_time]
 * @property {boolean} [in_progress]
 * @property {string} [parent_id]
 * @property {string} [type] `subsegment`, where it comes by itself
 * @property {string} [namespace] `aws` or `remote`
 * @property {boolean} [inferred] X-Ray made it of a call to a service that sends no segments
 * @property {boolean} [fault]
 * @property {boolean} [error]
 * @property {boolean} [throttle]
 * @property {string} [origin]
 * @property {string} [user]
 * @property {string} [resource_arn]
 * @property {Record<string, any>} [aws]
 * @property {Record<string, any>} [http]
 * @property {Record<string, any>} [sql]
 * @property {Record<string, any>} [service]
 * @property {Record<string, string | number | boolean>} [annotations]
 * @property {Record<string, any>} [metadata]
 * @property {any} [cause]
 * @property {{trace_id?: string, id?: string}[]} [links]
 * @property {Document[]} [subsegments]
 *
 * @typedef {object} Span
 * @property {string} id
 * @property {string} title
 * @property {string} detail what it did there, or what it is: `Query ChatConnections`, `GET /`, `Lambda`
 * @property {string} service whose work it is: the segment's name, or what was called
 * @property {'' | 'aws' | 'remote'} namespace where the work was done, if elsewhere
 * @property {boolean} segment false for a subsegment
 * @property {number} start epoch seconds
 * @property {number | null} end null while it is in progress
 * @property {Status} status
 * @property {boolean} orphan its parent has not come
 * @property {number} early seconds that a segment began before its parent: their clocks differ
 * @property {number} wait seconds between its parent's end and its start
 * @property {Span | null} parent
 * @property {Span[]} children its steps by start, then segments by start
 * @property {number} depth
 * @property {Document} document
 *
 * @typedef {object} Trace
 * @property {Span[]} roots by start
 * @property {Span[]} spans all, each before its children
 * @property {number} start epoch seconds
 * @property {number} end of what is known
 * @property {{start: number, end: number}[]} gaps in which nothing was at work
 * @property {Map<string, number>} services with their places in the order in which they began
 * @property {number} segments
 * @property {number} inProgress spans that have not ended
 * @property {number} unreadable documents that are none
 * @property {Status} status the worst there is
 */

/** What is said of each. @type {Record<Status, string>} */
export const STATES = { ok: '', error: 'Error', throttle: 'Throttled', fault: 'Fault' };

/** The worst first. @type {Status[]} */
const STATUSES = ['fault', 'throttle', 'error', 'ok'];

/** Gaps shorter than this share of a trace are not told. */
const GAP_SHARE_MIN = 0.02;

/** Clocks of one machine agree within this: a document has milliseconds, often. */
const EARLY_SECONDS_MIN = 0.001;

/** @param {Iterable<Status>} statuses */
export function worst(statuses) {
  const all = new Set(statuses);
  return STATUSES.find((s) => all.has(s)) ?? 'ok';
}

/**
 * @param {Document[]} documents of one trace
 * @returns {Trace}
 */
export function join(documents) {
  /** @type {Map<string, Span>} */
  const byId = new Map();
  let unreadable = 0;
  for (const document of documents) unreadable += collect(document, byId);
  for (const span of [...byId.values()]) if (isShadow(span, byId)) byId.delete(span.id);
  for (const span of byId.values()) {
    const parentId = span.document.parent_id;
    if (span.parent !== null || typeof parentId !== 'string') continue;
    span.parent = byId.get(parentId) ?? null;
    span.orphan = span.parent === null;
  }
  const roots = rootsOf([...byId.values()]);
  const spans = arrange([...byId.values()], roots);
  const start = least(spans.map((s) => s.start));
  const end = most(spans.map((s) => s.end ?? s.start));
  return {
    roots,
    spans,
    start,
    end,
    gaps: gaps(spans, start, end),
    services: new Map([...new Set([...spans].sort(byStart).map((s) => s.service))].map((name, i) => [name, i])),
    segments: spans.filter((s) => s.segment).length,
    inProgress: spans.filter((s) => s.end === null).length,
    unreadable,
    status: worst(spans.map((s) => s.status)),
  };
}

/** @param {Span} a @param {Span} b */
const byStart = (a, b) => a.start - b.start;

/**
 * What a span did itself, then what went on elsewhere because of it.
 *
 * @param {Span} a
 * @param {Span} b
 */
const stepsFirst = (a, b) => Number(a.segment) - Number(b.segment) || byStart(a, b);

/** Without spreading: a trace may have more spans than a call has arguments. @param {number[]} all */
const least = (all) => all.reduce((a, b) => Math.min(a, b), Infinity);

/** @param {number[]} all */
const most = (all) => all.reduce((a, b) => Math.max(a, b), -Infinity);

/**
 * Takes a document and all that is in it.
 *
 * @param {Document} document
 * @param {Map<string, Span>} byId
 * @returns {number} how many of them are no documents
 */
function collect(document, byId) {
  let unreadable = 0;
  /** @type {{document: Document, within: Span | null}[]} */
  const open = [{ document, within: null }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const read = spanOf(next.document, next.within);
    if (read === null) {
      unreadable++;
      continue;
    }
    const known = byId.get(read.id);
    let span = read;
    if (known === undefined) byId.set(read.id, read);
    // What is complete stays, whichever came first.
    else if (known.end === null || read.end !== null) span = Object.assign(known, read);
    else span = known;
    const inner = next.document.subsegments;
    for (const subsegment of Array.isArray(inner) ? inner : []) {
      open.push({ document: subsegment, within: span });
    }
  }
  return unreadable;
}

/**
 * @param {Document} document
 * @param {Span | null} within the span whose document it stands in
 * @returns {Span | null} null if it is none
 */
function spanOf(document, within) {
  const { id, name, start_time: start, end_time: end } = document ?? {};
  if (typeof id !== 'string' || id === '' || typeof start !== 'number') return null;
  const namespace = document.namespace === 'aws' || document.namespace === 'remote'
    ? document.namespace : '';
  const segment = within === null && document.type !== 'subsegment';
  const title = typeof name === 'string' && name !== '' ? name : '(no name)';
  return {
    id,
    title,
    detail: detailOf(document, namespace),
    service: segment ? title : '', // of a subsegment it is known when its parents are
    namespace,
    segment,
    start,
    end: typeof end === 'number' && document.in_progress !== true ? Math.max(start, end) : null,
    status: worst(STATUSES.filter((s) => s !== 'ok' && document[s] === true)),
    orphan: false,
    early: 0,
    wait: 0,
    parent: within,
    children: [],
    depth: 0,
    document,
  };
}

/**
 * @param {Document} document
 * @param {string} namespace
 */
function detailOf(document, namespace) {
  if (namespace === 'aws') {
    return [document.aws?.operation, resourceOf(document)].filter(Boolean).join(' ');
  }
  const request = document.http?.request;
  if (typeof request?.url !== 'string') return String(document.origin ?? '').replace(/^AWS::/, '');
  return [request.method, request.url.replace(/^https?:\/\/[^/]+/, '') || '/'].filter(Boolean).join(' ');
}

/**
 * The table, queue or function that a call was about.
 *
 * @param {Document} document
 * @returns {string}
 */
function resourceOf({ aws = {} }) {
  const names = aws.resource_names ?? aws.table_name ?? aws.queue_name ?? aws.function_name
    ?? String(aws.queue_url ?? '').split('/').at(-1);
  return Array.isArray(names) ? names.join(', ') : String(names ?? '');
}

/**
 * Whether X-Ray has made a segment of a call that is shown already: it says the same once more.
 *
 * @param {Span} span
 * @param {Map<string, Span>} byId
 */
function isShadow({ document }, byId) {
  return document.inferred === true && byId.has(document.parent_id ?? '');
}

/**
 * Those without a parent, and one of each circle of documents that name each other as parents.
 *
 * @param {Span[]} spans
 */
function rootsOf(spans) {
  /** @type {Set<Span>} */
  const rooted = new Set();
  for (const span of spans) {
    /** @type {Set<Span>} */
    const way = new Set();
    let at = span;
    while (at.parent !== null && !rooted.has(at) && !way.has(at)) {
      way.add(at);
      at = at.parent;
    }
    if (way.has(at)) {
      at.parent = null;
      at.orphan = true;
    }
    for (const passed of way) rooted.add(passed);
    rooted.add(at);
  }
  return spans.filter((s) => s.parent === null).sort(byStart);
}

/**
 * Hangs children under their parents, and says of each span what follows from its place.
 *
 * @param {Span[]} spans
 * @param {Span[]} roots
 * @returns {Span[]} all, each before its children
 */
function arrange(spans, roots) {
  for (const span of spans) span.parent?.children.push(span);
  const arranged = [];
  const open = [...roots].reverse();
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    const { parent, document } = span;
    if (span.service === '') {
      span.service = span.namespace !== '' ? resourceOf(document) || span.title
        : parent?.service ?? span.title;
    }
    if (parent !== null) {
      span.depth = parent.depth + 1;
      const early = parent.start - span.start;
      // A step within its segment has the same clock, and may tell of what was before.
      span.early = span.segment && early > EARLY_SECONDS_MIN ? early : 0;
      span.wait = parent.end === null ? 0 : Math.max(0, span.start - parent.end);
    }
    arranged.push(span);
    open.push(...span.children.sort(stepsFirst).toReversed());
  }
  return arranged;
}

/**
 * The stretches of time in which no span was at work.
 *
 * @param {Span[]} spans
 * @param {number} start
 * @param {number} end
 */
function gaps(spans, start, end) {
  const found = [];
  let covered = start;
  for (const span of [...spans].sort(byStart)) {
    if (span.start - covered > (end - start) * GAP_SHARE_MIN) {
      found.push({ start: covered, end: span.start });
    }
    covered = Math.max(covered, span.end ?? end);
  }
  return found;
}

/**
 * The spans that show when these are collapsed, each before its children.
 *
 * @param {Trace} trace
 * @param {Set<string>} collapsed ids
 */
export function shown({ spans }, collapsed) {
  const all = [];
  let hiddenBelow = Infinity;
  for (const span of spans) {
    if (span.depth > hiddenBelow) continue;
    hiddenBelow = collapsed.has(span.id) ? span.depth : Infinity;
    all.push(span);
  }
  return all;
}

/**
 * How long a span worked by itself: what none of its children covers.
 *
 * @param {Span} span
 * @returns {number | null} seconds, or null while it is in progress
 */
export function selfSeconds({ start, end, children }) {
  if (end === null) return null;
  let covered = start;
  let self = 0;
  for (const child of [...children].sort(byStart)) {
    if (child.start >= end) break;
    self += Math.max(0, child.start - covered);
    covered = Math.max(covered, child.end ?? end);
  }
  return self + Math.max(0, end - covered);
}
