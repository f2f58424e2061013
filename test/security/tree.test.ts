import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import { attackWorld, compileAttack, scratch, USUAL_CAPABILITIES, type AttackWorld } from './attack.ts';

let oci: AttackWorld;
let cli: CliWorld;
const shared = scratch();
beforeAll(async () => {
  oci = attackWorld();
  compileAttack('chroot', join(oci.rootfs, 'bin'));
  cli = await cliWorld();
  expect(await cli.sampan('pull', '-q', cli.image)).toMatchObject({ status: 0 });
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', shared.path]);
  execFileSync('mount', ['--make-shared', shared.path]);
  mkdirSync(join(shared.path, 'inner'));
}, 60_000);
afterAll(async () => {
  oci[Symbol.dispose]();
  await cli[Symbol.asyncDispose]();
  execFileSync('umount', ['-R', shared.path]);
  shared[Symbol.dispose]();
});

const ROOT_ENTRIES = ['bin', 'dev', 'etc', 'home', 'proc', 'root', 'run', 'sys', 'tmp', 'var'];
const capable =
  (...more: string[]) =>
  (spec: Spec, process: Process): void => {
    const names = [...USUAL_CAPABILITIES, ...more];
    process.capabilities = { bounding: names, effective: names, permitted: names };
    spec.root = { path: 'rootfs', readonly: false };
  };

describe('the old root', () => {
  test('is not to be found: above the root, by /proc, or by chroot', () => {
    for (const place of [
      '/..',
      '/../../..',
      '/proc/1/root',
      '/proc/1/root/..',
      '/proc/self/root/../..',
      '/proc/1/cwd',
    ]) {
      const { stdout } = oci.run(`ls ${place}`, capable());
      expect({ place, entries: stdout.trim().split('\n') }).toEqual({ place, entries: ROOT_ENTRIES });
    }
    oci.configure(['/bin/chroot'], capable());
    // Outside of the chroot is the container's root, and that is all.
    expect(oci.oci('run', 'chroot').stdout.trim().split('\n')).toEqual(ROOT_ENTRIES);
  });

  test('has left no mount, and none can be taken off to find it', () => {
    const { stdout } = oci.run(
      'cat /proc/self/mountinfo; umount -l / 2>/dev/null; umount -l / 2>/dev/null; ls /',
      capable('CAP_SYS_ADMIN'),
    );
    const lines = stdout.trimEnd().split('\n');
    const mounts = lines.slice(0, -ROOT_ENTRIES.length).map((line) => line.split(' ')[4]);
    expect(lines.slice(-ROOT_ENTRIES.length)).toEqual(ROOT_ENTRIES);
    expect(mounts.filter((mount) => mount === '/')).toHaveLength(1);
    expect(mounts.filter((mount) => !/^\/($|proc|dev|sys)/.test(mount ?? ''))).toEqual([]);
  });
});

describe('mounts do not travel', () => {
  const table = (): string => readFileSync('/proc/self/mountinfo', 'utf8');

  test('from the container to the host', () => {
    const before = table();
    const { stdout } = oci.run(
      'mount -t tmpfs tmpfs /tmp && mount -t tmpfs tmpfs /data/inner && echo made; mount --make-rshared / ; mount -t tmpfs tmpfs /home && echo shared',
      (spec, process) => {
        capable('CAP_SYS_ADMIN')(spec, process);
        spec.mounts?.push({ destination: '/data', type: 'bind', source: shared.path, options: ['rbind', 'rprivate'] });
      },
    );
    expect(stdout).toBe('made\nshared\n');
    expect(table()).toBe(before);
  });

  test('from the container to the host when nothing was said about it', () => {
    const before = table();
    const { stdout } = oci.run('mount -t tmpfs tmpfs /data/inner && echo made', (spec, process) => {
      capable('CAP_SYS_ADMIN')(spec, process);
      spec.mounts?.push({ destination: '/data', type: 'bind', source: shared.path, options: ['rbind'] });
    });
    expect(stdout).toBe('made\n');
    expect(table()).toBe(before);
  });

  test('from the host to a volume of the engine', async () => {
    await cli.sampan('run', '-d', '--name', 'volume', '-v', `${shared.path}:/data`, cli.image, 'sleep', '100');
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(shared.path, 'inner')]);
    writeFileSync(join(shared.path, 'inner/late'), '');
    expect((await cli.sampan('exec', 'volume', 'ls', '/data/inner')).stdout).toBe('');
    expect((await cli.sampan('exec', 'volume', 'grep', '-c', '/data', '/proc/self/mountinfo')).stdout).toBe('1\n');
    execFileSync('umount', [join(shared.path, 'inner')]);
    await cli.sampan('rm', '-f', 'volume');
  });
});

describe('control groups', () => {
  test('inside, only the own group is in sight, read-only and without release_agent', async () => {
    const look =
      'cut -d: -f3 /proc/self/cgroup | sort -u; find /sys/fs/cgroup -name "*sampan*" -o -name release_agent; ' +
      'for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir $d/x 2>/dev/null && echo made in $d; (echo 0 > $d/cgroup.procs) 2>/dev/null && echo moved in $d; done; ' +
      'mount -o remount,rw /sys/fs/cgroup 2>/dev/null && echo remounted; true';
    expect((await cli.sampan('run', '--rm', cli.image, 'sh', '-c', look)).stdout).toBe('/\n');
    await cli.sampan('run', '-d', '--name', 'groups', cli.image, 'sleep', '100');
    expect((await cli.sampan('exec', 'groups', 'sh', '-c', look)).stdout).toBe('/\n');
    await cli.sampan('rm', '-f', 'groups');
    expect(oci.run(look).stdout).toBe('/\n');
  });

  test('without a namespace of its own too, only the own group is bound there (CVE-2023-25809)', () => {
    const look =
      'find /sys/fs/cgroup -name "*sampan*" -o -name release_agent; find /sys/fs/cgroup -mindepth 2 -type d; mkdir /sys/fs/cgroup/memory/x 2>/dev/null && echo made; true';
    const { status, stdout } = oci.run(look, (spec) => {
      spec.linux = {
        ...spec.linux,
        namespaces: (spec.linux?.namespaces ?? []).filter(({ type }) => type !== 'cgroup'),
      };
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  test('a path that climbs is refused, in each spelling', () => {
    for (const path of ['../x', '/..', '/sampan-test-x/../../x', 'a/..', '..', '/./../x', 'sampan-test-x/..']) {
      const { status, stderr } = oci.run('true', (spec) => {
        spec.linux = { ...spec.linux, cgroupsPath: path };
      });
      expect({ path, refused: status !== 0 && stderr.includes('linux.cgroupsPath') }).toEqual({ path, refused: true });
    }
    expect(oci.leftovers()).toEqual([]);
  });
});
