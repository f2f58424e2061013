/** Containers without a mount namespace of their own: in the host's, or in one that is joined by its path. */
import { describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Spec } from '#runtime/spec/spec.ts';
import { ociWorld, type OciWorld } from './world.ts';

const mountsBelow = (world: OciWorld): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(world.directory));

const withMount = (path?: string) => (spec: Spec) => {
  const others = (spec.linux?.namespaces ?? []).filter(({ type }) => type !== 'mount');
  const own = path === undefined ? [] : [{ type: 'mount' as const, path }];
  spec.linux = { ...spec.linux, namespaces: [...others, ...own] };
};

const HOSTS: [string, string | undefined][] = [
  ['no namespace', undefined],
  ['the host’s by its path', '/proc/self/ns/mnt'],
];

describe.each(HOSTS)('%s', (_, path) => {
  test('the container has its own tree, in the host’s namespace, and leaves no mount there', () => {
    using world = ociWorld();
    world.configure(
      ['sh', '-c', 'readlink /proc/self/ns/mnt; ls /; touch /x 2>/dev/null || echo read-only'],
      (spec) => {
        withMount(path)(spec);
        if (path !== undefined) return;
        spec.mounts?.push({ destination: '/dev/shm/at', source: world.directory, options: ['rbind'] });
      },
    );
    const { status, stdout } = world.oci('run', 'a');
    const own = spawnSync('readlink', ['/proc/self/ns/mnt'], { encoding: 'utf8' }).stdout;
    expect({ status, lines: stdout.split('\n').slice(0, 2) }).toEqual({ status: 0, lines: [own.trim(), 'bin'] });
    expect(stdout).toEndWith('read-only\n');
    expect(mountsBelow(world)).toEqual([]);
    expect(world.leftovers()).toEqual([]);
  });
});

describe('without a mount namespace', () => {
  test('exec gets the container’s root, and delete takes everything off', () => {
    using world = ociWorld();
    writeFileSync(join(world.rootfs, 'mark'), 'of the image');
    world.configure(['sleep', '1357'], withMount());
    expect(world.oci('run', '--detach', 'a').status).toBe(0);
    expect(mountsBelow(world).length).toBeGreaterThan(5);
    expect(world.oci('exec', 'a', 'cat', '/mark')).toMatchObject({ status: 0, stdout: 'of the image', stderr: '' });
    expect(world.oci('exec', '--cwd', world.directory, 'a', 'pwd').status).not.toBe(0);
    writeFileSync(join(world.directory, 'm.json'), '[]');
    expect(world.oci('mounts', 'add', 'a', 'm.json').stderr).toContain('has no mount namespace');
    expect(world.oci('delete', '--force', 'a').status).toBe(0);
    expect(mountsBelow(world)).toEqual([]);
  });

  test('a root that is a mount of somebody else’s stays one, and what is shared with it is not taken off', () => {
    using world = ociWorld();
    const shared = join(world.directory, 'shared');
    mkdirSync(join(shared, 'below'), { recursive: true });
    const mount = (...args: string[]): void => void spawnSync('mount', args, { stdio: 'inherit' });
    mount('--bind', world.rootfs, world.rootfs);
    mount('-t', 'tmpfs', '--make-shared', 'tmpfs', shared);
    mkdirSync(join(shared, 'below'));
    mount('-t', 'tmpfs', 'tmpfs', join(shared, 'below'));
    try {
      const before = mountsBelow(world);
      expect(before).toHaveLength(3);
      world.configure(['true'], (spec) => {
        withMount()(spec);
        spec.mounts?.push({ destination: '/dev/shm/at', source: shared, options: ['rbind', 'rshared'] });
      });
      expect(world.oci('run', 'a')).toMatchObject({ status: 0 });
      expect(mountsBelow(world)).toEqual(before);
    } finally {
      for (const path of [join(shared, 'below'), shared, world.rootfs]) spawnSync('umount', [path]);
    }
  });

  test('one that fails half-way, and one whose runtime was killed, leave nothing either', async () => {
    using world = ociWorld();
    world.configure(['no-such-program'], withMount());
    expect(world.oci('run', 'a').status).toBe(1);
    expect(mountsBelow(world)).toEqual([]);
    world.configure(['sleep', '1357'], withMount());
    const running = world.spawn('run', 'b');
    for (let round = 0; round < 400 && mountsBelow(world).length === 0; round++) await Bun.sleep(5);
    running.kill('SIGKILL');
    await running.exited;
    expect(world.oci('delete', '--force', 'b').status).toBe(0);
    expect(mountsBelow(world)).toEqual([]);
    expect(world.leftovers()).toEqual([]);
  });
});

test('a namespace that is joined by its path is the container’s, and the host sees nothing', () => {
  using world = ociWorld();
  const holder = Bun.spawn(['unshare', '--mount', '--propagation', 'unchanged', 'sleep', '1357']);
  try {
    const path = `/proc/${holder.pid}/ns/mnt`;
    const link = (): string => spawnSync('readlink', [path], { encoding: 'utf8' }).stdout;
    for (const own = spawnSync('readlink', ['/proc/self/ns/mnt'], { encoding: 'utf8' }).stdout; link() === own;) {
      Bun.sleepSync(5);
    }
    world.configure(['sh', '-c', 'readlink /proc/self/ns/mnt; ls -d /work /bin'], withMount(path));
    const { status, stdout, stderr } = world.oci('run', 'a');
    expect({ stdout, stderr }).toMatchObject({ stdout: `${link()}/bin\n` });
    expect(status).not.toBe(0);
    expect(mountsBelow(world)).toEqual([]);
    expect(world.leftovers()).toEqual([]);
  } finally {
    holder.kill('SIGKILL');
  }
});
