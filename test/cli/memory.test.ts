/** How much memory a large layer takes on its way in, whatever its way. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tarEntry } from '#store/testing/tar-writer.ts';
import { cliWorld, type CliWorld } from './world.ts';

/** 2048 by hand: what is kept of each byte shows with less. */
const SIZE = Number(process.env['SAMPAN_TEST_LAYER_MIB'] ?? 600) * 1024 * 1024;
const MOST_MB = 200;
const BLOCK = 512;

let world: CliWorld;
let archive: string;
beforeAll(async () => {
  world = await cliWorld();
  archive = join(world.root, 'large.tar');
  writeLargeArchive(archive);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

/** An archive with one file of zeros, which takes no room itself. */
function writeLargeArchive(path: string): void {
  writeFileSync(path, tarEntry({ name: 'large', size: SIZE }));
  truncateSync(path, BLOCK + SIZE + 2 * BLOCK);
}

/** Runs a command; the most memory that its process had, in megabytes. */
async function peakOf(...args: string[]): Promise<number> {
  const child = world.spawn(args);
  let peak = 0;
  while (child.exitCode === null && child.signalCode === null) {
    peak = Math.max(peak, peakNow(child.pid));
    await sleep(20);
  }
  const words = await new Response(child.stderr).text();
  expect({ args, status: child.exitCode, words }).toEqual({ args, status: 0, words: '' });
  return peak;
}

function peakNow(pid: number): number {
  try {
    return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

test('import, push, pull, save and load of a large layer stay small', async () => {
  const name = `${world.registry.host}/large:1`;
  const saved = join(world.root, 'saved.tar');
  const peaks = {
    import: await peakOf('import', archive, name),
    push: await peakOf('push', '-q', name),
    pull: await peakOf('--root', join(world.root, 'other'), 'pull', '-q', name),
    save: await peakOf('save', '-o', saved, name),
    load: 0,
  };
  rmSync(archive);
  await world.sampan('rmi', name);
  peaks.load = await peakOf('load', '-q', '-i', saved);
  rmSync(saved);
  for (const [way, peak] of Object.entries(peaks)) {
    // More than nothing: it has been looked at.
    expect({ way, peak, small: peak > 10 && peak < MOST_MB }).toMatchObject({ way, small: true });
  }
}, 300_000);

test('a layer that is hard to compress stays small as well', async () => {
  const compressed = join(world.root, 'noise.tar.gz');
  const script = `head -c ${SIZE / 2} /dev/urandom > "$0/noise" && tar -C "$0" -c noise | gzip -1 > "$0/noise.tar.gz"`;
  execFileSync('sh', ['-c', script, world.root]);
  expect(await peakOf('import', compressed, 'noise:1')).toBeLessThan(MOST_MB);
}, 300_000);
