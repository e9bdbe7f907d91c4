/**
 * What the page is told of its deployment: `config.json`, beside it. docs/OPERATIONS.md lists the fields;
 * those that are not here are left to later versions.
 *
 * @typedef {object} Config
 * @property {string} webSocketUrl where the client connects to
 * @property {string} [traceUrl] where a message's trace is shown; `{trace}` stands for its id
 * @property {string} [signInUrl] where users sign in
 */

/** What is there cannot be used, and whoever deployed the page has to correct it. */
export class BadConfig extends Error {}

/**
 * @returns {Promise<Config>} rejects with {@link BadConfig}, or with another error where there is no
 *     answer, and another attempt may have one
 */
export async function fetchConfig() {
  const response = await fetch('config.json', { cache: 'no-cache' });
  if (response.status >= 500) throw new Error(`status ${response.status}`);
  if (!response.ok) throw new BadConfig(`there is none (status ${response.status})`);
  const text = await response.text();
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadConfig('it is not JSON');
  }
  return checkedConfig(value, location.href);
}

/**
 * @param {any} value
 * @param {string} page its address
 * @returns {Config} with absolute addresses
 * @throws {BadConfig}
 */
export function checkedConfig(value, page) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new BadConfig('expected an object');
  }
  const { webSocketUrl, traceUrl, signInUrl } = value;
  for (const [name, url] of Object.entries({ traceUrl, signInUrl })) {
    if (url !== undefined && !/^(https?:\/\/|\/)/.test(String(url))) {
      throw new BadConfig(`${name}: expected https://… or a path, not ${JSON.stringify(url)}`);
    }
  }
  return { webSocketUrl: checkedSocketUrl(webSocketUrl, page), traceUrl, signInUrl };
}

/**
 * @param {unknown} given
 * @param {string} address the page's
 * @returns {string} absolute
 * @throws {BadConfig}
 */
export function checkedSocketUrl(given, address) {
  const page = new URL(address);
  const secure = page.protocol === 'https:';
  try {
    if (typeof given === 'string' && /^(wss?:\/\/|\/(?!\/))/.test(given)) {
      const url = new URL(given, page);
      // A path is one of the page's own host.
      if (/^https?:$/.test(url.protocol)) url.protocol = secure ? 'wss:' : 'ws:';
      if (url.protocol === 'wss:' || !secure) return url.href;
    }
  } catch {
    // Told below.
  }
  const expected = secure ? 'wss://… or a path' : 'ws://…, wss://… or a path';
  throw new BadConfig(`webSocketUrl: expected ${expected}, not ${JSON.stringify(given)}`);
}
