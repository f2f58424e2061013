import { holds } from '#kernel/capability-set.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { Step } from '#kernel/plan.ts';
import { RLIMITS, RLIM_INFINITY } from '#kernel/rlimits.ts';
import type { Rlimit } from '#runtime/spec/spec.ts';

export interface LoweredRlimits {
  /** Raised from outside by the first program, which holds the host's rights (user namespaces only). */
  outside: Step[];
  own: Step[];
  warnings: string[];
}

/**
 * process.rlimits. A hard limit above the inherited one needs CAP_SYS_RESOURCE on the host; where that is missing,
 * the inherited limit stands and a warning says so.
 */
export function lowerRlimits(limits: readonly Rlimit[], facts: HostFacts, pidfd: string | undefined): LoweredRlimits {
  const lowered: LoweredRlimits = { outside: [], own: [], warnings: [] };
  const mayRaise = holds(facts.effective, 'CAP_SYS_RESOURCE');
  // Who sets their own and may raise them need not know how they were.
  const known = mayRaise && pidfd === undefined ? {} : facts.hardLimits;
  for (const [index, limit] of limits.entries()) {
    const resource = RLIMITS[limit.type] ?? 0;
    const inherited = known[limit.type] ?? Infinity;
    const raises = limit.hard > inherited;
    const hard = raises && !mayRaise ? inherited : limit.hard;
    const soft = Math.min(limit.soft, hard);
    const origin = `process.rlimits[${index}]`;
    if (hard !== limit.hard) {
      lowered.warnings.push(`${origin}: ${limit.type} stays at ${inherited}: raising it needs CAP_SYS_RESOURCE`);
    }
    const step: Step = { op: 'rlimit', resource, soft: amount(soft), hard: amount(hard), origin };
    if (raises && mayRaise && pidfd !== undefined) lowered.outside.push({ ...step, pidfd });
    else lowered.own.push(step);
  }
  return lowered;
}

/** JSON.parse rounds 2^64 - 1 up; everything from there on means no limit. */
function amount(value: number): bigint {
  return value >= 2 ** 64 ? RLIM_INFINITY : BigInt(value);
}
