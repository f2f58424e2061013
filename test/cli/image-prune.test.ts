import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let id: string;
let other: string;
beforeAll(async () => {
  world = await cliWorld();
  other = await world.push('other', '2', { Env: ['OTHER=1'], Labels: { keep: 'yes' } });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  id = (await world.sampan('pull', '-q', world.image)).stdout.trim();
  await world.sampan('pull', '-q', other);
});

const prune = (...args: string[]) => world.sampan('image', 'prune', ...args);
const named = async (): Promise<string[]> =>
  (await world.sampan('images', '--format', '{{.Repository}}:{{.Tag}}')).stdout.split('\n').filter(Boolean).sort();

test('Only what has no tag goes, and with --all everything that no container is made from', async () => {
  await world.sampan('untag', id);
  await world.sampan('run', '--name', 'user', other, 'true');
  const dry = await prune('--dry-run');
  expect(dry.stdout).toMatch(
    new RegExp(`^Images that would be deleted:\ndeleted: ${id}\n\nSpace that would be reclaimed: \\d`),
  );
  expect((await named()).length).toBe(2);
  const { status, stdout } = await prune('-f');
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: dry.stdout
      .replace('Images that would be deleted', 'Deleted Images')
      .replace('Space that would be reclaimed', 'Total reclaimed space'),
  });
  expect(await named()).toEqual([other]);
  expect((await prune('-af')).stdout).toBe('Total reclaimed space: 0B\n');
  await world.sampan('rm', 'user');
  expect((await prune('--all', '--force')).stdout).toContain(`untagged: ${other}\n`);
  expect(execFileSync('find', [`${world.root}/blobs`, '-type', 'f'], { encoding: 'utf8' })).toBe('');
});

test('Filters say which', async () => {
  for (const [filter, left] of [
    ['until=876000h', 2],
    ['label=keep=no', 2],
    ['label!=keep', 1],
    ['until=1s', 0],
  ] as const) {
    expect((await prune('-af', '--filter', filter)).status).toBe(0);
    expect({ filter, left: (await named()).length }).toEqual({ filter, left });
  }
  expect((await prune('-f', '--filter', 'reference=x')).status).toBe(2);
});

test('dangling=false is as good as --all, and an image used or pulled not long ago is told apart', async () => {
  for (const filter of ['dangling=true', 'unused-for=1h', 'unused-for=10m']) {
    expect(await prune('-f', '--filter', filter)).toMatchObject({ status: 0, stdout: 'Total reclaimed space: 0B\n' });
  }
  expect((await prune('-af', '--filter', 'unused-for=1h')).stdout).toBe('Total reclaimed space: 0B\n');
  await sleep(1200);
  await world.sampan('run', '--rm', other, 'true');
  expect((await prune('-af', '--filter', 'unused-for=1s')).stdout).toContain(`untagged: ${world.image}\n`);
  expect(await named()).toEqual([other]);
  expect((await prune('-f', '--filter', 'dangling=false')).stdout).toContain(`untagged: ${other}\n`);
  expect((await prune('-f', '--filter', 'unused-for=soon')).status).toBe(2);
});

test('A pinned image stays until it is removed by its name', async () => {
  expect(await world.sampan('image', 'pin', world.image)).toMatchObject({ status: 0, stdout: `${world.image}\n` });
  await prune('-af');
  expect(await named()).toEqual([world.image]);
  expect((await world.sampan('inspect', '--format', '{{.Metadata.Pinned}}', world.image)).stdout).toBe('true\n');
  await world.sampan('image', 'unpin', world.image);
  await prune('-af');
  expect(await named()).toEqual([]);
  expect((await world.sampan('image', 'pin', 'nothing')).status).toBe(3);
});

test('It asks first, and takes nothing but yes for a yes', async () => {
  for (const input of ['n\n', '', 'maybe\ny\n']) {
    const refused = await world.call(['image', 'prune', '-a'], { input });
    expect(refused).toMatchObject({ status: 130, stdout: expect.stringContaining('[y/N] ') as string });
  }
  expect((await named()).length).toBe(2);
  expect(await world.call(['image', 'prune', '-a'], { input: 'y\n' })).toMatchObject({ status: 0 });
  expect(await named()).toEqual([]);
});

test('Killed at any moment, it leaves nothing that the next one does not clear', async () => {
  for (let round = 0; round < 12; round += 1) {
    await world.sampan('pull', '-q', world.image);
    const child = world.spawn(['image', 'prune', '-af']);
    await sleep(20 + round * 6);
    child.kill('SIGKILL');
    await child.exited;
  }
  expect((await prune('-af')).status).toBe(0);
  const left = execFileSync(
    'find',
    [`${world.root}/blobs`, `${world.root}/snapshots`, `${world.root}/trash`, '-type', 'f'],
    { encoding: 'utf8' },
  );
  expect(left).toBe('');
});
