import { PROPAGATION } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import { propagationFlags } from './mount-options.ts';

/** Clones made in the host's own mount namespace must not carry mounts back to the host. */
export function cutOff(sources: readonly Step[], rootfsPropagation: string | undefined): Step[] {
  const shared = (propagationFlags(rootfsPropagation) & PROPAGATION.shared) !== 0;
  return sources.flatMap((step): Step[] => {
    if (step.op !== 'tree' || (shared && step.out !== 'root')) return [step];
    const cut: Step = { op: 'mountAttr', slot: step.out, propagation: PROPAGATION.slave, recursive: 1 };
    return [step, { ...cut, ...(step.origin === undefined ? {} : { origin: step.origin }) }];
  });
}
