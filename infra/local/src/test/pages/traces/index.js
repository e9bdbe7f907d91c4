/**
 * Runs the tests of what the page of traces decides without a browser: `node index.js`. It prints the
 * tests that failed, and then ends with an error.
 */

import addressTests from './address.test.js';
import formatTests from './format.test.js';
import graphTests from './graph.test.js';
import servicesTests from './services.test.js';
import summariesTests from './summaries.test.js';
import traceTests from './trace.test.js';

const tests = Object.entries({
  ...addressTests, ...formatTests, ...graphTests, ...servicesTests, ...summariesTests, ...traceTests,
});
const failed = [];
for (const [name, test] of tests) {
  try {
    test();
  } catch (e) {
    failed.push(`FAILED  ${name}: ${e instanceof Error ? e.message : e}`);
  }
}
if (failed.length > 0) throw new Error(`\n${failed.join('\n')}`);
console.log(`${tests.length} tests passed`);
