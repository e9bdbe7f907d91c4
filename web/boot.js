/**
 * Says in `#start-failed` why the page does not start, and lets the reader load it again. The page has
 * started when `data-started` of the document's element is set.
 *
 * It stands alone and comes first, so that whatever else is missing can be told. A browser that is too
 * old for the modules should read it, so it does without newer syntax.
 */

/** From so long on, a reader is told that the page has not started. */
const START_MS = 15000;

const TEXTS = /^de\b/.test(navigator.language)
  ? {
    language: 'de',
    missing: 'Parley konnte nicht starten: Ein Teil der Seite wurde nicht geladen.',
    wrong: 'Parley konnte nicht starten: In der Seite ging etwas schief.',
    slow: 'Parley ist noch nicht gestartet. Vielleicht ist das Netz langsam.',
    reload: 'Neu laden',
  }
  : {
    language: 'en',
    missing: 'Parley could not start: a part of the page was not loaded.',
    wrong: 'Parley could not start: something in the page went wrong.',
    slow: 'Parley has not started yet. The network may be slow.',
    reload: 'Reload',
  };

/** What is told, once there is something. @type {string} */
let told = '';

function isStarted() {
  return document.documentElement.dataset.started !== undefined;
}

/** @param {string} text */
function tell(text) {
  // What is missing is the cause of all that follows.
  if (told !== TEXTS.missing) told = text;
  draw();
}

/** What a page that has started can do without is not told any more. */
function draw() {
  const element = document.getElementById('start-failed');
  if (element === null) return; // it comes after this script
  element.hidden = told === '' || (isStarted() && told !== TEXTS.missing);
  if (element.hidden) return;
  const words = document.createElement('p');
  words.textContent = told;
  const reload = document.createElement('button');
  reload.type = 'button';
  reload.textContent = TEXTS.reload;
  reload.addEventListener('click', () => location.reload());
  element.lang = TEXTS.language;
  element.replaceChildren(words, reload);
}

// The style, for which this script waits, may have come to nothing before.
if (getComputedStyle(document.documentElement).getPropertyValue('--ground') === '') {
  tell(TEXTS.missing);
}

document.addEventListener('DOMContentLoaded', draw);
new MutationObserver(draw)
  .observe(document.documentElement, { attributeFilter: ['data-started'] });

addEventListener('error', (event) => {
  const { target } = event;
  if (target instanceof HTMLScriptElement
      || (target instanceof HTMLLinkElement && target.rel === 'stylesheet')) {
    tell(TEXTS.missing);
  } else if (target === window && !isStarted()) {
    tell(TEXTS.wrong);
  }
}, true);

addEventListener('unhandledrejection', () => {
  if (!isStarted()) tell(TEXTS.wrong);
});

// Not from the load event on, which waits for a module that never comes.
setTimeout(() => {
  if (!isStarted()) tell(TEXTS.slow);
}, START_MS);
