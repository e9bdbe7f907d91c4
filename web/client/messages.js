/**
 * Messages of one room: arrays that ascend by timestamp and hold each timestamp once.
 *
 * @typedef {object} Message
 * @property {number} timestamp epoch microseconds; identifies the message in its room
 * @property {string} id
 * @property {string} user
 * @property {string} sender display name
 * @property {string} message
 *
 * @typedef {Message & {type: 'message', prev: number | null}} MessageEvent
 *
 * @typedef {{timestamp: number, unreadable: true}} Unreadable a row of the table that is no message
 *
 * @typedef {object} Page
 * @property {(Message | Unreadable)[]} messages ascending
 * @property {boolean} more there are others in the direction asked
 * @property {boolean} complete
 */

/**
 * Whether a timestamp is among the messages.
 *
 * @param {ReadonlyArray<Message>} messages
 * @param {number} timestamp
 */
export function has(messages, timestamp) {
  return messages[lowerBound(messages, timestamp)]?.timestamp === timestamp;
}

/**
 * The index of the first message that is not before a timestamp.
 *
 * @param {ReadonlyArray<Message>} messages
 * @param {number} timestamp
 */
export function lowerBound(messages, timestamp) {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (messages[middle].timestamp < timestamp) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Both in one array.
 *
 * @param {ReadonlyArray<Message>} messages
 * @param {ReadonlyArray<Message>} news in any order, none of which is among `messages`
 * @returns {ReadonlyArray<Message>}
 */
export function merge(messages, news) {
  const added = [...news].sort((a, b) => a.timestamp - b.timestamp);
  let next = lowerBound(messages, added[0].timestamp);
  const result = messages.slice(0, next);
  for (const message of added) {
    if (message.timestamp === result.at(-1)?.timestamp) continue;
    while (next < messages.length && messages[next].timestamp < message.timestamp) {
      result.push(messages[next++]);
    }
    result.push(message);
  }
  while (next < messages.length) result.push(messages[next++]);
  return result;
}

/**
 * The rows of a page that are messages.
 *
 * @param {Page} page
 * @returns {Message[]}
 */
export function readable({ messages }) {
  return messages.flatMap((m) => ('unreadable' in m ? [] : [m]));
}

/**
 * An event without what belongs to its delivery: the same value as the message has in a page.
 *
 * @param {MessageEvent & {room?: string}} event
 * @returns {Message}
 */
export function content({ type, room, prev, ...message }) {
  return message;
}
