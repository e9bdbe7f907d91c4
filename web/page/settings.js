/**
 * What the reader has chosen.
 *
 * @typedef {typeof DEFAULTS} Settings
 */

import { parsed, recall, remember } from './stored.js';

/** What is chosen where nothing is, and every choice of each. */
const CHOICES = Object.freeze({
  theme: ['system', 'light', 'dark'],
  density: ['comfortable', 'compact'],
  language: ['system', 'en', 'de'],
  clock: ['system', '12', '24'],
  enter: ['system', 'sends', 'breaks'],
  notifications: ['off', 'mentions', 'all'],
  sounds: ['off', 'mentions', 'all'],
});

/** @typedef {keyof typeof CHOICES} Choice */

const DEFAULTS = {
  .../** @type {{[choice in Choice]: string}} */ (
    Object.fromEntries(Object.entries(CHOICES).map(([name, [first]]) => [name, first]))),
  /** Minutes from connecting to disconnecting; 0: never. */
  disconnectAfter: 0,
};

/** Minutes that a session may be limited to: a day. */
export const DISCONNECT_AFTER_MAX = 24 * 60;

/**
 * @param {Choice} name
 * @returns {ReadonlyArray<string>} the first one is chosen where nothing is
 */
export const choicesOf = (name) => CHOICES[name];

/**
 * @param {any} value what cannot be used of it counts as not chosen
 * @returns {Settings}
 */
export function checkedSettings(value) {
  /** @type {any} */
  const settings = { ...DEFAULTS };
  for (const [name, choices] of Object.entries(CHOICES)) {
    if (choices.includes(value?.[name])) settings[name] = value[name];
  }
  const minutes = value?.disconnectAfter;
  if (Number.isInteger(minutes) && minutes >= 0 && minutes <= DISCONNECT_AFTER_MAX) {
    settings.disconnectAfter = minutes;
  }
  return settings;
}

/** @returns {Settings} */
export const rememberedSettings = () => checkedSettings(parsed(recall('settings')));

/** @param {Settings} settings */
export const rememberSettings = (settings) => remember('settings', JSON.stringify(settings));

/**
 * @param {Settings} settings
 * @returns {'en' | 'de'} the language of the page
 */
export function languageOf({ language }) {
  if (language === 'en' || language === 'de') return language;
  const known = navigator.languages.map((l) => l.slice(0, 2)).find((l) => l === 'en' || l === 'de');
  return known === 'de' ? 'de' : 'en';
}

/**
 * @param {Settings} settings
 * @returns {boolean} whether Enter sends; a touch keyboard has no Shift + Enter
 */
export const enterSends = ({ enter }) =>
  enter === 'system' ? !matchMedia('(pointer: coarse)').matches : enter === 'sends';

/**
 * @param {Settings} settings
 * @returns {Promise<typeof import('../texts/en.js').default>} what the page says, in its language
 */
export async function textsFor(settings) {
  return (await import(`../texts/${languageOf(settings)}.js`)).default;
}
