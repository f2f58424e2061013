import { readControl, readNumber, readTable } from './files.ts';
import { hugetlb, nonZero, type BlockCount, type MemoryCounts, type Stats } from './counts.ts';

/** Times in cpuacct.stat count in hundredths of a second. */
const TICK_NS = 10_000_000n;

export function statsV1(paths: readonly string[]): Stats {
  const having = (file: string): string | undefined => paths.find((path) => readControl(path, file) !== undefined);
  const memory = having('memory.usage_in_bytes');
  const pids = having('pids.current');
  const limit = readNumber(pids, 'pids.max');
  const raw = readTable(memory, 'memory.stat');
  return {
    cpu: { usage: cpuUsage(having('cpuacct.usage')), throttling: throttling(having('cpu.stat')) },
    cpuset: cpuset(having('cpuset.cpus')),
    memory: {
      cache: nonZero(raw['cache']),
      usage: memoryCounts(memory, 'memory'),
      swap: memoryCounts(memory, 'memory.memsw'),
      kernel: memoryCounts(memory, 'memory.kmem'),
      kernelTCP: memoryCounts(memory, 'memory.kmem.tcp'),
      raw,
    },
    pids: {
      current: nonZero(readNumber(pids, 'pids.current')),
      limit: readControl(pids, 'pids.max') === 'max' ? undefined : nonZero(limit),
    },
    blkio: blockCounts(having('blkio.throttle.io_service_bytes')),
    hugetlb: hugetlb(
      paths.find((path) => path.includes('/hugetlb')),
      ['usage_in_bytes', 'max_usage_in_bytes', 'failcnt'],
    ),
    intel_rdt: {},
    network_interfaces: null,
  };
}

function cpuUsage(group: string | undefined): Stats['cpu']['usage'] {
  const ticks = readTable(group, 'cpuacct.stat');
  const [, ...each] = (readControl(group, 'cpuacct.usage_all') ?? '').split('\n');
  const column = (index: number): bigint[] => each.map((line) => BigInt(line.split(' ')[index] ?? 0));
  return {
    total: nonZero(readNumber(group, 'cpuacct.usage')),
    percpu: (readControl(group, 'cpuacct.usage_percpu') ?? '').split(/\s+/).filter(Boolean).map(BigInt),
    percpu_kernel: column(2),
    percpu_user: column(1),
    kernel: (ticks['system'] ?? 0n) * TICK_NS,
    user: (ticks['user'] ?? 0n) * TICK_NS,
  };
}

function throttling(group: string | undefined): Stats['cpu']['throttling'] {
  const table = readTable(group, 'cpu.stat');
  return {
    periods: nonZero(table['nr_periods']),
    throttledPeriods: nonZero(table['nr_throttled']),
    throttledTime: nonZero(table['throttled_time']),
  };
}

const CPUSET_FILES = [
  'cpu_exclusive',
  'mems',
  'mem_hardwall',
  'mem_exclusive',
  'memory_migrate',
  'memory_spread_page',
  'memory_spread_slab',
  'memory_pressure',
  'sched_load_balance',
  'sched_relax_domain_level',
];

function cpuset(group: string | undefined): Stats['cpuset'] {
  const values = CPUSET_FILES.map((file) => {
    return [file, file === 'mems' ? members(group, 'cpuset.mems') : (readNumber(group, `cpuset.${file}`) ?? 0n)];
  });
  return { cpus: members(group, 'cpuset.cpus'), ...Object.fromEntries(values) };
}

/** `0-2,5` as numbers. */
function members(group: string | undefined, file: string): bigint[] {
  const parts = (readControl(group, file) ?? '').split(',').filter(Boolean);
  return parts.flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => BigInt(first + index));
  });
}

function memoryCounts(group: string | undefined, prefix: string): MemoryCounts {
  return {
    limit: nonZero(readNumber(group, `${prefix}.limit_in_bytes`)),
    usage: nonZero(readNumber(group, `${prefix}.usage_in_bytes`)),
    max: nonZero(readNumber(group, `${prefix}.max_usage_in_bytes`)),
    failcnt: readNumber(group, `${prefix}.failcnt`) ?? 0n,
  };
}

/** The throttling layer counts whatever scheduler a disk has. */
function blockCounts(group: string | undefined): Stats['blkio'] {
  const of = (file: string): BlockCount[] | undefined => {
    const lines = (readControl(group, file) ?? '').matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm);
    const counts = [...lines].map(([, major = 0, minor = 0, op, value = 0]) => {
      return { major: BigInt(major), minor: BigInt(minor), op: op ?? '', value: nonZero(BigInt(value)) };
    });
    return counts.length === 0 ? undefined : counts;
  };
  return {
    ioServiceBytesRecursive: of('blkio.throttle.io_service_bytes_recursive') ?? of('blkio.throttle.io_service_bytes'),
    ioServicedRecursive: of('blkio.throttle.io_serviced_recursive') ?? of('blkio.throttle.io_serviced'),
  };
}
