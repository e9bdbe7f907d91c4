/**
 * Runs the tests of `client/` and of parts of `page/` when `index.html` is opened: `data-result` of its
 * body becomes `passed` or `failed`, and the report names the tests that failed. `?only=` runs the tests
 * whose names contain it, and `?seed=` the seeded ones with that seed only.
 */

import clientTests from './client.test.js';
import configTests from './config.test.js';
import emojiTests from './emoji.test.js';
import faultTests from './faults.test.js';
import interleavingTests from './interleavings.test.js';
import limitsTests from './limits.test.js';
import livingTests from './living.test.js';
import pageTests from './page.test.js';
import pingsTests from './pings.test.js';
import readingTests from './reading.test.js';
import roomTests from './room.test.js';
import sendingTests from './sending.test.js';
import textTests from './text.test.js';
import tokensTests from './tokens.test.js';

const query = new URLSearchParams(location.search);
const tests = Object.entries({
  ...textTests, ...roomTests, ...interleavingTests, ...clientTests, ...sendingTests, ...readingTests,
  ...pingsTests, ...tokensTests, ...faultTests, ...configTests, ...limitsTests,
  ...livingTests, ...emojiTests, ...pageTests,
}).filter(([name]) => name.includes(query.get('only') ?? ''));
const report = /** @type {HTMLElement} */ (document.getElementById('report'));

let failures = 0;
for (const [name, test] of tests) {
  let outcome = `ok      ${name}`;
  try {
    await test();
  } catch (e) {
    failures++;
    outcome = `FAILED  ${name}: ${e instanceof Error ? e.message : e}`;
  }
  report.textContent += `${outcome}\n`;
}
document.body.dataset.result = failures === 0 && tests.length > 0 ? 'passed' : 'failed';
