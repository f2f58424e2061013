/**
 * Runs the tests below test/v2 in the virtual machine. `--short` (the default): once, on Debian's own kernel;
 * `--full`: those and the tests of the kernel and runtime layers, also on the newest kernel for Debian 12.
 * `--report=FILE` keeps the JUnit report of the last machine.
 */
import { globSync, writeFileSync } from 'node:fs';
import { TREE } from '#tools/places.ts';
import { add, judge, NOTHING, readJunit, type Tally } from '#tools/test/tally.ts';
import type { KernelName } from './kernels.ts';
import { runInMachine } from './machine.ts';

const FILES = {
  short: ['test/v2/**/*.test.ts'],
  full: ['test/v2/**/*.test.ts', 'src/kernel/**/*.test.ts', 'src/runtime/**/*.test.ts'],
};
const LIMITS = { short: 300, full: 1200 };

const flags = new Set(process.argv.slice(2));
const extent = flags.has('--full') ? 'full' : 'short';
const reportFile = [...flags].find((flag) => flag.startsWith('--report='))?.slice('--report='.length);
const kernels: KernelName[] = extent === 'full' ? ['6.1', '6.12'] : ['6.1'];
const files = FILES[extent].flatMap((pattern) => globSync(pattern, { cwd: TREE })).sort();

const command = [
  'NO_COLOR=1 node_modules/.bin/bun test --timeout=120000 --reporter=junit --reporter-outfile=/run/report',
  ...files.map((file) => `./${file}`),
].join(' ');

async function testOn(kernel: KernelName): Promise<Tally> {
  const onOutput = (chunk: Buffer) => process.stdout.write(chunk);
  const { status, report, seconds } = await runInMachine({ kernel, command, limit: LIMITS[extent], onOutput });
  if (reportFile !== undefined) writeFileSync(reportFile, report);
  const tally = judge(readJunit(report), status ?? 1);
  const ended = status === undefined ? ', the machine died or ran out of time' : '';
  console.log(`kernel ${kernel}: ${tally.passed} passed, ${tally.failed} failed, ${seconds.toFixed(0)} s${ended}`);
  return tally;
}

let total = NOTHING;
for (const kernel of kernels) total = add(total, await testOn(kernel));
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
