import { holds } from '#kernel/capability-set.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { Step } from '#kernel/plan.ts';

/**
 * A process that nobody may look into keeps its files in /proc for root: of an ordinary user it must set its score itself,
 * before it enters any namespace.
 */
export const setsOwnOomScore = ({ uid }: HostFacts): boolean => uid !== 0;

/** Lowering the score needs CAP_SYS_RESOURCE; without it the refusal becomes a warning. */
export function lowerOomScore(score: number | undefined, facts: HostFacts, pidfd: string | undefined): Step[] {
  if (score === undefined || score === null) return [];
  const step: Step = { op: 'oomScore', plus1000: score + 1000, origin: 'process.oomScoreAdj' };
  const mayBeRefused =
    !holds(facts.effective, 'CAP_SYS_RESOURCE') && (score < 0 || !holds(facts.effective, 'CAP_SYS_ADMIN'));
  return [{ ...step, ...(pidfd === undefined ? {} : { pidfd }), onError: mayBeRefused ? 'warn' : 'fail' }];
}
