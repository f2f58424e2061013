import type { Step } from '#kernel/plan.ts';
import type { TimeOffsets } from '#runtime/spec/spec.ts';

const ORIGIN = 'linux.timeOffsets';

/**
 * The clocks of a new time namespace, which the first program has made for its children: they can be set only until
 * the first of them is there, and all in one write.
 */
export function lowerTimeOffsets(offsets: TimeOffsets | undefined): Step[] {
  const lines = Object.entries(offsets ?? {})
    .filter(([, offset]) => offset)
    .map(([clock, { secs = 0, nanosecs = 0 }]) => `${clock} ${secs} ${nanosecs}\n`);
  if (lines.length === 0) return [];
  return [{ op: 'write', path: '/proc/self/timens_offsets', data: lines.join(''), origin: ORIGIN }];
}
