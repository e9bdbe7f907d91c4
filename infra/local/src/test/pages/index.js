/**
 * Runs the tests of what the pages decide without a browser: `node index.js`. It prints the
 * tests that failed, and then ends with an error.
 */

import addressTests from './traces/address.test.js';
import chartsTests from './charts.test.js';
import formatTests from './format.test.js';
import graphTests from './traces/graph.test.js';
import servicesTests from './traces/services.test.js';
import summariesTests from './traces/summaries.test.js';
import traceTests from './traces/trace.test.js';

const tests = Object.entries({
  ...addressTests, ...chartsTests, ...formatTests, ...graphTests, ...servicesTests, ...summariesTests,
  ...traceTests,
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
