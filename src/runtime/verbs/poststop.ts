import { encodePlan } from '#kernel/encode.ts';
import type { Plan } from '#kernel/plan.ts';
import { lowerHooks, type HookSubject } from '#runtime/lower/hooks.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { checkLaunch } from './prepare.ts';
import type { Runtime } from './runtime.ts';

/** The last hooks of a container that is gone but for its directory. Whatever becomes of them, it is removed. */
export async function runPoststop(runtime: Runtime, spec: Spec, subject: HookSubject): Promise<void> {
  const steps = lowerHooks(spec, 'poststop', subject, { cwd: subject.bundle });
  if (steps.length === 0) return;
  const plan: Plan = { programs: [{ name: 'main', steps }] };
  try {
    const launcher = await runtime.launcher();
    checkLaunch(runtime, plan, await launcher.launch({ plan: encodePlan(plan) }).result);
  } catch (error) {
    runtime.warn(`run the poststop hooks: ${error instanceof Error ? error.message : String(error)}`);
  }
}
