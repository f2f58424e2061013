import { MAX, readControl, readNumber, readTable } from './files.ts';
import { hugetlb, nonZero, type BlockCount, type MemoryCounts, type Stats } from './counts.ts';

const MICROSECOND = 1000n;
const NOTHING: MemoryCounts = { failcnt: 0n };
/** Counters that only version 1 has; readers expect them to be there. */
const NO_CPUSET = {
  cpu_exclusive: 0n,
  mem_hardwall: 0n,
  mem_exclusive: 0n,
  memory_migrate: 0n,
  memory_spread_page: 0n,
  memory_spread_slab: 0n,
  memory_pressure: 0n,
  sched_load_balance: 0n,
  sched_relax_domain_level: 0n,
};

export function statsV2(group: string): Stats {
  const cpu = readTable(group, 'cpu.stat');
  const raw = readTable(group, 'memory.stat');
  const ns = (name: string): bigint => (cpu[name] ?? 0n) * MICROSECOND;
  return {
    cpu: {
      usage: { total: nonZero(ns('usage_usec')), kernel: ns('system_usec'), user: ns('user_usec') },
      throttling: {
        periods: nonZero(cpu['nr_periods']),
        throttledPeriods: nonZero(cpu['nr_throttled']),
        throttledTime: nonZero(ns('throttled_usec')),
      },
    },
    cpuset: NO_CPUSET,
    memory: {
      cache: nonZero(raw['file']),
      usage: memory(group),
      swap: memoryAndSwap(group),
      kernel: NOTHING,
      kernelTCP: NOTHING,
      raw,
    },
    pids: {
      current: nonZero(readNumber(group, 'pids.current')),
      limit: readControl(group, 'pids.max') === 'max' ? undefined : nonZero(readNumber(group, 'pids.max')),
    },
    blkio: blockCounts(group),
    hugetlb: hugetlb(group, ['current', 'max', 'events']),
    intel_rdt: {},
    network_interfaces: null,
  };
}

function memory(group: string): MemoryCounts {
  return {
    limit: nonZero(readNumber(group, 'memory.max')),
    usage: nonZero(readNumber(group, 'memory.current')),
    max: nonZero(readNumber(group, 'memory.peak')),
    failcnt: 0n,
  };
}

/** As on version 1, swap is counted together with memory. */
function memoryAndSwap(group: string): MemoryCounts {
  const swap = readNumber(group, 'memory.swap.current');
  const limit = readNumber(group, 'memory.swap.max');
  const [used = 0n, most = MAX] = [readNumber(group, 'memory.current'), readNumber(group, 'memory.max')];
  if (swap === undefined || limit === undefined) return NOTHING;
  return { limit: limit === MAX || most === MAX ? MAX : limit + most, usage: nonZero(swap + used), failcnt: 0n };
}

const COUNTED: readonly (readonly [string, string, string])[] = [
  ['ioServiceBytesRecursive', 'rbytes', 'Read'],
  ['ioServiceBytesRecursive', 'wbytes', 'Write'],
  ['ioServicedRecursive', 'rios', 'Read'],
  ['ioServicedRecursive', 'wios', 'Write'],
];

/** Lines `8:0 rbytes=1 wbytes=2 rios=3 wios=4 ...`. */
function blockCounts(group: string): Stats['blkio'] {
  const counts: Record<string, BlockCount[]> = {};
  for (const line of (readControl(group, 'io.stat') ?? '').split('\n')) {
    const device = /^(\d+):(\d+) /.exec(line);
    if (device === null) continue;
    for (const [table, name, op] of COUNTED) {
      const value = new RegExp(` ${name}=(\\d+)`).exec(line)?.[1];
      if (value === undefined) continue;
      const [, major = 0, minor = 0] = device;
      const entry = { major: BigInt(major), minor: BigInt(minor), op, value: nonZero(BigInt(value)) };
      counts[table] = [...(counts[table] ?? []), entry];
    }
  }
  return counts;
}
