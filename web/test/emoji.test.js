/** The emoji by name, and the order in which they are offered. */

import { loadEmoji, matching } from '../page/emoji.js';
import { check, equal } from './tools.js';

const EMOJI = { '+1': '👍', heart: '❤️', heart_eyes: '😍', hearts: '♥️', blue_heart: '💙', tada: '🎉' };

/**
 * @param {string} prefix
 * @param {number} [max]
 */
const names = (prefix, max = 10) => matching(EMOJI, prefix, max).map(({ name }) => name);

export default {
  theNameItselfComesFirstThenWhatBeginsSoThenWhatContainsIt() {
    equal(names('heart'), ['heart', 'hearts', 'heart_eyes', 'blue_heart']);
    equal(names('heart', 2), ['heart', 'hearts']);
    equal(names('e_heart'), ['blue_heart']);
    equal(names('TA'), ['tada']);
    equal(names('('), []);
    equal(matching(EMOJI, '+', 1), [{ name: '+1', emoji: '👍' }]);
  },

  async theEmojiAreLoadedOnceAndAfterAFailureAgain() {
    const { fetch } = globalThis;
    globalThis.fetch = async () => new Response('', { status: 503 });
    const failure = await loadEmoji().catch((e) => e.message);
    globalThis.fetch = fetch;
    equal(failure, 'The emoji cannot be loaded: 503');

    const emoji = await loadEmoji();

    equal(emoji.tada, '🎉');
    check(loadEmoji() === loadEmoji(), 'loaded twice');
    equal(matching(emoji, 'thumbsup', 1)[0].emoji, '👍');
  },
};
