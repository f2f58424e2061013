import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRegistry } from '#tools/registry.ts';
import { busyboxImage } from '#tools/image/busybox.ts';
import { pushImage } from '#tools/image/push.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

test('pull prints what it does, images lists it, rmi removes all of it', async () => {
  const pulled = await world.sampan('pull', world.image);
  expect(pulled).toMatchObject({ status: 0, stderr: '' });
  expect(pulled.stdout).toMatch(
    /[0-9a-f]{12}: Downloading \(\d.*B\)\n[0-9a-f]{12}: Extracting\n[0-9a-f]{12}: Pull complete\nDigest: sha256:[0-9a-f]{64}\n/,
  );
  expect((await world.sampan('pull', world.image)).stdout).toContain('Already exists');
  const listed = (await world.sampan('images')).stdout.split('\n');
  expect(listed[0]).toMatch(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
  expect(listed[1]).toStartWith(world.image.replace(/:1$/, ''));
  const id = (await world.sampan('images', '-q')).stdout.trim();
  expect(id).toMatch(/^[0-9a-f]{12}$/);
  const [image] = JSON.parse((await world.sampan('inspect', id)).stdout) as [
    { RepoTags: string[]; Os: string; Config: { Cmd: string[] } },
  ];
  expect(image).toMatchObject({ Os: 'linux', Config: { Cmd: ['sh'] } });
  expect((await world.sampan('rmi', world.image)).stdout).toMatch(/Untagged: .*\nDeleted: sha256:/);
  expect((await world.sampan('images', '-q')).stdout).toBe('');
  expect(readdirSync(join(world.root, 'snapshots/overlay'))).toEqual([]);
  expect(execFileSync('find', [join(world.root, 'blobs'), '-type', 'f'], { encoding: 'utf8' })).toBe('');
});

test('an image in use is kept, and the hint says by whom', async () => {
  await world.sampan('run', '--name', 'user', world.image, 'true');
  const refused = await world.sampan('rmi', world.image);
  expect(refused.status).toBe(5);
  expect(refused.stderr).toContain('sampan rm user');
  await world.sampan('rm', 'user');
  expect((await world.sampan('rmi', world.image)).status).toBe(0);
});

test('run pulls what is missing, on standard error', async () => {
  const { stdout, stderr, status } = await world.sampan('run', '--rm', world.image, 'echo', 'out');
  expect({ stdout, status }).toEqual({ stdout: 'out\n', status: 0 });
  expect(stderr).toContain('Pull complete');
});

test('each kind of failure has its own exit status and names what is wrong', async () => {
  const host = world.registry.host;
  const cases: [string[], number, string][] = [
    [['pull', `${host}/nonesuch:1`], 3, 'nonesuch'],
    [['pull', `${host}/busybox:nonesuch`], 3, 'nonesuch'],
    [['pull', 'UPPER'], 2, 'UPPER'],
    [['pull', '127.0.0.1:1/x'], 7, '127.0.0.1:1'],
    [['pull', '--platform', 'linux/s390x', world.image], 8, 's390x'],
    [['pull'], 125, 'argument'],
    [['pull', '--nonesuch', 'x'], 125, 'unknown flag: --nonesuch'],
    [['nonesuch'], 125, 'nonesuch'],
    [['rmi', 'nonesuch'], 3, 'nonesuch'],
    [['inspect', 'nonesuch'], 3, 'nonesuch'],
    [['logs', 'nonesuch'], 3, 'nonesuch'],
  ];
  for (const [args, status, text] of cases) {
    const outcome = await world.sampan(...args);
    expect({ args, status: outcome.status }).toEqual({ args, status });
    expect(outcome.stderr).toContain(text);
  }
});

test('credentials are read from where others keep them, and their lack is said', async () => {
  const htpasswd = join(world.root, 'htpasswd');
  writeFileSync(htpasswd, `tester:${await Bun.password.hash('secret', { algorithm: 'bcrypt', cost: 4 })}\n`);
  const storage = join(world.root, 'locked');
  await using open = await startRegistry({ root: storage });
  await pushImage(open.url, 'busybox', '1', busyboxImage());
  await using locked = await startRegistry({ htpasswd, root: storage });
  const name = `${locked.host}/busybox:1`;
  const logIn = (password: string): void => {
    mkdirSync(join(world.root, '.docker'), { recursive: true });
    const auth = Buffer.from(`tester:${password}`).toString('base64');
    writeFileSync(join(world.root, '.docker/config.json'), JSON.stringify({ auths: { [locked.host]: { auth } } }));
  };
  expect(await world.sampan('pull', name)).toMatchObject({ status: 6 });
  logIn('mistaken');
  const refused = await world.sampan('pull', name);
  expect(refused.status).toBe(6);
  expect(refused.stderr).not.toContain('mistaken');
  logIn('secret');
  expect(await world.sampan('pull', name)).toMatchObject({ status: 0 });
  rmSync(join(world.root, '.docker'), { recursive: true });
});

test('the plain-copy snapshotter runs the same image', async () => {
  const { stdout, status } = await world.sampan(
    '--snapshotter',
    'copy',
    'run',
    '--rm',
    world.image,
    'sh',
    '-c',
    'echo x > /new; cat /new',
  );
  expect({ stdout, status }).toEqual({ stdout: 'x\n', status: 0 });
  // A container stays with the snapshotter that made its tree, whatever later commands say.
  await world.sampan(
    '--snapshotter',
    'copy',
    'run',
    '--name',
    'copied',
    world.image,
    'sh',
    '-c',
    'echo x >> /new; cat /new',
  );
  expect((await world.sampan('start', '-a', 'copied')).stdout).toBe('x\nx\n');
  expect((await world.sampan('rm', 'copied')).status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});

test('a full disk is said, leaves nothing half-written, and the next pull succeeds', async () => {
  const mount = join(world.root, 'small');
  mkdirSync(mount);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', mount]);
  try {
    const full = await world.sampan('--root', mount, 'pull', world.image);
    expect(full.status).toBe(10);
    expect(full.stderr).toMatch(/no space|ENOSPC|full/i);
    expect(readdirSync(join(mount, 'work'))).toEqual([]);
    execFileSync('mount', ['-o', 'remount,size=32m', mount]);
    expect(await world.sampan('--root', mount, 'pull', world.image)).toMatchObject({ status: 0 });
    expect(readdirSync(join(mount, 'work'))).toEqual([]);
  } finally {
    execFileSync('umount', [mount]);
  }
});
