import type { Step } from '#kernel/plan.ts';

/** Steps that close what these leave open, but for what later ones close themselves. */
export function closeLeftOpen(steps: readonly Step[], later: readonly Step[]): Step[] {
  const open = new Set<string>();
  for (const step of [...steps, ...later.filter(({ op }) => op === 'close')]) {
    if (step.op === 'close') open.delete(step.slot);
    else if ('out' in step && step.out !== undefined) open.add(step.out);
  }
  return [...open].map((slot): Step => ({ op: 'close', slot }));
}
