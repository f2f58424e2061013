import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Spec } from '#runtime/spec/spec.ts';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { attackWorld, type AttackWorld } from './attack.ts';

let world: AttackWorld;
beforeAll(() => {
  world = attackWorld();
});
beforeEach(() => {
  rmSync(world.rootfs, { recursive: true, force: true });
  mkdirSync(world.rootfs);
  writeBusyboxTree(world.rootfs);
  writeFileSync(join(world.rootfs, 'etc/hidden'), 'hidden text');
  mkdirSync(join(world.rootfs, 'etc/hollow'));
  writeFileSync(join(world.rootfs, 'etc/hollow/inner'), 'hidden text');
});
afterAll(() => world[Symbol.dispose]());

const mask =
  (...paths: string[]) =>
  (spec: Spec): void => {
    spec.linux = { ...spec.linux, maskedPaths: [...(spec.linux?.maskedPaths ?? []), ...paths] };
  };

const LOOK =
  'cat /etc/hidden /etc/hollow/inner /link/inner; ls /etc/hollow; od -c /proc/kcore | head -1; cat /proc/keys';

test('without masks all of it would be seen', () => {
  symlinkSync('etc/hollow', join(world.rootfs, 'link'));
  const { stdout } = world.run(LOOK, (spec) => {
    spec.linux = { ...spec.linux, maskedPaths: [] };
  });
  expect(stdout).toStartWith('hidden text'.repeat(3) + 'inner\n');
});

describe('what covers a masked file is the null device of the host, whatever the image has (CVE-2025-31133)', () => {
  const lays: Record<string, (root: string) => void> = {
    'a link to a file of the procfs': (root) => symlinkSync('/proc/sys/kernel/core_pattern', join(root, 'dev/null')),
    'a link to a file of the image': (root) => symlinkSync('/etc/hidden', join(root, 'dev/null')),
    'a regular file': (root) => writeFileSync(join(root, 'dev/null'), 'not null'),
    'another device': (root) => execFileSync('mknod', [join(root, 'dev/null'), 'c', '1', '5']),
  };
  for (const [name, lay] of Object.entries(lays)) {
    test(name, () => {
      lay(world.rootfs);
      // With a /dev of its own the image's is out of sight; bound from the image it is what the container sees.
      for (const own of [false, true]) {
        const { stdout } = world.run(LOOK, (spec) => {
          mask('/etc/hidden', '/etc/hollow')(spec);
          if (own) {
            spec.mounts = (spec.mounts ?? []).filter((mount) => !mount.destination.startsWith('/dev'));
            spec.mounts.push({
              destination: '/dev',
              type: 'bind',
              source: join(world.rootfs, 'dev'),
              options: ['rbind'],
            });
          }
        });
        expect(stdout).toBe('');
      }
    });
  }
});

test('a mask through a link of the image hides what the link leads to, inside', () => {
  symlinkSync('etc/hollow', join(world.rootfs, 'link'));
  symlinkSync(world.prey.directory, join(world.rootfs, 'out'));
  const { stdout } = world.run(
    LOOK,
    mask('/link', '/etc/../etc/hidden', '/out/secret', `/${'../'.repeat(9)}etc/hollow`),
  );
  expect(stdout).toBe('');
  expect(world.prey.changes()).toEqual([]);
});

test('masks come after the mounts, so that none is undone by one', () => {
  const source = join(world.directory, 'source');
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'inner'), 'hidden text');
  const { stdout } = world.run(LOOK, (spec) => {
    mask('/etc/hollow')(spec);
    mask('/etc/hidden')(spec);
    spec.mounts?.push({ destination: '/etc/hollow', type: 'bind', source, options: ['rbind'] });
  });
  expect(stdout).toBe('');
});

test('the cover of a directory holds nothing, not even new files', () => {
  const { stdout } = world.run(
    'touch /etc/hollow/x && echo made; mount -o remount,rw /etc/hollow && echo remounted; true',
    (spec) => {
      mask('/etc/hollow')(spec);
      spec.root = { path: 'rootfs', readonly: false };
    },
  );
  expect(stdout).toBe('');
  expect(existsSync(join(world.rootfs, 'etc/hollow/x'))).toBe(false);
});

test('a mask and a read-only path that cannot be laid fail the container', () => {
  symlinkSync('loop', join(world.rootfs, 'loop'));
  for (const field of ['maskedPaths', 'readonlyPaths'] as const) {
    for (const path of ['/loop', '/etc/passwd/x', `/${'a'.repeat(300)}`, '/proc/self/fd/0/x']) {
      const { status, stdout, stderr } = world.run('echo started', (spec) => {
        spec.linux = { ...spec.linux, [field]: [path] };
      });
      expect({ path, stdout }).toEqual({ path, stdout: '' });
      expect(status).not.toBe(0);
      expect(stderr).toContain(`linux.${field}[0]`);
    }
  }
  expect(world.leftovers()).toEqual([]);
});

test('read-only paths cannot be written, opened for writing, or mounted anew', () => {
  const { stdout } = world.run(
    'for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/irq/default_smp_affinity; do (: >> $f) && echo opened $f; done; ' +
      'mount -o remount,rw /proc/sys && echo remounted; umount /proc/sys && echo gone; true',
  );
  expect(stdout).toBe('');
});
