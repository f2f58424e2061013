/**
 * Runs the tests below test/v2 in the virtual machine. `--short` (the default): once, on Debian's own kernel;
 * `--full`: those and the tests of the kernel and runtime layers, also on the newest kernel for Debian 12, and what is
 * to be seen on a kernel that is too old. `--systemd`: what is below test/systemd, in a machine that systemd boots;
 * `--full` does that for both versions of control groups.
 * `--report=FILE` keeps the JUnit report of the last machine.
 */
import { globSync, writeFileSync } from 'node:fs';
import { TREE } from '#tools/places.ts';
import { add, judge, NOTHING, readJunit, type Tally } from '#tools/test/tally.ts';
import type { Boot } from './disks.ts';
import type { KernelName } from './kernels.ts';
import { runInMachine } from './machine.ts';

const V2 = ['test/v2/**/*.test.ts', 'test/rootless/life.test.ts'];
const SYSTEMD = ['test/systemd/*.test.ts'];
const V2_AND_LAYERS = [...V2, 'src/kernel/**/*.test.ts', 'src/runtime/**/*.test.ts'];
interface Machine {
  kernel: KernelName;
  boot?: Boot;
  files: readonly string[];
}
type Extent = 'short' | 'systemd' | 'full';
const MACHINES: Record<Extent, readonly Machine[]> = {
  short: [{ kernel: '6.1', files: V2 }],
  systemd: [{ kernel: '6.1', boot: 'systemd', files: SYSTEMD }],
  full: [
    { kernel: '5.10', files: ['test/old-kernel/*.test.ts'] },
    { kernel: '6.1', boot: 'systemd', files: SYSTEMD },
    { kernel: '6.1', boot: 'systemd-v1', files: SYSTEMD },
    { kernel: '6.1', files: V2_AND_LAYERS },
    { kernel: '6.12', files: V2_AND_LAYERS },
  ],
};
const LIMITS: Record<Extent, number> = { short: 400, systemd: 420, full: 1200 };

const flags = new Set(process.argv.slice(2));
const extent = flags.has('--full') ? 'full' : flags.has('--systemd') ? 'systemd' : 'short';
const reportFile = [...flags].find((flag) => flag.startsWith('--report='))?.slice('--report='.length);

const commandFor = (patterns: readonly string[]): string => {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: TREE })).sort();
  return [
    'NO_COLOR=1 node_modules/.bin/bun test --timeout=120000 --reporter=junit --reporter-outfile=/run/report',
    ...files.map((file) => `./${file}`),
  ].join(' ');
};

async function testOn({ kernel, boot = 'script', files }: Machine): Promise<Tally> {
  const command = commandFor(files);
  const onOutput = (chunk: Buffer) => process.stdout.write(chunk);
  const { status, report, seconds } = await runInMachine({ kernel, boot, command, limit: LIMITS[extent], onOutput });
  if (reportFile !== undefined) writeFileSync(reportFile, report);
  const tally = judge(readJunit(report), status ?? 1);
  const ended = status === undefined ? ', the machine died or ran out of time' : '';
  const below = boot === 'script' ? '' : ` below ${boot}`;
  console.log(
    `kernel ${kernel}${below}: ${tally.passed} passed, ${tally.failed} failed, ${seconds.toFixed(0)} s${ended}`,
  );
  return tally;
}

let total = NOTHING;
for (const machine of MACHINES[extent]) total = add(total, await testOn(machine));
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
