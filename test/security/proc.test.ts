import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
});
afterAll(() => world[Symbol.dispose]());

test('procfs and sysfs are not mounted through a symlink of the image (CVE-2023-28642, CVE-2019-19921)', () => {
  for (const name of ['proc', 'sys']) {
    rmSync(join(world.rootfs, name), { recursive: true });
    mkdirSync(join(world.rootfs, 'elsewhere'), { recursive: true });
    for (const target of ['elsewhere', '/elsewhere', world.prey.directory, '/tmp']) {
      symlinkSync(target, join(world.rootfs, name));
      const { status, stderr } = world.run('true');
      expect(status).not.toBe(0);
      expect(stderr).toMatch(name === 'proc' ? /mounts\[0\]/ : /mounts\[5\]/);
      rmSync(join(world.rootfs, name));
    }
    mkdirSync(join(world.rootfs, name));
  }
  expect(world.prey.changes()).toEqual([]);
});

describe('what lies over a part of the procfs does not catch writes of the runtime (CVE-2025-52881, CVE-2019-16884)', () => {
  const INSIDE_PROC = [
    '/proc/sys',
    '/proc/self/attr',
    '/proc/self',
    '/proc/sys/net/ipv4/ip_forward',
    '/proc//sys/./net',
  ];

  test('mounts inside /proc are refused', () => {
    const source = join(world.directory, 'fake');
    mkdirSync(source, { recursive: true });
    for (const destination of INSIDE_PROC) {
      for (const type of ['bind', 'tmpfs']) {
        const { status, stderr } = world.run('true', (spec) => {
          spec.mounts?.push({ destination, type, source, options: [] });
        });
        expect(status).not.toBe(0);
        expect(stderr).toContain('mounts[7]');
      }
    }
    expect(world.leftovers()).toEqual([]);
  });

  test('nor is /proc itself anything but a procfs', () => {
    const source = join(world.directory, 'fake');
    mkdirSync(source, { recursive: true });
    for (const mount of [
      { destination: '/proc', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/proc/', type: 'bind', source, options: ['rbind'] },
      { destination: '/./proc', type: 'bind', source, options: ['rbind'] },
    ]) {
      const { status, stderr } = world.run('true', (spec) => void spec.mounts?.push(mount));
      expect(status).not.toBe(0);
      expect(stderr).toContain('mounts[7]');
    }
  });

  test('the few files that others lay over it may be', () => {
    const source = join(world.directory, 'uptime');
    writeFileSync(source, '1.00 1.00\n');
    const { stdout } = world.run('cat /proc/uptime', (spec) => {
      spec.mounts?.push({ destination: '/proc/uptime', type: 'bind', source, options: ['bind', 'ro'] });
    });
    expect(stdout).toBe('1.00 1.00\n');
  });

  test('a setting is written to the true file behind whatever an image put there', () => {
    // The image's own /proc has a link where the setting would be.
    mkdirSync(join(world.rootfs, 'proc/sys/net/ipv4'), { recursive: true });
    symlinkSync(join(world.prey.directory, 'secret'), join(world.rootfs, 'proc/sys/net/ipv4/ip_forward'));
    const { stdout } = world.run('cat /proc/sys/net/ipv4/ip_forward', (spec) => {
      spec.linux = { ...spec.linux, sysctl: { 'net.ipv4.ip_forward': '1' } };
    });
    expect(stdout).toBe('1\n');
    expect(world.prey.changes()).toEqual([]);
  });

  test('nor to one that a link of the image has led over it', () => {
    symlinkSync('/proc/sys', join(world.rootfs, 'data'));
    const { status, stdout } = world.run('ls /data/ /proc/sys; cat /real/sys/net/ipv4/ip_forward', (spec) => {
      spec.mounts?.push({ destination: '/data', type: 'tmpfs', source: 'tmpfs' });
      spec.mounts?.push({ destination: '/real', type: 'proc', source: 'proc' });
      spec.linux = { ...spec.linux, sysctl: { 'net.ipv4.ip_forward': '1' } };
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '/data/:\n\n/proc/sys:\n1\n' });
  });
});

describe('settings that would reach the host are refused', () => {
  const host = (): string =>
    ['kernel/core_pattern', 'kernel/hostname', 'vm/overcommit_memory', 'net/ipv4/ip_forward', 'kernel/shmmax']
      .map((name) => readFileSync(`/proc/sys/${name}`, 'utf8'))
      .join('');

  const BAD = [
    'kernel.core_pattern',
    'kernel/core_pattern',
    'net/../kernel/core_pattern',
    'net.ipv4/../../kernel/core_pattern',
    'net//../kernel/core_pattern',
    'net/./ipv4/ip_forward',
    'net/',
    '/kernel/core_pattern',
    '../sysrq-trigger',
    'fs/mqueue/../../kernel/core_pattern',
    'kernel.shmmax/../core_pattern',
    'kernel.shmmaxx',
    'kernel.hostname',
    'vm.overcommit_memory',
    'user.max_user_namespaces',
    '',
  ];

  test('by name, with every spelling', () => {
    const before = host();
    for (const key of BAD) {
      const { status, stderr } = world.run('true', (spec) => {
        spec.linux = { ...spec.linux, sysctl: { [key]: '|/tmp/x' } };
      });
      expect({ key, refused: status !== 0 && stderr.includes('linux.sysctl') }).toEqual({ key, refused: true });
    }
    expect(host()).toBe(before);
  });

  test('by a namespace that is not its own, be it left out or the one of the host by path', () => {
    const before = host();
    const cases = [
      { type: 'network', file: 'net', key: 'net.ipv4.ip_forward' },
      { type: 'ipc', file: 'ipc', key: 'kernel.shmmax' },
    ] as const;
    for (const { type, file, key } of cases) {
      for (const path of [undefined, `/proc/self/ns/${file}`, `/proc/${process.pid}/ns/${file}`]) {
        const { status, stderr } = world.run('true', (spec) => {
          const others = (spec.linux?.namespaces ?? []).filter((namespace) => namespace.type !== type);
          spec.mounts =
            spec.mounts?.filter(
              (mount) => mount.type !== 'mqueue' && mount.type !== 'sysfs' && mount.type !== 'cgroup',
            ) ?? [];
          spec.linux = {
            ...spec.linux,
            namespaces: path === undefined ? others : [...others, { type, path }],
            sysctl: { [key]: '1' },
          };
        });
        expect({ path, refused: status !== 0 && stderr.includes('linux.sysctl') }).toEqual({ path, refused: true });
      }
    }
    expect(host()).toBe(before);
  });
});
