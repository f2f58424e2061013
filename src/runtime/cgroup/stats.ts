import type { Stats } from './counts.ts';
import { readControl } from './files.ts';
import { statsV1 } from './stats-v1.ts';
import { statsV2 } from './stats-v2.ts';

/** Reads the counters of the control groups at these paths, of either version. */
export function readStats(paths: readonly string[]): Stats {
  const [only] = paths;
  const isUnified = paths.length === 1 && readControl(only, 'cgroup.controllers') !== undefined;
  return isUnified && only !== undefined ? statsV2(only) : statsV1(paths);
}
