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
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(tag, className, attributes = {}, ...children) {
  return filled(document.createElement(tag), className, attributes, children);
}

/**
 * @param {string} tag of SVG
 * @param {string} className
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function shape(tag, className, attributes = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), className, attributes,
    children);
}

/**
 * @template {Element} E
 * @param {E} made
 * @param {string} className
 * @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} children
 */
function filled(made, className, attributes, children) {
  if (className !== '') made.setAttribute('class', className);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/**
 * @param {Element} within
 * @param {string} selector
 */
export const find = (within, selector) => /** @type {HTMLElement} */ (within.querySelector(selector));

/**
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * @param {Element} target
 * @param {string} attribute
 * @param {string | null} value
 */
export function setAttribute(target, attribute, value) {
  if (value === null) target.removeAttribute(attribute);
  else if (target.getAttribute(attribute) !== value) target.setAttribute(attribute, value);
}

/**
 * Puts other children into a panel, of which those that say the same are the same to a reader: the
 * one that has the focus keeps it, and what was opened or closed stays so.
 *
 * @param {HTMLElement} panel that can take the focus where its control is gone
 * @param {...Node} children
 */
export function refill(panel, ...children) {
  const focused = document.activeElement;
  const inside = focused !== null && focused !== panel && panel.contains(focused);
  const place = inside ? alike(panel, focused).indexOf(focused) : -1;
  const open = new Map(summaries(panel).map(([summary, details]) => [told(summary), details.open]));
  panel.replaceChildren(...children);
  for (const [summary, details] of summaries(panel)) {
    details.open = open.get(told(summary)) ?? details.open;
  }
  if (!inside) return;
  const same = /** @type {HTMLElement | undefined} */ (alike(panel, focused)[place]);
  (same ?? panel).focus({ preventScroll: true });
}

/**
 * The controls that say what one says.
 *
 * @param {HTMLElement} panel
 * @param {Element} control
 */
const alike = (panel, control) =>
  [...panel.querySelectorAll(control.localName)].filter((c) => told(c) === told(control));

/** @param {Element} control */
const told = (control) => control.getAttribute('aria-label') ?? control.textContent;

/** @param {HTMLElement} panel @returns {[Element, HTMLDetailsElement][]} */
const summaries = (panel) => [...panel.querySelectorAll('summary')].map((s) =>
  [s, /** @type {HTMLDetailsElement} */ (s.parentElement)]);

/**
 * Whether a key belongs to a text that is being composed, for example Japanese: it means nothing to
 * the page. Safari tells of the last one only by the code of keys that an input method has processed.
 *
 * @param {KeyboardEvent} event
 */
export const composes = (event) => event.isComposing || event.keyCode === 229;
