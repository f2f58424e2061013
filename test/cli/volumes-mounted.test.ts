import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { volumeCalls } from './volume-calls.ts';
import { cliWorld, type CliWorld, type Outcome } from './world.ts';

let world: CliWorld;
let withVolumes: string;
beforeAll(async () => {
  world = await cliWorld();
  withVolumes = await world.push('volumes', '1', { Volumes: { '/home/app': {}, '/made/for': {} } });
  for (const image of [world.image, withVolumes])
    expect(await world.sampan('pull', '-q', image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());
const { names, data, shell, volume, clear } = volumeCalls(() => world);
afterEach(clear);

describe('in a container', () => {
  test('what is written stays; an image’s own files come first, with owner and mode', async () => {
    const list = 'stat -c "%n %u:%g %a" /home /home/app';
    expect((await shell(['-v', 'home:/home'], `${list}; echo more >/home/app/file`)).stdout).toBe(
      '/home 0:0 755\n/home/app 1000:1000 755\n',
    );
    expect((await shell(['-v', 'home:/home'], 'cat /home/app/file')).stdout).toBe('more\n');
    // Only an empty one is filled.
    expect((await shell(['-v', 'home:/etc'], 'ls /etc')).stdout).toBe('app\n');
    expect((await shell(['-v', 'bare:/home:nocopy'], 'ls /home')).stdout).toBe('');
    expect((await shell(['-v', 'own:/home/app'], 'stat -c %u /home/app')).stdout).toBe('1000\n');
    await volume('create', 'early');
    expect((await shell(['-v', 'early:/tmp'], 'stat -c %a /tmp')).stdout).toBe('1777\n');
    expect(statSync(data('early')).mode & 0o7777).toBe(0o1777);
  });

  test.each([true, false])(
    'ten at once fill one together (there before: %p)',
    async (before) => {
      if (before) await volume('create', 'crowd');
      const all = await Promise.all(Array.from({ length: 10 }, () => shell(['-v', 'crowd:/home'], 'ls /home')));
      for (const one of all) expect(one).toMatchObject({ status: 0, stdout: 'app\n', stderr: '' });
    },
    60_000,
  );

  test('attributes, links and device-free trees are copied as they are', async () => {
    await world.sampan(
      'run',
      '--name',
      'maker',
      world.image,
      'sh',
      '-c',
      'mkdir /full; cd /full; echo a >a; ln a b; ln -s /etc/passwd c; mkfifo d',
    );
    await world.sampan('commit', 'maker', 'full:1');
    await world.sampan('cp', 'maker:/full/a', join(world.root, 'a'));
    expect((await shell(['-v', 'full:/full'], 'true', 'full:1')).status).toBe(0);
    expect(statSync(data('full', 'a')).ino).toBe(statSync(data('full', 'b')).ino);
    expect(readlinkSync(data('full', 'c'))).toBe('/etc/passwd');
    expect(statSync(data('full', 'd')).isFIFO()).toBe(true);
    execFileSync('setfattr', ['-n', 'user.mark', '-v', 'yes', data('full', 'a')]);
    expect((await volume('clone', 'full', 'copy')).stdout).toBe('copy\n');
    const shown = execFileSync('getfattr', ['--only-values', '-n', 'user.mark', data('copy', 'a')], {
      encoding: 'utf8',
    });
    expect(shown).toBe('yes');
    await world.sampan('rmi', 'full:1');
  });

  test('read-only is read-only, all the way down', async () => {
    mkdirSync(join(world.root, 'below'), { recursive: true });
    await volume('create', 'outer', '-o', 'type=none', '-o', 'o=rbind', '-o', `device=${join(world.root, 'below')}`);
    mkdirSync(join(world.root, 'below/inner'), { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(world.root, 'below/inner')]);
    try {
      const { stdout, stderr } = await shell(['-v', 'outer:/o:ro'], 'touch /o/a; touch /o/inner/b; echo done');
      expect(stdout).toBe('done\n');
      expect(stderr.match(/Read-only file system/g)).toHaveLength(2);
      expect((await shell(['-v', 'outer:/o'], 'touch /o/inner/b && ls /o/inner')).stdout).toBe('b\n');
    } finally {
      execFileSync('umount', [join(world.root, 'below/inner')]);
    }
  });

  test('a file system of another kind is mounted in the container only', async () => {
    await volume('create', 'ram', '-o', 'type=ramfs', '-o', 'device=ramfs', '-o', 'o=mode=750');
    const { stdout } = await shell(
      ['-v', 'ram:/ram:ro'],
      'mount | grep " /ram "; stat -c %a /ram; touch /ram/a; ls /ram',
    );
    expect(stdout).toMatch(/^ramfs on \/ram type ramfs \(ro,.*\)\n750\n$/);
    expect((await shell(['-v', 'ram:/ram'], 'touch /ram/a; ls /ram')).stdout).toBe('a\n');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(world.root);
    await volume('create', 'odd', '-o', 'type=no-such', '-o', 'device=x');
    expect((await shell(['-v', 'odd:/x'], 'true')).status).toBe(125);
    expect(await volume('export', 'ram')).toMatchObject({ status: 8, stdout: '' });
  });

  test('a directory of the host behind a name is filled, written to and stays', async () => {
    const directory = join(world.root, 'host-side');
    mkdirSync(directory);
    await volume('create', 'host', '-o', 'type=none', '-o', 'o=bind,noexec', '-o', `device=${directory}`);
    const { stdout } = await shell(['-v', 'host:/home'], 'ls /home; mount | grep " /home "; echo x >/home/new');
    expect(stdout).toMatch(/^app\n.*noexec/);
    expect(readdirSync(directory).sort()).toEqual(['app', 'new']);
    await volume('rm', 'host');
    expect(readdirSync(directory).sort()).toEqual(['app', 'new']);
  });

  test('what nobody named goes with --rm and rm -v, and stays with rm', async () => {
    expect(await shell(['-v', '/own'], 'touch /own/a', withVolumes)).toMatchObject({ status: 0, stderr: '' });
    expect(await names()).toEqual([]);
    const id = (await world.sampan('create', '-v', '/own', '-v', 'named:/n', withVolumes)).stdout.trim();
    expect((await names()).length).toBe(4);
    await world.sampan('rm', id);
    expect((await names()).length).toBe(4);
    const again = (await world.sampan('create', '-v', '/own', '-v', 'named:/n', withVolumes)).stdout.trim();
    await world.sampan('rm', '-v', again);
    expect((await names()).length).toBe(4);
    expect(await names('name=named')).toEqual(['named']);
    // One that nobody named, but that was asked for by its name.
    const [loose = ''] = await names('dangling=true');
    await shell(['-v', `${loose}:/x`], 'true');
    expect(await names(`name=${loose}`)).toEqual([loose]);
  });

  test("an image's places give way to what was asked for there", async () => {
    const id = (await world.sampan('create', '-v', 'mine:/home/app', '--tmpfs', '/made/for', withVolumes)).stdout;
    expect(await names()).toEqual(['mine']);
    const twice = await world.sampan('create', '-v', 'mine:/a', '-v', '/tmp:/a/', world.image);
    expect(twice).toMatchObject({ status: 125, stdout: '' });
    expect(twice.stderr).toContain('Duplicate mount point: /a');
    expect(await world.sampan('rm', id.trim())).toMatchObject({ status: 0 });
    const owner = await shell([], 'stat -c "%u %n" /home/app /made/for', withVolumes);
    expect(owner.stdout).toBe('1000 /home/app\n0 /made/for\n');
  });

  test('two containers share one; a mount below another is mounted after it', async () => {
    await world.sampan('run', '-d', '--name', 'writer', '-v', 'shared:/s', world.image, 'sleep', '1000');
    await world.sampan('exec', 'writer', 'touch', '/s/seen');
    expect((await shell(['-v', 'deep:/s/below', '-v', 'shared:/s'], 'ls /s; touch /s/below/x')).stdout).toBe(
      'below\nseen\n',
    );
    expect(readdirSync(data('deep'))).toEqual(['x']);
  });

  test('--volumes-from takes over binds and volumes, read-only when that is asked for', async () => {
    await world.sampan('create', '--name', 'from', '-v', '/own', '-v', 'named:/n', '-v', '/tmp:/t:ro', withVolumes);
    const listed = async (...options: string[]): Promise<string> =>
      (await shell(options, 'touch /own/a /n/a 2>&1; mount | grep -c -E " /(own|n|t|home/app|made/for) "')).stdout;
    expect(await listed('--volumes-from', 'from')).toBe('5\n');
    expect(readdirSync(data('named'))).toEqual(['a']);
    expect(await listed('--volumes-from', 'from:ro')).toBe(
      'touch: /own/a: Read-only file system\ntouch: /n/a: Read-only file system\n5\n',
    );
    // They are shared now, and stay as long as one has them.
    const second = (
      await world.sampan('create', '--volumes-from', 'from', '-v', 'other:/n', world.image)
    ).stdout.trim();
    const mounts = JSON.parse((await world.sampan('inspect', second, '-f', '{{json .Mounts}}')).stdout);
    expect(mounts).toContainEqual(expect.objectContaining({ Destination: '/n', Name: 'other' }));
    expect(mounts).toHaveLength(5);
    await world.sampan('rm', '-v', 'from');
    expect((await names()).length).toBe(5);
    expect(await shell(['--volumes-from', 'nobody'], 'true')).toMatchObject({ status: 125 });
    expect(await shell(['--volumes-from', `${second}:loud`], 'true')).toMatchObject({ status: 125 });
  });

  test('inspect shows them as docker does', async () => {
    await world.sampan('create', '--name', 'box', '-v', 'named:/n:ro', '-v', '/own', world.image);
    const [box] = JSON.parse((await world.sampan('inspect', 'box')).stdout);
    const own = (await names()).find((name) => name !== 'named') ?? '';
    expect(box.Mounts).toEqual([
      {
        Type: 'volume',
        Name: 'named',
        Source: data('named'),
        Destination: '/n',
        Driver: 'local',
        Mode: '',
        RW: false,
        Propagation: '',
      },
      {
        Type: 'volume',
        Name: own,
        Source: data(own),
        Destination: '/own',
        Driver: 'local',
        Mode: '',
        RW: true,
        Propagation: '',
      },
    ]);
    expect(box.HostConfig.Binds).toEqual(['named:/n:ro']);
    const events = (await world.sampan('events', '--since', '1m', '--until', '0s', '--filter', 'volume=named')).stdout;
    expect(events).toContain('volume create named');
  });

  test('cp sees them in one that rests; commit and diff leave them out', async () => {
    await world.sampan(
      'create',
      '--name',
      'rest',
      '-v',
      'named:/home',
      '-v',
      'ro:/ro:ro',
      '-v',
      '/own',
      world.image,
      'sh',
      '-c',
      'echo run >>/home/log',
    );
    writeFileSync(join(world.root, 'file'), 'copied\n');
    expect(await world.sampan('cp', join(world.root, 'file'), 'rest:/home/file')).toMatchObject({ status: 0 });
    expect(readFileSync(data('named', 'file'), 'utf8')).toBe('copied\n');
    const refused = await world.sampan('cp', join(world.root, 'file'), 'rest:/ro/file');
    expect(refused.stderr).toContain('it is mounted read-only');
    await world.sampan('start', '-a', 'rest');
    await world.sampan('cp', 'rest:/home/log', join(world.root, 'log'));
    expect(readFileSync(join(world.root, 'log'), 'utf8')).toBe('run\n');
    expect((await world.sampan('diff', 'rest')).stdout).toBe('');
    await world.sampan('commit', 'rest', 'rest:1');
    expect((await shell(['--entrypoint', 'ls'], '/home', 'rest:1')).stderr).not.toContain('log');
    expect((await world.sampan('image', 'inspect', 'rest:1', '-f', '{{json .Config.Volumes}}')).stdout).toBe(
      '{"/own":{}}\n',
    );
    await world.sampan('rmi', 'rest:1');
  });

  test('one that cannot be started or made leaves none of what it would have had', async () => {
    expect((await shell(['-v', '/own', '--user', 'nobody-at-all'], 'true')).status).toBe(125);
    expect((await world.sampan('run', '--rm', '-v', '/own', world.image, 'no-such-program')).status).toBe(127);
    expect((await world.sampan('create', '-v', 'fresh:/etc/passwd', world.image)).status).toBe(125);
    expect(await names()).toEqual([]);
  });
});

describe('--mount type=volume', () => {
  test('its keys', async () => {
    const text = 'type=volume,src=opts,dst=/x,readonly,volume-nocopy,volume-label=a=1,volume-label=b';
    expect((await shell(['--mount', text], 'touch /x/a')).stderr).toContain('Read-only');
    expect((await volume('inspect', '-f', '{{json .Labels}}', 'opts')).stdout).toBe('{"a":"1","b":""}\n');
    const memory =
      'type=volume,dst=/home,volume-opt=type=tmpfs,volume-opt=device=tmpfs,"volume-opt=o=size=1m,nr_inodes=64"';
    const { stdout } = await shell(['--mount', memory], 'mount | grep " /home "; ls /home');
    expect(stdout).toContain('size=1024k,nr_inodes=64');
    expect(stdout).toEndWith('\napp\n');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(world.root);
    expect(await names()).toEqual(['opts']);
  });

  test.each([
    ['type=volume,src=a b,dst=/x', 'is no name for a volume'],
    ['type=volume,src=data', 'target must be'],
    ['type=volume,src=data,dst=/x,volume-subpath=../up', 'below the volume'],
    ['type=volume,src=data,dst=/x,volume-subpath=/abs', 'below the volume'],
    ['type=volume,dst=/x,volume-subpath=a', 'needs a volume by name'],
    ['type=volume,src=data,dst=/x,volume-nocopy=perhaps', 'neither true nor false'],
    ['type=volume,src=data,dst=/x,volume-driver=ceph', 'no driver'],
    ['type=volume,src=data,dst=/x,"volume-opt=o=a', 'quote'],
    ['type=volume,src=data,dst=/x,bind-propagation=shared', 'has no place'],
  ])('refuses %s', async (text, why) => {
    const { status, stderr } = await shell(['--mount', text], 'true');
    expect(status).toBe(125);
    expect(stderr).toContain(why);
    expect(await names()).toEqual([]);
  });

  test('a subpath is found inside the volume, and no link leads out of it', async () => {
    await volume('create', 'tree');
    mkdirSync(data('tree', 'a/b'), { recursive: true });
    writeFileSync(data('tree', 'a/b/leaf'), 'leaf\n');
    mkdirSync(join(world.root, 'secret'), { recursive: true });
    writeFileSync(join(world.root, 'secret/file'), 'secret\n');
    for (const [name, target] of [
      ['in', 'a/b'],
      ['out', join(world.root, 'secret')],
      ['up', '../../../secret'],
      ['a/file', join(world.root, 'secret/file')],
      ['proc', '/proc/1/root'],
    ] as const)
      symlinkSync(target, data('tree', name));
    const at = (path: string): Promise<Outcome> =>
      shell(['--mount', `type=volume,src=tree,dst=/x,volume-subpath=${path}`], 'cat /x 2>/dev/null || ls /x');
    expect((await at('a')).stdout).toBe('b\nfile\n');
    expect((await at('in')).stdout).toBe('leaf\n');
    expect((await at('a/b/leaf')).stdout).toBe('leaf\n');
    for (const path of ['out', 'out/file', 'up', 'a/file', 'proc', 'proc/etc']) {
      const said = await at(path);
      expect(said).toMatchObject({ status: 125, stdout: '' });
      expect(said.stderr).toContain('out of the volume');
    }
    expect((await at('missing')).status).toBe(125);
  });
});

test('a link that is changed all the time does not lead a subpath out either', async () => {
  await volume('create', 'race');
  mkdirSync(data('race', 'inside'));
  mkdirSync(join(world.root, 'vault'), { recursive: true });
  writeFileSync(join(world.root, 'vault/gold'), '');
  const swap = `cd /r; while :; do ln -sfn inside way; ln -sfn ${join(world.root, 'vault')} way; done`;
  await world.sampan('run', '-d', '-v', 'race:/r', world.image, 'sh', '-c', swap);
  const seen = new Map<number | null, number>();
  for (let round = 0; round < 30; round += 1) {
    const { status, stdout } = await shell(['--mount', 'type=volume,src=race,dst=/x,volume-subpath=way'], 'ls /x');
    expect(stdout).not.toContain('gold');
    seen.set(status, (seen.get(status) ?? 0) + 1);
  }
  // It was met in both states.
  expect(new Set(seen.keys())).toEqual(new Set([0, 125]));
}, 60_000);
