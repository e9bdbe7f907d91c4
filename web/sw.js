/**
 * A service worker that keeps the page for times without a network. A file comes from the network
 * where that answers, so that a new version is seen at once, else from what is kept. It leaves alone
 * all that is no file of the page: `config.json`, which says where the chat is now, the local cloud's
 * pages, and tests.
 */

const PREFIX = 'parley-page-';

/** Another number leaves behind what an earlier worker has kept. */
const CACHE = `${PREFIX}1`;

/** How long the network has for an answer where the file is kept. */
const PATIENCE_MS = 5_000;

/** Its type is in a library that has other globals than a page. @type {any} */
const worker = self;

worker.addEventListener('install', () => worker.skipWaiting());

worker.addEventListener('activate', (/** @type {any} */ event) => {
  event.waitUntil(forgetOldCaches());
});

worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const key = keyOf(event.request.url);
  if (event.request.method === 'GET' && key !== null) event.respondWith(answer(event, key));
});

// The page's first visit had no worker: it says what it has loaded, and the browser still has that.
worker.addEventListener('message', (/** @type {any} */ event) => {
  event.waitUntil(Promise.all(event.data.map(async (/** @type {string} */ url) => {
    const key = keyOf(url);
    if (key !== null) await keep(key, await fetch(key, { cache: 'force-cache' }));
  })));
});

/**
 * Under which name a file of the page is kept, which has neither query nor fragment; null where the
 * URL is of something else.
 *
 * @param {string} url
 */
function keyOf(url) {
  const { origin, pathname } = new URL(url);
  const folder = new URL(worker.registration.scope);
  if (origin !== folder.origin || !pathname.startsWith(folder.pathname)) return null;
  const path = pathname.slice(folder.pathname.length);
  const isFile = /^$|\.(html|js|css|svg|png|woff2)$|^lib\/.*\.json$/.test(path);
  return isFile && !/^(_local|test)\//.test(path) ? origin + pathname : null;
}

/**
 * @param {any} event
 * @param {string} key
 * @returns {Promise<Response>}
 */
async function answer(event, key) {
  const network = fetch(event.request);
  event.waitUntil(network.then((response) => keep(key, response.clone()), () => undefined));
  const kept = await (await caches.open(CACHE)).match(key);
  if (kept === undefined) return network;
  return Promise.race([
    network.then((response) => (response.status >= 500 ? kept : response), () => kept),
    new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept)),
  ]);
}

/**
 * @param {string} key
 * @param {Response} response
 */
async function keep(key, response) {
  if (response.ok) await (await caches.open(CACHE)).put(key, response);
}

async function forgetOldCaches() {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
}
