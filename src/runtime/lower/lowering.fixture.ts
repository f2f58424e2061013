/** What tests of the lowering share: a configuration, a context, and ways to look at a plan. */
import type { Plan, Step, StepName } from '#kernel/plan.ts';
import { HYBRID_HOST } from '#kernel/host-facts.fixture.ts';
import { defaultSpec } from '#runtime/spec/default-spec.ts';
import type { Linux, Process, Spec } from '#runtime/spec/spec.ts';
import type { LowerContext } from './context.ts';

export const CONTEXT: LowerContext = {
  id: 'box',
  facts: HYBRID_HOST,
  root: { kind: 'directory', path: '/bundle/rootfs' },
  bundle: '/bundle',
  mode: 'run',
  terminal: { kind: 'none' },
};

/** The default configuration without a terminal, changed. */
export function spec(more: Partial<Spec> = {}, process: Partial<Process> = {}, linux: Partial<Linux> = {}): Spec {
  const base = defaultSpec();
  return {
    ...base,
    ...more,
    process: { ...(base.process as Process), terminal: false, ...process },
    linux: { ...base.linux, ...linux },
  };
}

export function program(plan: Plan, name: string): readonly Step[] {
  const found = plan.programs.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`the plan has no program ${name}`);
  return found.steps;
}

/** Steps of one kind, narrowed. */
export function all<Op extends StepName>(steps: readonly Step[], op: Op): Extract<Step, { op: Op }>[] {
  return steps.filter((step): step is Extract<Step, { op: Op }> => step.op === op);
}

export function one<Op extends StepName>(steps: readonly Step[], op: Op): Extract<Step, { op: Op }> {
  const found = all(steps, op);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} steps ${op}`);
  return found[0];
}

/** Fails unless the steps that match stand in this order. */
export function inOrder(steps: readonly Step[], ...wanted: ((step: Step) => boolean)[]): boolean {
  let at = -1;
  for (const matches of wanted) {
    at = steps.findIndex((step, index) => index > at && matches(step));
    if (at < 0) return false;
  }
  return true;
}

export const is =
  (op: StepName) =>
  (step: Step): boolean =>
    step.op === op;
