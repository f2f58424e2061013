import { listIds } from '#runtime/state/container-directory.ts';
import type { Runtime } from '#runtime/verbs/runtime.ts';
import { usage, type FlagTable } from '#doors/cli/flags.ts';

export const REGEX: FlagTable = {
  regex: { kind: 'switch', short: 'r', does: 'the id is a regular expression: every container that it is found in' },
};

/** Does the same to every container whose id matches; each is tried, then the first failure is thrown. */
export async function eachMatching(
  runtime: Runtime,
  pattern: string,
  act: (id: string) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const id of listIds(runtime.stateRoot).filter(matcher(pattern))) {
    try {
      await act(id);
    } catch (error) {
      failures.push(error);
    }
  }
  for (const failure of failures.slice(1)) runtime.warn(failure instanceof Error ? failure.message : String(failure));
  if (failures.length > 0) throw failures[0];
}

function matcher(pattern: string): (id: string) => boolean {
  try {
    const expression = new RegExp(pattern);
    return (id) => expression.test(id);
  } catch {
    throw usage(`invalid regular expression "${pattern}"`);
  }
}
