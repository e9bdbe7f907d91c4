/**
 * Signing in, where `config.json` names a page for it: that page comes back here with the address that
 * gives the user's tokens, in the fragment `#tokens=`. It is kept until the tab is closed.
 *
 * It is taken only in the tab in which the user has gone to sign in: a link from elsewhere, which has
 * such a fragment too, would sign the user in as somebody else.
 */

const KEY = 'parley.tokens';
const SIGNING_IN_KEY = 'parley.signing-in';

/** @returns {string | null} where tokens come from; null for a guest */
export function tokensAddress() {
  const told = new URLSearchParams(location.hash.slice(1)).get('tokens');
  if (told !== null) history.replaceState(null, '', location.pathname + location.search);
  try {
    const left = sessionStorage.getItem(SIGNING_IN_KEY);
    if (told !== null && left !== null) {
      sessionStorage.removeItem(SIGNING_IN_KEY);
      sessionStorage.setItem(KEY, told);
      history.replaceState(null, '', location.pathname + location.search + left);
    }
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // Without storage nobody can tell who has begun to sign in.
  }
}

/** The user goes to sign in, and comes back to the same room. */
export function beginSignIn() {
  try {
    sessionStorage.setItem(SIGNING_IN_KEY, location.hash);
  } catch {
    // The user comes back as a guest.
  }
}

/**
 * @param {string} address as above
 * @param {string | undefined} signInUrl that of `config.json`: anybody can write a fragment, and only
 *     what stands below it is asked
 * @returns {Promise<string>}
 */
export async function fetchToken(address, signInUrl) {
  const url = new URL(address, location.href);
  if (signInUrl === undefined || !url.href.startsWith(new URL(signInUrl, location.href).href)) {
    signOut();
    throw new Error(`${url.href} is not of this page's sign-in`);
  }
  const response = await fetch(url, { cache: 'no-store' });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.text();
}

/** Begins anew, as a guest. */
export function signOut() {
  try {
    sessionStorage.removeItem(KEY);
  } finally {
    location.reload();
  }
}

/**
 * @param {string} signInUrl
 * @returns {string} where the user signs in, and comes back from
 */
export function signInAddress(signInUrl) {
  const url = new URL(signInUrl, location.href);
  url.searchParams.set('return', location.pathname + location.search);
  return url.href;
}
