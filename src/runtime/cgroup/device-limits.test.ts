import { describe, expect, test } from 'bun:test';
import type { Resources } from '#runtime/spec/spec.ts';
import type { Limit } from './limit.ts';
import { ignoredLimits, limitsV1, limitsV2 } from './limits.ts';

const text = (limits: readonly Limit[]): string[] =>
  limits.map(({ file, value, otherwise }) =>
    [`${file}=${value}`, ...(otherwise === undefined ? [] : [`${otherwise.file}=${otherwise.value}`])].join(' or '),
  );

const BLOCK: Resources = {
  blockIO: {
    weight: 500,
    weightDevice: [{ major: 8, minor: 0, weight: 10 }],
    throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }],
    throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 7 }],
  },
};

describe('block devices', () => {
  test('version 1: the file of the scheduler that is there, one line per device', () => {
    expect(text(limitsV1(BLOCK))).toEqual([
      'blkio.weight=500 or blkio.bfq.weight=500',
      'blkio.weight_device=8:0 10 or blkio.bfq.weight_device=8:0 10',
      'blkio.throttle.read_bps_device=8:0 1000',
      'blkio.throttle.write_iops_device=8:16 7',
    ]);
    expect(text(limitsV1({ blockIO: { leafWeight: 20 } }))).toEqual(['blkio.leaf_weight=20']);
  });

  test('version 2: BFQ counts as the specification does, io.weight from 1 to 10000', () => {
    expect(text(limitsV2(BLOCK))).toEqual([
      'io.bfq.weight=500 or io.weight=4950',
      'io.bfq.weight=8:0 10 or io.weight=8:0 1',
      'io.max=8:0 rbps=1000',
      'io.max=8:16 wiops=7',
    ]);
    expect(text(limitsV2({ blockIO: { weight: 1000 } }))).toEqual(['io.bfq.weight=1000 or io.weight=10000']);
    expect(() => limitsV2({ blockIO: { leafWeight: 20 } })).toThrow('blockIO.leafWeight');
    expect(() => limitsV2({ blockIO: { weightDevice: [{ major: 8, minor: 0, leafWeight: 20 }] } })).toThrow(
      'weightDevice[0].leafWeight',
    );
  });
});

test('huge pages: in use and, where the kernel knows it, reserved', () => {
  const resources: Resources = { hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }] };
  expect(text(limitsV1(resources))).toEqual([
    'hugetlb.2MB.limit_in_bytes=4194304',
    'hugetlb.2MB.rsvd.limit_in_bytes=4194304',
  ]);
  expect(text(limitsV2(resources))).toEqual(['hugetlb.2MB.max=4194304', 'hugetlb.2MB.rsvd.max=4194304']);
  expect(limitsV2(resources).map(({ onError }) => onError)).toEqual([undefined, 'missing']);
});

test('the classes of network traffic exist on version 1 only', () => {
  const resources: Resources = { network: { classID: 0x100001, priorities: [{ name: 'eth0', priority: 5 }] } };
  expect(text(limitsV1(resources))).toEqual(['net_cls.classid=1048577', 'net_prio.ifpriomap=eth0 5']);
  expect(() => limitsV2(resources)).toThrow('linux.resources.network.classID');
  expect(limitsV2({ network: { classID: 0, priorities: [] } })).toEqual([]);
});

test('rdma: one line per device, on both versions', () => {
  const resources: Resources = {
    rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10000 }, mlx4_0: { hcaObjects: 0 }, x: {} },
  };
  const lines = ['rdma.max=mlx5_1 hca_handle=3 hca_object=10000', 'rdma.max=mlx4_0 hca_object=0'];
  expect(text(limitsV1(resources))).toEqual(lines);
  expect(text(limitsV2(resources))).toEqual(lines);
});

test('real time shares are of version 1, and what is written by name comes last on version 2', () => {
  const cpu = { realtimePeriod: 1000000, realtimeRuntime: 950000 };
  expect(text(limitsV1({ cpu }))).toEqual(['cpu.rt_period_us=1000000', 'cpu.rt_runtime_us=950000']);
  expect(() => limitsV2({ cpu })).toThrow('linux.resources.cpu.realtimePeriod');
  const resources: Resources = { unified: { 'memory.high': '5' }, rdma: { a: { hcaHandles: 1 } } };
  expect(text(limitsV2(resources)).at(-1)).toBe('memory.high=5');
  expect(() => limitsV1(resources)).toThrow('unified');
});

test('memory: what version 2 has not is told, and so are limits on kernel memory', () => {
  const memory = { swappiness: 10, disableOOMKiller: true, kernel: 5, useHierarchy: true, checkBeforeUpdate: true };
  expect(text(limitsV1({ memory }))).toEqual([
    'memory.swappiness=10',
    'memory.use_hierarchy=1',
    'memory.oom_control=1',
  ]);
  expect(text(limitsV1({ memory: { limit: -1 } }))).toEqual([
    'memory.limit_in_bytes=-1',
    'memory.memsw.limit_in_bytes=-1',
  ]);
  expect(text(limitsV1({ memory: { kernelTCP: 5 } }))).toEqual(['memory.kmem.tcp.limit_in_bytes=5']);
  expect(ignoredLimits({ memory: { kernelTCP: 5 } }, 2)).toHaveLength(1);
  expect(limitsV2({ memory })).toEqual([]);
  expect(ignoredLimits({ memory }, 1)).toHaveLength(1);
  expect(ignoredLimits({ memory }, 2)).toEqual([
    expect.stringContaining('memory.kernel has no effect'),
    expect.stringContaining('memory.swappiness has no effect'),
    expect.stringContaining('memory.disableOOMKiller has no effect'),
  ]);
});
