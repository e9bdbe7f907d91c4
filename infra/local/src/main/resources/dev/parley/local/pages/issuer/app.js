/**
 * The sign-in page of the local issuer. It goes back to the page that sent the user here (`?return=`),
 * with the address that gives that user's tokens, in the fragment `#tokens=`.
 */

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
const $ = (id) => /** @type {T} */ (document.getElementById(id));

/**
 * @param {string} id of an input
 * @returns {string}
 */
const value = (id) => /** @type {HTMLInputElement} */ ($(id)).value.trim();

/** Where tokens of the user come from, by a path of this host. */
function tokensPath() {
  const query = new URLSearchParams();
  for (const name of ['user', 'name', 'roles', 'seconds']) query.set(name, value(name));
  return `/_local/issuer/token?${query}`;
}

/** @returns {Promise<string | null>} null where the form has something that cannot be */
async function token() {
  const response = await fetch(tokensPath());
  const text = await response.text();
  $('problem').textContent = response.ok ? '' : text;
  return response.ok ? text : null;
}

/**
 * A page of this host: tokens are shown to no other. It is a whole address, since a path such as
 * `//evil.example` would be one of another host.
 */
function returnAddress() {
  const wanted = new URLSearchParams(location.search).get('return') ?? '/';
  const url = new URL(wanted, location.href);
  if (url.origin !== location.origin) return `${location.origin}/`;
  url.hash = '';
  return url.href;
}

$('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  if (await token() !== null) {
    location.href = `${returnAddress()}#tokens=${encodeURIComponent(tokensPath())}`;
  }
});

$('show').addEventListener('click', async () => {
  if (/** @type {HTMLFormElement} */ ($('form')).reportValidity()) $('token').textContent = await token() ?? '';
});
