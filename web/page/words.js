/** What is asked of texts in several places. */

import { MESSAGE_CODE_POINTS_MAX } from '../client/limits.js';
import { codePoints } from '../client/text.js';

/**
 * A name as it is compared with others: two that look alike need not be the same characters.
 *
 * @param {string} text
 */
export const folded = (text) => text.normalize('NFKC').toLowerCase();

/**
 * Whether a text is too long for a message, without counting what is much too long.
 *
 * @param {string} message
 */
export const isTooLong = (message) => message.length > 2 * MESSAGE_CODE_POINTS_MAX
  || codePoints(message) > MESSAGE_CODE_POINTS_MAX;
