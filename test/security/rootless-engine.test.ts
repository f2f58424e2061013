/** What an ordinary user's engine must never give: rights over the machine, or over another user's containers. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootlessWorld, textOf, type RootlessWorld } from '#test/cli/rootless-world.ts';
import { SAMPAN } from '#tools/places.ts';

/** Nobody in /etc/passwd: another user, and one whom someone lies in wait for. */
const OTHER = 54_321;
const VICTIM = 54_322;

let world: RootlessWorld;
beforeAll(async () => {
  world = await rootlessWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0, stderr: '' });
});
afterAll(() => world[Symbol.asyncDispose]());

const as = (uid: number, command: readonly string[], env: Record<string, string> = {}) =>
  spawnSync('setpriv', ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--', ...command], {
    encoding: 'utf8',
    cwd: '/',
    timeout: 60_000,
    env: { PATH: '/usr/bin:/bin', ...env },
  });

test('our executable has no rights of its own', () => {
  expect(statSync(SAMPAN).mode & 0o6000).toBe(0);
  expect(spawnSync('getcap', [SAMPAN], { encoding: 'utf8' }).stdout ?? '').toBe('');
});

test('another user reaches neither store, run directory, sockets nor namespace', async () => {
  chmodSync(world.home, 0o755);
  chmodSync(join(world.home, 'run'), 0o755);
  await world.sampan('run', '-d', '--name', 'held', '--network', 'none', world.image, 'sleep', '60');
  const id = (await world.sampan('inspect', '-f', '{{.Id}}', 'held')).stdout.trim();
  const pid = (await world.sampan('inspect', '-f', '{{.State.Pid}}', 'held')).stdout.trim();
  const store = join(world.home, '.local/share/sampan');
  for (const path of [`containers/${id}`, 'snapshots/overlay', 'blobs/sha256'].map((one) => join(store, one))) {
    expect(as(OTHER, ['ls', path]).status).not.toBe(0);
  }
  for (const path of [`containers/${id}/log`, `containers/${id}/attach.sock`, 'sampan.db'].map((one) =>
    join(store, one),
  ))
    expect(as(OTHER, ['cat', path]).status).not.toBe(0);
  expect(as(OTHER, ['ls', join(world.home, 'run/sampan/namespace')]).status).not.toBe(0);
  expect(as(OTHER, ['readlink', `/proc/${pid}/ns/user`]).status).not.toBe(0);
  // To give the directories by name changes nothing: they are not theirs.
  const named = as(OTHER, [SAMPAN, '--root', store, '--run-root', join(world.home, 'run/sampan'), 'ps']);
  expect(named.status).not.toBe(0);
  expect(named.stderr).toContain('permission denied');
  await world.sampan('rm', '-f', 'held');
});

test('a place below /tmp that somebody has taken before is refused', () => {
  const place = `/tmp/sampan-${VICTIM}`;
  const home = join(tmpdir(), `sampan-victim-${process.pid}`);
  mkdirSync(home);
  chownSync(home, VICTIM, VICTIM);
  const ps = () => as(VICTIM, [SAMPAN, 'ps'], { HOME: home });
  try {
    for (const mode of [0o777, 0o1777, 0o755]) {
      rmSync(place, { recursive: true, force: true });
      mkdirSync(place);
      chmodSync(place, mode);
      chownSync(place, OTHER, OTHER);
      const { status, stderr } = ps();
      expect({ status, stderr }).toEqual({ status: 6, stderr: expect.stringContaining('others can write to it') });
    }
    rmSync(place, { recursive: true, force: true });
    symlinkSync('/var', place);
    expect(ps().status).not.toBe(0);
    expect(existsSync('/var/sampan')).toBe(false);
    rmSync(place);
    // By themselves, and with one id, as they have no others.
    const own = ps();
    expect(own.status).toBe(0);
    expect(own.stderr).toContain('no subuid ranges found for user "54322"');
    expect(statSync(place)).toMatchObject({ uid: VICTIM });
    expect(statSync(place).mode & 0o022).toBe(0);
  } finally {
    rmSync(place, { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
  }
});

test('root of a container is the user to the machine', async () => {
  const secret = join(world.home, 'secret');
  writeFileSync(secret, 'secret', { mode: 0o600 });
  const device = join(world.home, 'device');
  const run = (...args: string[]) => world.sampan('run', '--rm', '--network', 'none', ...args);
  const read = await run('--privileged', '-v', `${secret}:/s`, world.image, 'cat', '/s');
  expect(read).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('Permission denied') });
  for (const forbidden of [
    ['mknod', '/m', 'c', '1', '3'],
    ['sh', '-c', 'echo 1 >/proc/sys/kernel/sysrq'],
    ['sh', '-c', 'echo x >/proc/sysrq-trigger'],
    ['hostname', '-F', '/s'],
  ])
    expect((await run('--privileged', world.image, ...forbidden)).status).not.toBe(0);
  // A program with set-user-ID that a container leaves belongs to one of the user's ids, to whom it is no secret.
  await run('-v', `${world.home}:/h`, world.image, 'sh', '-c', 'cp /bin/busybox /h/device && chmod 4755 /h/device');
  expect(statSync(device).uid).toBe(world.uid);
});

test('a hostile entry among those who live in the namespace is not believed', async () => {
  await world.sampan('ps');
  const members = join(world.home, 'run/sampan/namespace');
  // Process 1, and a number that was another's once.
  const start = textOf('/proc/1/stat').split(') ')[1]?.split(' ')[19] ?? '0';
  for (const name of [`1:${start}`, '1:1', '../../x:1', 'x:y']) {
    spawnSync('touch', [join(members, name.replaceAll('/', '_'))]);
    chownSync(join(members, name.replaceAll('/', '_')), world.uid, world.gid);
  }
  expect(await world.sampan('ps', '-q')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(readdirSync(members)).not.toContain('1:1');
});
