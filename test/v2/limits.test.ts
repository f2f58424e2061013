/** `sampan oci` on the unified cgroup hierarchy; runs in the virtual machine (make test-v2). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Resources } from '#runtime/spec/spec.ts';
import { type Bundle, busyboxBundle } from '#test/v2/bundle.ts';

const CGROUPS = '/sys/fs/cgroup';
const MIB = 2 ** 20;

let bundle: Bundle;
beforeAll(() => {
  bundle = busyboxBundle();
});
afterAll(() => bundle[Symbol.dispose]());

const cgroupFile = (id: string, name: string): string =>
  readFileSync(join(CGROUPS, 'sampan-test-v2', id, name), 'utf8').trim();

test('this machine has the unified hierarchy and nothing else', () => {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  expect(mounts.some((line) => line.split(' ')[1] === CGROUPS && line.split(' ')[2] === 'cgroup2')).toBe(true);
  expect(mounts.some((line) => line.split(' ')[2] === 'cgroup')).toBe(false);
});

describe('limits', () => {
  test('are what the files of the cgroup say, seen from inside', () => {
    const limits = { memory: { limit: 64 * MIB }, cpu: { quota: 50_000, period: 100_000 }, pids: { limit: 20 } };
    const script = 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max; cat /proc/self/cgroup';
    const { status, stdout } = bundle.run('inside', limits, script);
    expect(stdout.trim().split('\n')).toEqual([String(64 * MIB), '50000 100000', '20', '0::/']);
    expect(status).toBe(0);
  });

  test('are what the files of the cgroup say, seen from outside, and go with the container', () => {
    const limits = { memory: { limit: 48 * MIB }, pids: { limit: 7 } };
    expect(bundle.runDetached('outside', limits, 'exec sleep 100').status).toBe(0);
    const state = JSON.parse(bundle.oci('state', 'outside').stdout) as { status: string; pid: number };
    expect(state.status).toBe('running');
    expect(readFileSync(`/proc/${state.pid}/cgroup`, 'utf8')).toBe('0::/sampan-test-v2/outside\n');
    expect(cgroupFile('outside', 'memory.max')).toBe(String(48 * MIB));
    expect(cgroupFile('outside', 'pids.max')).toBe('7');
    expect(cgroupFile('outside', 'cgroup.procs').split('\n')).toContain(String(state.pid));
    expect(bundle.oci('delete', '--force', 'outside').status).toBe(0);
    expect(existsSync(join(CGROUPS, 'sampan-test-v2/outside'))).toBe(false);
  });

  test('of every controller there is, and files by name', () => {
    const numbers = readFileSync('/sys/block/vda/dev', 'utf8').trim();
    const [major = 0, minor = 0] = numbers.split(':').map(Number);
    const limits: Resources = {
      memory: { limit: 64 * MIB, reservation: 16 * MIB },
      cpu: { shares: 512, quota: 50_000, period: 100_000, burst: 10_000, cpus: '0', mems: '0' },
      pids: { limit: -1 },
      blockIO: { weight: 500, throttleReadBpsDevice: [{ major, minor, rate: 1_000_000 }] },
      unified: { 'memory.high': String(32 * MIB) },
    };
    expect(bundle.runDetached('every', limits, 'exec sleep 100').status).toBe(0);
    const weight = existsSync(join(CGROUPS, 'sampan-test-v2/every/io.bfq.weight')) ? 'io.bfq.weight' : 'io.weight';
    const files = ['memory.low', 'cpu.weight', 'cpu.max.burst', 'cpuset.cpus', 'pids.max', 'io.max', 'memory.high'];
    expect(files.map((name) => cgroupFile('every', name))).toEqual([
      String(16 * MIB),
      '59',
      '10000',
      '0',
      'max',
      `${numbers} rbps=1000000 wbps=max riops=max wiops=max`,
      String(32 * MIB),
    ]);
    expect(cgroupFile('every', weight)).toBe(weight === 'io.weight' ? 'default 4950' : 'default 500');
    expect(bundle.oci('delete', '--force', 'every').status).toBe(0);
  });

  test('memory above the limit gets the program killed', () => {
    const { status } = bundle.run('hungry', { memory: { limit: 24 * MIB } }, 'exec tail -c 200m /dev/zero');
    expect(status).toBe(137);
  });

  test('processes above the limit cannot be made', () => {
    const script = 'i=0; while [ $i -lt 12 ]; do sleep 3 & i=$((i+1)); done; echo made';
    const { stdout, stderr, status } = bundle.run('many', { pids: { limit: 6 } }, script);
    expect(stderr).toContain("can't fork");
    expect(stdout).not.toContain('made');
    expect(status).not.toBe(0);
  });

  test('a busy program is throttled to its share', () => {
    const script = 'timeout 1 sh -c "while :; do :; done"; grep nr_throttled /sys/fs/cgroup/cpu.stat';
    const { stdout } = bundle.run('busy', { cpu: { quota: 10_000, period: 100_000 } }, script);
    expect(Number(/nr_throttled (\d+)/.exec(stdout)?.[1])).toBeGreaterThan(2);
  });
});
