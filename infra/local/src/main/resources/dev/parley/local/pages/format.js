/** Numbers and times as a reader wants them. */

/**
 * Three digits in the unit that suits: `312 µs`, `8.40 ms`, `1.24 s`, `3 min 4 s`, `2 h 5 min`.
 *
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  if (seconds < 0) return `−${duration(-seconds)}`;
  const ms = threeDigits(seconds * 1000);
  if (ms === 0) return '0 ms';
  if (ms < 1) return `${digits(threeDigits(ms * 1000))} µs`;
  if (ms < 1000) return `${digits(ms)} ms`;
  if (threeDigits(seconds) < 60) return `${digits(threeDigits(seconds))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** @param {number} value */
const threeDigits = (value) => Number(value.toPrecision(3));

/** @param {number} value of three digits */
function digits(value) {
  if (value >= 100 || value === 0) return String(value);
  return value.toFixed(value >= 10 ? 1 : 2);
}

/**
 * A value of a metric: `–` where there is none, else a duration, or a count of at most four digits,
 * for example `0.04`, `12.3`, `9999`, `12.5 k`, `3.2 M`.
 *
 * @param {number | null} value
 * @param {string} unit as CloudWatch has it
 * @returns {string}
 */
export function words(value, unit) {
  if (value === null) return '–';
  if (unit === 'Milliseconds') return duration(value / 1000);
  if (value < 1) return String(Number(value.toPrecision(2)));
  if (value < 99.95) return String(Number(value.toFixed(1)));
  if (value < 9_999.5) return String(Math.round(value));
  const thousands = threeDigits(value / 1e3);
  return thousands < 1000 ? `${thousands} k` : `${threeDigits(value / 1e6)} M`;
}

/**
 * @param {number} count
 * @param {string} noun in the singular, which takes an `s`
 */
export function counted(count, noun) {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * A share as per cent: `0 %`, `0.4 %`, `37 %`; what is not all is never called 100 %.
 *
 * @param {number} part
 * @param {number} whole
 */
export function percent(part, whole) {
  if (whole === 0 || part === 0) return '0 %';
  if (part === whole) return '100 %';
  const value = (100 * part) / whole;
  if (value < 0.1) return '< 0.1 %';
  return value < 10 ? `${value.toFixed(1)} %` : `${Math.min(99, Math.round(value))} %`;
}

/**
 * How long ago: `now`, `12 s ago`, `5 min ago`, `3 h ago`.
 *
 * @param {number} seconds
 */
export function ago(seconds) {
  if (seconds < 1.5) return 'now';
  if (seconds < 59.5) return `${Math.round(seconds)} s ago`;
  if (seconds < 3570) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3600)} h ago`;
}

/**
 * A time of day with milliseconds, in the reader's time zone: `14:03:09.120`.
 *
 * @param {number} seconds epoch seconds
 */
export function clock(seconds) {
  const at = new Date(Math.round(seconds * 1000));
  const part = (/** @type {number} */ value, length = 2) => String(value).padStart(length, '0');
  return `${part(at.getHours())}:${part(at.getMinutes())}:${part(at.getSeconds())}`
    + `.${part(at.getMilliseconds(), 3)}`;
}

/**
 * A moment to the millisecond, with its date.
 *
 * @param {number} seconds epoch seconds
 */
export function moment(seconds) {
  const at = new Date(Math.round(seconds * 1000));
  const part = (/** @type {number} */ value) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${part(at.getMonth() + 1)}-${part(at.getDate())} ${clock(seconds)}`;
}
