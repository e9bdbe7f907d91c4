/** Times and dates as the reader's language writes them. */

/**
 * @typedef {object} Formats
 * @property {(timestamp: number) => string} time hours and minutes
 * @property {(timestamp: number) => string} day
 * @property {(timestamp: number) => string} exact to the second
 * @property {(timestamp: number) => string} recent of today the time, else the date
 * @property {(ms: number) => string} duration hours, minutes and seconds
 */

/**
 * @param {import('./settings.js').Settings} settings
 * @param {string} language of the page
 * @returns {Formats} of timestamps in epoch microseconds
 */
export function formats({ clock }, language) {
  // Those of the browser's own region, where it speaks this language.
  const locale = navigator.languages.find((l) => l.slice(0, 2) === language) ?? language;
  const hourCycle = clock === 'system' ? undefined : clock === '12' ? 'h12' : 'h23';
  const format = (/** @type {Intl.DateTimeFormatOptions} */ options) => {
    const { format } = new Intl.DateTimeFormat(locale, { ...options, hourCycle });
    return (/** @type {number} */ timestamp) => format(new Date(timestamp / 1000));
  };
  const time = format({ hour: '2-digit', minute: '2-digit' });
  const date = format({ day: 'numeric', month: 'short' });
  return {
    time,
    day: format({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
    exact: format({
      weekday: 'long', day: 'numeric', month: 'long', year: 'numeric',
      hour: '2-digit', minute: '2-digit', second: '2-digit',
    }),
    recent: (timestamp) => (dayOf(timestamp) === dayOf(Date.now() * 1000) ? time : date)(timestamp),
    duration,
  };
}

/** @param {number} timestamp */
export const dayOf = (timestamp) => new Date(timestamp / 1000).toDateString();

/** @param {number} ms */
function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((n) => String(n).padStart(2, '0'));
  const hours = Math.floor(seconds / 3600);
  return (hours > 0 ? [hours, ...parts] : parts).join(':');
}
