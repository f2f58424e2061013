import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const ROUNDS = 14;
const SLEEPER = ['sh', '-c', 'trap "exit 7" TERM; while :; do sleep 0.05; done'];
const status = async (name: string): Promise<string> =>
  (await world.sampan('inspect', '-f', '{{.State.Status}}', name)).stdout.trim();
/** Runs a command and kills it a little later each round. */
async function cut(round: number, stepMs: number, ...args: string[]): Promise<void> {
  const child = world.spawn(args);
  await sleep(round * stepMs);
  child.kill('SIGKILL');
  await child.exited;
}

test('restart killed at any moment leaves the container running or stopped, and whole', async () => {
  await world.sampan('run', '-d', '--name', 'again', world.image, ...SLEEPER);
  for (let round = 0; round < ROUNDS; round += 1) {
    await cut(round, 12, 'restart', 'again');
    // It may have been told to stop, and may be just about to.
    await sleep(200);
    expect(['running', 'exited']).toContain(await status('again'));
    expect(await world.sampan('start', 'again')).toMatchObject({ status: 0, stderr: '' });
    expect((await world.sampan('exec', 'again', 'echo', 'well')).stdout).toBe('well\n');
  }
  expect(await world.sampan('stop', 'again')).toMatchObject({ status: 0 });
  await world.sampan('rm', 'again');
  expect(world.leftovers().filter((line) => line.includes(world.root))).toEqual([]);
}, 120_000);

test('an update killed at any moment is done or not done, in the record and in the kernel alike', async () => {
  const { stdout } = await world.sampan('run', '-d', '--name', 'lean', '-m', '64m', world.image, ...SLEEPER);
  const id = stdout.trim();
  const files = [`/sys/fs/cgroup/memory/sampan/${id}/memory.limit_in_bytes`, `/sys/fs/cgroup/sampan/${id}/memory.max`];
  const kernel = (): number => {
    for (const file of files) {
      try {
        return Number(readFileSync(file, 'latin1'));
      } catch {
        continue;
      }
    }
    return Number.NaN;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await cut(round, 5, 'update', '-m', `${70 + round}m`, 'lean');
    const recorded = Number((await world.sampan('inspect', '-f', '{{.HostConfig.Memory}}', 'lean')).stdout);
    expect(recorded).toBe(kernel());
    expect([64, 70 + round].concat(Array.from({ length: round }, (_, past) => 70 + past))).toContain(
      recorded / 2 ** 20,
    );
  }
  expect(await world.sampan('update', '-m', '128m', 'lean')).toMatchObject({ status: 0, stderr: '' });
  expect(kernel()).toBe(128 * 2 ** 20);
  await world.sampan('rm', '-f', 'lean');
}, 120_000);

test('create, pause and rename killed at any moment leave nothing half done', async () => {
  for (let round = 0; round < ROUNDS; round += 1)
    await cut(round, 3, 'create', '--name', `made${round}`, world.image, 'true');
  const names = (await world.sampan('ps', '-a', '--format', 'json')).stdout.split('\n').filter(Boolean);
  for (const line of names) {
    const { Names } = JSON.parse(line) as { Names: string };
    expect(await world.sampan('start', '-a', Names)).toMatchObject({ status: 0, stderr: '' });
  }
  await world.sampan('container', 'prune', '-f');
  expect(world.leftovers().filter((line) => line.includes(world.root) || line.startsWith('containers/'))).toEqual([]);

  await world.sampan('run', '-d', '--name', 'held', world.image, ...SLEEPER);
  for (let round = 0; round < ROUNDS; round += 1) {
    await cut(round, 3, 'pause', 'held');
    if ((await status('held')) === 'paused') expect((await world.sampan('unpause', 'held')).status).toBe(0);
    expect(await status('held')).toBe('running');
  }
  for (let round = 0; round < ROUNDS; round += 1) await cut(round, 3, 'rename', 'held', `held${round}`);
  const left = (await world.sampan('ps', '--format', 'json')).stdout.trim();
  const { Names } = JSON.parse(left) as { Names: string };
  expect(await world.sampan('exec', Names, 'echo', 'well')).toMatchObject({ stdout: 'well\n' });
  await world.sampan('rm', '-f', Names);
}, 120_000);

test('who is killed while it changes a paused container leaves it paused', async () => {
  await world.sampan('run', '-d', '--name', 'ice', world.image, ...SLEEPER);
  await world.sampan('pause', 'ice');
  for (let round = 0; round < ROUNDS; round += 1) {
    await cut(round, 4, 'update', '--pids-limit', `${50 + round}`, 'ice');
    expect(await status('ice')).toBe('paused');
  }
  expect((await world.sampan('unpause', 'ice')).status).toBe(0);
  expect((await world.sampan('exec', 'ice', 'echo', 'well')).stdout).toBe('well\n');
  await world.sampan('rm', '-f', 'ice');
}, 120_000);
