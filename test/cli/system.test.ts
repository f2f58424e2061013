import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { checkStore } from '#test/store-check/check.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const prepare = async (): Promise<void> => {
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
  await world.sampan('run', '-d', '--name', 'up', '-v', 'data:/data', world.image, 'sleep', '1000');
  await world.sampan('run', '--name', 'down', world.image, 'true');
  await world.sampan('run', '-d', '--name', 'held', world.image, 'sleep', '1000');
  await world.sampan('pause', 'held');
  await world.sampan('volume', 'create', 'unused');
  await world.sampan('image', 'mount', world.image);
};

test('info counts what there is, in text, as JSON and by a template', async () => {
  await prepare();
  const { status, stdout } = await world.sampan('info', '--format', 'json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    Containers: 3,
    ContainersRunning: 1,
    ContainersPaused: 1,
    ContainersStopped: 1,
    Images: 1,
    Driver: 'overlay',
    DockerRootDir: world.root,
    OSType: 'linux',
  });
  const text = (await world.sampan('system', 'info')).stdout;
  expect(text).toMatch(/^Containers: 3\n Running: 1\n Paused: 1\n Stopped: 1\nImages: 1\n/);
  expect(text).toMatch(/Storage Driver: overlay\n Backing Filesystem: \w+\n/);
  expect((await world.sampan('info', '-f', '{{.Images}} {{len .Plugins.Volume}}')).stdout).toBe('1 1\n');
  expect((await world.sampan('info', '-f', '{{.Nonesuch}}')).status).toBe(2);
});

test('version can be asked as docker’s is', async () => {
  const { stdout } = await world.sampan('version', '--format', '{{.Server.Version}} {{.Client.Os}}');
  expect(stdout).toMatch(/^\d+\.\d+\.\d+ linux\n$/);
  expect((await world.sampan('system', 'version', '--format', 'json')).stdout).toContain('"Server":{');
  expect((await world.sampan('version')).stdout).toMatch(/^Version: +\d/);
});

test('reset asks, and without a yes nothing is touched', async () => {
  const asked = await world.call(['system', 'reset'], { input: 'n\n' });
  expect(asked.status).toBe(130);
  expect(asked.stdout).toMatch(/WARNING! This will remove everything in .*\n.*all containers/);
  expect((await world.sampan('ps', '-aq')).stdout.trim().split('\n').length).toBe(3);
});

test('reset removes all that there is, and the root can be used again', async () => {
  const { status, stdout, stderr } = await world.sampan('system', 'reset', '--force');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^Removed 3 containers, 2 volumes and 1 images\nTotal reclaimed space: \d/);
  expect(world.leftovers()).toEqual([]);
  expect(checkStore(world.root)).toEqual([]);
  for (const name of ['volumes', 'snapshots/overlay', 'blobs/sha256']) {
    expect(existsSync(join(world.root, name)) ? readdirSync(join(world.root, name)) : []).toEqual([]);
  }
  expect((await world.sampan('images', '-aq')).stdout).toBe('');
  expect((await world.sampan('events', '--since', '1h', '--until', '0s')).stdout).toBe('');
  expect((await world.sampan('run', '--rm', world.image, 'echo', 'again')).stdout).toBe('again\n');
});

test('A reset that is killed anywhere is finished by the next one', async () => {
  for (const wait of [150, 400]) {
    await prepare();
    const child = world.spawn(['system', 'reset', '-f']);
    await sleep(wait);
    child.kill('SIGKILL');
    await child.exited;
    expect((await world.sampan('system', 'reset', '-f')).status).toBe(0);
    expect(world.leftovers()).toEqual([]);
    expect((await world.sampan('system', 'check')).stdout).toBe('All is as it should be.\n');
  }
});
