/** What a program sees and may do inside the default container, and in its variations. */
import { expect, test } from 'bun:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Linux, Mount } from '#runtime/spec/spec.ts';
import { ociWorld } from './world.ts';

const lines = (text: string): string[] => text.trimEnd().split('\n');

test('the default container has its own tree, processes, network and name', () => {
  using world = ociWorld();
  const script = `
    ls -1 /proc | grep -c '^[0-9]'; hostname; cat /proc/net/dev | grep -c :; ls /dev | tr '\\n' ' '; echo
    touch /x 2>/dev/null || echo read-only; cat /proc/self/cgroup | cut -d: -f3 | sort -u
    grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'
    echo x 2>/dev/null >/proc/sysrq-trigger || echo shut; cat /proc/timer_list | wc -c; ulimit -n`;
  world.configure(['sh', '-c', script]);
  const { status, stdout } = world.oci('run', 'a');
  expect(status).toBe(0);
  expect(lines(stdout)).toEqual([
    expect.stringMatching(/^[1-4]$/),
    'sampan',
    '1',
    'core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero ',
    'read-only',
    '/',
    'CapBnd:0000000020000420',
    'NoNewPrivs:1',
    'Seccomp:0',
    'shut',
    '0',
    '1024',
  ]);
});

test('a user namespace maps root to somebody without rights outside', () => {
  using world = ociWorld();
  chmodSync(world.directory, 0o755);
  world.configure(
    ['sh', '-c', 'id -u; cat /proc/self/uid_map; echo ok >/dev/null && echo written; touch /dev/shm/x'],
    (spec) => {
      const linux = spec.linux as Linux;
      linux.namespaces?.push({ type: 'user' });
      linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }];
    },
  );
  const { status, stdout, stderr } = world.oci('run', 'a');
  expect([status, stderr]).toEqual([0, '']);
  expect(lines(stdout).map((line) => line.trim().split(/ +/).join(' '))).toEqual(['0', '0 100000 1000', 'written']);
});

test('binds, read-only tmpfs, a user, limits and settings', () => {
  using world = ociWorld();
  mkdirSync(join(world.directory, 'data'));
  writeFileSync(join(world.directory, 'data', 'f'), 'shared\n');
  const script = `
    echo $(id -u) $(id -G); pwd; cat /data/f; touch /data/x 2>/dev/null || echo data-shut; touch /ro/x 2>/dev/null || echo ro-shut
    cat /proc/sys/net/ipv4/ip_unprivileged_port_start; echo $HOME; cat /proc/self/oom_score_adj`;
  world.configure(['sh', '-c', script], (spec, process) => {
    process.user = { uid: 1000, gid: 1000, additionalGids: [5] };
    process.cwd = '/made/here';
    process.oomScoreAdj = 77;
    spec.root = { path: 'rootfs', readonly: false };
    (spec.mounts as Mount[]).push(
      { destination: '/data', type: 'bind', source: 'data', options: ['rbind', 'ro'] },
      { destination: '/ro', type: 'tmpfs', source: 'tmpfs', options: ['ro'] },
    );
    (spec.linux as Linux).sysctl = { 'net.ipv4.ip_unprivileged_port_start': '81' };
  });
  const { status, stdout, stderr } = world.oci('run', 'a');
  expect([status, stderr]).toEqual([0, '']);
  expect(lines(stdout)).toEqual(['1000 1000 5', '/made/here', 'shared', 'data-shut', 'ro-shut', '81', '/', '77']);
});

test('a symlink of the image does not lead a mount out of the root', () => {
  using world = ociWorld();
  const outside = join(world.directory, 'outside');
  mkdirSync(outside);
  world.configure(
    ['sh', '-c', 'ln -s / /evil; ls -d /evil'],
    (spec) => (spec.root = { path: 'rootfs', readonly: false }),
  );
  expect(world.oci('run', 'a').status).toBe(0);
  world.configure(['sh', '-c', 'ls -di /etc/in-root'], (spec) => {
    spec.mounts?.push({ destination: '/evil/etc/in-root', type: 'tmpfs', source: 'tmpfs', options: ['mode=700'] });
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: expect.stringContaining('/etc/in-root') });
  world.configure(['true'], (spec) => (spec.mounts![0]!.destination = '/evil'));
  expect(world.oci('run', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('mounts[0]') });
});

test('a filter stops what it does not allow', () => {
  using world = ociWorld();
  world.configure(['sh', '-c', 'mkdir /tmp/x; echo $?; ls / >/dev/null; echo $?'], (spec) => {
    spec.root = { path: 'rootfs', readonly: false };
    (spec.linux as Linux).seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 }],
    };
  });
  const { stdout, stderr } = world.oci('run', 'a');
  expect(stdout).toBe('1\n0\n');
  expect(stderr).toContain('No space left on device');
});

test.each(['rshared', 'rslave', 'private'])('a root of propagation %s becomes the root', (rootfsPropagation) => {
  using world = ociWorld();
  world.configure(['true'], (spec) => ((spec.linux as Linux).rootfsPropagation = rootfsPropagation));
  expect(world.oci('run', 'a')).toEqual({ status: 0, stdout: '', stderr: '' });
});
