/** `sampan oci run` inside a container of `sampan oci run`. */
import { expect, test } from 'bun:test';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ociWorld, type OciWorld } from '#test/oci/world.ts';
import { capabilityNames } from '#kernel/capability-set.ts';
import { readHostFacts } from '#kernel/host-facts.ts';
import type { Linux, Mount, Process, Spec } from '#runtime/spec/spec.ts';
import { INNER, RUN_INNER, writeInner } from './inner.ts';

const MAPPED = 200_000;

function outer(world: OciWorld, change: (spec: Spec, linux: Linux, process: Process) => void): void {
  for (const path of ['inner', 'tmp', 'run']) mkdirSync(join(world.rootfs, path), { recursive: true });
  chmodSync(world.directory, 0o755);
  world.configure(RUN_INNER, (spec, process) => {
    spec.root = { path: 'rootfs' };
    const all = capabilityNames(readHostFacts().bounding);
    process.capabilities = { bounding: all, permitted: all, effective: all };
    process.noNewPrivileges = false;
    process.env = ['PATH=/bin', 'SAMPAN_RUN_ROOT=/run/sampan'];
    const mounts = spec.mounts as Mount[];
    mounts.push({ destination: '/run', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] });
    mounts.push({ destination: INNER, source: 'inner', options: ['bind'] });
    change(spec, spec.linux as Linux, process);
  });
}

function bare(spec: Spec, linux: Linux): void {
  linux.maskedPaths = linux.readonlyPaths = [];
  linux.resources = { devices: [{ allow: true }] };
  for (const mount of spec.mounts ?? []) {
    if (mount.type === 'cgroup') mount.options = (mount.options ?? []).filter((option) => option !== 'ro');
  }
}

test('one without confinement runs another, with control groups below its own', () => {
  using world = ociWorld();
  writeInner(join(world.directory, 'inner'), false, 0, (spec) => {
    spec.process!.args = [
      'sh',
      '-c',
      'echo inner $(id -u) $$; hostname; cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max',
    ];
    spec.linux!.resources!.pids = { limit: 17 };
  });
  outer(world, bare);
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: 'inner 0 1\nwithin\n17\n', stderr: '' });
  expect(world.leftovers()).toEqual([]);
});

test('one in a user namespace runs another in a user namespace, without control groups', () => {
  using world = ociWorld();
  writeInner(join(world.directory, 'inner'), true, MAPPED);
  outer(world, (_, linux) => {
    linux.namespaces?.push({ type: 'user' });
    linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: MAPPED, size: 1000 }];
    linux.maskedPaths = linux.readonlyPaths = [];
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: 'inner 0 1\nwithin\n', stderr: '' });
  expect(world.leftovers()).toEqual([]);
});

test('below masked paths a new procfs is refused, and it is said what to do', () => {
  using world = ociWorld();
  writeInner(join(world.directory, 'inner'), true, MAPPED);
  outer(world, (_, linux) => {
    linux.namespaces?.push({ type: 'user' });
    linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: MAPPED, size: 1000 }];
  });
  const { status, stderr } = world.oci('run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('mounts[0]: a new proc is refused (EPERM)');
  expect(stderr).toContain('without masked and read-only paths');
  expect(world.leftovers()).toEqual([]);
});

test('there the outer procfs may be bound, by a container that shares its processes', () => {
  using world = ociWorld();
  writeInner(join(world.directory, 'inner'), true, MAPPED, (spec) => {
    spec.linux!.namespaces = spec.linux!.namespaces!.filter(({ type }) => type !== 'pid');
    spec.linux!.maskedPaths = spec.linux!.readonlyPaths = [];
    spec.process!.args = ['sh', '-c', 'ls /proc/1/stat; hostname'];
  });
  outer(world, (_, linux) => {
    linux.namespaces?.push({ type: 'user' });
    linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: MAPPED, size: 1000 }];
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: '/proc/1/stat\nwithin\n', stderr: '' });
});

test('root without the right to make namespaces is told so', () => {
  using world = ociWorld();
  writeInner(join(world.directory, 'inner'), false, 0);
  outer(world, (spec, linux, process) => {
    bare(spec, linux);
    process.capabilities = { bounding: [], permitted: [], effective: [] };
  });
  const { status, stderr } = world.oci('run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('needs a user namespace');
});
