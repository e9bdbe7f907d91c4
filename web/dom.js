/** Drawing's tools. All text goes in as text, never as markup. */

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export const $ = (id) => /** @type {T} */ (document.getElementById(id));

/**
 * @param {string} tag
 * @param {string} className
 * @param {Record<string, string>} [attributes]
 * @param {string} [text]
 * @returns {HTMLElement}
 */
export function element(tag, className, attributes = {}, text = '') {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== '') made.textContent = text;
  return made;
}

/**
 * @param {HTMLElement} within
 * @param {string} selector
 */
export const find = (within, selector) => /** @type {HTMLElement} */ (within.querySelector(selector));

/**
 * @param {HTMLElement} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * @param {HTMLElement} target
 * @param {string} attribute
 * @param {string | null} value
 */
export function setAttribute(target, attribute, value) {
  if (value === null) target.removeAttribute(attribute);
  else if (target.getAttribute(attribute) !== value) target.setAttribute(attribute, value);
}

/**
 * Whether a key belongs to a text that is being composed, for example Japanese: it picks or ends
 * what is composed, and means nothing to the page. Safari tells of the last one, which ends it,
 * only by the code of keys that an input method has processed.
 *
 * @param {KeyboardEvent} event
 */
export const composes = (event) => event.isComposing || event.keyCode === 229;

/**
 * Makes the children of `parent` those of `items`, in their order, keeping the elements there are:
 * focus, selection and the reader's place survive.
 *
 * @template T
 * @param {HTMLElement} parent
 * @param {[string, T][]} items key and value
 * @param {(value: T) => HTMLElement} create
 * @param {(element: HTMLElement, value: T) => void} update
 */
export function reconcile(parent, items, create, update) {
  const keys = new Set(items.map(([key]) => key));
  /** @type {Map<string, HTMLElement>} */
  const held = new Map();
  for (const child of /** @type {HTMLElement[]} */ ([...parent.children])) {
    const key = child.dataset.key ?? '';
    if (keys.has(key)) held.set(key, child);
    else child.remove();
  }
  let at = parent.firstElementChild;
  for (const [key, value] of items) {
    const child = held.get(key) ?? create(value);
    child.dataset.key = key;
    update(child, value);
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
}

const AVATARS = 8;

/**
 * @param {string} user decides the colour
 * @param {string} sender gives the letter
 */
export function avatar(user, sender) {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < user.length; i++) hash = Math.imul(hash ^ user.charCodeAt(i), 0x01000193);
  const letter = [...sender.trim()][0]?.toLocaleUpperCase() ?? '?';
  return element('span', `avatar tone-${(hash >>> 16) % AVATARS}`, { 'aria-hidden': 'true' }, letter);
}
