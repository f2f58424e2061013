import type { HugepageLimit } from '#runtime/spec/spec.ts';
import type { Limit } from './limit.ts';

/** Pages in use, and (since Linux 5.7) reserved ones: a limit on both keeps a program from dying at its first touch. */
function lowerEach(hugepages: readonly HugepageLimit[], use: string, reserved: string): Limit[] {
  return hugepages.flatMap(({ pageSize, limit }, index): Limit[] => {
    const common = { controller: 'hugetlb', value: String(limit), origin: `linux.resources.hugepageLimits[${index}]` };
    return [
      { ...common, file: `hugetlb.${pageSize}.${use}` },
      { ...common, file: `hugetlb.${pageSize}.${reserved}`, onError: 'missing' },
    ];
  });
}

export function hugePageLimitsV1(hugepages: readonly HugepageLimit[]): Limit[] {
  return lowerEach(hugepages, 'limit_in_bytes', 'rsvd.limit_in_bytes');
}

export function hugePageLimitsV2(hugepages: readonly HugepageLimit[]): Limit[] {
  return lowerEach(hugepages, 'max', 'rsvd.max');
}
