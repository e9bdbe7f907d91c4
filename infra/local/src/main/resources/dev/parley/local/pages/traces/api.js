/** X-Ray's own API, as the local cloud answers it on this origin. */

/**
 * @typedef {import('./trace.js').Document} Document
 *
 * @typedef {{Name?: string, Type?: string}} ServiceId
 * @typedef {{StringValue?: string, NumberValue?: number, BooleanValue?: boolean}} AnnotationValue
 *
 * @typedef {object} TraceSummary
 * @property {string} Id
 * @property {number} [StartTime]
 * @property {number} [Duration]
 * @property {boolean} [HasFault]
 * @property {boolean} [HasError]
 * @property {boolean} [HasThrottle]
 * @property {boolean} [IsPartial]
 * @property {ServiceId} [EntryPoint]
 * @property {ServiceId[]} [ServiceIds]
 * @property {Record<string, {AnnotationValue?: AnnotationValue}[]>} [Annotations]
 *
 * @typedef {object} Statistics
 * @property {number} [OkCount]
 * @property {{ThrottleCount?: number, OtherCount?: number, TotalCount?: number}} [ErrorStatistics]
 * @property {{OtherCount?: number, TotalCount?: number}} [FaultStatistics]
 * @property {number} [TotalCount]
 * @property {number} [TotalResponseTime] seconds
 *
 * @typedef {{Value: number, Count: number}} HistogramEntry
 *
 * @typedef {object} ServiceEdge
 * @property {number} ReferenceId
 * @property {Statistics} [SummaryStatistics]
 * @property {'link' | string} [EdgeType]
 *
 * @typedef {object} Service
 * @property {number} ReferenceId
 * @property {string} [Name]
 * @property {string} [Type]
 * @property {boolean} [Root]
 * @property {ServiceEdge[]} [Edges]
 * @property {Statistics} [SummaryStatistics]
 * @property {HistogramEntry[]} [ResponseTimeHistogram]
 * @property {HistogramEntry[]} [DurationHistogram]
 */

const ROOT = '/_local/xray';

/** The API did not do what was asked, and says why. */
export class Refused extends Error {}

/** Nobody answers, or it went wrong there: it may be asked again. */
export class Unreachable extends Error {}

/**
 * @param {string} operation
 * @param {object} body
 * @param {AbortSignal} signal
 * @returns {Promise<any>}
 * @throws {Refused | Unreachable | DOMException} the last one where the signal ended it
 */
async function call(operation, body, signal) {
  let response;
  let answer;
  try {
    response = await fetch(`${ROOT}/${operation}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    answer = await response.text();
  } catch (e) {
    if (signal.aborted) throw e;
    throw new Unreachable('The local cloud does not answer.');
  }
  if (response.status >= 500) throw new Unreachable(`X-Ray's ${operation} fails: ${response.status}.`);
  let said;
  try {
    said = JSON.parse(answer);
  } catch {
    said = null;
  }
  if (response.ok && said !== null) return said;
  const reason = said?.Message ?? said?.message;
  throw new Refused(typeof reason === 'string' && reason !== ''
    ? reason : `X-Ray's ${operation} answers ${response.status}.`);
}

/**
 * All of a range, the newest first: the local cloud keeps a bounded number.
 *
 * @param {{start: number, end: number, filter: string}} query epoch seconds
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<TraceSummary[]>} page after page
 */
export async function* traceSummaries({ start, end, filter }, signal) {
  let token;
  do {
    const page = await call('TraceSummaries', {
      StartTime: start,
      EndTime: end,
      ...(filter === '' ? {} : { FilterExpression: filter }),
      ...(token === undefined ? {} : { NextToken: token }),
    }, signal);
    yield page.TraceSummaries ?? [];
    token = page.NextToken ?? undefined;
  } while (token !== undefined);
}

/**
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<{text: string, documents: Document[], unreadable: number, limited: boolean} | null>}
 *     null where there is no such trace. `text`: the documents as they came. `limited`: documents
 *     were left out, since there were too many
 */
export async function trace(id, signal) {
  const { Traces: traces = [] } = await call('Traces', { TraceIds: [id] }, signal);
  if (traces.length === 0) return null;
  const documents = [];
  let unreadable = 0;
  for (const segment of traces[0].Segments ?? []) {
    try {
      documents.push(JSON.parse(segment.Document));
    } catch {
      unreadable++;
    }
  }
  const text = (traces[0].Segments ?? []).map((/** @type {any} */ s) => s.Document).join('\n');
  return { text, documents, unreadable, limited: traces[0].LimitExceeded === true };
}

/**
 * @param {{start: number, end: number}} query epoch seconds
 * @param {AbortSignal} signal
 * @returns {Promise<Service[]>}
 */
export async function serviceGraph({ start, end }, signal) {
  /** @type {Service[]} */
  const services = [];
  let token;
  do {
    const page = await call('ServiceGraph', {
      StartTime: start,
      EndTime: end,
      ...(token === undefined ? {} : { NextToken: token }),
    }, signal);
    services.push(...(page.Services ?? []));
    token = page.NextToken ?? undefined;
  } while (token !== undefined);
  return services;
}
