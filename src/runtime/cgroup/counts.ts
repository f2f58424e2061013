import { readdirSync } from 'node:fs';
import { readControl, readNumber } from './files.ts';
import type { RdtCounts } from './rdt-counts.ts';

type Count = bigint | undefined;

export interface MemoryCounts {
  limit?: Count;
  usage?: Count;
  max?: Count;
  failcnt: bigint;
}

export interface BlockCount {
  major: bigint;
  minor: bigint;
  op?: string;
  value: Count;
}

/** Counters of one container in the words of `runc events`; what is zero or unknown there is left out. */
export interface Stats {
  cpu: { usage: Record<string, Count | bigint[]>; throttling: Record<string, Count> };
  cpuset: Record<string, Count | bigint[]>;
  memory: {
    cache?: Count;
    usage: MemoryCounts;
    swap: MemoryCounts;
    kernel: MemoryCounts;
    kernelTCP: MemoryCounts;
    raw: Record<string, bigint>;
  };
  pids: { current?: Count; limit?: Count };
  blkio: Record<string, BlockCount[] | undefined>;
  hugetlb: Record<string, MemoryCounts>;
  intel_rdt: RdtCounts;
  network_interfaces: null;
}

/** Zero is left out, as Go's encoder does. */
export function nonZero(value: Count): Count {
  return value === 0n ? undefined : value;
}

/** Limit and use by page size. `names` are the ends of the three files. */
export function hugetlb(
  group: string | undefined,
  [usage, max, failed]: readonly [string, string, string],
): Record<string, MemoryCounts> {
  const found: Record<string, MemoryCounts> = {};
  if (group === undefined) return found;
  for (const file of readdirSync(group)) {
    const size = file.startsWith('hugetlb.') && file.endsWith(`.${usage}`) ? file.split('.')[1] : undefined;
    if (size === undefined || file.includes('.rsvd.')) continue;
    found[size] = {
      usage: nonZero(readNumber(group, file)),
      max: nonZero(readNumber(group, `hugetlb.${size}.${max}`)),
      failcnt: failures(group, `hugetlb.${size}.${failed}`),
    };
  }
  return found;
}

function failures(group: string, file: string): bigint {
  const text = readControl(group, file) ?? '';
  return BigInt(/^(?:max )?(\d+)$/m.exec(text)?.[1] ?? 0);
}
