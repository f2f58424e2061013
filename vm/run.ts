/**
 * `bun vm/run.ts [--systemd|--systemd-v1] [--kernel=5.10|6.1|6.12] COMMAND`: runs a shell command in the virtual machine, below systemd
 * when that is asked for; exits with its status.
 */
import type { Boot } from './disks.ts';
import { KERNELS, type KernelName } from './kernels.ts';
import { runInMachine } from './machine.ts';

const BOOTS: Readonly<Record<string, Boot>> = { '--systemd': 'systemd', '--systemd-v1': 'systemd-v1' };
const isKernel = (name: string): name is KernelName => name in KERNELS;

const words = process.argv.slice(2);
const boot = BOOTS[words[0] ?? ''] ?? 'script';
if (boot !== 'script') words.shift();
const chosen = words[0]?.startsWith('--kernel=') === true ? (words.shift() ?? '').slice('--kernel='.length) : '6.1';
if (!isKernel(chosen) || words.length === 0) {
  console.error('usage: bun vm/run.ts [--systemd|--systemd-v1] [--kernel=5.10|6.1|6.12] COMMAND');
  process.exit(2);
}
const result = await runInMachine({
  kernel: chosen,
  boot,
  command: words.join(' '),
  limit: 600,
  onOutput: (chunk) => process.stdout.write(chunk),
});
console.error(
  `(${result.seconds.toFixed(1)} s, status ${result.status ?? 'unknown: the machine died or ran out of time'})`,
);
process.exit(result.status ?? 1);
