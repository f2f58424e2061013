import { describe, expect, test } from 'bun:test';
import type { DeviceRule } from '#runtime/spec/spec.ts';
import { HYBRID_HOST, V2_HOST } from '#kernel/host-facts.fixture.ts';
import { cpuLimitsV1, cpuLimitsV2, weightOfShares } from './cpu.ts';
import { deviceRules, deviceRulesV1 } from './device-rules.ts';
import { cgroupDirectories, cgroupPathOf } from './layout.ts';
import type { Limit } from './limit.ts';
import { memoryLimitsV1, memoryLimitsV2 } from './memory.ts';
import { pidsLimits } from './pids.ts';

const text = (limits: readonly Limit[]): string[] => limits.map(({ file, value }) => `${file}=${value}`);

describe('cpu', () => {
  test('shares become a weight so that least, default and most meet', () => {
    expect([0, 2, 1024, 262144, 10 ** 9].map(weightOfShares)).toEqual([1, 1, 100, 10000, 10000]);
    const weights = Array.from({ length: 18 }, (_, power) => weightOfShares(2 ** (power + 1)));
    expect(weights).toEqual(weights.toSorted((a, b) => a - b));
  });

  test('a quota of -1 is no limit, a period alone keeps the quota open', () => {
    expect(text(cpuLimitsV2({ quota: -1, period: 50000 }))).toEqual(['cpu.max=max 50000']);
    expect(text(cpuLimitsV2({ period: 50000 }))).toEqual(['cpu.max=max 50000']);
    expect(text(cpuLimitsV1({ quota: -1, period: 50000 }))).toEqual(['cpu.cfs_period_us=50000', 'cpu.cfs_quota_us=-1']);
  });

  test('zero and empty values ask for nothing; cpusets go to their own controller', () => {
    expect(cpuLimitsV1({ shares: 0, quota: 0, cpus: '' })).toEqual([]);
    expect(cpuLimitsV2({ cpus: '0-1', mems: '0' }).map((limit) => limit.controller)).toEqual(['cpuset', 'cpuset']);
  });
});

describe('memory', () => {
  test('swap counts memory on version 1, and is what is over on version 2', () => {
    const memory = { limit: 100, swap: 150, reservation: 50 };
    expect(text(memoryLimitsV1(memory))).toEqual([
      'memory.limit_in_bytes=100',
      'memory.memsw.limit_in_bytes=150',
      'memory.soft_limit_in_bytes=50',
    ]);
    expect(text(memoryLimitsV2(memory))).toEqual(['memory.swap.max=50', 'memory.max=100', 'memory.low=50']);
  });

  test('-1 is no limit', () => {
    expect(text(memoryLimitsV2({ limit: -1, swap: -1 }))).toEqual(['memory.swap.max=max', 'memory.max=max']);
  });

  test('as much swap as memory means none', () => {
    expect(text(memoryLimitsV2({ limit: 100, swap: 100 }))).toEqual(['memory.swap.max=0', 'memory.max=100']);
  });

  test('swap below the limit, or without one, is refused', () => {
    expect(() => memoryLimitsV1({ limit: 100, swap: 50 })).toThrow('below the limit');
    expect(() => memoryLimitsV2({ swap: 50 })).toThrow('memory.limit');
  });
});

test('pids: a number, -1 for none, 0 for no more than the program itself', () => {
  expect([{ limit: 5 }, { limit: -1 }, { limit: 0 }, undefined].map((pids) => text(pidsLimits(pids)))).toEqual([
    ['pids.max=5'],
    ['pids.max=max'],
    ['pids.max=1'],
    [],
  ]);
});

describe('device rules', () => {
  test('start by denying everything, then allow what every container has', () => {
    const rules = text(deviceRulesV1(deviceRules([])));
    expect(rules[0]).toBe('devices.deny=a');
    expect(rules).toContain('devices.allow=c 1:3 rwm');
    expect(rules.filter((rule) => rule.startsWith('devices.deny'))).toHaveLength(1);
  });

  test('what stands before a rule for all devices has no effect', () => {
    const rules = deviceRulesV1(
      deviceRules([
        { allow: true, type: 'b', major: 8, minor: 0, access: 'rwm' },
        { allow: false, access: 'rwm' },
        { allow: true, type: 'c', major: 10, minor: -1, access: 'rw' },
      ]),
    );
    expect(text(rules).slice(0, 2)).toEqual(['devices.deny=a', 'devices.allow=c 10:* rw']);
    expect(rules[1]?.origin).toBe('linux.resources.devices[2]');
  });

  test('a privileged container is allowed everything, less what it denies afterwards', () => {
    expect(text(deviceRulesV1(deviceRules([{ allow: true, access: 'rwm' }])))).toEqual(['devices.allow=a']);
    const rules = deviceRules([
      { allow: true, access: 'rwm' },
      { allow: false, type: 'b', major: 8, access: 'w' },
    ]);
    expect(text(deviceRulesV1(rules))).toEqual(['devices.allow=a', 'devices.deny=b 8:* w']);
  });

  test('a rule for both types is written for each, since the kernel takes `a` for every device there is', () => {
    const wanted = (...rules: DeviceRule[]): string[] => text(deviceRulesV1(deviceRules(rules))).slice(0, 3);
    expect(wanted({ allow: true, major: 7, minor: 1, access: 'r' })).toEqual([
      'devices.deny=a',
      'devices.allow=c 7:1 r',
      'devices.allow=b 7:1 r',
    ]);
    expect(wanted({ allow: true, type: 'a', access: 'rr' })).toEqual([
      'devices.deny=a',
      'devices.allow=c *:* r',
      'devices.allow=b *:* r',
    ]);
  });

  test('the nodes of the configuration may be used', () => {
    const rules = deviceRules(
      [],
      [
        { path: '/dev/fuse', type: 'u', major: 10, minor: 229 },
        { path: '/dev/pipe', type: 'p' },
      ],
    );
    expect(text(deviceRulesV1(rules)).at(-1)).toBe('devices.allow=c 10:229 rwm');
  });
});

describe('directories', () => {
  test('one per hierarchy on version 1, one in all on version 2', () => {
    expect(cgroupDirectories(HYBRID_HOST.cgroup, '/a/./b/').map(({ path }) => path)).toContain(
      '/sys/fs/cgroup/pids/a/b',
    );
    expect(cgroupDirectories(V2_HOST.cgroup, '/a').map(({ path }) => path)).toEqual(['/sys/fs/cgroup/a']);
  });

  test('a relative path counts from our own group', () => {
    const unified = { mountPoint: '/sys/fs/cgroup', own: '/me', controllers: [], enabled: [] };
    const layout = { mode: 'v2' as const, hierarchies: [], unified };
    expect(cgroupDirectories(layout, 'a')[0]?.parts).toEqual(['me', 'a']);
  });

  test('without a path the id names the group', () => {
    expect([cgroupPathOf(undefined, 'x'), cgroupPathOf('', 'x'), cgroupPathOf('/p', 'x')]).toEqual(['/x', '/x', '/p']);
  });
});
