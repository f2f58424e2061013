/**
 * Runs the tests below test/v2 in the virtual machine. `--short` (the default): once, on Debian's own kernel;
 * `--full`: those and the tests of the kernel and runtime layers, also on the newest kernel for Debian 12, and what is
 * to be seen on a kernel that is too old.
 * `--report=FILE` keeps the JUnit report of the last machine.
 */
import { globSync, writeFileSync } from 'node:fs';
import { TREE } from '#tools/places.ts';
import { add, judge, NOTHING, readJunit, type Tally } from '#tools/test/tally.ts';
import type { KernelName } from './kernels.ts';
import { runInMachine } from './machine.ts';

const V2 = ['test/v2/**/*.test.ts'];
const V2_AND_LAYERS = [...V2, 'src/kernel/**/*.test.ts', 'src/runtime/**/*.test.ts'];
const FILES: Record<'short' | 'full', Partial<Record<KernelName, readonly string[]>>> = {
  short: { '6.1': V2 },
  full: { '5.10': ['test/old-kernel/*.test.ts'], '6.1': V2_AND_LAYERS, '6.12': V2_AND_LAYERS },
};
const LIMITS = { short: 300, full: 1200 };

const flags = new Set(process.argv.slice(2));
const extent = flags.has('--full') ? 'full' : 'short';
const reportFile = [...flags].find((flag) => flag.startsWith('--report='))?.slice('--report='.length);

const commandFor = (patterns: readonly string[]): string => {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: TREE })).sort();
  return [
    'NO_COLOR=1 node_modules/.bin/bun test --timeout=120000 --reporter=junit --reporter-outfile=/run/report',
    ...files.map((file) => `./${file}`),
  ].join(' ');
};

async function testOn(kernel: KernelName, patterns: readonly string[]): Promise<Tally> {
  const command = commandFor(patterns);
  const onOutput = (chunk: Buffer) => process.stdout.write(chunk);
  const { status, report, seconds } = await runInMachine({ kernel, command, limit: LIMITS[extent], onOutput });
  if (reportFile !== undefined) writeFileSync(reportFile, report);
  const tally = judge(readJunit(report), status ?? 1);
  const ended = status === undefined ? ', the machine died or ran out of time' : '';
  console.log(`kernel ${kernel}: ${tally.passed} passed, ${tally.failed} failed, ${seconds.toFixed(0)} s${ended}`);
  return tally;
}

let total = NOTHING;
for (const [kernel, patterns] of Object.entries(FILES[extent]))
  total = add(total, await testOn(kernel as KernelName, patterns));
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
