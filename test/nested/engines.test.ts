/** `sampan oci run` inside containers of podman and of Docker, where they are installed and can start here. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBusyboxTree } from '#tools/image/busybox.ts';
import { INNER, RUN_INNER, writeInner } from './inner.ts';

const directory = mkdtempSync(join(tmpdir(), 'sampan-nested-'));
const rootfs = join(directory, 'rootfs');
const inner = (name: string): string => join(directory, name);
mkdirSync(rootfs);
writeBusyboxTree(rootfs);
writeInner(inner('plain'), false, 0);
writeInner(inner('mapped'), true, 0);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}
const call = (command: string, args: readonly string[]): Outcome =>
  spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
const installed = (program: string): boolean => call('sh', ['-c', `command -v ${program}`]).status === 0;
/** What both engines take: this machine's root cannot raise limits, and there is no network. */
const outer = (bundle: string, flags: readonly string[]): string[] => {
  const quiet = '--rm --network none --ulimit nofile=1024:1024 --log-driver none --env SAMPAN_RUN_ROOT=/run/sampan';
  return ['run', ...quiet.split(' '), '--volume', `${inner(bundle)}:${INNER}`, ...flags];
};
const REFUSED = { status: 1, stderr: expect.stringContaining('root without CAP_SYS_ADMIN needs a user namespace') };
const COVERED = { status: 1, stderr: expect.stringContaining('a new proc is refused') };
const FILTERED = { status: 1, stderr: expect.stringContaining('--security-opt seccomp=unconfined') };
const RAN = { status: 0, stdout: 'inner 0 1\nwithin\n' };

/** crun of Debian 12 knows no hybrid layout, so it must not see the one tree of version 2. */
const HIDE = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"';

describe.skipIf(!installed('podman'))('podman (skipped where it is not installed)', () => {
  const podman = (bundle: string, flags: readonly string[], command: readonly string[]): Outcome => {
    const places = ['--root', inner('store'), '--runroot', inner('runroot'), '--tmpdir', inner('tmp')];
    const how = ['--cgroup-manager', 'cgroupfs', '--storage-driver', 'vfs'];
    const run = [...outer(bundle, flags), '--ulimit', 'nproc=1000:1000', '--rootfs', rootfs, ...command];
    return call('unshare', ['-m', 'sh', '-c', HIDE, 'sh', 'podman', ...places, ...how, ...run]);
  };

  test('privileged: another container runs', () => {
    expect(podman('plain', ['--privileged'], RUN_INNER)).toMatchObject(RAN);
  });
  test('plain: what is missing is said', () => {
    expect(podman('plain', [], RUN_INNER)).toMatchObject(REFUSED);
    expect(podman('mapped', [], RUN_INNER)).toMatchObject(COVERED);
  });
  test('plain, with namespaces and an open procfs: a container in a user namespace runs', () => {
    const flags = ['--security-opt', 'seccomp=unconfined', '--security-opt', 'unmask=ALL'];
    expect(podman('mapped', flags, RUN_INNER)).toMatchObject(RAN);
  });
});

describe.skipIf(!installed('dockerd') || !installed('docker'))('Docker (skipped where it is not installed)', () => {
  const socket = join(directory, 'docker.sock');
  let daemon: ChildProcess | undefined;
  const docker = (...args: string[]): Outcome => call('docker', ['--host', `unix://${socket}`, ...args]);
  const run = (bundle: string, flags: readonly string[], command: readonly string[]): Outcome =>
    docker(...outer(bundle, flags), 'box', ...command);

  beforeAll(async () => {
    const places = ['--data-root', inner('docker'), '--exec-root', inner('exec'), '--pidfile', inner('pid')];
    const alone = ['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs'];
    daemon = spawn('dockerd', [...places, ...alone, '--host', `unix://${socket}`], { stdio: 'ignore' });
    for (let round = 0; round < 300 && docker('info').status !== 0; round++) await Bun.sleep(100);
    const loaded = call('sh', ['-c', `tar -C ${rootfs} -c . | docker --host unix://${socket} import - box`]);
    if (loaded.status !== 0) throw new Error(loaded.stderr);
  });
  afterAll(async () => {
    daemon?.kill('SIGTERM');
    for (let round = 0; round < 100 && existsSync(inner('pid')); round++) await Bun.sleep(100);
    // Docker leaves a mount of its namespaces' directory behind.
    for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
      const at = line.split(' ')[1] ?? '';
      if (at.startsWith(directory)) call('umount', ['-l', at]);
    }
  });

  // Not --privileged: Docker's runc demands every capability then, and root of this machine lacks some.
  const OPEN = [
    '--cap-add',
    'SYS_ADMIN',
    '--security-opt',
    'seccomp=unconfined',
    '--security-opt',
    'systempaths=unconfined',
    '--security-opt',
    'apparmor=unconfined',
  ];
  const GROUPLESS = RUN_INNER.flatMap((word) => (word === 'oci' ? ['oci', '--rootless', 'true'] : [word]));

  test('with the rights for it another container runs, without control groups', () => {
    expect(run('plain', OPEN, GROUPLESS)).toMatchObject({
      ...RAN,
      stderr: expect.stringContaining('no control group to be held by'),
    });
  });
  test('where control groups are read-only it is said what to do', () => {
    const { status, stderr } = run('plain', OPEN, RUN_INNER);
    expect(status).toBe(1);
    expect(stderr).toContain('--rootless true');
  });
  test('plain: what is missing is said', () => {
    expect(run('plain', [], RUN_INNER)).toMatchObject(REFUSED);
    expect(run('mapped', [], RUN_INNER)).toMatchObject(FILTERED);
  });
});
