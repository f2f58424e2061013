/**
 * `make soak`: containers made, started, entered, killed and deleted, several at a time, with the runtime itself killed
 * at random moments. At the end each is deleted once more with --force: then nothing may be left of any of them.
 * Runs inside of tools/alone.sh. Arguments: cycles, how many at a time, seed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultSpec } from '#runtime/spec/default-spec.ts';
import type { Process } from '#runtime/spec/spec.ts';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { attachedCycle, cycle, forget, type Soak, type Tally } from './cycle.ts';
import { before, leftovers } from './leftovers.ts';
import { SAMPAN } from '#tools/places.ts';
import { generator } from '#tools/random.ts';

const [cycles = 3000, atOnce = 8, seed = Date.now() & 0xffffff] = process.argv.slice(2).map(Number);
if (!existsSync('/run/alone')) throw new Error('run it by tools/alone.sh');

const PREFIX = `sampan-soak-${seed}-`;
/** One in so many is an attached `run`. */
const ATTACHED = 5;
/** Killed processes and their groups take a moment to go. */
const PATIENCE_MS = 10_000;

function makeBundle(directory: string): void {
  mkdirSync(join(directory, 'rootfs'), { recursive: true });
  writeBusyboxTree(join(directory, 'rootfs'));
  const spec = defaultSpec();
  // No cgroupsPath: the groups are named after the container.
  spec.process = { ...(spec.process as Process), terminal: false, args: ['sleep', '1000000'] };
  spec.root = { path: 'rootfs', readonly: true };
  writeFileSync(join(directory, 'config.json'), JSON.stringify(spec));
}

async function eachAtOnce(count: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await act(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const place = mkdtempSync(join(tmpdir(), 'sampan-soak-'));
for (const name of ['errors', 'state']) mkdirSync(join(place, name));
// The second is compiled: the front then makes, starts and kills its containers without TypeScript.
const bundles = ['plain', 'compiled'].map((name) => join(place, name));
for (const bundle of bundles) makeBundle(bundle);
execFileSync(SAMPAN, ['oci', 'compile', '--bundle', bundles[1] ?? '']);
const random = generator(seed);
// The first numbers of a small seed are small ones.
for (let round = 0; round < 10; round++) random();
const tally: Tally = { verbs: 0, killed: 0, history: new Map(), failed: [] };
const soak: Soak = { place, state: join(place, 'state'), bundles, random, tally };
const idOf = (index: number): string => `${PREFIX}${index}`;
const begun = performance.now();
const since = before();
await eachAtOnce(cycles, async (index) => {
  await (index % ATTACHED === 0 ? attachedCycle : cycle)(soak, idOf(index), index);
  if ((index + 1) % 500 === 0) console.log(`${index + 1} cycles, ${tally.killed} of ${tally.verbs} verbs killed`);
});
await eachAtOnce(cycles, (index) => forget(soak, idOf(index)));
const look = (): string[] => leftovers(PREFIX, soak.state, '/run/sampan', since);
for (const end = performance.now() + PATIENCE_MS; look().length > 0 && performance.now() < end;) await sleep(100);
const left = look();
rmSync(place, { recursive: true, force: true });

const seconds = ((performance.now() - begun) / 1000).toFixed(0);
console.log(
  `${cycles} cycles, ${atOnce} at a time, seed ${seed}: ${tally.killed} of ${tally.verbs} verbs killed, ${seconds} s`,
);
for (const line of [...tally.failed, ...left]) console.log(`  ${line}`);
for (const [id, history] of tally.history) {
  if (left.some((line) => line.endsWith(id) || line.includes(`${id}:`))) console.log(`  ${id}: ${history.join(', ')}`);
}
console.log(`${tally.failed.length} failed by themselves, ${left.length} left over`);
process.exitCode = tally.failed.length + left.length === 0 ? 0 : 1;
