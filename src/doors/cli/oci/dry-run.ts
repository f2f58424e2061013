import { planAsJson, printPlan } from '#runtime/explain/print.ts';
import type { Lowered } from '#runtime/lower/context.ts';
import { usage, type FlagTable } from '#doors/cli/flags.ts';
import type { Call } from './command.ts';

/** For verbs that carry out a plan. */
export const DRY_RUN: FlagTable = {
  'dry-run': { kind: 'switch', does: 'print the plan and do nothing' },
  'plan-format': { kind: 'text', does: 'of --dry-run: text or json' },
};

/** Prints the plan that the verb would carry out. */
export function printDryRun({ flags, world, runtime }: Call, { plan, warnings }: Lowered): number {
  const format = flags.text('plan-format') ?? 'text';
  if (format !== 'text' && format !== 'json') throw usage(`invalid value "${format}" for flag --plan-format`);
  for (const warning of warnings) runtime.warn(warning);
  const text = format === 'json' ? JSON.stringify(planAsJson(plan), undefined, 2) : printPlan(plan);
  world.stdout.write(`${text.trimEnd()}\n`);
  return 0;
}
