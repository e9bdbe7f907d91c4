/**
 * A stretch of a room: its messages from some timestamp on, and what is known to be missing among
 * them. It is a value: each function gives the stretch after something has come, and leaves the old
 * one as it was. docs/PROTOCOL.md, "How a client loses nothing", says why this is right.
 *
 * A message is contiguous when nothing that was handed out before it is missing here. `prev` links
 * each event to the one before it, so an event whose `prev` is contiguous is contiguous too. Any
 * other event has a gap before it, until the missing message comes or a read closes the gap.
 *
 * @typedef {object} Stretch
 * @property {ReadonlyArray<Message>} messages ascending by timestamp, each once
 * @property {number} from where it begins: a timestamp, or 0 for the beginning of the room
 * @property {boolean} complete false: retention has removed what came before
 * @property {number | null} watermark whatever is missing is later than this minus the overlap; null
 *     before the first page
 * @property {number | null} reached how far a read came that did not finish; the next one goes on from
 *     there. Nothing older is missing, as with `watermark`. But what is missing may have been handed
 *     out before what is older, if its timestamp is ahead of the server's time.
 * @property {number | null} tail the message that became contiguous last; it need not be shown
 * @property {ReadonlyMap<number, number | null>} gaps the timestamps that have a gap before them, with
 *     their `prev`; null for a head, of which no more is known
 * @property {ReadonlySet<number>} unconfirmed read in several pages, between which something may have
 *     been written: not contiguous, and no gap as long as no `prev` or head names it
 * @property {ReadonlySet<number>} unreadable rows of the last seconds that were read and are no
 *     messages: seen, but not shown
 * @property {Read | null} read the one that is under way
 * @property {ReadonlyArray<Message> | null} earlier what came from before `from` since older messages
 *     were asked for, as it may have been written after their page was read; null: none are asked for
 * @property {number} overlapUs how much later than its timestamp a message may still come to be in the
 *     table
 *
 * @typedef {object} Read
 * @property {number | undefined} after where its next page begins; undefined for the newest page
 * @property {number} fromMin where the stretch began when messages were dropped since the read began
 * @property {number} pages how many have come
 * @property {number | null} head what the `joined` reply said
 * @property {ReadonlyMap<number, number | null>} gaps those that were open when it began. Whatever was
 *     known to be missing then had been written, so this read closes them.
 */

import { Chain, contiguousUpTo } from './chain.js';
import { content, has, lowerBound, merge, readable } from './messages.js';

/**
 * @typedef {import('./messages.js').Message} Message
 * @typedef {import('./messages.js').MessageEvent} MessageEvent
 * @typedef {import('./messages.js').Page} Page
 */

/**
 * The stretch of a room before anything is known of it.
 *
 * @param {number} overlapUs
 * @returns {Stretch}
 */
export const newStretch = (overlapUs) => ({
  messages: [],
  from: 0,
  complete: true,
  watermark: null,
  reached: null,
  tail: null,
  gaps: new Map(),
  unconfirmed: new Set(),
  unreadable: new Set(),
  read: null,
  earlier: null,
  overlapUs,
});

/**
 * The timestamp after which a read begins, so that it brings all that is missing. Undefined where
 * the newest page is wanted.
 *
 * @param {Stretch} stretch
 * @returns {number | undefined}
 */
export function resumeAfter({ watermark, reached, overlapUs }) {
  const known = Math.max(watermark ?? -1, reached ?? -1);
  return known < 0 ? undefined : Math.max(0, known - overlapUs);
}

/**
 * Whether something is known to be missing that a repair would bring.
 *
 * @param {Stretch} stretch
 */
export const hasGap = ({ gaps }) => gaps.size > 0;

/**
 * Whether a message that is in the table may still come to be shown: it is not yet, and it is
 * neither before the stretch nor so old that nothing before it is missing.
 *
 * @param {Stretch} stretch
 * @param {number} timestamp
 */
export function awaits(stretch, timestamp) {
  return timestamp >= stretch.from && timestamp > contiguousUpTo(stretch)
    && !has(stretch.messages, timestamp);
}

/**
 * After events, in the order in which they came.
 *
 * @param {Stretch} stretch
 * @param {ReadonlyArray<MessageEvent>} events
 * @param {number} limit what is later is ahead of the server's time, and does not move the watermark
 * @returns {Stretch} the same one where they are no news
 */
export function eventsReceived(stretch, events, limit) {
  const { from } = stretch;
  const old = contiguousUpTo(stretch);
  const news = events.filter(({ timestamp }) => timestamp >= from || timestamp > old);
  const chain = new Chain(stretch, limit);
  for (const { timestamp, prev } of news) chain.event(timestamp, prev);
  return inserted(chain.changed ? chain.stretch(stretch.read) : stretch, news.map(content));
}

/**
 * After the server named the message that was handed out last.
 *
 * @param {Stretch} stretch
 * @param {number} head 0 where nothing was said yet
 * @returns {Stretch} the same one where that is no news
 */
export function headReceived(stretch, head) {
  const chain = new Chain(stretch);
  if (head === 0 || chain.isContiguous(head) || stretch.gaps.has(head)) return stretch;
  chain.openGap(head, null);
  return chain.stretch(stretch.read);
}

/**
 * After the server told its time.
 *
 * @param {Stretch} stretch
 * @param {number} limit what is later was ahead of that time when the last read began
 * @returns {Stretch} the same one where that is no news
 */
export function timeReceived(stretch, limit) {
  const { messages, watermark } = stretch;
  const sure = messages[lowerBound(messages, limit + 1) - 1]?.timestamp;
  if (sure === undefined || sure <= (watermark ?? 0)) return stretch;
  const chain = new Chain(stretch, limit);
  chain.advance(sure);
  return chain.stretch(stretch.read);
}

/**
 * After a read began, maybe instead of one that is under way.
 *
 * @param {Stretch} stretch
 * @param {number | undefined} after
 * @returns {Stretch}
 */
export function readBegun(stretch, after) {
  const head = stretch.read?.head ?? null;
  return { ...stretch, read: { after, fromMin: 0, pages: 0, head, gaps: stretch.gaps } };
}

/**
 * After the read that was under way, if any, came to nothing.
 *
 * @param {Stretch} stretch
 * @returns {Stretch}
 */
export function readAbandoned(stretch) {
  return stretch.read === null ? stretch : { ...stretch, read: null };
}

/**
 * After a page of the read that is under way. With the last page `read` is null again.
 *
 * @param {Stretch} stretch
 * @param {Page & {after?: number, head?: number | null}} page
 * @param {number} limit what is later was ahead of the server's time when the read began
 * @returns {Stretch | null} null where this page was not asked for, or is not wanted any more
 */
export function pageReceived(stretch, page, limit) {
  const { read, messages } = stretch;
  if (read === null || read.after !== page.after) return null;

  const rows = page.messages.map((m) => m.timestamp);
  const newest = page.after === undefined;
  const more = !newest && page.more && rows.length > 0;
  const head = read.head ?? page.head ?? null;
  const chain = new Chain(stretch, limit);
  chain.addPage(page);
  for (const t of rows) chain.reach(t);
  if (!more) chain.finish(read, rows, head);
  const linked = chain.stretch(
    more ? { ...read, after: rows.at(-1), pages: read.pages + 1, head } : null);

  const add = (/** @type {Partial<Stretch>} */ change) => (
    inserted({ ...linked, ...change }, readable(page)));
  if (newest) {
    // What is older than this page may lie behind a gap, unless the page is the whole room.
    const first = page.more && rows.length > 0 ? rows[0] : 0;
    const begin = Math.max(read.fromMin, first);
    const kept = messages.slice(lowerBound(messages, begin));
    return add({ from: begin, complete: page.complete, messages: kept });
  }
  if (!page.complete) {
    // Retention has overtaken us: what is held and older than the page is gone from the table too.
    const first = rows[0] ?? (stretch.watermark ?? 0) + 1;
    const kept = messages.slice(lowerBound(messages, first));
    return add({ from: read.fromMin, complete: false, messages: kept });
  }
  return add({});
}

/**
 * Before a page of older messages is asked for, the page before `from`.
 *
 * @param {Stretch} stretch
 * @returns {Stretch}
 */
export const olderAsked = (stretch) => ({ ...stretch, earlier: [] });

/**
 * After a page of older messages was asked for in vain.
 *
 * @param {Stretch} stretch
 * @returns {Stretch}
 */
export function olderAbandoned(stretch) {
  return stretch.earlier === null ? stretch : { ...stretch, earlier: null };
}

/**
 * After a page of older messages.
 *
 * @param {Stretch} stretch
 * @param {Page & {before: number}} page
 * @returns {Stretch} the same one where the page does not adjoin it any more
 */
export function olderReceived(stretch, page) {
  const { earlier, from } = stretch;
  if (earlier === null || from === 0 || from !== page.before) return stretch;
  const first = page.messages[0]?.timestamp;
  if (page.more && first === undefined) return stretch; // It does not say where it begins.
  const chain = new Chain(stretch);
  chain.addPage(page);
  const begin = page.more && first !== undefined ? first : 0;
  const linked = chain.stretch(stretch.read);
  return inserted({ ...linked, from: begin, complete: page.complete, earlier: null },
    [...readable(page), ...earlier]);
}

/**
 * With the newest messages only. A gap stays a gap, but of those before what was dropped only the
 * last one is kept.
 *
 * @param {Stretch} stretch
 * @param {number} count how many messages are kept
 * @returns {Stretch}
 */
export function trimmed(stretch, count) {
  const messages = stretch.messages.slice(-count);
  const from = messages[0].timestamp;
  const gaps = [...stretch.gaps];
  const kept = (/** @type {ReadonlySet<number>} */ those) => (
    new Set([...those].filter((t) => t >= from)));
  return {
    ...stretch,
    messages,
    from,
    read: stretch.read === null ? null : { ...stretch.read, fromMin: from },
    gaps: new Map(gaps.filter(([t], i) => has(messages, t) || i === gaps.length - 1)),
    unconfirmed: kept(stretch.unconfirmed),
    unreadable: kept(stretch.unreadable),
  };
}

/**
 * With messages in their places. Those from before the stretch are kept apart while older messages
 * are asked for, and else left out.
 *
 * @param {Stretch} stretch
 * @param {ReadonlyArray<Message>} news in any order
 * @returns {Stretch}
 */
function inserted(stretch, news) {
  const { earlier, from, messages } = stretch;
  let changed = stretch;
  const before = news.filter((m) => m.timestamp < from);
  if (earlier !== null && before.length > 0) {
    changed = { ...changed, earlier: [...earlier, ...before] };
  }
  const fresh = news.filter((m) => m.timestamp >= from && !has(messages, m.timestamp));
  return fresh.length === 0 ? changed : { ...changed, messages: merge(messages, fresh) };
}
