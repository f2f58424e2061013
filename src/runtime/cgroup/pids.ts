import type { Resources } from '#runtime/spec/spec.ts';
import type { Limit } from './limit.ts';

/** -1 is no limit; 0 counts as not given, as every engine that writes config.json means it. */
export function pidsLimits(pids: Resources['pids']): Limit[] {
  if (!pids?.limit) return [];
  const value = pids.limit < 0 ? 'max' : String(pids.limit);
  return [{ controller: 'pids', file: 'pids.max', value, origin: 'linux.resources.pids.limit' }];
}
