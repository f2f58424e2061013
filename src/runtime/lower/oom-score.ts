import { holds } from '#kernel/capability-set.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { Step } from '#kernel/plan.ts';

/** Lowering the score needs CAP_SYS_RESOURCE; without it the refusal becomes a warning. */
export function lowerOomScore(score: number | undefined, facts: HostFacts, pidfd: string | undefined): Step[] {
  if (score === undefined || score === null) return [];
  const step: Step = { op: 'oomScore', plus1000: score + 1000, origin: 'process.oomScoreAdj' };
  return [
    {
      ...step,
      ...(pidfd === undefined ? {} : { pidfd }),
      onError: score < 0 && !holds(facts.effective, 'CAP_SYS_RESOURCE') ? 'warn' : 'fail',
    },
  ];
}
