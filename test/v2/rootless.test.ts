/** An ordinary user on the unified hierarchy, with a part of it delegated to them as systemd would, and without. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chownSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ociWorld } from '#test/oci/world.ts';
import { makeUser, userWorld } from '#test/rootless/user.ts';
import { SAMPAN } from '#tools/places.ts';

const GROUP = '/sys/fs/cgroup/sampan-test-delegated';
const OWN = join(GROUP, 'own');

beforeAll(() => {
  const { uid, gid } = makeUser();
  mkdirSync(GROUP);
  writeFileSync(join(GROUP, 'cgroup.subtree_control'), '+memory +pids');
  mkdirSync(OWN);
  for (const group of [GROUP, OWN]) {
    for (const file of ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads']) {
      chownSync(join(group, file), uid, gid);
    }
  }
});
afterAll(() => {
  for (const group of [OWN, GROUP]) rmdirSync(group);
});

test('a delegated group holds the container beside the caller, with its limits', () => {
  using world = userWorld();
  world.configure(['sleep', '60'], (spec) => {
    spec.linux!.resources = { memory: { limit: 1 << 26 }, pids: { limit: 20 } };
  });
  const oci = (...args: string[]) => world.as([SAMPAN, 'oci', ...args], [OWN]);
  expect(oci('run', '--detach', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(join(GROUP, 'a/memory.max'), 'utf8')).toBe(`${1 << 26}\n`);
  expect(oci('update', '--pids-limit', '30', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(join(GROUP, 'a/pids.max'), 'utf8')).toBe('30\n');
  expect(oci('exec', 'a', 'sh', '-c', 'cat /proc/self/cgroup; touch /sys/fs/cgroup/x 2>&1')).toMatchObject({
    stdout: expect.stringContaining('0::/\n'),
  });
  expect(oci('pause', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(oci('resume', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect((JSON.parse(oci('ps', '-f', 'json', 'a').stdout) as number[]).length).toBe(1);
  expect(oci('delete', '--force', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(existsSync(join(GROUP, 'a'))).toBe(false);
});

test('without one there is no group, limits are refused, and the mount cannot be written to', () => {
  using world = userWorld();
  world.configure([
    'sh',
    '-c',
    'cat /sys/fs/cgroup/cgroup.procs >/dev/null; mkdir /sys/fs/cgroup/x 2>/dev/null || echo ro',
  ]);
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: 'ro\n', stderr: '' });
  world.configure(['true'], (spec) => {
    spec.linux!.resources = { pids: { limit: 5 } };
  });
  const { status, stderr } = world.oci('run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('linux.resources.pids.limit: no control group of "pids" is delegated to this user');
});

test('root of a container with ids of its own divides the group that it sees', () => {
  using world = ociWorld();
  const script =
    'cd /sys/fs/cgroup && mkdir inner && echo $$ >inner/cgroup.procs && echo +pids >cgroup.subtree_control && cat inner/pids.max';
  world.configure(['sh', '-c', script], (spec) => {
    const linux = spec.linux!;
    linux.namespaces!.push({ type: 'user' });
    linux.uidMappings = linux.gidMappings = [{ containerID: 0, hostID: 300_000, size: 1000 }];
    const mount = spec.mounts!.find(({ type }) => type === 'cgroup')!;
    mount.options = mount.options!.filter((option) => option !== 'ro');
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: 'max\n', stderr: '' });
  expect(world.leftovers()).toEqual([]);
});
