/** User namespaces of root's containers: the ids of images on disk, others in the kernel. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  for (const file of ['/etc/subuid', '/etc/subgid'])
    if (!/^containers:/m.test(readFileSync(file, 'utf8'))) appendFileSync(file, 'containers:2147483647:2147483648\n');
  world = await cliWorld();
  expect((await world.sampan('pull', '-q', world.image)).status).toBe(0);
});
afterAll(() => world[Symbol.asyncDispose]());

const RIGHT = { status: 0, stderr: '' };
const MAPS = ['--uidmap', '0:200000:2000', '--gidmap', '0:300000:2000'];
const run = (...args: string[]) => world.sampan('run', '--rm', ...args);
const inside = async (name: string, ...command: string[]) => (await world.sampan('exec', name, ...command)).stdout;
const pidOf = async (name: string) => Number((await world.sampan('inspect', '-f', '{{.State.Pid}}', name)).stdout);

test('maps: others in the kernel, the image’s own inside and on disk', async () => {
  const script =
    'cat /proc/self/uid_map /proc/self/gid_map; ls -lnd /bin /etc/hosts; touch /x; chown 7:8 /x; ls -ln /x; rm -r /etc';
  const made = await world.sampan('run', '--name', 'maps', ...MAPS, world.image, 'sh', '-c', script);
  expect(made.stdout.replaceAll(/ +/g, ' ')).toMatch(
    /^ 0 200000 2000\n 0 300000 2000\n\S+ \d 0 0 .* \/bin\n\S+ 1 0 0 .* \/etc\/hosts\n\S+ 1 7 8 .* \/x\n$/,
  );
  const changes = (await world.sampan('diff', 'maps')).stdout;
  expect(changes).toContain('A /x');
  expect(changes).not.toContain('/bin');
  expect(await world.sampan('commit', 'maps', 'mapped:1')).toMatchObject(RIGHT);
  // Another mapping, or none, shares the layers.
  for (const more of [[], ['--uidmap', '0:500000:3000']]) {
    const seen = await run(...more, 'mapped:1', 'ls', '-ln', '/x');
    expect(seen.stdout).toMatch(/ 7 +8 /);
  }
  const copy = join(world.root, 'x');
  expect(await world.sampan('cp', '-a', 'maps:/x', copy)).toMatchObject(RIGHT);
  expect(statSync(copy)).toMatchObject({ uid: 7, gid: 8 });
  expect((await world.sampan('rm', 'maps')).status).toBe(0);
});

test('a running one: exec, cp both ways, top, restart', async () => {
  await world.sampan('run', '-d', '--name', 'live', ...MAPS, world.image, 'sleep', '60');
  expect(statSync(`/proc/${await pidOf('live')}`)).toMatchObject({ uid: 200_000, gid: 300_000 });
  expect(await inside('live', 'id', '-u')).toBe('0\n');
  const file = join(world.root, 'file');
  writeFileSync(file, 'text');
  expect(await world.sampan('cp', file, 'live:/file')).toMatchObject(RIGHT);
  expect(await inside('live', 'ls', '-ln', '/file')).toMatch(/ 0 +0 +4 /);
  await inside('live', 'chown', '3:4', '/file');
  expect(await world.sampan('cp', '-a', 'live:/file', `${file}.back`)).toMatchObject(RIGHT);
  expect(statSync(`${file}.back`)).toMatchObject({ uid: 3, gid: 4 });
  expect((await world.sampan('top', 'live', '-eo', 'uid')).stdout).toContain('200000');
  expect((await world.sampan('restart', '-t', '0', 'live')).status).toBe(0);
  expect(await inside('live', 'ls', '-ln', '/file')).toMatch(/ 3 +4 /);
  expect((await world.sampan('rm', '-f', 'live')).status).toBe(0);
});

test('volumes have the owners of images, and binds when they are asked to', async () => {
  expect(await run(...MAPS, '-v', 'shared:/v', world.image, 'sh', '-c', 'touch /v/f; chown 5:6 /v/f')).toMatchObject(
    RIGHT,
  );
  expect((await run('-v', 'shared:/v', world.image, 'ls', '-ln', '/v/f')).stdout).toMatch(/ 5 +6 /);
  const bind = join(world.root, 'bind');
  mkdirSync(bind);
  const touch = ['sh', '-c', 'touch /b/f 2>/dev/null; ls -lnd /b'];
  expect((await run(...MAPS, '-v', `${bind}:/b`, world.image, ...touch)).stdout).toMatch(/ 65534 +65534 /);
  expect((await run(...MAPS, '-v', `${bind}:/b:idmap`, world.image, ...touch)).stdout).toMatch(/ 0 +0 /);
  expect(statSync(join(bind, 'f'))).toMatchObject({ uid: 0, gid: 0 });
});

test('auto: each its own ids, given back with the container; kept over a kill at any point', async () => {
  const mapOf = async (name: string) =>
    (await inside(name, 'cat', '/proc/self/uid_map')).trim().split(/\s+/).map(Number);
  const names = ['auto1', 'auto2', 'auto3'];
  const begun = await Promise.all(
    names.map((name) =>
      world.sampan('run', '-d', '--name', name, '--userns', 'auto:size=1500', world.image, 'sleep', '60'),
    ),
  );
  for (const one of begun) expect(one).toMatchObject(RIGHT);
  const maps = await Promise.all(names.map(mapOf));
  for (const [first, , size] of maps) expect([first, size]).toEqual([0, 1500]);
  const starts = maps.map(([, start = 0]) => start).sort((left, right) => left - right);
  for (const [at, start] of starts.entries())
    if (at > 0) expect(start - (starts[at - 1] ?? 0)).toBeGreaterThanOrEqual(1500);
  const first = names[maps.findIndex(([, start]) => start === starts[0])] ?? '';
  expect((await world.sampan('rm', '-f', first)).status).toBe(0);
  for (const wait of [10, 50]) {
    const killed = world.spawn(['run', '--rm', '--userns', 'auto:size=1500', world.image, 'sleep', '0.3']);
    await Bun.sleep(wait);
    killed.kill('SIGKILL');
    await killed.exited;
  }
  // Whatever the kills have left goes, and its ids with it.
  for (let round = 0; round < 100 && (await world.sampan('ps', '-aq')).stdout.trim().split('\n').length > 2; round++)
    await Bun.sleep(50);
  await world.sampan('run', '-d', '--name', 'again', '--userns', 'auto:size=1500', world.image, 'sleep', '60');
  expect((await mapOf('again'))[1]).toBe(starts[0] ?? 0);
  expect((await world.sampan('rm', '-f', 'again', ...names.filter((name) => name !== first))).status).toBe(0);
});

test('keep-id is a new namespace with the same numbers, host none', async () => {
  const own = ['sh', '-c', 'readlink /proc/self/ns/user; cat /proc/self/uid_map'];
  const host = readFileSync('/proc/self/uid_map', 'utf8');
  const [kept, none] = [
    await run('--userns', 'keep-id', world.image, ...own),
    await run('--userns', 'host', world.image, ...own),
  ];
  expect(kept.stdout.split('\n')[1]).toBe(host.trimEnd());
  expect(kept.stdout.split('\n')[0]).not.toBe(none.stdout.split('\n')[0]);
});

test.each([
  [['--userns', 'nomap'], 'nomap is for ordinary users'],
  [['--userns', 'private'], 'needs --uidmap'],
  [['--userns', 'auto:size=x'], 'has an option "size=x"'],
  [['--userns', 'auto', '--uidmap', '0:1:2'], 'brings its own mapping'],
  [['--userns', 'ns:relative'], 'names nothing to join'],
  [['--userns', 'what'], 'is not a mode'],
  [['--uidmap', '1:200000:10'], 'maps no root'],
  [['--uidmap', '0:200000:10', '--uidmap', '5:300000:10'], 'maps an id twice'],
  [['--uidmap', '0-200000-5'], 'is not INSIDE:OUTSIDE:COUNT'],
  [['--subuidname', 'nobody-has-this'], 'gives "nobody-has-this" no ids'],
  [['--userns', 'container:missing'], 'No such container'],
] as const)('%j is refused', async (words, why) => {
  const { status, stderr } = await run(...words, world.image, 'true');
  expect({ status, stderr }).toEqual({ status: 125, stderr: expect.stringContaining(why) });
});

test('--subuidname maps what the file gives to that name', async () => {
  const seen = await run('--subuidname', 'containers', world.image, 'cat', '/proc/self/uid_map');
  expect(seen.stdout.trim().split(/\s+/)).toEqual(['0', '2147483647', '2147483648']);
});

test('nothing is left', () => {
  expect(world.leftovers()).toEqual([]);
});
