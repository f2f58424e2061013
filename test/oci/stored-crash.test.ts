/** Stored plans that are interrupted: what is killed leaves something that `delete --force` takes away. */
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TREE } from '#tools/places.ts';
import { ociWorld, type OciWorld } from './world.ts';

const ASAN = join(TREE, 'dist/front-build/front-asan');

const ROUNDS = 40;

function compiled(args: readonly string[]): OciWorld {
  const world = ociWorld();
  world.configure(args);
  expect(world.oci('compile').status).toBe(0);
  // The directory of all state is made.
  expect(world.oci('run', 'first').status).toBe(0);
  return world;
}

/** Ends the command after a part of the time that it takes. */
async function interrupted(world: OciWorld, round: number, signal: NodeJS.Signals, ...args: string[]): Promise<void> {
  const child = world.spawn(...args);
  await Bun.sleep((round * 8) / ROUNDS);
  child.kill(signal);
  await child.exited;
}

test.each(['run', 'create'])(
  'kill -9 of %s at any moment',
  async (verb) => {
    using world = compiled(['true']);
    for (let round = 0; round < ROUNDS; round++) {
      await interrupted(world, round, 'SIGKILL', verb, 'a');
      expect(world.oci('delete', '--force', 'a')).toMatchObject({ status: 0 });
      expect(world.leftovers()).toEqual([]);
    }
    expect(world.oci('run', 'a')).toMatchObject({ status: 0 });
  },
  60_000,
);

test.each(['front', 'TypeScript'])('kill -9 of delete by the %s: the next one goes on, without force', async (by) => {
  using world = compiled(['true']);
  const words = by === 'front' ? ['delete', 'a'] : ['delete', '--force=false', 'a'];
  for (let files = 1; files < 5; files++) {
    expect(world.oci('create', 'a').status).toBe(0);
    expect(world.oci('start', 'a').status).toBe(0);
    while (!world.oci('state', 'a').stdout.includes('stopped')) await Bun.sleep(5);
    const inject = `inject=unlink,unlinkat:signal=KILL:when=${files}`;
    expect(world.by(['strace', '-o', '/dev/null', '-e', inject], words).status).not.toBe(0);
    expect(world.oci('delete', 'a')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(world.leftovers()).toEqual([]);
  }
});

test('what a compile that was killed has left goes with the next one; of one that is under way nothing does', () => {
  using world = compiled(['true']);
  const [old, fresh] = ['0', 'f'].map((digit) => `sampan.plan.${digit.repeat(16)}`) as [string, string];
  for (const name of [old, fresh]) writeFileSync(join(world.directory, name), '');
  utimesSync(join(world.directory, old), 0, 0);
  expect(world.oci('compile').status).toBe(0);
  expect(readdirSync(world.directory).filter((name) => name.startsWith('sampan.plan'))).toEqual(['sampan.plan', fresh]);
});

test('a run that is told to end takes back what it made', async () => {
  using world = compiled(['true']);
  for (let round = 0; round < ROUNDS; round++) {
    await interrupted(world, round, 'SIGTERM', 'run', 'a');
    // Before the launcher there is nothing that could take anything back.
    if (world.leftovers().length > 0) expect(world.oci('delete', '--force', 'a')).toMatchObject({ status: 0 });
    expect(world.leftovers()).toEqual([]);
  }
}, 60_000);

test('signals go to the program, whose end is that of the run', async () => {
  using world = compiled(['true']);
  world.configure(['sh', '-c', 'trap "echo heard; exit 3" USR1; echo ready; while :; do sleep 0.01; done']);
  world.oci('compile');
  const child = world.spawn('run', 'a');
  const printed = (): Promise<string> => Bun.file(`${world.directory}/spawned`).text();
  while (!(await printed()).includes('ready')) await Bun.sleep(5);
  child.kill('SIGUSR1');
  expect(await child.exited).toBe(3);
  expect(await printed()).toBe('ready\nheard\n');
  expect(world.leftovers()).toEqual([]);
});

test('two creates of one id: one has it, the other says so', async () => {
  using world = compiled(['true']);
  for (let round = 0; round < 10; round++) {
    const ends = await Promise.all(['a', 'a'].map((id) => world.spawn('create', id).exited));
    expect(ends.filter((status) => status === 0)).toHaveLength(1);
    expect(world.oci('delete', '--force', 'a').status).toBe(0);
    expect(world.leftovers()).toEqual([]);
  }
});

/** Cut behind many a byte, and with many a byte of its head changed. */
function* damages(whole: Buffer, stride: number): Generator<Buffer> {
  for (let at = 0; at < whole.length; at += stride) yield whole.subarray(0, at);
  // Behind the build's name: numbers and lengths of sections. Words of a plan are obeyed, whatever they are.
  for (const at of [0, 4, 8, 71, 72, 75, 76, 77, 78, 79]) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 0x81;
    yield changed;
  }
}

test('a stored plan that is damaged is not used, and nothing reads past its end', () => {
  using world = compiled(['echo', 'fine']);
  const path = join(world.directory, 'sampan.plan');
  const whole = readFileSync(path);
  for (const damaged of damages(whole, 997)) {
    writeFileSync(path, damaged);
    expect(world.with(ASAN, 'run', 'a')).toEqual({ status: 0, stdout: 'fine\n', stderr: '' });
    expect(world.leftovers()).toEqual([]);
  }
}, 120_000);

test('nor are answers that are damaged', () => {
  using world = compiled(['true']);
  world.configure(['sleep', '60']);
  expect(world.oci('create', 'a').status).toBe(0);
  const path = join(world.directory, 'state', 'a', 'answers');
  const whole = readFileSync(path);
  const said = world.oci('state', 'a');
  for (let at = 0; at < whole.length; at += 13) {
    writeFileSync(path, whole.subarray(0, at));
    expect(world.with(ASAN, 'state', 'a')).toEqual(said);
    expect(world.with(ASAN, 'kill', 'a', '0').stderr).not.toContain('Sanitizer');
  }
  expect(world.oci('delete', '-f', 'a').status).toBe(0);
  expect(world.leftovers()).toEqual([]);
}, 120_000);
