import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import type { ImageDefaults } from '#tools/image/oci-image.ts';
import { scratch } from './attack.ts';
import { paxRecord, pushLayers, tar, treeLayer, type TarEntry } from './images.ts';

let world: CliWorld;
const prey = scratch();
const secret = join(prey.path, 'secret');
beforeAll(async () => {
  world = await cliWorld();
  writeFileSync(secret, 'host');
  chmodSync(secret, 0o600);
}, 60_000);
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  prey[Symbol.dispose]();
});

const up = '../'.repeat(40);
const below = prey.path.slice(1);

/** Layers over the small tree; what they want to do to the host is in their names. */
const CLIMBING: Record<string, TarEntry[]> = {
  'a file by a path that climbs': [{ name: `${up}${below}/planted`, data: 'x' }],
  'a file by an absolute path': [{ name: `${prey.path}/planted`, data: 'x' }],
  'a directory by a path that climbs': [{ name: `a/${up}${below}/planted`, type: '5', mode: 0o755 }],
  'a file through a symlink of the same layer': [
    { name: 'way', type: '2', link: prey.path },
    { name: 'way/planted', data: 'x' },
  ],
  'a file through a chain of links': [
    { name: 'one', type: '2', link: 'two' },
    { name: 'two', type: '2', link: `${up}${below}` },
    { name: 'one/planted', data: 'x' },
  ],
  'a file through a link that replaces a directory': [
    { name: 'd/', type: '5', mode: 0o755 },
    { name: 'd/first', data: 'x' },
    { name: 'd', type: '2', link: prey.path },
    { name: 'd/planted', data: 'x' },
  ],
  'a hard link to a file of the host': [{ name: 'stolen', type: '1', link: secret }],
  'a hard link by a path that climbs': [{ name: 'stolen', type: '1', link: `${up}${below}/secret` }],
  'a hard link through a symlink': [
    { name: 'way', type: '2', link: prey.path },
    { name: 'stolen', type: '1', link: 'way/secret' },
  ],
  'a hard link to a symlink, then written': [
    { name: 'way', type: '2', link: secret },
    { name: 'same', type: '1', link: 'way' },
    { name: 'same', data: 'overwritten' },
  ],
  'a file over a symlink of the layer before': [{ name: 'etc/out', data: 'overwritten' }],
  'a whiteout that climbs': [{ name: `${up}${below}/.wh.secret` }],
  'a whiteout of everything above': [{ name: '.wh...' }, { name: 'a/.wh..' }, { name: '.wh.' }],
  'a whiteout through a symlink': [{ name: 'way', type: '2', link: prey.path }, { name: 'way/.wh.secret' }],
  'a mode through a symlink': [
    { name: 'way', type: '2', link: secret, mode: 0o777 },
    { name: 'way', type: '5', mode: 0o777 },
  ],
  'a pax path that climbs': [
    { name: 'x', type: 'x', data: paxRecord('path', `${up}${below}/planted`) },
    { name: 'harmless', data: 'x' },
  ],
  'a pax link that climbs': [
    { name: 'x', type: 'x', data: paxRecord('linkpath', secret) },
    { name: 'stolen', type: '1', link: 'etc/passwd' },
  ],
};

const base = () =>
  treeLayer((root) => {
    execFileSync('ln', ['-s', secret, join(root, 'etc/out')]);
  });

describe('a layer that reaches for the host touches nothing of it', () => {
  for (const [name, entries] of Object.entries(CLIMBING)) {
    test(
      name,
      async () => {
        for (const snapshotter of ['overlay', 'copy']) {
          const image = await pushLayers(world, [base(), tar(entries)]);
          const before = lstatSync(secret);
          const { status, stderr } = await world.sampan('--snapshotter', snapshotter, 'pull', '-q', image);
          if (status !== 0) expect(stderr).not.toMatch(/^\s+at /m);
          expect(readdirSync(prey.path)).toEqual(['secret']);
          expect(readFileSync(secret, 'utf8')).toBe('host');
          expect(lstatSync(secret)).toMatchObject({ mode: before.mode, nlink: 1, ino: before.ino });
          if (status === 0) {
            const run = await world.sampan(
              '--snapshotter',
              snapshotter,
              'run',
              '--rm',
              image,
              'cat',
              '/stolen',
              '/same',
            );
            expect(run.stdout).not.toContain('host');
          }
        }
      },
      60_000,
    );
  }
});

describe('a layer with odd things in it', () => {
  const ran = async (entries: TarEntry[], script: string) => {
    const image = await pushLayers(world, [treeLayer(), tar(entries)]);
    return world.sampan('run', '--rm', image, 'sh', '-c', script);
  };

  test('device nodes are nodes and cannot be opened; setuid stays', async () => {
    const { stdout } = await ran(
      [
        { name: 'disk', type: '4', device: [8, 0], mode: 0o666 },
        { name: 'mem', type: '3', device: [1, 1], mode: 0o666 },
        { name: 'kmsg', type: '3', device: [1, 11], mode: 0o666 },
        { name: 'root-shell', data: '#!/bin/sh\nid -u\n', mode: 0o4755 },
      ],
      'stat -c "%F %t:%T" /disk /mem /kmsg; stat -c %a /root-shell; for d in disk mem kmsg; do head -c1 /$d > /dev/null 2>&1 && echo opened $d; done; true',
    );
    expect(stdout).toBe('block special file 8:0\ncharacter special file 1:1\ncharacter special file 1:b\n4755\n');
  });

  test('names with newlines and bytes that are no text come through as they are', async () => {
    const odd = Uint8Array.from([0x2f, 0xff, 0xfe, 0x80, 0x0a, 0x1b, 0x5b, 0x41].slice(1));
    const { status, stdout } = await ran(
      [
        { name: odd, data: 'odd' },
        { name: 'new\nline', data: 'line' },
      ],
      `cat "$(printf '/\\377\\376\\200\\n\\033[A')" "$(printf '/new\\nline')"`,
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'oddline' });
  });

  test('huge headers, sizes and attributes are refused in words, in bounded time', async () => {
    const big = 'v'.repeat(70_000);
    const cases: TarEntry[][] = [
      [{ name: 'x', type: 'x', data: paxRecord('comment', 'c'.repeat(9 << 20)) }, { name: 'a' }],
      [{ name: 'x', type: 'x', data: '', size: 2 ** 33 - 1 }, { name: 'a' }],
      [{ name: 'a', data: '', size: 2 ** 33 - 1 }],
      [{ name: 'x', type: 'L', data: 'n'.repeat(9 << 20) }, { name: 'a' }],
      [{ name: 'x', type: 'x', data: paxRecord('size', '99999999999999999999') }, { name: 'a' }],
      [{ name: 'x', type: 'x', data: paxRecord('size', '-1') }, { name: 'a' }],
      [{ name: 'x', type: 'x', data: '999999999 path=x\n' }, { name: 'a' }],
      [{ name: 'x', type: 'x', data: '5 pa' }, { name: 'a' }],
      [{ name: 'x', type: 'x', data: paxRecord('SCHILY.xattr.user.big', big) }, { name: 'a' }],
      [
        {
          name: 'x',
          type: 'x',
          data: Array.from({ length: 3000 }, (_, n) => paxRecord(`SCHILY.xattr.user.n${n}`, 'v'.repeat(200))).join(''),
        },
        { name: 'a' },
      ],
      [
        { name: `${'d/'.repeat(49)}`, type: '5' },
        { name: 'x', type: 'x', data: paxRecord('path', 'p/'.repeat(100_000)) },
        { name: 'a' },
      ],
    ];
    for (const [index, entries] of cases.entries()) {
      const image = await pushLayers(world, [treeLayer(), tar(entries)]);
      const { status, signal, stderr } = await world.call(['pull', '-q', image], { timeout: 20_000 });
      expect({ index, signal }).toEqual({ index, signal: null });
      expect({ index, stack: /^\s+at /m.test(stderr), said: status === 0 || stderr.length > 10 }).toEqual({
        index,
        stack: false,
        said: true,
      });
    }
  }, 120_000);

  test('attributes that would make a layer of its own of it are not taken from an image', async () => {
    const hidden = [
      {
        name: 'x',
        type: 'x',
        data:
          paxRecord('SCHILY.xattr.trusted.overlay.redirect', '/etc') +
          paxRecord('SCHILY.xattr.trusted.overlay.opaque', 'y'),
      },
      { name: 'etc', type: '5', mode: 0o755 },
      {
        name: 'x',
        type: 'x',
        data:
          paxRecord('SCHILY.xattr.trusted.overlay.metacopy', '') +
          paxRecord('SCHILY.xattr.trusted.overlay.redirect', secret),
      },
      { name: 'stolen', data: '' },
    ];
    const image = await pushLayers(world, [treeLayer(), tar(hidden)]);
    const { stdout } = await world.sampan('run', '--rm', image, 'sh', '-c', 'ls /etc/passwd; cat /stolen');
    expect(['', '/etc/passwd\n']).toContain(stdout);
    expect(stdout).not.toContain('host');
  });
});

describe('an image configuration', () => {
  const CONFIGS: Record<string, Record<string, unknown>> = {
    'a user with a NUL': { User: 'root\0x' },
    'a number with a NUL': { User: '0\0' },
    'a user that is a number in JSON': { User: 0 },
    'a variable with a NUL': { Env: ['A=b\0C=d'] },
    'variables of 20 MB': { Env: Array.from({ length: 200 }, (_, n) => `A${n}=${'x'.repeat(100_000)}`) },
    'variables that are one text': { Env: 'A=b' },
    'an entrypoint that is one text': { Entrypoint: '/bin/sh' },
    'an entrypoint of numbers': { Entrypoint: [1, 2] },
    'an argument with a NUL': { Entrypoint: ['/bin/sh\0', 'x'] },
    'a working directory with a NUL': { WorkingDir: '/a\0/..' },
    'a working directory that is a list': { WorkingDir: ['/'] },
    'a stop signal that is a program': { StopSignal: ['TERM'] },
  };

  for (const [name, config] of Object.entries(CONFIGS)) {
    test(`with ${name} is refused in words`, async () => {
      const image = await pushLayers(world, [treeLayer()], config as ImageDefaults);
      const { status, stdout, stderr } = await world.call(['run', '--rm', image, 'sh', '-c', 'echo started'], {
        timeout: 20_000,
      });
      expect({ status: status === 0, stdout }).toEqual({ status: false, stdout: '' });
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(stderr).not.toContain('launcher');
      expect(stderr.length).toBeGreaterThan(10);
    });
  }

  test('with a working directory that climbs stays in its root', async () => {
    const image = await pushLayers(world, [treeLayer()], { WorkingDir: `../..${prey.path}` });
    const { stdout } = await world.sampan(
      'run',
      '--rm',
      image,
      'sh',
      '-c',
      'pwd; cat secret 2>/dev/null; touch planted',
    );
    expect(stdout).not.toContain('host');
    expect(readdirSync(prey.path)).toEqual(['secret']);
  });

  test('cannot bring variables that reach the command line or the launcher', async () => {
    const place = scratch();
    mkdirSync(join(place.path, 'x'));
    const image = await pushLayers(world, [treeLayer()], {
      Env: [
        'LD_PRELOAD=/evil.so',
        'BUN_OPTIONS=--version',
        'NODE_OPTIONS=--require=/evil',
        `SAMPAN_ROOT=${place.path}/x`,
        'PATH=/bin',
      ],
    });
    expect((await world.sampan('run', '--rm', image, 'echo', 'ran')).stdout).toBe('ran\n');
    expect(readdirSync(join(place.path, 'x'))).toEqual([]);
    place[Symbol.dispose]();
  });
});

test('nothing is left of all that', async () => {
  expect((await world.sampan('ps', '-aq')).stdout).toBe('');
  expect(world.leftovers().filter((line) => !line.includes('/sys/fs/cgroup'))).toEqual([]);
});
