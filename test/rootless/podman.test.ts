/** Podman of an ordinary user, which calls the runtime as root of a user namespace; skipped where it is not installed. */
import { describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { userWorld, type UserWorld } from './user.ts';

const INSTALLED = spawnSync('sh', ['-c', 'command -v podman newuidmap']).status === 0;
/** Root of this machine may not raise limits, and there is no network. */
const FLAGS = '--network none --log-driver k8s-file --ulimit nofile=1024:1024 --ulimit nproc=1000:1000'.split(' ');

function podmanOf(world: UserWorld): (...args: string[]) => ReturnType<UserWorld['as']> {
  const runtime = join(world.directory, 'sampan-oci');
  copyFileSync(SAMPAN, runtime);
  const how = ['--cgroup-manager', 'cgroupfs', '--storage-driver', 'vfs', '--events-backend', 'file'];
  return (...args) => world.as(['podman', '--runtime', runtime, ...how, ...args]);
}

/** Podman keeps a process that holds its user namespace. */
function endPause({ directory }: UserWorld): void {
  process.kill(Number(readFileSync(join(directory, 'run/libpod/tmp/pause.pid'), 'utf8')));
}

describe.skipIf(!INSTALLED)('podman', () => {
  test('runs, execs and removes containers', () => {
    using world = userWorld();
    const podman = podmanOf(world);
    try {
      const map = podman(
        'run',
        '--rm',
        ...FLAGS,
        '--rootfs',
        world.rootfs,
        'sh',
        '-c',
        'id -u; wc -l </proc/self/uid_map; exit 4',
      );
      expect(map).toMatchObject({ status: 4, stdout: '0\n2\n' });
      expect(podman('run', '-d', '--name', 'x', ...FLAGS, '--rootfs', world.rootfs, 'sleep', '100').status).toBe(0);
      expect(podman('exec', 'x', 'sh', '-c', 'id -u; exit 3')).toMatchObject({ status: 3, stdout: '0\n' });
      expect(podman('ps', '--format', '{{.Names}} {{.Status}}').stdout).toStartWith('x Up ');
      expect(podman('rm', '-f', '-t', '0', 'x').status).toBe(0);
    } finally {
      podman('rm', '-f', '-t', '0', '--all');
      endPause(world);
    }
  });

  test('keeps the user’s id where that is asked for', () => {
    using world = userWorld();
    const podman = podmanOf(world);
    const kept = podman('run', '--rm', '--userns', 'keep-id', ...FLAGS, '--rootfs', world.rootfs, 'id', '-u');
    endPause(world);
    expect(kept).toMatchObject({ status: 0, stdout: `${world.user.uid}\n` });
  });
});
