/** Connects, puts the page together meanwhile, and starts it. */

import { Client } from './client/client.js';
import { BadConfig, checkedSocketUrl, fetchConfig } from './page/config.js';
import { checkedSettings, rememberedSettings, textsFor } from './page/settings.js';
import { fetchToken, tokensAddress } from './page/signin.js';
import { onOtherTab, parsed, recall, rememberedName, rememberedRooms } from './page/stored.js';

/** @typedef {import('./page/page.js').Page} Page */
/** @typedef {import('./page/page.js').Deployment} Deployment */

/** How often it is looked what is due, and the clocks on the page go on. */
const TICK_MS = 500;

start();

async function start() {
  const name = rememberedName();
  const tokens = tokensAddress();
  /** @type {Deployment} */
  const deployment = { config: null, problem: '', server: recall('server') };
  /** @type {Page | null} */
  let page = null;
  const load = async () => {
    try {
      return await loadConfig(deployment);
    } finally {
      page?.view.draw();
    }
  };
  const texts = await textsFor(rememberedSettings());
  const client = new Client({
    async url() {
      const { webSocketUrl } = await load();
      // Tokens are for the deployment's own server alone.
      return (tokens === null ? otherServer(deployment) : null) ?? webSocketUrl;
    },
    token: tokens === null ? undefined : async () => fetchToken(tokens, (await load()).signInUrl),
    name,
    rooms: rememberedRooms(),
  });
  client.on('state', ({ phase }) => {
    if (page === null) showState(phase, texts.phases[phase]);
  });
  // It connects while the rest of the page is loaded.
  const [{ Page }, { View }, { handleKeys }, { keepShell }] = await Promise.all([
    import('./page/page.js'),
    import('./page/view.js'),
    import('./page/shortcuts.js'),
    import('./page/shell.js'),
  ]);
  const root = /** @type {HTMLElement} */ (document.getElementById('app'));
  const begun = new Page({ client, deployment, texts, name, isSignedIn: tokens !== null,
    view: (page) => new View(page, root) });
  page = begun;
  begun.begin();
  begun.view.begin();
  document.documentElement.dataset.started = 'true';
  handleKeys(begun);
  listen(begun);
  await Promise.allSettled(client.rooms.map((room) => client.join(room)));
  keepShell();
}

/**
 * Until the page is drawn, what `index.html` has in its place tells whether it is connected.
 *
 * @param {string} phase
 * @param {string} text
 */
function showState(phase, text) {
  const state = /** @type {HTMLElement} */ (document.getElementById('state'));
  state.dataset.phase = phase;
  /** @type {HTMLElement} */ (state.lastElementChild).textContent = text;
}

/** @param {Page} page */
function listen(page) {
  addEventListener('popstate', () => page.go(location.hash));
  addEventListener('pagehide', () => page.kept.keep());
  for (const hint of ['online', 'offline']) addEventListener(hint, () => page.view.draw());
  onOtherTab(async (key, value) => {
    page.changedElsewhere(key, value);
    if (key !== 'settings') return;
    page.settings = checkedSettings(parsed(value));
    page.settingsChanged(await textsFor(page.settings));
  });
  setInterval(() => {
    page.tick();
    if (page.overlay?.kind === 'session' || page.client.state.phase === 'offline') page.view.draw();
  }, TICK_MS);
}

/**
 * Asks before each attempt to connect, since a deployment may have moved the WebSocket. Where there is
 * no answer, what is known still counts.
 *
 * @param {Deployment} deployment
 */
async function loadConfig(deployment) {
  try {
    deployment.config = await fetchConfig();
    deployment.problem = '';
  } catch (e) {
    if (e instanceof BadConfig) deployment.problem = e.message;
    if (e instanceof BadConfig || deployment.config === null) throw e;
  }
  return deployment.config;
}

/**
 * @param {Deployment} deployment
 * @returns {string | null} the reader's own choice
 */
function otherServer({ server }) {
  try {
    return server === null ? null : checkedSocketUrl(server, location.href);
  } catch {
    return null; // Something else wrote it.
  }
}
