import { Fault } from '#base/fault.ts';
import type { Call } from '#doors/cli/verb.ts';
import { confirm } from './confirm.ts';

/** Flags of every command that removes what is not named. */
export const PRUNE_FLAGS = {
  force: { kind: 'switch', short: 'f', does: 'Do not ask' },
  'dry-run': { kind: 'switch', does: 'Only tell what would be removed' },
} as const;

/** Asks unless it was forbidden or nothing will happen. Throws `cancelled`. */
export async function needAgreement({ flags, io }: Call, command: string, warning: string): Promise<void> {
  if (flags.on('dry-run') || flags.on('force')) return;
  const question = `WARNING! ${warning}\nAre you sure you want to continue?`;
  if (!(await confirm(io, question))) throw new Fault('cancelled', `${command} has been cancelled`);
}
