/** However large a layer is, what brings it somewhere needs little memory. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tarHeader } from '#store/testing/tar-writer.ts';
import { SAMPAN } from '#tools/places.ts';
import { cliWorld, type CliWorld } from './world.ts';

const MIB = 1024 * 1024;
/** 2048 by hand: what was kept of each byte would be seen with less. */
const LAYER = Number(process.env['SAMPAN_TEST_LAYER_MIB'] ?? 512) * MIB;
const MOST_KB = 200_000;

let world: CliWorld;
const image = 'huge:1';
beforeAll(async () => {
  world = await cliWorld();
  const file = join(world.root, 'huge.tar');
  const fd = openSync(file, 'w');
  const noise = randomBytes(MIB);
  writeSync(fd, tarHeader({ name: 'data', size: LAYER }));
  for (let done = 0; done < LAYER; done += MIB) writeSync(fd, noise);
  writeSync(fd, Buffer.alloc(1024));
  closeSync(fd);
  const made = await world.call(['import', file, image], { timeout: 200_000 });
  expect(made).toMatchObject({ status: 0, stderr: '' });
  rmSync(file);
}, 240_000);
afterAll(() => world[Symbol.asyncDispose](), 60_000);

/** Runs a command to its end and gives the most that it had resident, in KB. */
async function peakOf(args: readonly string[], input?: number, output?: number): Promise<number> {
  const child = Bun.spawn([SAMPAN, ...args], {
    stdin: input ?? 'ignore',
    stdout: output ?? 'ignore',
    stderr: 'pipe',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: world.root, SAMPAN_ROOT: world.root },
  });
  let peak = 0;
  while (child.exitCode === null && child.signalCode === null) {
    // The kernel's own record, so it does not matter when it is looked at.
    peak = Math.max(peak, residentOf(child.pid));
    await sleep(10);
  }
  expect({ status: child.exitCode, stderr: await new Response(child.stderr).text() }).toEqual({
    status: 0,
    stderr: '',
  });
  return peak;
}

function residentOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function expectLittle(peak: number, what: string): void {
  expect({ what, measured: peak > 10_000 }).toEqual({ what, measured: true });
  expect({ what, peak: Math.max(peak, MOST_KB) }).toEqual({ what, peak: MOST_KB });
}

test('push', async () => {
  expectLittle(await peakOf(['push', '-q', image, `${world.registry.host}/huge:1`]), 'push');
}, 240_000);

test('save and load', async () => {
  const archive = join(world.root, 'archive.tar');
  const to = openSync(archive, 'w');
  expectLittle(await peakOf(['save', image], undefined, to), 'save');
  const from = openSync(archive, 'r');
  expectLittle(await peakOf(['--root', join(world.root, 'second'), 'load'], from), 'load');
  for (const fd of [to, from]) closeSync(fd);
}, 240_000);
