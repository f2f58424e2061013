import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const statuses = (outcomes: readonly { status: number | null }[]): (number | null)[] =>
  outcomes.map(({ status }) => status).toSorted((one, other) => (one ?? -1) - (other ?? -1));

test('several processes pull one image at the same time', async () => {
  const pulls = await Promise.all(Array.from({ length: 4 }, () => world.sampan('pull', '-q', world.image)));
  expect(statuses(pulls)).toEqual([0, 0, 0, 0]);
  expect(new Set(pulls.map(({ stdout }) => stdout)).size).toBe(1);
  expect((await world.sampan('images', '-q')).stdout.trim().split('\n')).toHaveLength(1);
});

test('twenty containers are started at once', async () => {
  const runs = await Promise.all(
    Array.from({ length: 20 }, (_, number) => world.sampan('run', '--rm', world.image, 'echo', `${number}`)),
  );
  expect(runs.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 20 }, (_, number) => `${number}\n`));
});

test('who writes waits for his turn, and has it when the one before is gone', async () => {
  const before = Bun.spawn(['flock', '-x', world.root, 'sleep', '0.7']);
  await Bun.sleep(200);
  const writing = world.sampan('create', '--name', 'queued', world.image, 'true');
  const first = await Promise.race([writing.then(() => 'the writer'), before.exited.then(() => 'the one before')]);
  expect(first).toBe('the one before');
  expect(await writing).toMatchObject({ status: 0, stderr: '' });
  await world.sampan('rm', 'queued');
});

test('of those who want one name, one gets it', async () => {
  const runs = await Promise.all(
    Array.from({ length: 5 }, () => world.sampan('run', '-d', '--name', 'only', world.image, 'sleep', '100')),
  );
  expect(statuses(runs)).toEqual([0, 125, 125, 125, 125]);
  expect((await world.sampan('ps', '-q')).stdout.trim().split('\n')).toHaveLength(1);
});

test('of those who start a container, all find it running, and it runs once', async () => {
  await world.sampan('stop', '-t', '0', 'only');
  const starts = await Promise.all(Array.from({ length: 4 }, () => world.sampan('start', 'only')));
  expect(statuses(starts)).toEqual([0, 0, 0, 0]);
  expect((await world.sampan('exec', 'only', 'sh', '-c', 'ps | grep -c "[s]leep 100"')).stdout).toBe('1\n');
});

test('stopping, killing, executing in and removing it at the same time end in its removal', async () => {
  const outcomes = await Promise.all([
    world.sampan('stop', '-t', '0', 'only'),
    world.sampan('exec', 'only', 'sleep', '5'),
    world.sampan('rm', '-f', 'only'),
    world.sampan('rm', '-f', 'only'),
    world.sampan('ps', '-a'),
  ]);
  for (const { stderr } of outcomes) expect(stderr).not.toMatch(/SQLITE|undefined|at .*\.ts/);
  expect((await world.sampan('ps', '-aq')).stdout).toBe('');
  expect(world.leftovers()).toEqual([]);
});
