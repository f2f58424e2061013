/**
 * The second half of `make soak`: lives of containers by the engine's verbs at full speed, with what the machine and the
 * root hold counted all along. Runs inside of tools/alone.sh. Arguments: cycles, how many at a time.
 */
import { existsSync } from 'node:fs';
import { cliWorld } from '#test/cli/world.ts';
import { figuresOf, table, type Figures } from './figures.ts';

const [cycles = 3000, atOnce = 2] = process.argv.slice(2).map(Number);
if (!existsSync('/run/alone')) throw new Error('run it by tools/alone.sh');

const WINDOWS = 10;
/** Ends as soon as it is told to, with a status of its own. */
const PROGRAM = ['sh', '-c', 'trap "exit 7" TERM; echo up; sleep 1000 & wait'];

await using world = await cliWorld();
const failed: string[] = [];

async function verb(wanted: { status?: number; stdout?: string }, ...args: string[]): Promise<void> {
  const { status, stdout, stderr } = await world.sampan(...args);
  const isRight = status === (wanted.status ?? 0) && (wanted.stdout === undefined || wanted.stdout === stdout);
  if (!isRight || stderr !== '') failed.push(`${args.slice(0, 4).join(' ')}: status ${status}: ${stdout}${stderr}`);
}

/** Docker waits for the program's first line no more than we do, so it is asked for. */
async function life(name: string): Promise<void> {
  await verb({}, 'create', '--network', 'none', '--name', name, world.image, ...PROGRAM);
  await verb({ stdout: `${name}\n` }, 'start', name);
  await verb({ stdout: 'in\n' }, 'exec', name, 'sh', '-c', 'until pidof sleep >/dev/null; do :; done; echo in');
  await verb({ stdout: 'up\n' }, 'logs', name);
  await verb({ stdout: `${name}\n` }, 'stop', name);
  await verb({ stdout: '7\n' }, 'wait', name);
  await verb({ stdout: `${name}\n` }, 'rm', name);
}

const shortLife = (): Promise<void> =>
  verb({ stdout: 'out\n', status: 3 }, 'run', '--rm', '--network', 'none', world.image, 'sh', '-c', 'echo out; exit 3');

async function window(first: number, count: number): Promise<number> {
  let next = first;
  const begun = performance.now();
  const worker = async (): Promise<void> => {
    for (let at = next++; at < first + count; at = next++) {
      await (at % 2 === 0 ? life(`life-${at}`) : shortLife());
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return (performance.now() - begun) / count;
}

await verb({}, 'pull', '-q', world.image);
// The first of each makes what is made once.
await window(0, 4 * atOnce);
failed.length = 0;
const seen: Figures[] = [];
for (let at = 0; at < WINDOWS; at += 1) {
  const count = Math.ceil(cycles / WINDOWS);
  const took = await window(at * count, count);
  seen.push(await figuresOf(world, took));
  console.log(`${(at + 1) * count} cycles, ${took.toFixed(1)} ms each`);
}
const left = world.leftovers();
console.log(table(seen));
for (const line of [...failed, ...left].slice(0, 40)) console.log(`  ${line}`);
console.log(`${cycles} lives, ${atOnce} at a time: ${failed.length} failed, ${left.length} left over`);
process.exitCode = failed.length + left.length === 0 ? 0 : 1;
