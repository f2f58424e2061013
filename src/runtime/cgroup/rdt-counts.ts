import { readdirSync } from 'node:fs';
import { readControl, readNumber } from './files.ts';

/** Counters of resctrl in the words of `runc events`; what the machine does not count is left out. */
export interface RdtCounts {
  l3_cache_schema?: string;
  mem_bw_schema?: string;
  cmt_stats?: { llc_occupancy: bigint }[];
  mbm_stats?: { mbm_total_bytes: bigint; mbm_local_bytes: bigint }[];
}

/** `group` holds the schemata, `monitored` (a part of it, or itself) what is counted. */
export function rdtCounts(group: string, monitored: string): RdtCounts {
  const lines = (readControl(group, 'schemata') ?? '').split('\n').map((line) => line.trim());
  const cache = lines.find((line) => line.startsWith('L3:'));
  const bandwidth = lines.find((line) => line.startsWith('MB:'));
  const domains = domainsOf(`${monitored}/mon_data`);
  const occupied = domains.flatMap((domain) => {
    const llc_occupancy = readNumber(domain, 'llc_occupancy');
    return llc_occupancy === undefined ? [] : [{ llc_occupancy }];
  });
  const moved = domains.flatMap((domain) => {
    const mbm_total_bytes = readNumber(domain, 'mbm_total_bytes');
    const mbm_local_bytes = readNumber(domain, 'mbm_local_bytes') ?? 0n;
    return mbm_total_bytes === undefined ? [] : [{ mbm_total_bytes, mbm_local_bytes }];
  });
  return {
    ...(cache === undefined ? {} : { l3_cache_schema: cache }),
    ...(bandwidth === undefined ? {} : { mem_bw_schema: bandwidth }),
    ...(occupied.length === 0 ? {} : { cmt_stats: occupied }),
    ...(moved.length === 0 ? {} : { mbm_stats: moved }),
  };
}

/** One directory for each cache of the machine. */
function domainsOf(path: string): string[] {
  try {
    const names = readdirSync(path).filter((name) => name.startsWith('mon_L3_'));
    return names.toSorted().map((name) => `${path}/${name}`);
  } catch {
    return [];
  }
}
