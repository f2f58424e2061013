/** Control groups of an ordinary user on version 1: those that root has given them, and none. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HAS_V1, hierarchies } from '#test/rootless/hierarchies.ts';
import { SAMPAN } from '#tools/places.ts';
import { makeUser, userWorld } from './user.ts';

const GROUP = `sampan-test-user-${process.pid}`;
const groups = hierarchies().map((mount) => join(mount, GROUP));

beforeAll(() => {
  const { uid, gid } = makeUser();
  for (const group of groups) {
    mkdirSync(group);
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (existsSync(join(group, file))) writeFileSync(join(group, file), readFileSync(join(group, '..', file)));
    }
    for (const path of [group, join(group, 'tasks'), join(group, 'cgroup.procs')]) chownSync(path, uid, gid);
  }
});
afterAll(() => {
  for (const group of groups) rmdirSync(group);
});

const found = (name: string): string | undefined => groups.find((group) => existsSync(join(group, name)));
const below = (group: string): string[] =>
  readdirSync(group, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

test.skipIf(!HAS_V1)('groups that are the user’s hold the container, with limits, pause, ps and update', () => {
  using world = userWorld();
  world.configure(['sleep', '60'], (spec) => {
    spec.linux!.resources = { pids: { limit: 20 } };
  });
  const oci = (...args: string[]) => world.as([SAMPAN, 'oci', ...args], groups);
  expect(oci('run', '--detach', 'a')).toMatchObject({ status: 0, stderr: '' });
  for (const group of groups) expect(below(group)).toEqual(['a']);
  const pids = found('a/pids.max')!;
  expect(readFileSync(join(pids, 'a/pids.max'), 'utf8')).toBe('20\n');
  // From another group: what was made is remembered, not computed anew.
  expect(world.oci('update', '--pids-limit', '30', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(join(pids, 'a/pids.max'), 'utf8')).toBe('30\n');
  expect(JSON.parse(world.oci('ps', '-f', 'json', 'a').stdout)).toHaveLength(1);
  expect(oci('exec', 'a', 'grep', ':pids:', '/proc/self/cgroup')).toMatchObject({ status: 0, stderr: '' });
  expect(world.oci('pause', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect((JSON.parse(world.oci('state', 'a').stdout) as { status: string }).status).toBe('paused');
  expect(world.oci('resume', 'a').status).toBe(0);
  expect(world.oci('delete', '--force', 'a')).toMatchObject({ status: 0, stderr: '' });
  for (const group of groups) expect(below(group)).toEqual([]);
});

test.skipIf(!HAS_V1)('without any, a limit is refused by its name and nothing is made', () => {
  using world = userWorld();
  world.configure(['true'], (spec) => {
    spec.linux!.resources = { memory: { limit: 1 << 26 } };
  });
  const { status, stderr } = world.oci('run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('linux.resources.memory.limit: no control group of "memory" is delegated to this user');
  expect(world.ids()).toEqual([]);
});

test.skipIf(!HAS_V1)('a path of the configuration’s own must be possible', () => {
  using world = userWorld();
  world.configure(['true'], (spec) => {
    spec.linux!.cgroupsPath = '/sampan-nobody';
  });
  const { status, stderr } = world.oci('run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('linux.cgroupsPath: the control group');
  expect(stderr).toContain('not delegated');
  world.configure(['true'], (spec) => {
    spec.linux!.cgroupsPath = `/${GROUP}/own`;
  });
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stderr: '' });
});

test.skipIf(!HAS_V1)('--rootless false demands groups, and other words are refused', () => {
  using world = userWorld();
  world.configure(['true']);
  expect(world.oci('--rootless', 'false', 'run', 'a')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('EACCES'),
  });
  expect(world.oci('--rootless', 'true', 'run', 'a')).toMatchObject({ status: 0, stderr: '' });
  expect(world.oci('--rootless', 'maybe', 'run', 'a')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('maybe'),
  });
});

test.skipIf(!HAS_V1)('the mount of control groups shows the own ones, and without any nothing', () => {
  using world = userWorld();
  world.configure(['sh', '-c', 'ls /sys/fs/cgroup | wc -l; touch /sys/fs/cgroup/x 2>/dev/null || echo ro']);
  expect(world.oci('run', 'a')).toMatchObject({ status: 0, stdout: '0\nro\n' });
  world.configure(['sh', '-c', 'cat /sys/fs/cgroup/pids/cgroup.procs | wc -l']);
  expect(world.as([SAMPAN, 'oci', 'run', 'a'], groups)).toMatchObject({ status: 0, stdout: '3\n' });
});
