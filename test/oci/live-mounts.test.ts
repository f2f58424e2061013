/** Mounts added to containers that run, and taken off again. */
import { expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Spec } from '#runtime/spec/spec.ts';
import { ociWorld, type OciWorld, type Outcome } from './world.ts';

interface Live extends Disposable {
  world: OciWorld;
  source: string;
  mounts(action: string, list: unknown): Outcome;
  inside(script: string): string;
}

function live(change: (spec: Spec) => void = () => {}): Live {
  const world = ociWorld();
  const source = join(world.directory, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'file'), 'of the host');
  world.configure(['sleep', '1357'], (spec) => {
    if (spec.root !== undefined) spec.root.readonly = false;
    change(spec);
  });
  expect(world.oci('run', '--detach', 'a')).toMatchObject({ status: 0, stderr: '' });
  return {
    world,
    source,
    mounts: (action, list) => {
      writeFileSync(join(world.directory, 'mounts.json'), JSON.stringify(list));
      return world.oci('mounts', action, 'a', 'mounts.json');
    },
    inside: (script) => world.oci('exec', 'a', 'sh', '-c', script).stdout,
    [Symbol.dispose]: () => world[Symbol.dispose](),
  };
}

test('directories, files and a tmpfs come and go, and the host sees nothing of it', () => {
  using box = live();
  const { source, mounts, inside, world } = box;
  const list = [
    { destination: '/new/dir', source: 'source', options: ['bind', 'ro'] },
    { destination: '/new/file', source: join(source, 'file'), options: ['bind'] },
    { destination: '/scratch', type: 'tmpfs', source: 'tmpfs', options: ['size=64k', 'nosuid'] },
  ];
  const host = readFileSync('/proc/self/mountinfo', 'utf8');
  expect(mounts('add', list)).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(inside('cat /new/dir/file; touch /new/dir/x 2>/dev/null || echo -n " ro "; cat /new/file')).toBe(
    'of the host ro of the host',
  );
  expect(inside('grep /scratch /proc/mounts')).toMatch(/nosuid.*size=64k/);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(host);
  expect(mounts('remove', { mounts: list })).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(inside('grep -E "/new|/scratch" /proc/mounts; cat /new/dir/file 2>/dev/null; stat -c %s /new/file')).toBe(
    '0\n',
  );
  expect(world.oci('kill', 'a', 'KILL').status).toBe(0);
});

test('all or nothing: one that cannot be mounted takes the others off again', () => {
  using box = live();
  const list = [
    { destination: '/one', source: 'source', options: ['bind'] },
    { destination: '/two', source: 'source/file', options: ['bind'] },
    { destination: '/bin/busybox/below', source: 'source', options: ['bind'] },
  ];
  const added = box.mounts('add', list);
  expect(added.status).toBe(1);
  expect(added.stderr).toContain('mounts[2].destination');
  expect(box.inside('grep -E "/one|/two" /proc/mounts; echo end')).toBe('end\n');
  expect(box.mounts('add', list.slice(0, 2)).status).toBe(0);
  const removed = box.mounts('remove', [{ destination: '/one' }, { destination: '/nothing-there' }]);
  expect(removed.stderr).toContain('mounts[1].destination');
  expect(box.inside('cat /one/file')).toBe('of the host');
});

test('refused: the root, what is no mount, a source that is not there, a container that is not there', () => {
  using box = live();
  const { mounts, world } = box;
  mkdirSync(join(world.rootfs, 'plain'));
  const bind = { source: 'source', options: ['bind'] };
  const cases: [action: string, list: unknown, said: string][] = [
    ['add', [{ ...bind, destination: '/' }], 'mounts[0].destination'],
    ['remove', [{ destination: '/' }], 'mounts[0].destination'],
    ['remove', [{ destination: '/plain' }], 'mounts[0].destination'],
    ['add', [{ ...bind, destination: '/x', source: 'nowhere' }], 'mounts[0].source'],
    ['add', [{ destination: '/p', type: 'proc', source: 'proc' }], 'mounts[0].type'],
    ['add', 'text', 'mounts must be a list'],
    ['move', [], 'add and remove'],
  ];
  for (const [action, list, said] of cases) {
    expect(mounts(action, list)).toMatchObject({ status: 1, stderr: expect.stringContaining(said) });
  }
  expect(world.oci('mounts', 'add', 'nobody', 'mounts.json').stderr).toContain('does not exist');
  expect(box.inside('ls /plain; cat /proc/mounts | grep -c " / "')).toBe('1\n');
});

test('a link of the image leads to a place inside, never to the host', () => {
  using box = live();
  const { world, source, mounts, inside } = box;
  const outside = join(world.directory, 'outside');
  mkdirSync(outside);
  mkdirSync(join(world.rootfs, outside), { recursive: true });
  symlinkSync(`../../../../..${outside}`, join(world.rootfs, 'link'));
  expect(mounts('add', [{ destination: '/link/deep', source, options: ['bind'] }]).status).toBe(0);
  expect(inside('cat /link/deep/file')).toBe('of the host');
  expect(readdirSync(outside)).toEqual([]);
  expect(readdirSync(join(world.rootfs, outside))).toEqual(['deep']);
});

test('in a user namespace, the mount is there and what is made for it belongs to its root', () => {
  const map = [{ containerID: 0, hostID: 100_000, size: 1000 }];
  using box = live((spec) => {
    spec.linux = { ...spec.linux, uidMappings: map, gidMappings: map };
    spec.linux.namespaces?.push({ type: 'user' });
    if (spec.root !== undefined) spec.root.readonly = true;
  });
  const list = [
    { destination: '/dev/shm/at', source: 'source', options: ['bind', 'ro'] },
    { destination: '/dev/shm/tmp', type: 'tmpfs', source: 'tmpfs' },
  ];
  expect(box.mounts('add', list)).toMatchObject({ status: 0, stderr: '' });
  expect(box.inside('cat /dev/shm/at/file; stat -c " %u" /dev/shm /dev/shm/tmp')).toBe('of the host 0\n 0\n');
  expect(box.mounts('remove', list)).toMatchObject({ status: 0, stderr: '' });
  expect(box.inside('stat -c %u /dev/shm/at; ls /dev/shm/at')).toBe('0\n');
});
