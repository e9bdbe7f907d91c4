/** The page: which view is shown, what its address says, and that it is read again. */

import { $, composes, element, setAttribute } from '../dom.js';
import { format, parse, RANGES } from './address.js';
import { Unreachable } from './api.js';
import { TraceList } from './list.js';
import { ServiceMap } from './map.js';
import { Waterfall } from './waterfall.js';

/** @typedef {import('./address.js').Address} Address */

/** How long after an answer it is asked again. */
const LIVE_MS = 2_000;

/** Where nothing has the focus, these lead into the view. */
const FIRST_KEYS = new Set(['h', 'j', 'k', 'l', 'ArrowLeft', 'ArrowDown', 'ArrowUp', 'ArrowRight',
  'PageDown', 'PageUp', 'Home', 'End', 'Enter']);

let address = parse(location.hash || location.search);

/** @type {AbortController | null} */
let reading = null;

/** @type {number | undefined} */
let timer;

let live = true;

const rangeField = /** @type {HTMLSelectElement} */ ($('range'));

const list = new TraceList(go);
const waterfall = new Waterfall(go);
const map = new ServiceMap(go);

const views = { traces: list, trace: waterfall, map };

/** @returns {keyof typeof views} */
const shownView = () => (address.trace !== null ? 'trace' : address.tab);

/**
 * Goes to what differs from the address that is shown.
 *
 * @param {Partial<Address>} to
 * @param {boolean} [replace] it is no step that Back should undo
 */
function go(to, replace = false) {
  const wanted = { ...address, ...to };
  if (format(wanted) !== format(address)) {
    if (replace) history.replaceState(null, '', format(wanted));
    else history.pushState(null, '', format(wanted));
  }
  show(wanted);
}

/** @param {Address} wanted */
function show(wanted) {
  const [before, beforeView] = [address, document.body.dataset.view];
  address = wanted;
  const view = shownView();
  document.body.dataset.view = view;
  for (const name of Object.keys(views)) $(`view-${name}`).hidden = name !== view;
  const { filter, range } = address;
  $('tab-traces').setAttribute('href', format({ filter, range }));
  $('tab-map').setAttribute('href', format({ tab: 'map', filter, range }));
  setAttribute($('tab-traces'), 'aria-current', view === 'map' ? null : 'page');
  setAttribute($('tab-map'), 'aria-current', view === 'map' ? 'page' : null);
  rangeField.value = range;
  rangeField.hidden = view === 'trace';
  views[view].open(address);
  if (before.trace !== address.trace) {
    if (view === 'traces') list.activate(before.trace);
    if (view !== 'map') views[view].focus();
  }
  const moved = beforeView !== view || before.trace !== address.trace
    || before.filter !== address.filter || before.range !== address.range;
  if (moved || reading === null) read();
}

/** Reads what the view shows, now, and again after a while. */
async function read() {
  clearTimeout(timer);
  reading?.abort();
  const mine = new AbortController();
  reading = mine;
  try {
    await views[shownView()].read(mine.signal);
    $('unreachable').hidden = true;
  } catch (e) {
    if (mine.signal.aborted) return;
    if (!(e instanceof Unreachable)) throw e;
    $('unreachable').hidden = false;
  } finally {
    if (reading === mine && live) timer = setTimeout(readIfSeen, LIVE_MS);
  }
}

function readIfSeen() {
  if (document.visibilityState === 'visible') read();
}

/** @param {boolean} now */
function setLive(now) {
  live = now;
  setAttribute($('live'), 'aria-pressed', String(live));
  clearTimeout(timer);
  if (live) read();
}

rangeField.append(...RANGES.map(({ key, label }) => element('option', '', { value: key }, label)));
rangeField.addEventListener('change', () => go({ range: rangeField.value }));
$('live').addEventListener('click', () => setLive(!live));
$('again').addEventListener('click', read);
document.addEventListener('visibilitychange', () => { if (live) readIfSeen(); });

window.addEventListener('popstate', () => show(parse(location.hash)));

document.addEventListener('keydown', (e) => {
  if (composes(e) || e.ctrlKey || e.metaKey || e.altKey) return;
  const typing = e.target instanceof HTMLElement && e.target.matches('input, select, textarea');
  const nowhere = e.target === document.body;
  if (nowhere && FIRST_KEYS.has(e.key)) {
    views[shownView()].focus();
    const entered = document.activeElement;
    if (entered === null || entered === document.body) return; // Nothing there can take it yet.
    e.preventDefault();
    entered.dispatchEvent(new KeyboardEvent('keydown', { key: e.key, bubbles: true }));
  } else if (e.key === '/' && !typing) {
    e.preventDefault();
    if (shownView() !== 'traces') go({ tab: 'traces', trace: null, segment: null, node: null });
    $('filter').focus();
  } else if (e.key === 'Escape') {
    if (typing) /** @type {HTMLElement} */ (e.target).blur();
    else if (shownView() === 'trace') waterfall.close();
    else if (shownView() === 'map') map.close();
  }
});

// Links from elsewhere have a query; from here on, all that the address says is in its fragment.
if (location.search !== '') history.replaceState(null, '', location.pathname + format(address));
show(address);
