import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPAN } from '#tools/places.ts';
import { cliWorld, type CliWorld } from './world.ts';

let world: CliWorld;
let here: string;
beforeAll(async () => {
  world = await cliWorld();
  here = join(world.root, 'here');
  expect(await world.sampan('pull', '-q', world.image)).toMatchObject({ status: 0 });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  rmSync(here, { recursive: true, force: true });
  mkdirSync(join(here, 'tree/inner'), { recursive: true });
  writeFileSync(join(here, 'tree/inner/leaf'), 'leaf\n');
  writeFileSync(join(here, 'file'), 'file\n', { mode: 0o640 });
});

const remove = (...names: string[]): Promise<unknown> => world.sampan('rm', '-f', ...names);
const cp = (...args: string[]): ReturnType<CliWorld['sampan']> => world.sampan('cp', ...args);

/** Runs a shell inside, starting the container when it is one that rests. */
async function inside(name: string, script: string): Promise<string> {
  const running = (await world.sampan('inspect', '-f', '{{.State.Running}}', name)).stdout === 'true\n';
  if (!running) await world.sampan('start', name);
  const { stdout, stderr } = await world.sampan('exec', name, 'sh', '-c', script);
  if (!running) await world.sampan('kill', name);
  return stdout + stderr;
}

const KINDS: [string, string[], boolean][] = [
  ['running', [], true],
  ['stopped', [], false],
  ['stopped copy-snapshot', ['--snapshotter', 'copy'], false],
];
describe.each(KINDS)('a %s container', (_, global, running) => {
  const name = 'box';
  beforeAll(async () => {
    if (global.length > 0) await world.sampan(...global, 'pull', '-q', world.image);
    const made = await world.sampan(...global, 'create', '--name', name, world.image, 'sleep', '1000');
    expect(made).toMatchObject({ status: 0, stderr: '' });
    if (running) await world.sampan('start', name);
  });
  afterAll(() => remove(name));

  test('takes files by the rules of cp, as root', async () => {
    expect(await cp(join(here, 'file'), `${name}:/tmp/new`)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    await cp(join(here, 'file'), `${name}:/tmp`);
    await cp(join(here, 'file'), `${name}:tmp/new`);
    await cp(join(here, 'tree'), `${name}:/tmp/made`);
    await cp(join(here, 'tree'), `${name}:/tmp/`);
    await cp(`${join(here, 'tree')}/.`, `${name}:/tmp`);
    expect(
      await inside(name, 'cd /tmp; stat -c "%a %u:%g %n" new; cat file made/inner/leaf tree/inner/leaf inner/leaf'),
    ).toBe('640 0:0 new\nfile\nleaf\nleaf\nleaf\n');
  });

  test('gives files by the same rules, to who asks', async () => {
    await inside(
      name,
      'mkdir -p /src/dir; echo a > /src/dir/a; chown 7:8 /src/dir/a; chmod 4755 /src/dir/a; ln -s dir /src/link',
    );
    await cp(`${name}:/src/dir/a`, join(here, 'out'));
    expect(readFileSync(join(here, 'out'), 'utf8')).toBe('a\n');
    expect(statSync(join(here, 'out'))).toMatchObject({ uid: 0, gid: 0 });
    expect(statSync(join(here, 'out')).mode & 0o7777).toBe(0o755);
    await cp('-a', `${name}:/src/dir/a`, join(here, 'kept'));
    expect(statSync(join(here, 'kept'))).toMatchObject({ uid: 7, gid: 8 });
    expect(statSync(join(here, 'kept')).mode & 0o7777).toBe(0o4755);
    await cp(`${name}:/src/dir`, here);
    await cp(`${name}:/src/dir`, join(here, 'renamed'));
    await cp(`${name}:/src/dir/.`, join(here, 'tree'));
    expect(['dir', 'renamed', 'tree'].map((one) => readFileSync(join(here, one, 'a'), 'utf8'))).toEqual([
      'a\n',
      'a\n',
      'a\n',
    ]);
    await cp(`${name}:/src/link`, join(here, 'l1'));
    expect(readlinkSync(join(here, 'l1'))).toBe('dir');
    await cp('-L', `${name}:/src/link`, join(here, 'l2'));
    expect(readdirSync(join(here, 'l2'))).toEqual(['a']);
    await cp(`${name}:/src/link/`, join(here, 'l3'));
    expect(readdirSync(join(here, 'l3'))).toEqual(['a']);
  });

  test('speaks tar on both sides', async () => {
    await inside(name, 'mkdir -p /arc/sub; echo one > /arc/sub/one; echo two > /arc/two');
    const list = (...path: string[]): string => {
      const made = spawnSync('sh', ['-c', '"$@" | tar -t | sort', 'sh', SAMPAN, 'cp', ...path, '-'], {
        env: { PATH: '/usr/bin:/bin', SAMPAN_ROOT: world.root },
        encoding: 'utf8',
      });
      return made.stdout + made.stderr;
    };
    expect(list(`${name}:/arc`)).toBe('arc/\narc/sub/\narc/sub/one\narc/two\n');
    expect(list(`${name}:/arc/.`)).toBe('sub/\nsub/one\ntwo\n');
    expect(list(`${name}:/arc/two`)).toBe('two\n');
    const packed = spawnSync('tar', ['-cz', '--owner=5', '--group=6', '-C', here, 'tree'], {
      encoding: 'buffer',
    }).stdout;
    expect(await world.call(['cp', '-', `${name}:/arc`], { input: packed })).toMatchObject({ status: 0, stderr: '' });
    expect(await inside(name, 'stat -c "%u:%g" /arc/tree/inner/leaf')).toBe('5:6\n');
    expect((await world.call(['cp', '-', `${name}:/arc/two`], { input: packed })).status).toBe(2);
    expect((await world.call(['cp', '-', `${name}:/arc`], { input: 'no archive' })).status).toBe(9);
  });

  test('refuses what is not there and what would be lost', async () => {
    const absent = await cp(`${name}:/no/such`, here);
    expect([absent.status, absent.stderr]).toEqual([3, expect.stringContaining('/no/such')]);
    expect((await cp(`${name}:/nosuch`, here)).stderr).toContain(
      `Could not find the file /nosuch in container ${name}`,
    );
    expect((await cp(join(here, 'no'), `${name}:/tmp`)).status).toBe(3);
    expect((await cp(join(here, 'file'), `${name}:/no/such/place`)).status).toBe(3);
    expect((await cp(join(here, 'file'), `${name}:/tmp/absent/`)).status).toBe(2);
    expect((await cp(join(here, 'tree'), `${name}:/etc/passwd`)).status).toBe(2);
    expect((await cp(join(here, 'file'), join(here, 'x'))).status).toBe(125);
    expect((await cp(`${name}:/a`, `${name}:/b`)).status).toBe(125);
    // An empty variable in a script is not the working directory.
    expect((await cp('', `${name}:/tmp`)).status).toBe(125);
    expect((await cp(`${name}:/etc/passwd`, '')).status).toBe(125);
    await inside(name, 'mkdir -p /mix/file /mix2; echo kept > /mix/file/x; echo plain > /mix2/tree');
    const over = await cp(join(here, 'file'), `${name}:/mix`);
    expect([over.status, over.stderr]).toEqual([5, expect.stringContaining('a directory is not overwritten')]);
    expect((await cp(join(here, 'tree'), `${name}:/mix2`)).status).toBe(5);
    expect(await inside(name, 'cat /mix/file/x /mix2/tree')).toBe('kept\nplain\n');
  });

  test('no link leads out of it', async () => {
    const outside = join(here, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'host\n');
    await inside(
      name,
      `mkdir -p ${outside}; echo inside > ${outside}/secret; ln -sfn ${outside} /evil; ln -sfn ../../../../../../..${outside} /evil2; ln -sfn ${outside}/secret /evil3`,
    );
    for (const path of ['/evil/secret', '/evil2/secret']) {
      await cp(`${name}:${path}`, join(here, 'got'));
      expect(readFileSync(join(here, 'got'), 'utf8')).toBe('inside\n');
    }
    await cp('-L', `${name}:/evil3`, join(here, 'got3'));
    expect(readFileSync(join(here, 'got3'), 'utf8')).toBe('inside\n');
    await cp(join(here, 'file'), `${name}:/evil/planted`);
    await cp(join(here, 'file'), `${name}:/evil3`);
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('host\n');
    expect(await inside(name, `cat ${outside}/secret ${outside}/planted`)).toBe('file\nfile\n');
    await inside(name, 'ln -s loop /loop');
    expect((await cp(`${name}:/loop/x`, here)).stderr).toContain('too many links');
  });

  test('a device node comes out only when it is asked for', async () => {
    await inside(name, 'mkdir -p /dv; mknod /dv/null c 1 3');
    const refused = await cp(`${name}:/dv`, join(here, 'dv'));
    expect([refused.status, refused.stderr]).toEqual([6, expect.stringContaining('--archive')]);
    expect(existsSync(join(here, 'dv/null'))).toBe(false);
    await cp('-a', `${name}:/dv`, join(here, 'dv2'));
    expect(lstatSync(join(here, 'dv2/null')).isCharacterDevice()).toBe(true);
  });

  test('links of an archive stay links, and do not carry later entries away', async () => {
    const outside = join(here, 'outside');
    mkdirSync(outside);
    const evil = join(here, 'evil');
    mkdirSync(join(evil, 'a'), { recursive: true });
    symlinkSync(outside, join(evil, 'a/way'));
    await cp(`${evil}/.`, `${name}:/tmp`);
    rmSync(join(evil, 'a/way'));
    mkdirSync(join(evil, 'a/way'));
    writeFileSync(join(evil, 'a/way/planted'), 'x');
    const { status } = await cp(`${evil}/.`, `${name}:/tmp`);
    expect(status).not.toBe(0);
    expect(readdirSync(outside)).toEqual([]);
  });
});

test("a running container's mounts are seen, and a read-only one is not written to", async () => {
  mkdirSync(join(here, 'bound'));
  const bind = ['-v', `${join(here, 'bound')}:/data`, '-v', `${join(here, 'tree')}:/ro:ro`];
  await world.sampan('run', '-d', '--name', 'mounts', '--read-only', ...bind, world.image, 'sleep', '1000');
  await cp(join(here, 'file'), 'mounts:/data/');
  expect(readFileSync(join(here, 'bound/file'), 'utf8')).toBe('file\n');
  const refused = await cp(join(here, 'file'), 'mounts:/ro/');
  expect([refused.status, refused.stderr]).toEqual([5, expect.stringContaining('read-only')]);
  expect((await cp(join(here, 'file'), 'mounts:/etc/')).stderr).toContain('read-only');
  await world.sampan('kill', 'mounts');
  expect((await cp(join(here, 'file'), 'mounts:/etc/')).stderr).toContain('it is mounted read-only');
  await remove('mounts');
});

test("links of the container's /proc lead nowhere of ours, and its files end", async () => {
  await world.sampan('run', '-d', '--name', 'proc', '--hostname', 'within', world.image, 'sleep', '1000');
  await cp('proc:/proc/1/root/etc/hostname', join(here, 'name'));
  expect(readFileSync(join(here, 'name'), 'utf8')).toBe('within\n');
  for (const path of ['/proc/self/environ', '/proc/thread-self/root/etc/hostname']) {
    const { status, stderr } = await cp(`proc:${path}`, here);
    expect([status, stderr]).toEqual([3, expect.stringContaining(`find ${path} in the container: read the link`)]);
  }
  await cp('proc:/proc/1/status', join(here, 'status'));
  expect(readFileSync(join(here, 'status'), 'utf8')).toBe('');
  await remove('proc');
});

test('pipes and sockets keep nobody waiting', async () => {
  const script = 'mkdir /pipes; mkfifo /pipes/fifo; nc -lU /pipes/socket & sleep 1000';
  await world.sampan('run', '-d', '--name', 'pipes', world.image, 'sh', '-c', script);
  for (let tries = 0; tries < 100 && !(await inside('pipes', 'ls /pipes')).includes('fifo'); tries += 1)
    await sleep(20);
  expect(await cp('pipes:/pipes', join(here, 'pipes'))).toMatchObject({ status: 0, stderr: '' });
  expect(lstatSync(join(here, 'pipes/fifo')).isFIFO()).toBe(true);
  // Over a pipe of the container's, which nobody reads, comes a file of its own.
  expect(await cp(join(here, 'file'), 'pipes:/pipes/fifo')).toMatchObject({ status: 0, stderr: '' });
  expect(await inside('pipes', 'cat /pipes/fifo')).toBe('file\n');
  await remove('pipes');
});

test('a file that grows and shrinks under a copy gives a whole archive', async () => {
  const script = 'while :; do head -c 3000000 /dev/zero > /f; : > /f; done';
  await world.sampan('run', '-d', '--name', 'grows', world.image, 'sh', '-c', script);
  for (let round = 0; round < 8; round += 1) {
    const { status, stderr } = await cp('grows:/f', join(here, `f${round}`));
    if (status !== 0) expect([status, stderr]).toEqual([3, expect.stringContaining('Could not find')]);
  }
  await remove('grows');
});

test('a file that is mounted in a running container is not taken off by a copy over it', async () => {
  writeFileSync(join(here, 'bound'), 'bound\n');
  const bind = ['-v', `${join(here, 'bound')}:/data/bound`];
  await world.sampan('run', '-d', '--name', 'over', ...bind, world.image, 'sleep', '1000');
  const mounts = (): Promise<string> => inside('over', 'cut -d" " -f5 /proc/self/mountinfo');
  const before = await mounts();
  mkdirSync(join(here, 'both'));
  for (const name of ['bound', 'other']) writeFileSync(join(here, 'both', name), 'new\n');
  const packed = spawnSync('tar', ['-c', '-C', join(here, 'both'), 'bound'], { encoding: 'buffer' }).stdout;
  for (const outcome of [
    await cp(join(here, 'file'), 'over:/data/bound'),
    await cp(`${join(here, 'both')}/.`, 'over:/data'),
    await cp(join(here, 'file'), 'over:/etc/hosts'),
    await world.call(['cp', '-', 'over:/data'], { input: packed }),
  ]) {
    expect([outcome.status, outcome.stderr]).toEqual([5, expect.stringContaining('a mount is in its place')]);
  }
  expect(await mounts()).toBe(before);
  expect(await inside('over', 'cat /data/bound')).toBe('bound\n');
  await remove('over');
});

test('a container that swaps directories and links under a copy gets nothing of the host', async () => {
  const outside = join(here, 'outside');
  mkdirSync(outside, { mode: 0o700 });
  writeFileSync(join(outside, 'file'), 'host\n');
  const swap = `while :; do mv /d /e; ln -s ${outside} /d; rm /d; mv /e /d; done`;
  await world.sampan('run', '-d', '--name', 'swaps', world.image, 'sh', '-c', `mkdir -p /d/tree ${outside}; ${swap}`);
  for (let round = 0; round < 30; round += 1) {
    await Promise.all([
      cp(join(here, 'file'), 'swaps:/d/'),
      cp('-a', join(here, 'tree'), 'swaps:/d/'),
      cp('swaps:/d/file', join(here, `out${round}`)),
    ]);
  }
  expect(readdirSync(outside)).toEqual(['file']);
  expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('host\n');
  expect(statSync(outside).mode & 0o777).toBe(0o700);
  const got = readdirSync(here).filter((name) => /^out\d/.test(name));
  for (const name of got) expect(readFileSync(join(here, name), 'utf8')).toBe('file\n');
  await remove('swaps');
}, 120_000);

test('a copy that is killed leaves nothing behind, and the container can be started', async () => {
  writeFileSync(join(here, 'big'), Buffer.alloc(64 << 20, 7));
  await world.sampan('create', '--name', 'cut', world.image, 'sleep', '1000');
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  for (let round = 0; round < 8; round += 1) {
    const into = world.spawn(['cp', join(here, 'big'), 'cut:/tmp/']);
    await sleep(20 + round * 25);
    into.kill('SIGKILL');
    await into.exited;
  }
  expect(await world.sampan('start', 'cut')).toMatchObject({ status: 0 });
  expect(await cp(join(here, 'big'), 'cut:/tmp/whole')).toMatchObject({ status: 0, stderr: '' });
  expect((await world.sampan('exec', 'cut', 'stat', '-c', '%s', '/tmp/whole')).stdout).toBe(`${64 << 20}\n`);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(mounts);
  await remove('cut');
  const ours = (): string[] => world.leftovers().filter((line) => !line.startsWith('/sys/fs/cgroup'));
  for (let tries = 0; ours().length > 0 && tries < 100; tries += 1) await sleep(50);
  expect(ours()).toEqual([]);
}, 120_000);
