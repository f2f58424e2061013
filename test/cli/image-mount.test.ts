import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  await world.sampan('pull', '-q', world.image);
  await world.sampan('run', '--name', 'box', world.image, 'sh', '-c', 'echo made >/made; rm -r /home');
  await world.sampan('commit', 'box', 'two:1');
  await world.sampan('rm', 'box');
}, 60_000);
afterAll(async () => {
  await world.sampan('image', 'unmount', '--all');
  await world[Symbol.asyncDispose]();
});

const mounts = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(world.root));
const idOf = async (name: string): Promise<string> =>
  (await world.sampan('images', '-q', '--no-trunc', name)).stdout.trim();

test('images of one layer and of several are shown read-only, listed and taken away', async () => {
  for (const [name, made] of [
    [world.image, false],
    ['two:1', true],
  ] as const) {
    const { stdout, status } = await world.sampan('image', 'mount', name);
    const path = stdout.trim();
    expect(status).toBe(0);
    expect(existsSync(join(path, 'bin/busybox'))).toBe(true);
    expect({ made: existsSync(join(path, 'made')), home: existsSync(join(path, 'home')) }).toEqual({
      made,
      home: !made,
    });
    expect(() => writeFileSync(join(path, 'x'), '')).toThrow('EROFS');
    expect(execFileSync('findmnt', ['-no', 'OPTIONS', path], { encoding: 'utf8' })).toMatch(/^ro,nosuid,nodev/);
  }
  const listed = (await world.sampan('image', 'mount')).stdout.trim().split('\n').sort();
  expect(listed.map((line) => line.split(' ')[0])).toEqual([world.image, 'two:1']);
  const json = JSON.parse((await world.sampan('image', 'mount', '--format', 'json')).stdout);
  expect(json.map((one: { id: string }) => one.id).sort()).toEqual(
    [await idOf(world.image), await idOf('two:1')].sort(),
  );
  expect((await world.sampan('image', 'unmount', 'two:1')).stdout.trim()).toBe(await idOf('two:1'));
  expect((await world.sampan('image', 'umount', '--all')).stdout.trim()).toBe(await idOf(world.image));
  expect((await world.sampan('image', 'mount')).stdout).toBe('');
  expect(mounts()).toEqual([]);
  expect(readdirSync(join(world.root, 'run', 'images'))).toEqual([]);
});

test('mounted twice it has to be unmounted twice, or by force', async () => {
  const [one, two] = await Promise.all([
    world.sampan('image', 'mount', 'two:1'),
    world.sampan('image', 'mount', 'two:1'),
  ]);
  expect(one.stdout).toBe(two.stdout);
  await world.sampan('image', 'unmount', 'two:1');
  expect(mounts().length).toBe(1);
  await world.sampan('image', 'mount', 'two:1');
  await world.sampan('image', 'unmount', '--force', 'two:1');
  expect(mounts()).toEqual([]);
  expect(await world.sampan('image', 'unmount', 'two:1')).toMatchObject({
    status: 3,
    stderr: 'sampan: unmount image two:1: it is not mounted\n',
  });
});

test('what is in use stays, and says so', async () => {
  const path = (await world.sampan('image', 'mount', 'two:1')).stdout.trim();
  const user = Bun.spawn(['sleep', '1000'], { cwd: path });
  try {
    const { status, stderr } = await world.sampan('image', 'unmount', 'two:1');
    expect(status).not.toBe(0);
    expect(stderr).toContain(`unmount image two:1: ${path} is busy`);
    expect((await world.sampan('image', 'mount')).stdout).toBe(`two:1 ${path}\n`);
  } finally {
    user.kill();
    await user.exited;
  }
  expect((await world.sampan('image', 'unmount', 'two:1')).status).toBe(0);
});

test('a mounted image is not removed, nor are its layers; by force it loses its name', async () => {
  const path = (await world.sampan('image', 'mount', 'two:1')).stdout.trim();
  const id = await idOf('two:1');
  expect(await world.sampan('rmi', 'two:1')).toMatchObject({
    stderr: `sampan: remove image two:1: it is mounted at ${path}\nUnmount it first: sampan image unmount two:1.\n`,
  });
  expect((await world.sampan('rmi', '-f', 'two:1')).stdout).toBe('Untagged: two:1\n');
  await world.sampan('image', 'prune', '-af');
  expect(readFileSync(join(path, 'made'), 'utf8')).toBe('made\n');
  expect((await world.sampan('image', 'mount')).stdout).toBe(`${id} ${path}\n`);
  await world.sampan('tag', id, 'two:1');
  await world.sampan('image', 'unmount', id);
  await world.sampan('pull', '-q', world.image);
});

test('after a reboot it is forgotten: a mount that has gone holds nothing', async () => {
  const path = (await world.sampan('image', 'mount', 'two:1')).stdout.trim();
  execFileSync('umount', [path]);
  expect((await world.sampan('image', 'mount')).stdout).toBe('');
  expect(existsSync(path)).toBe(false);
  await world.sampan('image', 'mount', 'two:1');
  execFileSync('umount', [path]);
  await world.sampan('tag', 'two:1', 'three:1');
  expect((await world.sampan('rmi', '-f', 'three:1')).status).toBe(0);
});

test('killed at any moment, what is mounted is listed, and what is listed is mounted', async () => {
  for (let round = 0; round < 24; round += 1) {
    const child = world.spawn(['image', round % 2 === 0 ? 'mount' : 'unmount', 'two:1']);
    await sleep(15 + round * 3);
    child.kill('SIGKILL');
    await child.exited;
    await sleep(30); // its launcher ends on its own
    const listed = (await world.sampan('image', 'mount')).stdout.trim().split('\n').filter(Boolean);
    expect({ round, mounted: mounts().length }).toEqual({ round, mounted: listed.length });
  }
  await world.sampan('image', 'unmount', '--all');
  expect(mounts()).toEqual([]);
}, 60_000);

test('what cannot be mounted is said', async () => {
  expect((await world.sampan('image', 'mount', 'nothing')).stderr).toContain('No such image: nothing');
  expect((await world.sampan('image', 'mount', '--all', 'two:1')).stderr).toContain('do not go together');
  expect((await world.sampan('image', 'unmount')).stderr).toContain('an image or --all is needed');
});
