import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rdtCounts } from './rdt-counts.ts';

test('schemata of the group, and what is counted of the container in each cache', () => {
  const group = mkdtempSync(join(tmpdir(), 'sampan-rdt-'));
  try {
    writeFileSync(join(group, 'schemata'), '    L3:0=fff;1=f\n    MB:0= 50;1=100\n');
    for (const [domain, bytes] of [
      ['mon_L3_00', '18446744073709551615\n'],
      ['mon_L3_01', '7\n'],
    ] as const) {
      const path = join(group, 'mon_groups/box/mon_data', domain);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'llc_occupancy'), '4096\n');
      writeFileSync(join(path, 'mbm_total_bytes'), bytes);
      writeFileSync(join(path, 'mbm_local_bytes'), 'Unavailable\n');
    }
    expect(rdtCounts(group, join(group, 'mon_groups/box'))).toEqual({
      l3_cache_schema: 'L3:0=fff;1=f',
      mem_bw_schema: 'MB:0= 50;1=100',
      cmt_stats: [{ llc_occupancy: 4096n }, { llc_occupancy: 4096n }],
      mbm_stats: [
        { mbm_total_bytes: 18446744073709551615n, mbm_local_bytes: 0n },
        { mbm_total_bytes: 7n, mbm_local_bytes: 0n },
      ],
    });
    expect(rdtCounts('/nowhere', '/nowhere')).toEqual({});
  } finally {
    rmSync(group, { recursive: true });
  }
});
