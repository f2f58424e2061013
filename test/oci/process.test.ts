/** What config.json says about how the kernel treats the program, seen inside a container. */
import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Linux } from '#runtime/spec/spec.ts';
import { ociWorld } from './world.ts';

const lines = (text: string): string[] => text.trimEnd().split('\n');

test('scheduler, disk priority, personality, names and umask', () => {
  using world = ociWorld();
  // Fields 19 and 41 of stat: nice and the policy.
  const script = `cut -d' ' -f19,41 /proc/$$/stat; ionice -p $$; uname -m; cat /proc/sys/kernel/domainname; umask`;
  world.configure(['sh', '-c', script], (spec, process) => {
    process.scheduler = { policy: 'SCHED_BATCH', nice: 7 };
    process.ioPriority = { class: 'IOPRIO_CLASS_BE', priority: 6 };
    process.user.umask = 0o27;
    spec.domainname = 'example.org';
    (spec.linux as Linux).personality = { domain: 'LINUX32' };
  });
  const { status, stdout, stderr } = world.oci('run', 'a');
  expect([status, stderr]).toEqual([0, '']);
  const machine = process.arch === 'x64' ? 'i686' : 'armv8l';
  expect(lines(stdout)).toEqual(['7 3', 'best-effort: prio 6', machine, 'example.org', '0027']);
});

test('a scheduler that the kernel refuses is an error that names the field', () => {
  using world = ociWorld();
  world.configure(['true'], (_, process) => {
    process.scheduler = { policy: 'SCHED_DEADLINE', runtime: 10, deadline: 5, period: 1 };
  });
  const { status, stderr } = world.oci('run', 'a');
  expect(status).toBe(1);
  expect(stderr).toContain('process.scheduler');
  expect(world.leftovers()).toEqual([]);
});

test('memory comes from the nodes of the policy', () => {
  if (!existsSync('/proc/self/numa_maps')) return;
  using world = ociWorld();
  world.configure(['sh', '-c', 'grep -c bind=static:0 /proc/self/numa_maps'], (spec) => {
    (spec.linux as Linux).memoryPolicy = { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] };
  });
  const { stdout, stderr } = world.oci('run', 'a');
  expect([Number(stdout) > 0, stderr]).toEqual([true, '']);
});

const uptime = (text: string): number => Number(text.split(' ')[0]);

test('a time namespace has clocks of its own, which exec and a container that joins it share', () => {
  using world = ociWorld();
  const offset = 1_000_000;
  world.configure(['sleep', '100'], (spec) => {
    const linux = spec.linux as Linux;
    linux.namespaces?.push({ type: 'time' });
    linux.timeOffsets = { boottime: { secs: offset }, monotonic: { secs: offset } };
  });
  expect(world.oci('run', '--detach', 'a')).toMatchObject({ status: 0, stderr: '' });
  const outside = uptime(readFileSync('/proc/uptime', 'utf8'));
  const near = (text: string): boolean => Math.abs(uptime(text) - outside - offset) < 100;
  expect(near(world.oci('exec', 'a', 'cat', '/proc/uptime').stdout)).toBe(true);
  const { pid } = JSON.parse(world.oci('state', 'a').stdout) as { pid: number };
  world.configure(['cat', '/proc/uptime'], (spec) => {
    const linux = spec.linux as Linux;
    linux.namespaces?.push({ type: 'time', path: `/proc/${pid}/ns/time` });
    linux.cgroupsPath = `${linux.cgroupsPath}/joined`;
  });
  const joined = world.oci('run', 'b');
  expect(joined).toMatchObject({ status: 0, stderr: '' });
  expect(near(joined.stdout)).toBe(true);
});

test.skipIf(cpus().length < 2)('a further program runs on the processors that were asked for', () => {
  using world = ociWorld();
  world.configure(['sleep', '100'], (_, process) => {
    process.execCPUAffinity = { initial: '0', final: '1' };
  });
  expect(world.oci('run', '--detach', 'a')).toMatchObject({ status: 0, stderr: '' });
  const allowed = ['grep', 'Cpus_allowed_list', '/proc/self/status'];
  expect(world.oci('exec', 'a', ...allowed).stdout).toBe('Cpus_allowed_list:\t1\n');
});

test.skipIf(!existsSync('/sys/fs/cgroup/memory'))('exec joins a group below the container’s, and never another', () => {
  using world = ociWorld();
  world.configure(['sleep', '100']);
  expect(world.oci('run', '--detach', 'a').status).toBe(0);
  const group = `/sys/fs/cgroup/memory/sampan-test-oci-${world.directory.slice(-6)}`;
  mkdirSync(`${group}/below`);
  const exec = (...args: string[]) => world.oci('exec', ...args, 'a', 'cat', '/proc/self/cgroup');
  expect(exec('--cgroup', 'memory:below').stdout).toMatch(/:memory:\/below$/m);
  expect(exec('--cgroup', 'memory:/below').stdout).toMatch(/:pids:\/$/m);
  expect(exec('--cgroup', 'memory:nowhere')).toMatchObject({ status: 255, stdout: '' });
  expect(exec('--cgroup', '../x').stderr).toContain('--cgroup');
  rmdirSync(`${group}/below`);
});
