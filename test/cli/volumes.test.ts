import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { volumeCalls } from './volume-calls.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());
const { names, data, shell, volume, clear } = volumeCalls(() => world);
afterEach(clear);

describe('volume create', () => {
  test('makes one, and the same one again; without a name it finds one', async () => {
    expect(await volume('create', 'data', '--label', 'tier=db')).toMatchObject({ status: 0, stdout: 'data\n' });
    writeFileSync(data('data', 'kept'), '');
    expect(await volume('create', 'data')).toMatchObject({ status: 0, stdout: 'data\n', stderr: '' });
    expect(existsSync(data('data', 'kept'))).toBe(true);
    const { stdout } = await volume('create');
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(data('data')).mode & 0o7777).toBe(0o755);
    const [one] = JSON.parse((await volume('inspect', 'data')).stdout);
    expect(one).toEqual({
      CreatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      Driver: 'local',
      Labels: { tier: 'db' },
      Mountpoint: data('data'),
      Name: 'data',
      Options: null,
      Scope: 'local',
    });
    expect((await volume('inspect', '-f', '{{json .Labels}}', stdout.trim())).stdout).toBe(
      '{"com.docker.volume.anonymous":""}\n',
    );
  });

  test.each(['x', '../up', '.hidden', 'a/b', '-dash', 'a'.repeat(256), 'nul\u0001'])('refuses %p', async (name) => {
    expect(await volume('create', '--', name)).toMatchObject({ status: 2, stdout: '' });
    // With a dot in front it is a path.
    if (!name.startsWith('.')) expect(await shell(['-v', `${name}:/x`], 'true')).toMatchObject({ status: 125 });
    expect(await names()).toEqual([]);
  });

  test.each([
    [['-o', 'size=1m'], 8, 'quotas'],
    [['-o', 'colour=red'], 2, 'invalid option: "colour"'],
    [['-o', 'type=tmpfs'], 2, 'missing required option: "device"'],
    [['-o', 'type=none', '-o', 'o=bind', '-o', 'device=here'], 2, 'no absolute path'],
    [['-o', 'type=nfs', '-o', 'device=:/x', '-o', 'o=addr=server'], 2, 'no address'],
    [['-d', 'ceph'], 8, 'no driver'],
    [['--label', '=x'], 2, 'has no name'],
  ])('refuses %p', async (args, status, why) => {
    const said = await volume('create', 'bad', ...args);
    expect(said.status).toBe(status);
    expect(said.stderr).toContain(why);
    expect(await names()).toEqual([]);
  });

  test('twenty at once make one', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => volume('create', 'crowd')));
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 0));
    expect(await names()).toEqual(['crowd']);
  }, 60_000);
});

describe('volume ls', () => {
  test('filters and formats', async () => {
    await volume('create', 'used', '--label', 'a=1');
    await volume('create', 'free', '--label', 'a=2', '--label', 'b');
    await world.sampan('create', '-v', 'used:/x', world.image);
    expect((await volume('ls')).stdout).toBe('DRIVER   VOLUME NAME\nlocal    free\nlocal    used\n');
    expect(await names('dangling=true')).toEqual(['free']);
    expect(await names('dangling=0')).toEqual(['used']);
    expect(await names('label=a')).toEqual(['free', 'used']);
    expect(await names('label=a', 'label=b')).toEqual(['free']);
    expect(await names('name=us', 'name=fr')).toEqual(['free', 'used']);
    expect(await names('driver=other')).toEqual([]);
    expect(await volume('ls', '--filter', 'colour=red')).toMatchObject({ status: 2 });
    expect((await volume('ls', '--format', '{{.Name}} {{.Driver}} {{.Labels}}')).stdout).toBe(
      'free local a=2,b=\nused local a=1\n',
    );
    const first = (await volume('ls', '--format', 'json')).stdout.split('\n')[0] ?? '';
    expect(JSON.parse(first)).toMatchObject({ Name: 'free', Scope: 'local', Mountpoint: data('free') });
  });
});

describe('volume rm and prune', () => {
  test('one in use stays and says who has it', async () => {
    await world.sampan('create', '--name', 'holder', '-v', 'held:/x', world.image);
    const { status, stderr } = await volume('rm', 'held');
    expect(status).toBe(5);
    expect(stderr).toContain('remove volume held: volume is in use by holder');
    expect(await volume('rm', '-f', 'held')).toMatchObject({ status: 5 });
    await world.sampan('rm', 'holder');
    expect(await volume('rm', 'held')).toMatchObject({ status: 0, stdout: 'held\n' });
    expect(await volume('rm', 'held')).toMatchObject({ status: 3, stdout: '' });
    expect(await volume('rm', '-f', 'held')).toMatchObject({ status: 0, stdout: 'held\n' });
    expect(await volume('inspect', 'held')).toMatchObject({ status: 3, stdout: '[]\n' });
  });

  test('prune takes those that nobody named, with -a the others, and none that is in use', async () => {
    const anonymous = (await volume('create')).stdout.trim();
    await volume('create', 'named', '--label', 'keep');
    await world.sampan('create', '-v', 'used:/x', world.image);
    writeFileSync(data(anonymous, 'big'), Buffer.alloc(1_000_000, 1));
    const dry = await volume('prune', '--dry-run');
    expect(dry.stdout).toContain(`Volumes that would be deleted:\n${anonymous}\n`);
    expect(await world.call(['volume', 'prune'], { input: 'n\n' })).toMatchObject({ status: 130 });
    expect((await names()).length).toBe(3);
    const done = await volume('prune', '-f');
    expect(done.stdout).toStartWith(`Deleted Volumes:\n${anonymous}\n\nTotal reclaimed space: 1.0`);
    expect((await volume('prune', '-af', '--filter', 'label!=keep')).stdout).toBe('Total reclaimed space: 0B\n');
    expect((await volume('prune', '-f', '--filter', 'all=true')).stdout).toContain('named\n');
    expect(await names()).toEqual(['used']);
  });

  test('system df counts them; system prune takes them when asked', async () => {
    await world.sampan('create', '--name', 'one', '-v', '/own', '-v', 'used:/x', world.image);
    writeFileSync(data('used', 'big'), Buffer.alloc(1_000_000, 1));
    expect((await world.sampan('system', 'df')).stdout).toMatch(/Local Volumes +2 +2 +1\.\d+MB +0B/);
    expect((await world.sampan('system', 'df', '-v')).stdout).toMatch(/\nused +1 +1\.\d+MB\n/);
    expect((await world.sampan('system', 'prune', '-f')).status).toBe(0);
    expect((await names()).length).toBe(2);
    const { stdout } = await world.sampan('system', 'prune', '-f', '--volumes');
    expect(stdout).toMatch(/Deleted Volumes:\n[0-9a-f]{64}\n\n/);
    expect(await names()).toEqual(['used']);
  });
});

describe('export, import and clone', () => {
  test('bring all of it over', async () => {
    await volume('create', 'old', '--label', 'a=1');
    mkdirSync(data('old', 'sub'));
    writeFileSync(data('old', 'sub/file'), 'text\n');
    chownSync(data('old', 'sub/file'), 1000, 50);
    chmodSync(data('old', 'sub/file'), 0o4640);
    chmodSync(data('old', 'sub/file'), 0o640);
    symlinkSync('/etc', data('old', 'link'));
    const archive = join(world.root, 'old.tar');
    expect(await volume('export', 'old', '-o', archive)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(execFileSync('tar', ['tf', archive], { encoding: 'utf8' })).toContain('sub/file');
    expect(await volume('import', 'new', archive)).toMatchObject({ status: 3 });
    await volume('create', 'new');
    writeFileSync(data('new', 'there'), '');
    expect(await volume('import', 'new', archive)).toMatchObject({ status: 0, stdout: '' });
    await volume('create', 'piped');
    expect(await world.call(['volume', 'import', 'piped'], { input: readFileSync(archive) })).toMatchObject({
      status: 0,
    });
    expect((await volume('clone', 'old', 'copy')).status).toBe(0);
    for (const name of ['new', 'piped', 'copy']) {
      const { uid, gid, mode } = statSync(data(name, 'sub/file'));
      expect({ uid, gid, mode: mode & 0o7777 }).toEqual({ uid: 1000, gid: 50, mode: 0o640 });
      expect(readlinkSync(data(name, 'link'))).toBe('/etc');
    }
    expect(existsSync(data('new', 'there'))).toBe(true);
    expect((await volume('inspect', '-f', '{{json .Labels}}', 'copy')).stdout).toBe('{"a":"1"}\n');
    expect(await volume('clone', 'old', 'new')).toMatchObject({ status: 4 });
    expect(await volume('clone', 'nobody', 'x1')).toMatchObject({ status: 3 });
    expect(await names('name=x1')).toEqual([]);
  });

  test('an archive does not climb out by its own links or by those in the volume', async () => {
    await volume('create', 'trap');
    const outside = join(world.root, 'outside');
    mkdirSync(outside, { recursive: true });
    symlinkSync(outside, data('trap', 'way'));
    writeFileSync(join(world.root, 'file'), 'x');
    const made = spawnSync('tar', ['cf', '-', '--transform', 's,^file,way/file,', '-C', world.root, 'file'], {
      input: '',
    });
    expect(made.stdout.includes('way/file')).toBe(true);
    const said = await world.call(['volume', 'import', 'trap'], { input: made.stdout });
    expect(said.status).not.toBe(0);
    expect(readdirSync(outside)).toEqual([]);
  });

  test('what is no archive changes nothing', async () => {
    await volume('create', 'calm');
    expect(await world.call(['volume', 'import', 'calm'], { input: 'no archive at all' })).not.toMatchObject({
      status: 0,
    });
    expect(readdirSync(data('calm'))).toEqual([]);
  });
});
