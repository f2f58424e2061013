/** Containers whose making is broken off: by the end of the runtime, whose launcher goes on, or by that of the launcher. */
import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ociWorld, type OciWorld } from './world.ts';

/** With a compiled bundle the launcher is the runtime, and is killed along. */
const apart = test.skipIf(process.env['SAMPAN_TEST_COMPILED'] !== undefined);

interface Held {
  /** Before it has told the pid. */
  early: boolean;
  goOn(): void;
}

/** The launcher of a create that has just begun, held still. */
async function heldLauncher(world: OciWorld, runtime: Bun.Subprocess): Promise<Held> {
  const place = join(world.directory, 'state/a');
  while (!existsSync(join(place, 'go')) && runtime.exitCode === null) await new Promise(setImmediate);
  const [launcher = ''] = read(`/proc/${runtime.pid}/task/${runtime.pid}/children`).split(' ');
  signal(launcher, 'SIGSTOP');
  return { early: launcher !== '' && !existsSync(join(place, 'pid')), goOn: () => signal(launcher, 'SIGCONT') };
}

function signal(pid: string, name: NodeJS.Signals): void {
  try {
    if (pid !== '') process.kill(Number(pid), name);
  } catch {
    // It has ended.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}

apart(
  'a launcher that has lost its runtime is waited for, and leaves nothing of a container that was deleted',
  async () => {
    using world = ociWorld();
    world.configure(['true']);
    let seen = 0;
    for (let round = 0; round < 250 && seen < 3; round++) {
      const runtime = world.spawn('create', 'a');
      const launcher = await heldLauncher(world, runtime);
      runtime.kill('SIGKILL');
      await runtime.exited;
      const deleted = world.spawn('delete', '--force', 'a');
      await Bun.sleep(100);
      // One that is held before it has opened its fifo is not waited for: it finds nothing to open.
      if (launcher.early && deleted.exitCode === null) seen++;
      expect(world.oci('list', '-q').stdout).toBe('');
      launcher.goOn();
      expect(await deleted.exited).toBe(0);
      expect(world.leftovers()).toEqual([]);
    }
    expect(seen).toBe(3);
  },
  90_000,
);

apart(
  'a delete that was killed while it waited for one is finished by the next',
  async () => {
    using world = ociWorld();
    world.configure(['true']);
    for (let round = 0; ; round++) {
      const runtime = world.spawn('create', 'a');
      const launcher = await heldLauncher(world, runtime);
      runtime.kill('SIGKILL');
      await runtime.exited;
      const deleted = world.spawn('delete', '--force', 'a');
      await Bun.sleep(100);
      deleted.kill('SIGKILL');
      await deleted.exited;
      launcher.goOn();
      expect(world.oci('delete', '--force', 'a')).toMatchObject({ status: 0, stderr: '' });
      expect(world.leftovers()).toEqual([]);
      if (launcher.early) break;
      expect(round).toBeLessThan(50);
    }
  },
  60_000,
);

apart('a create whose launcher is killed takes everything back, an init that waits already with it', async () => {
  using world = ociWorld();
  world.configure(['true'], (spec) => {
    spec.hooks = { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '2'] }] };
  });
  const runtime = world.spawn('create', 'a');
  while (!existsSync(join(world.directory, 'state/a/pid'))) await Bun.sleep(5);
  const [launcher = ''] = read(`/proc/${runtime.pid}/task/${runtime.pid}/children`).split(' ');
  process.kill(Number(launcher), 'SIGKILL');
  expect(await runtime.exited).toBe(1);
  expect(world.leftovers()).toEqual([]);
});
