/** Limits of linux.resources on the controllers of cgroup version 1 that this machine has. */
import { expect, test } from 'bun:test';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Linux, Resources } from '#runtime/spec/spec.ts';
import { ociWorld } from './world.ts';

const V1 = '/sys/fs/cgroup';
const MIB = 2 ** 20;
/** Numbers of some disk or loop device, as block limits take them. */
const disk = readdirSync('/sys/block').map((name) => readFileSync(`/sys/block/${name}/dev`, 'utf8').trim())[0];

function contents(resources: Resources, files: readonly string[]): string[] {
  using world = ociWorld();
  world.configure(['sleep', '100'], (spec) => {
    const linux = spec.linux as Linux;
    linux.resources = { ...linux.resources, ...resources };
  });
  const { status, stderr } = world.oci('run', '--detach', 'a');
  expect([status, stderr]).toEqual([0, '']);
  const group =
    world
      .leftovers()
      .find((path) => path.startsWith(`${V1}/memory/`))
      ?.slice(`${V1}/memory/`.length) ?? '';
  return files.map((file) => {
    const [controller = '', ...name] = file.split('/');
    return readFileSync(join(V1, controller, group, ...name), 'utf8').trim();
  });
}

test.skipIf(!existsSync(`${V1}/memory/memory.limit_in_bytes`))('memory, cpu and pids stand in the files', () => {
  const resources: Resources = {
    memory: { limit: 64 * MIB, reservation: 32 * MIB, swap: 96 * MIB, swappiness: 11, useHierarchy: true },
    cpu: { shares: 333, quota: 40000, period: 50000, burst: 20000, cpus: '0', mems: '0' },
    pids: { limit: 0 },
  };
  const files = {
    'memory/memory.limit_in_bytes': String(64 * MIB),
    'memory/memory.soft_limit_in_bytes': String(32 * MIB),
    'memory/memory.memsw.limit_in_bytes': String(96 * MIB),
    'memory/memory.swappiness': '11',
    'cpu/cpu.shares': '333',
    'cpu/cpu.cfs_quota_us': '40000',
    'cpu/cpu.cfs_period_us': '50000',
    'cpu/cpu.cfs_burst_us': '20000',
    'cpuset/cpuset.cpus': '0',
    'pids/pids.max': '1',
  };
  expect(contents(resources, Object.keys(files))).toEqual(Object.values(files));
});

test.skipIf(!existsSync(`${V1}/blkio`) || disk === undefined)('block devices are weighed and throttled', () => {
  const [major = 0, minor = 0] = (disk ?? '').split(':').map(Number);
  const blockIO = {
    weight: 321,
    throttleReadBpsDevice: [{ major, minor, rate: 1000000 }],
    throttleWriteIOPSDevice: [{ major, minor, rate: 77 }],
  };
  const files = [
    existsSync(`${V1}/blkio/blkio.weight`) ? 'blkio/blkio.weight' : 'blkio/blkio.bfq.weight',
    'blkio/blkio.throttle.read_bps_device',
    'blkio/blkio.throttle.write_iops_device',
  ];
  expect(contents({ blockIO }, files)).toEqual(['321', `${disk} 1000000`, `${disk} 77`]);
});

test('a controller that is not mounted is an error that names the field', () => {
  if (existsSync(`${V1}/rdma`)) return;
  using world = ociWorld();
  world.configure(['true'], (spec) => {
    (spec.linux as Linux).resources = { rdma: { mlx5_1: { hcaHandles: 3 } } };
  });
  const { status, stderr } = world.oci('run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('linux.resources.rdma.mlx5_1');
  expect(world.leftovers()).toEqual([]);
});

test('without control groups, as podman asks of crun, there are neither groups nor rules for devices', () => {
  using world = ociWorld();
  const run = (manager: string, id: string) => world.oci('--cgroup-manager', manager, 'run', id);
  world.configure(['sleep', '60']);
  expect(run('disabled', 'a')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('there are no control groups'),
  });
  expect(run('systemd', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('--systemd-cgroup') });
  expect(run('none', 'a')).toMatchObject({ status: 1, stderr: expect.stringContaining('--cgroup-manager') });
  world.configure(['cat', '/proc/self/cgroup'], (spec) => {
    spec.linux!.resources = { devices: [{ allow: true, access: 'rwm' }] };
  });
  const { status, stdout, stderr } = run('disabled', 'a');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).not.toContain('sampan-test-oci');
  expect(run('cgroupfs', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(world.leftovers()).toEqual([]);
});
