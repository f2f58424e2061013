import type { Resources } from '#runtime/spec/spec.ts';
import type { Limit } from './limit.ts';

/** -1 is no limit; 0 means the least there can be, the program itself (runtime-spec 1.3); absent asks for nothing. */
export function pidsLimits(pids: Resources['pids']): Limit[] {
  if (typeof pids?.limit !== 'number') return [];
  const value = pids.limit < 0 ? 'max' : String(pids.limit || 1);
  return [{ controller: 'pids', file: 'pids.max', value, origin: 'linux.resources.pids.limit' }];
}
