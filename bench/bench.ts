/**
 * `make bench`: ours beside Debian's runtimes, in one run. Prints the table and writes docs/benchmarks.md.
 * `bun bench/bench.ts start-up low-level` measures only these and writes nothing.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sentence } from '#base/fault.ts';
import { busyboxImage } from '#tools/image/busybox.ts';
import { pushImage } from '#tools/image/push.ts';
import { endLeftovers } from '#tools/owned-process.ts';
import { TREE } from '#tools/places.ts';
import { startRegistry } from '#tools/registry.ts';
import { removeCgroups } from './cgroups.ts';
import { atOnce, oneAfterAnother } from './crowd.ts';
import { execInRunning, startAgain, stopOne } from './engine-verbs.ts';
import { runAndRemove } from './engines.ts';
import { idleCrowd } from './idle-crowd.ts';
import { listing } from './list.ts';
import { lowLevel } from './low-level.ts';
import { memoryLimit } from './memory-limit.ts';
import { enterPrivateMounts } from './namespace.ts';
import { phases } from './phases.ts';
import { page, type Section, section } from './report.ts';
import { scratchDisk } from './scratch-disk.ts';
import { sharing } from './sharing/sharing.ts';
import { startUp } from './start-up.ts';
import { streams } from './streams/streams.ts';
import { verbs } from './verbs.ts';

enterPrivateMounts(import.meta.path);
endLeftovers();

const cgroup = `sampan-test-bench-${process.pid}`;
const memory = mkdtempSync('/dev/shm/sampan-bench-');
using disk = scratchDisk(12);
await using registry = await startRegistry();
await pushImage(registry.url, 'busybox', 'latest', busyboxImage());

const place = { directory: join(disk.path, 'engines'), run: memory, cgroupParent: `/${cgroup}` };
mkdirSync(place.directory, { recursive: true });
const busybox = `${registry.host}/busybox:latest`;

const shared = sharing({ registry, directory: join(disk.path, 'sharing'), run: join(memory, 'sharing') });

type Part = () => Section[] | Promise<Section[]>;
const parts: Record<string, Part> = {
  'start-up': () => [startUp(memory)],
  'low-level': () => lowLevel(memory, `/${cgroup}`),
  phases: () => phases(memory, `/${cgroup}`),
  verbs: () => verbs(memory, `/${cgroup}`),
  list: () => [listing(memory, `/${cgroup}`)],
  'memory-limit': () => [memoryLimit(memory, `/${cgroup}`)],
  run: () => [runAndRemove(busybox, place)],
  exec: () => [execInRunning(busybox, place)],
  start: () => [startAgain(busybox, place)],
  stop: () => [stopOne(busybox, place)],
  'one-after-another': async () => [await oneAfterAnother(busybox, place)],
  'at-once': async () => [await atOnce(busybox, place)],
  idle: () => idleCrowd(busybox, place),
  streams: () => streams(busybox, { ...place, directory: join(disk.path, 'streams'), run: join(memory, 'st') }),
  ...shared.parts,
};

const wanted = process.argv.slice(2).filter((word) => word in parts);
const sections: Section[] = [];
const missing: string[] = [];
for (const [name, measure] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  try {
    const measured = await measure();
    for (const one of measured) console.log(section(one));
    sections.push(...measured);
  } catch (error) {
    console.error(`${name}: ${sentence(error)}`);
    missing.push(`${name}: ${sentence(error).split('\n')[0]}`);
  }
}
if (wanted.length === 0) {
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(join(TREE, 'docs/benchmarks.md'), page(sections, missing, date));
  console.log('written to docs/benchmarks.md');
}
await shared.stop();
removeCgroups(cgroup);
rmSync(memory, { recursive: true, force: true });
process.exitCode = missing.length === 0 ? 0 : 1;
