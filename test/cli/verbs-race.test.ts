import { afterAll, beforeAll, expect, test } from 'bun:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

const SLEEPER = ['sh', '-c', 'trap "exit 7" TERM; while :; do sleep 0.05; done'];
const status = async (name: string): Promise<string> =>
  (await world.sampan('inspect', '-f', '{{.State.Status}}', name)).stdout.trim();

test('rm and container prune leave alone what another command is just starting', async () => {
  for (let round = 0; round < 12; round += 1) {
    await world.sampan('create', '--name', 'late', world.image, ...SLEEPER);
    const starting = world.sampan('start', 'late');
    await sleep(round);
    const words = round % 2 === 0 ? ['rm', 'late'] : ['container', 'prune', '-f'];
    const removed = await world.sampan(...words);
    const started = await starting;
    // One of the two was first, and the other heard of it; never is something removed that runs.
    if (started.status === 0) expect(await status('late')).toBe('running');
    else expect(started.stderr).toContain('No such container');
    if (started.status === 0 && words[0] === 'rm') expect(removed.status).toBe(5);
    await world.sampan('rm', '-f', 'late');
  }
}, 120_000);

test('rm -f beside a start leaves nothing of it', async () => {
  for (let round = 0; round < 8; round += 1) {
    await world.sampan('create', '--name', 'late', world.image, ...SLEEPER);
    const starting = world.sampan('start', 'late');
    await sleep(round);
    expect(await world.sampan('rm', '-f', 'late')).toMatchObject({ status: 0, stderr: '' });
    await starting;
    await sleep(100);
    expect(world.leftovers().filter((line) => line.includes(world.root) || line.startsWith('containers/'))).toEqual([]);
  }
}, 120_000);

test('what somebody has paused stays paused, whatever is done with it and whoever dies at that', async () => {
  await world.sampan('run', '-d', '--name', 'held', world.image, ...SLEEPER);
  await world.sampan('pause', 'held');
  expect(await world.sampan('commit', 'held', 'held:1')).toMatchObject({ status: 0 });
  expect(await status('held')).toBe('paused');
  for (let round = 0; round < 12; round += 1) {
    const words = round % 2 === 0 ? ['update', '-m', `${64 + round}m`, 'held'] : ['commit', 'held', 'held:2'];
    const child = world.spawn(words);
    await sleep(round * (round % 2 === 0 ? 1 : 20));
    child.kill('SIGKILL');
    await child.exited;
    expect(await status('held')).toBe('paused');
  }
  expect(await world.sampan('unpause', 'held')).toMatchObject({ status: 0 });
  await world.sampan('rm', '-f', 'held');
}, 120_000);

test('a container with --rm that has never run outlives a command that is killed while it works on it', async () => {
  await world.sampan('create', '--rm', '--name', 'kept', world.image, ...SLEEPER);
  writeFileSync(join(world.root, 'big'), Buffer.alloc(32 << 20, 1));
  for (let round = 0; round < 8; round += 1) {
    const words = round % 2 === 0 ? ['cp', join(world.root, 'big'), 'kept:/tmp/'] : ['commit', 'kept', 'kept:1'];
    const child = world.spawn(words);
    await sleep(60 + round * 20);
    child.kill('SIGKILL');
    await child.exited;
    expect(await status('kept')).toBe('created');
  }
  expect(await world.sampan('start', 'kept')).toMatchObject({ status: 0, stderr: '' });
  expect(await world.sampan('stop', 'kept')).toMatchObject({ status: 0 });
  for (let tries = 0; (await status('kept')) !== '' && tries < 100; tries += 1) await sleep(50);
  expect(world.leftovers().filter((line) => line.startsWith('containers/'))).toEqual([]);
}, 120_000);

test('many who wait keep nobody from ending it, and all hear of the end', async () => {
  await world.sampan('run', '-d', '--name', 'busy', world.image, ...SLEEPER);
  const waits = Array.from({ length: 20 }, () => world.sampan('wait', 'busy'));
  await sleep(1500);
  expect(await world.sampan('kill', '-s', 'USR2', 'busy')).toMatchObject({ status: 0, stderr: '' });
  expect(await world.sampan('stop', '-t', '5', 'busy')).toMatchObject({ status: 0 });
  expect(await status('busy')).toBe('exited');
  const code = (await world.sampan('inspect', '-f', '{{.State.ExitCode}}', 'busy')).stdout;
  for (const one of await Promise.all(waits)) expect(one).toMatchObject({ status: 0, stdout: code });
  await world.sampan('rm', 'busy');
}, 60_000);
