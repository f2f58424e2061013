/** The engine's commands as an ordinary user: no daemon, no setuid program of ours. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { rootlessWorld, type RootlessWorld } from './rootless-world.ts';

let world: RootlessWorld;
beforeAll(async () => {
  world = await rootlessWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0, stderr: '' });
});
afterAll(() => world[Symbol.asyncDispose]());

const RIGHT = { status: 0, stderr: '' };
const run = (...args: string[]) => world.sampan('run', '--rm', '--network', 'none', ...args);
const initOf = async (name: string): Promise<number> =>
  Number((await world.sampan('inspect', '-f', '{{.State.Pid}}', name)).stdout);

test('a life: run, ps, exec, top, stats, logs, stop, start, restart, kill, rm', async () => {
  const name = 'life';
  expect(await run(world.image, 'id', '-u')).toEqual({ ...RIGHT, stdout: '0\n' });
  const script = "trap 'exit 3' TERM; echo up; while :; do sleep 0.1; done";
  const started = await world.sampan('run', '-d', '--name', name, '--network', 'none', world.image, 'sh', '-c', script);
  expect(started).toMatchObject(RIGHT);
  expect((await world.sampan('ps')).stdout).toContain(name);
  expect(await world.sampan('exec', name, 'cat', '/proc/1/uid_map')).toMatchObject({
    ...RIGHT,
    stdout: expect.stringMatching(new RegExp(`^ *0 +0 +1\\n|^ *0 +${world.uid} +1\\n`)),
  });
  // Nobody on the machine has more rights by it: its root is the user.
  expect(statSync(`/proc/${await initOf(name)}`).uid).toBe(world.uid);
  expect((await world.sampan('top', name)).stdout).toContain('echo up');
  const stats = await world.sampan('stats', '--no-stream', '--format', '{{.PIDs}} {{.MemUsage}}', name);
  expect(stats.stdout).toMatch(/^[12] [\d.]+[KM]iB/);
  for (let round = 0; round < 100 && !(await world.sampan('logs', name)).stdout.includes('up'); round++)
    await Bun.sleep(20);
  expect(await world.sampan('stop', name)).toMatchObject(RIGHT);
  expect((await world.sampan('inspect', '-f', '{{.State.ExitCode}}', name)).stdout).toBe('3\n');
  expect(await world.sampan('start', name)).toMatchObject(RIGHT);
  expect(await world.sampan('restart', '-t', '0', name)).toMatchObject({ status: 0 });
  expect(await world.sampan('kill', name)).toMatchObject(RIGHT);
  expect(await world.sampan('wait', name)).toMatchObject({ stdout: '137\n' });
  expect(await world.sampan('rm', name)).toMatchObject(RIGHT);
});

test('owners inside are ids of the user’s outside, and removal takes them all', async () => {
  const name = 'owners';
  const script = 'mkdir -m 700 /d && touch /d/f && chown -R 5:6 /d && ls -lnd /d/f';
  const made = await world.sampan('run', '--name', name, '--network', 'none', world.image, 'sh', '-c', script);
  expect(made.stdout).toMatch(/ 5 +6 /);
  const trees = join(world.home, '.local/share/sampan/snapshots/overlay');
  const before = readdirSync(trees);
  const tree = before.map((id) => join(trees, id, 'fs/d')).find((path) => statSync(path, { throwIfNoEntry: false }));
  expect(statSync(tree ?? '')).toMatchObject({ uid: world.ids + 4, gid: world.ids + 5 });
  // The user alone cannot look in; in their namespace they can.
  expect((await world.as('ls', tree ?? '')).status).not.toBe(0);
  expect(await world.sampan('unshare', 'ls', tree ?? '')).toMatchObject({ ...RIGHT, stdout: 'f\n' });
  expect(await world.sampan('rm', name)).toMatchObject(RIGHT);
  expect(readdirSync(trees)).toHaveLength(before.length - 1);
});

test('deleted files and directories made anew stay so in a commit, a save and a load', async () => {
  const script = 'rm -r /etc /bin/vi; mkdir /etc; touch /etc/new; chown 7:8 /etc/new';
  await world.sampan('run', '--name', 'changes', '--network', 'none', world.image, 'sh', '-c', script);
  const changes = (await world.sampan('diff', 'changes')).stdout;
  expect(changes).toContain('D /bin/vi');
  expect(changes).toContain('A /etc/new');
  expect(await world.sampan('commit', 'changes', 'changed:1')).toMatchObject(RIGHT);
  const archive = join(world.home, 'changed.tar');
  expect(await world.sampan('save', '-o', archive, 'changed:1')).toMatchObject({ status: 0 });
  expect(await world.sampan('rm', 'changes')).toMatchObject(RIGHT);
  expect((await world.sampan('rmi', 'changed:1')).status).toBe(0);
  expect((await world.sampan('load', '-i', archive)).status).toBe(0);
  const seen = await run(
    'changed:1',
    'sh',
    '-c',
    'ls -n /etc | grep new; ls /etc | grep -v -E "new|host|resolv"; ls /bin/vi',
  );
  expect(seen.stdout).toMatch(/^-rw-r--r-- +1 7 +8 .* new\n$/);
  expect(seen.stderr).toContain('/bin/vi: No such file');
  expect((await world.sampan('image', 'verify')).status).toBe(0);
});

test('cp both ways and volumes', async () => {
  await world.sampan('run', '-d', '--name', 'cp', '--network', 'none', '-v', 'data:/data', world.image, 'sleep', '60');
  const file = join(world.home, 'file');
  expect((await world.as('sh', '-c', `echo text > ${file}`)).status).toBe(0);
  expect(await world.sampan('cp', file, 'cp:/data/f')).toMatchObject(RIGHT);
  expect(await world.sampan('cp', 'cp:/data/f', `${file}.back`)).toMatchObject(RIGHT);
  expect(statSync(`${file}.back`)).toMatchObject({ uid: world.uid, size: 5 });
  expect(await world.sampan('rm', '-f', 'cp')).toMatchObject(RIGHT);
  expect(await run('-v', 'data:/data', world.image, 'cat', '/data/f')).toEqual({ ...RIGHT, stdout: 'text\n' });
  expect(await world.sampan('volume', 'rm', 'data')).toMatchObject(RIGHT);
});

test('all containers live in one user namespace, however many begin at once', async () => {
  expect((await world.sampan('ps', '-q')).stdout).toBe('');
  const names = ['a1', 'a2', 'a3', 'a4', 'a5'];
  const begun = await Promise.all(
    names.map((name) => world.sampan('run', '-d', '--name', name, '--network', 'none', world.image, 'sleep', '60')),
  );
  for (const one of begun) expect(one).toMatchObject(RIGHT);
  const spaces = await Promise.all(names.map(async (name) => readlinkSync(`/proc/${await initOf(name)}/ns/user`)));
  expect(new Set(spaces).size).toBe(1);
  expect(spaces[0]).not.toBe(readlinkSync('/proc/self/ns/user'));
  for (const name of names) expect(await world.sampan('exec', name, 'true')).toMatchObject(RIGHT);
  expect((await world.sampan('rm', '-f', ...names)).status).toBe(0);
  // Nothing holds it when nobody is in it.
  expect(world.processes()).toEqual([]);
});

test('the host’s process and network namespaces are shared as far as they may be', async () => {
  const seen = await run('--pid', 'host', world.image, 'sh', '-c', 'set -- /proc/[0-9]*; echo $#');
  expect(seen).toMatchObject(RIGHT);
  expect(Number(seen.stdout)).toBeGreaterThan(3);
  expect(
    (await world.sampan('run', '--rm', '--network', 'host', world.image, 'ls', '/sys/class/net')).stdout,
  ).toContain('lo');
});

test('without control groups, what the first process leaves in a shared namespace ends with the container', async () => {
  const mark = `4${process.pid}`;
  await run('--pid', 'host', world.image, 'sh', '-c', `sleep ${mark} & sleep 0.1`);
  const left = (await world.as('pgrep', '-f', `^sleep ${mark}$`)).stdout;
  expect(left).toBe('');
});

test.each([
  ['a limit', ['run', '--rm', '-m', '64m'], 'no control group of "memory" is delegated'],
  ['other ids', ['run', '--rm', '--userns', 'keep-id'], "an ordinary user's containers have one mapping"],
])('%s is refused with its reason', async (_, words, why) => {
  const { status, stderr } = await world.sampan(...words, world.image, 'true');
  expect(status).toBe(125);
  expect(stderr).toContain(why);
});

test('pause says that nothing can hold the container, and what helps', async () => {
  await world.sampan('run', '-d', '--name', 'held', '--network', 'none', world.image, 'sleep', '60');
  const { status, stderr } = await world.sampan('pause', 'held');
  expect({ status, stderr }).toEqual({ status: 8, stderr: expect.stringContaining('it has no control group') });
  expect(stderr).toContain('docs/rootless.md');
  await world.sampan('rm', '-f', 'held');
});

test('images are mounted in a session alone, and its end is noticed', async () => {
  const refused = await world.sampan('image', 'mount', world.image);
  expect(refused).toMatchObject({ status: 8, stdout: '' });
  expect(refused.stderr).toContain('sampan unshare');
  const script = 'ls $(sampan image mount "$1") && sampan image mount';
  const seen = await world.sampan(
    'unshare',
    'sh',
    '-c',
    `PATH=${join(import.meta.dir, '../../dist')}:$PATH; ${script}`,
    'sh',
    world.image,
  );
  expect(seen.stdout).toContain('bin\n');
  expect(seen.stdout).toContain(world.image);
  expect((await world.sampan('image', 'mount')).stdout).toBe('');
});

test('unshare: status of the program, 127 for one that is not there', async () => {
  expect(await world.sampan('unshare', 'sh', '-c', 'id -u; exit 7')).toEqual({ status: 7, stdout: '0\n', stderr: '' });
  expect(await world.sampan('unshare', 'no-such-program')).toMatchObject({ status: 127, stdout: '' });
  expect((await world.sampan('unshare', 'sh', '-c', 'kill -TERM $$')).status).toBe(143);
});

test('a user without further ids has one, is told so, and what needs more of them', async () => {
  await using alone = await rootlessWorld({ uid: 54_323, gid: 54_323 });
  // There is a file of another owner in it.
  const pulled = await alone.sampan('pull', '-q', alone.image);
  expect(pulled.status).toBe(6);
  expect(pulled.stderr).toContain('no subuid ranges found for user "54323"');
  expect(pulled.stderr).toContain('an owner for whom there is no id here');
  const archive = join(alone.home, 'own.tar');
  const script = `mkdir bin && cp /bin/busybox bin/ && tar --owner=0 --group=0 -cf ${archive} bin`;
  expect((await alone.as('sh', '-c', script)).status).toBe(0);
  expect((await alone.sampan('import', archive, 'own:1')).status).toBe(0);
  const seen = await alone.sampan(
    'run',
    '--rm',
    '--network',
    'none',
    'own:1',
    '/bin/busybox',
    'cat',
    '/proc/self/uid_map',
  );
  expect(seen.stdout.trim().split(/ +/)).toEqual(['0', '54323', '1']);
});
