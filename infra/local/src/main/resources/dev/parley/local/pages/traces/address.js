/** The page's address: everything that a link to what one sees needs to say. */

/**
 * @typedef {object} Address
 * @property {'traces' | 'map'} tab
 * @property {string} filter an X-Ray filter expression, or nothing
 * @property {string} range a key of {@link RANGES}
 * @property {string | null} trace the id of the one that is open
 * @property {string | null} segment the id of the one that is selected in it
 * @property {string | null} node the service that is selected in the map
 */

/** How far back one looks. X-Ray's own service graph goes no further than six hours. */
export const RANGES = [
  { key: '5m', seconds: 5 * 60, label: 'Last 5 minutes' },
  { key: '15m', seconds: 15 * 60, label: 'Last 15 minutes' },
  { key: '1h', seconds: 60 * 60, label: 'Last hour' },
  { key: '6h', seconds: 6 * 60 * 60, label: 'Last 6 hours' },
];

const RANGE = '1h';

/** @type {Readonly<Address>} */
export const HOME = Object.freeze({
  tab: 'traces', filter: '', range: RANGE, trace: null, segment: null, node: null,
});

/** @param {Address} address */
export const range = ({ range: key }) => RANGES.find((r) => r.key === key) ?? RANGES[2];

/**
 * @param {string} text with `#` or `?` in front, or nothing
 * @returns {Address} what makes no sense in it is left out
 */
export function parse(text) {
  const given = new URLSearchParams(text.replace(/^[#?]/, ''));
  const trace = given.get('trace');
  const map = trace === null && given.get('tab') === 'map';
  return {
    tab: map ? 'map' : 'traces',
    filter: (given.get('filter') ?? '').trim(),
    range: RANGES.some((r) => r.key === given.get('range')) ? String(given.get('range')) : RANGE,
    trace,
    segment: trace === null ? null : given.get('segment'),
    node: map ? given.get('node') : null,
  };
}

/**
 * @param {Partial<Address>} address
 * @returns {string} beginning with `#`; an address that is {@link parse}d again is the same
 */
export function format(address) {
  const { tab, filter, range: key, trace, segment, node } = { ...HOME, ...address };
  const said = new URLSearchParams();
  if (tab === 'map') said.set('tab', tab);
  if (filter !== '') said.set('filter', filter);
  if (key !== RANGE) said.set('range', key);
  if (trace !== null) said.set('trace', trace);
  if (segment !== null) said.set('segment', segment);
  if (node !== null) said.set('node', node);
  return `#${said}`;
}
