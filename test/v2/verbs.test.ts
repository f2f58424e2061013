/** Verbs on a container that runs, on the unified cgroup hierarchy; runs in the virtual machine (make test-v2). */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bundle, busyboxBundle } from '#test/v2/bundle.ts';

const MIB = 2 ** 20;

let bundle: Bundle;
beforeAll(() => {
  bundle = busyboxBundle();
});
afterAll(() => bundle[Symbol.dispose]());

const cgroupFile = (id: string, name: string): string =>
  readFileSync(join('/sys/fs/cgroup/sampan-test-v2', id, name), 'utf8').trim();
const status = (id: string): string => (JSON.parse(bundle.oci('state', id).stdout) as { status: string }).status;

async function until(what: () => boolean): Promise<void> {
  for (let round = 0; round < 200; round++) {
    if (what()) return;
    await Bun.sleep(20);
  }
  throw new Error(`gave up waiting for ${what.toString()}`);
}

test('pause and resume', async () => {
  expect(bundle.runDetached('paused', {}, 'exec sleep 100').status).toBe(0);
  expect(bundle.oci('pause', 'paused')).toMatchObject({ status: 0, stderr: '' });
  expect(status('paused')).toBe('paused');
  expect(cgroupFile('paused', 'cgroup.events')).toContain('frozen 1');
  expect(bundle.oci('exec', 'paused', 'true').status).toBe(255);
  expect(bundle.oci('resume', 'paused').status).toBe(0);
  expect(status('paused')).toBe('running');
  expect(bundle.oci('pause', 'paused').status).toBe(0);
  expect(bundle.oci('kill', 'paused', 'KILL').status).toBe(0);
  await until(() => status('paused') === 'stopped');
  expect(bundle.oci('delete', 'paused').status).toBe(0);
});

test('ps, and kill of everything', async () => {
  const script = 'sleep 100 & exec sleep 101';
  expect(bundle.runDetached('many', {}, script).status).toBe(0);
  await until(() => (JSON.parse(bundle.oci('ps', '-f', 'json', 'many').stdout) as number[]).length === 2);
  const pids = JSON.parse(bundle.oci('ps', '-f', 'json', 'many').stdout) as number[];
  expect(new Set(cgroupFile('many', 'cgroup.procs').split('\n').map(Number))).toEqual(new Set(pids));
  expect(bundle.oci('kill', '--all', 'many', 'KILL').status).toBe(0);
  await until(() => status('many') === 'stopped');
  expect(bundle.oci('delete', '--regex', '^man').status).toBe(0);
});

test('update changes what it names, all or nothing', () => {
  const limits = { memory: { limit: 64 * MIB, swap: 80 * MIB }, cpu: { quota: 20_000, period: 50_000 } };
  expect(bundle.runDetached('limited', limits, 'exec sleep 100').status).toBe(0);
  const changes = ['--memory', '100M', '--memory-swap', '150M', '--pids-limit', '9', '--cpu-quota', '10000'];
  expect(bundle.oci('update', ...changes, 'limited')).toMatchObject({ status: 0, stderr: '' });
  expect(cgroupFile('limited', 'memory.max')).toBe(String(100 * MIB));
  expect(cgroupFile('limited', 'memory.swap.max')).toBe(String(50 * MIB));
  expect(cgroupFile('limited', 'pids.max')).toBe('9');
  expect(cgroupFile('limited', 'cpu.max')).toBe('10000 50000');
  expect(bundle.oci('update', '--memory', '120M', '--memory-swap', '160M', '--cpu-period', '1', 'limited').status).toBe(
    1,
  );
  expect(cgroupFile('limited', 'memory.max')).toBe(String(100 * MIB));
  expect(cgroupFile('limited', 'memory.swap.max')).toBe(String(50 * MIB));
  writeFileSync('/tmp/resources.json', JSON.stringify({ unified: { 'memory.high': '33554432' } }));
  expect(bundle.oci('update', '-r', '/tmp/resources.json', 'limited')).toMatchObject({ status: 0, stderr: '' });
  expect(cgroupFile('limited', 'memory.high')).toBe('33554432');
  expect(bundle.oci('delete', '--force', 'limited').status).toBe(0);
});

test('events tell the counters', () => {
  expect(
    bundle.runDetached('counted', { memory: { limit: 64 * MIB }, pids: { limit: 20 } }, 'exec sleep 100').status,
  ).toBe(0);
  const event = JSON.parse(bundle.oci('events', '--stats', 'counted').stdout) as object;
  expect(event).toMatchObject({
    type: 'stats',
    id: 'counted',
    data: {
      cpu: { usage: { total: expect.any(Number), user: expect.any(Number) } },
      memory: { usage: { limit: 64 * MIB, usage: expect.any(Number) }, raw: { pgfault: expect.any(Number) } },
      pids: { current: 1, limit: 20 },
    },
  });
  expect(bundle.oci('delete', '--force', 'counted').status).toBe(0);
});

test('an event is told when the kernel kills for want of memory', async () => {
  const script = 'while [ ! -e /dev/shm/go ]; do sleep 0.1; done; tail -c 200m /dev/zero; sleep 1';
  expect(bundle.runDetached('hungry', { memory: { limit: 24 * MIB, swap: 24 * MIB } }, script).status).toBe(0);
  const events = bundle.spawn('events', '--interval', '1h', 'hungry');
  await Bun.sleep(1000);
  expect(bundle.oci('exec', 'hungry', 'touch', '/dev/shm/go').status).toBe(0);
  expect(await new Response(events.stdout as ReadableStream).text()).toBe('{"type":"oom","id":"hungry"}\n');
  expect(bundle.oci('delete', '--force', 'hungry').status).toBe(0);
});

test('exec goes to a group below, or where init is when the container hands its controllers down', () => {
  const group = '/sys/fs/cgroup/sampan-test-v2/moved';
  expect(bundle.runDetached('moved', {}, 'exec sleep 100').status).toBe(0);
  for (const name of ['below', 'init']) mkdirSync(join(group, name));
  const exec = (...args: string[]) => bundle.oci('exec', ...args, 'moved', 'cat', '/proc/self/cgroup').stdout;
  expect(exec('--cgroup', '/below')).toBe('0::/below\n');
  expect(exec()).toBe('0::/\n');
  writeFileSync(join(group, 'init/cgroup.procs'), cgroupFile('moved', 'cgroup.procs'));
  writeFileSync(join(group, 'cgroup.subtree_control'), '+pids');
  expect(exec()).toBe('0::/init\n');
  expect(bundle.oci('exec', '--cgroup', 'nowhere', 'moved', 'true').status).toBe(255);
  expect(bundle.oci('delete', '--force', 'moved').status).toBe(0);
});

test('hooks run where limits hold', () => {
  const file = join(bundle.rootfs, '..', 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as object;
  const script = `read -r state; echo "$state" >/tmp/hook-state; cat ${'/sys/fs/cgroup/sampan-test-v2/hooked/pids.max'} >/tmp/hook-limit`;
  const hooks = { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', script], env: ['PATH=/bin:/usr/bin'] }] };
  writeFileSync(file, JSON.stringify({ ...config, hooks }));
  expect(bundle.run('hooked', { pids: { limit: 11 } }, 'exit 3')).toMatchObject({ status: 3, stderr: '' });
  expect(JSON.parse(readFileSync('/tmp/hook-state', 'utf8'))).toMatchObject({ id: 'hooked', status: 'creating' });
  expect(readFileSync('/tmp/hook-limit', 'utf8')).toBe('11\n');
});
