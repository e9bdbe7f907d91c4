/** Keeps the page for times without a network, by the service worker `sw.js`. */

/**
 * To be called when all is loaded that the page begins with: the worker keeps that, so that one visit
 * is enough. Does nothing where there can be no worker, or where the page is in a frame.
 */
export async function keepShell() {
  if (!('serviceWorker' in navigator) || window.parent !== window) return;
  try {
    await navigator.serviceWorker.register(new URL('../sw.js', import.meta.url));
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
    active?.postMessage([location.href, ...loaded]);
  } catch (e) {
    console.warn('the page is not kept for times without a network:', e);
  }
}
