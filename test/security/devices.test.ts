import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execFileSync, spawnSync } from 'node:child_process';
import type { Spec } from '#runtime/spec/spec.ts';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { SAMPAN } from '#tools/places.ts';
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

const withoutDev = (spec: Spec): void => {
  spec.mounts = (spec.mounts ?? []).filter((mount) => !mount.destination.startsWith('/dev'));
  spec.root = { path: 'rootfs', readonly: false };
};

/** Everything below a directory that is no plain file or directory. */
const oddities = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const stat = lstatSync(join(directory, name));
    return !stat.isFile() && !stat.isDirectory();
  });

describe('a /dev of the image that is a link does not have nodes planted elsewhere (crun CVE-2026-47766)', () => {
  const cases: Record<string, (prey: string) => string> = {
    'to a directory of the host': (prey) => prey,
    'to a volume': () => '/volume',
    'to a directory of the image': () => 'etc',
  };
  for (const [name, target] of Object.entries(cases)) {
    test(name, () => {
      const volume = join(world.directory, 'volume');
      mkdirSync(volume, { recursive: true });
      rmSync(join(world.rootfs, 'dev'), { recursive: true });
      symlinkSync(target(world.prey.directory), join(world.rootfs, 'dev'));
      for (const change of [withoutDev, () => {}]) {
        const { status, stderr } = world.run('ls -l /dev/ /volume', (spec) => {
          change(spec);
          spec.mounts?.push({ destination: '/volume', type: 'bind', source: volume, options: ['rbind'] });
          spec.linux = {
            ...spec.linux,
            devices: [{ path: '/dev/evil', type: 'b', major: 8, minor: 0, fileMode: 0o666 }],
          };
        });
        expect(status).not.toBe(0);
        expect(stderr).toContain('/dev');
        expect(oddities(volume)).toEqual([]);
        expect(oddities(join(world.rootfs, 'etc'))).toEqual([]);
        expect(world.prey.changes()).toEqual([]);
      }
    });
  }
});

test('a node is not made over a link or another file of the image, and their owners and modes stay', () => {
  const secret = join(world.prey.directory, 'secret');
  for (const lay of [
    () => symlinkSync(secret, join(world.rootfs, 'dev/null')),
    () => writeFileSync(join(world.rootfs, 'dev/null'), ''),
    () => execFileSync('mknod', [join(world.rootfs, 'dev/null'), 'b', '8', '0']),
  ]) {
    rmSync(join(world.rootfs, 'dev'), { recursive: true });
    mkdirSync(join(world.rootfs, 'dev'));
    lay();
    const before = statSync(secret);
    const { status, stderr } = world.run('echo overwritten > /dev/null', withoutDev);
    expect(status).not.toBe(0);
    expect(stderr).toContain('/dev/null');
    expect(statSync(secret).mode).toBe(before.mode);
    expect(world.prey.changes()).toEqual([]);
  }
});

describe('a terminal is taken from the true devpts and bound over a true file (CVE-2025-52565)', () => {
  const atTerminal = (change: (spec: Spec) => void): string => {
    world.configure(['sh', '-c', 'tty; ls -l /dev/console'], (spec, process) => {
      process.terminal = true;
      change(spec);
    });
    const command = `${SAMPAN} oci --root ${join(world.directory, 'state')} run attack-tty`;
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
      cwd: world.directory,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/bin:/bin', SHELL: '/bin/sh' },
    });
    return stdout;
  };
  const withoutDevpts = (spec: Spec): void => {
    withoutDev(spec);
  };

  test('with the default mounts it works', () => {
    expect(atTerminal(() => {})).toContain('/dev/pts/0');
  });

  test('a ptmx of the image is not used', () => {
    const pts = join(world.rootfs, 'dev/pts');
    const secret = join(world.prey.directory, 'secret');
    for (const lay of [
      () => symlinkSync('/dev/ptmx', join(pts, 'ptmx')),
      () => symlinkSync(secret, join(pts, 'ptmx')),
      () => writeFileSync(join(pts, 'ptmx'), ''),
      () => execFileSync('mknod', [join(pts, 'ptmx'), 'c', '5', '2']),
      () => execFileSync('mknod', [join(pts, 'ptmx'), 'c', '1', '8']),
    ]) {
      rmSync(pts, { recursive: true, force: true });
      mkdirSync(pts);
      lay();
      expect(atTerminal(withoutDevpts)).toContain('process.terminal');
      expect(world.prey.changes()).toEqual([]);
    }
    rmSync(pts, { recursive: true });
    symlinkSync(world.prey.directory, pts);
    expect(atTerminal(withoutDevpts)).toContain('process.terminal');
    expect(world.prey.changes()).toEqual([]);
  });

  test('a console of the image that is a link is not followed', () => {
    const before = statSync('/dev/null');
    for (const target of [
      '/proc/sys/kernel/core_pattern',
      '/etc/passwd',
      join(world.prey.directory, 'secret'),
      '/proc/self/fd/3',
    ]) {
      rmSync(join(world.rootfs, 'dev'), { recursive: true, force: true });
      mkdirSync(join(world.rootfs, 'dev/pts'), { recursive: true });
      symlinkSync(target, join(world.rootfs, 'dev/console'));
      const printed = atTerminal((spec) => {
        const devpts = spec.mounts?.find((mount) => mount.type === 'devpts');
        withoutDev(spec);
        if (devpts !== undefined) spec.mounts?.push(devpts);
      });
      expect(printed).toContain('process.terminal');
      expect(world.prey.changes()).toEqual([]);
    }
    expect(statSync('/dev/null').uid).toBe(before.uid);
  });
});

test('devices and files of the host that are standard streams do not become the user of the container', () => {
  const node = join(world.directory, 'zero');
  execFileSync('mknod', [node, 'c', '1', '5']);
  // Not the machine's own, which other runtimes may have given away.
  const nothing = join(world.directory, 'null');
  execFileSync('mknod', ['-m', '666', nothing, 'c', '1', '3']);
  const file = join(world.directory, 'file');
  writeFileSync(file, '');
  chownSync(file, 0, 0);
  chmodSync(node, 0o666);
  world.configure(['true'], (_, process) => (process.user = { uid: 1000, gid: 1000 }));
  const { status } = spawnSync(SAMPAN, ['oci', '--root', join(world.directory, 'state'), 'run', 'streams'], {
    cwd: world.directory,
    stdio: [openSync(node, 'r'), openSync(file, 'w'), openSync(nothing, 'w')],
  });
  expect(status).toBe(0);
  expect([node, file, nothing].map((path) => statSync(path).uid)).toEqual([0, 0, 0]);
});
