import { encodePlan } from '#kernel/encode.ts';
import type { Plan } from '#kernel/plan.ts';
import { stopScope } from '#runtime/systemd/scope.ts';
import { checkLaunch } from './prepare.ts';
import type { Runtime } from './runtime.ts';

/** Has systemd forget a container's unit; its processes are gone by now. A manager that does not answer is told as a warning. */
export async function dropScope(runtime: Runtime, unit: string | undefined): Promise<void> {
  if (unit === undefined) return;
  const plan: Plan = { programs: [{ name: 'main', steps: stopScope(runtime.bus(), unit) }] };
  try {
    const launcher = await runtime.launcher();
    checkLaunch(runtime, plan, await launcher.launch({ plan: encodePlan(plan) }).result);
  } catch (error) {
    runtime.warn(`stop ${unit}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
