/** What the page takes of `config.json`, and how it refuses the rest. */

import { BadConfig, checkedConfig } from '../page/config.js';
import { equal } from './tools.js';

const PAGE = 'https://chat.example/rooms?a=b#room=c';

/**
 * @param {unknown} value
 * @param {string} [page]
 */
function refusal(value, page = PAGE) {
  try {
    checkedConfig(value, page);
  } catch (e) {
    if (e instanceof BadConfig) return e.message;
    throw e;
  }
  throw new Error(`${JSON.stringify(value)} is taken`);
}

export default {
  'an address is taken as it is, and a path is one of the page\'s own host'() {
    const api = 'wss://abc.execute-api.eu-west-1.amazonaws.com/production';
    equal(checkedConfig({ webSocketUrl: api }, PAGE).webSocketUrl, api);
    equal(checkedConfig({ webSocketUrl: '/production' }, PAGE).webSocketUrl, 'wss://chat.example/production');
    const here = 'http://localhost:8080/';
    equal(checkedConfig({ webSocketUrl: '/test' }, here).webSocketUrl, 'ws://localhost:8080/test');
    equal(checkedConfig({ webSocketUrl: 'ws://localhost:1/test' }, here).webSocketUrl, 'ws://localhost:1/test');
  },

  'a field that this version does not know is left alone'() {
    const later = { webSocketUrl: '/a', issuer: 'https://login.example', clientId: 'x', guests: true };
    equal(checkedConfig(later, PAGE), { webSocketUrl: 'wss://chat.example/a' });
  },

  'what the page cannot use is refused with its field and what was expected'() {
    for (const value of [null, [], 'wss://chat.example', 5, true]) {
      equal(refusal(value), 'expected an object');
    }
    equal(refusal({}), 'webSocketUrl: expected wss://… or a path, not undefined');
    for (const url of [5, '', 'https://chat.example/a', 'chat.example', '//other.example/a', 'wss://', 'javascript:1']) {
      equal(refusal({ webSocketUrl: url }),
        `webSocketUrl: expected wss://… or a path, not ${JSON.stringify(url)}`);
    }
    equal(refusal({ webSocketUrl: 'http://a' }, 'http://localhost/'),
      'webSocketUrl: expected ws://…, wss://… or a path, not "http://a"');
    for (const url of [5, 'javascript:alert(1)', 'traces']) {
      equal(refusal({ webSocketUrl: '/a', traceUrl: url }),
        `traceUrl: expected https://… or a path, not ${JSON.stringify(url)}`);
      equal(refusal({ webSocketUrl: '/a', signInUrl: url }),
        `signInUrl: expected https://… or a path, not ${JSON.stringify(url)}`);
    }
  },

  'a page that came by https does not speak in clear'() {
    equal(refusal({ webSocketUrl: 'ws://chat.example/a' }),
      'webSocketUrl: expected wss://… or a path, not "ws://chat.example/a"');
  },
};
