/** A container that is started again goes by the plan of its last start, as long as that still says what is wanted. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

async function made(...words: string[]): Promise<string> {
  const { stdout, stderr } = await world.sampan('create', ...words);
  expect(stderr).toBe('');
  return join(world.root, 'containers', stdout.trim());
}

async function startAndStop(name: string): Promise<void> {
  expect(await world.sampan('start', name)).toMatchObject({ status: 0, stderr: '' });
  expect((await world.sampan('exec', name, 'echo', 'well')).stdout).toBe('well\n');
  await world.sampan('kill', name);
}

const planOf = (directory: string): number => statSync(join(directory, 'plan')).mtimeMs;

test('the plan is made once', async () => {
  const directory = await made('--name', 'plain', '-e', 'A=b', world.image, 'sleep', '1000');
  await startAndStop('plain');
  const first = planOf(directory);
  await startAndStop('plain');
  await world.sampan('rename', 'plain', 'simple');
  await startAndStop('simple');
  expect(planOf(directory)).toBe(first);
});

test('it is made anew for what has changed, and when nobody can say what it was made from', async () => {
  const directory = await made('--name', 'changed', world.image, 'sleep', '1000');
  await startAndStop('changed');
  const basis = join(directory, 'plan.for');
  for (const content of ['', readFileSync(basis, 'utf8').slice(0, -1)]) {
    const before = planOf(directory);
    writeFileSync(basis, content);
    await startAndStop('changed');
    expect(planOf(directory)).toBeGreaterThan(before);
  }
  expect(await world.sampan('update', '--pids-limit', '77', 'changed')).toMatchObject({ status: 0 });
  await world.sampan('start', 'changed');
  const limits = await world.sampan('inspect', '-f', '{{.HostConfig.PidsLimit}}', 'changed');
  expect(limits.stdout).toBe('77\n');
  const id = directory.slice(-64);
  const files = [`/sys/fs/cgroup/pids/sampan/${id}/pids.max`, `/sys/fs/cgroup/sampan/${id}/pids.max`];
  expect(readFileSync(files.find((path) => existsSync(path)) ?? '', 'latin1')).toBe('77\n');
  await world.sampan('kill', 'changed');
});

test('what is outside of the record is looked at each time', async () => {
  const directory = await made('--name', 'bound', '-v', `${world.root}:/there`, world.image, 'sleep', '1000');
  await startAndStop('bound');
  expect(existsSync(join(directory, 'plan.for'))).toBe(false);
});

test('a failure is told of in the same words', async () => {
  await made('--name', 'broken', world.image, '/bin/own', '1000');
  writeFileSync(join(world.root, 'own'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
  expect(await world.sampan('cp', join(world.root, 'own'), 'broken:/bin/own')).toMatchObject({ status: 0 });
  await startAndStop('broken');
  await world.sampan('start', 'broken');
  await world.sampan('exec', 'broken', 'rm', '/bin/own');
  await world.sampan('kill', 'broken');
  const first = await world.sampan('start', 'broken');
  expect(first.status).not.toBe(0);
  expect(first.stderr).toContain('/bin/own');
  writeFileSync(join(world.root, 'containers', await idOf('broken'), 'plan.for'), '');
  expect(await world.sampan('start', 'broken')).toEqual(first);
});

const idOf = async (name: string): Promise<string> =>
  (await world.sampan('inspect', '-f', '{{.Id}}', name)).stdout.trim();
