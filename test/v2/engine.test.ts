/** `sampan run` on the unified cgroup hierarchy; runs in the virtual machine (make test-v2). */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { type CliWorld, cliWorld } from '#test/cli/world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  expect(await world.sampan('pull', world.image)).toMatchObject({ status: 0 });
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

test('version names the kernel of the machine', async () => {
  const { stdout, status } = await world.sampan('version');
  expect(status).toBe(0);
  expect(stdout).toContain(release());
});

test('the limits of a command line reach the cgroup of the container', async () => {
  const limits = ['--memory', '64m', '--cpus', '0.5', '--pids-limit', '30'];
  const script = 'cd /sys/fs/cgroup && cat memory.max cpu.max pids.max';
  const { stdout, status } = await world.sampan('run', '--rm', ...limits, world.image, 'sh', '-c', script);
  expect(stdout).toBe('67108864\n50000 100000\n30\n');
  expect(status).toBe(0);
});

test('a device that was not granted cannot be opened, even by its own node', async () => {
  const [major, minor] = readFileSync('/sys/block/vda/dev', 'utf8').trim().split(':');
  const script = `mknod /tmp/disk b ${major} ${minor}; head -c 1 /tmp/disk | wc -c; head -c 1 /dev/zero | wc -c`;
  const { stdout, stderr } = await world.sampan('run', '--rm', world.image, 'sh', '-c', script);
  expect(stderr).toContain('Operation not permitted');
  expect(stdout).toBe('0\n1\n');
});

test('a container in the background is found, looked into and removed without a trace', async () => {
  expect((await world.sampan('run', '-d', '--name', 'idle', world.image, 'sleep', '100')).status).toBe(0);
  expect((await world.sampan('exec', 'idle', 'cat', '/proc/self/cgroup')).stdout).toBe('0::/\n');
  expect((await world.sampan('stop', '-t', '1', 'idle')).status).toBe(0);
  expect((await world.sampan('rm', 'idle')).status).toBe(0);
  expect(world.leftovers()).toEqual([]);
});
