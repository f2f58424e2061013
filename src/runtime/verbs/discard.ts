import { removeCgroups } from '#runtime/cgroup/remove.ts';
import { dropDirectory } from '#runtime/state/container-directory.ts';
import { runPoststop } from './poststop.ts';
import { dropScope } from './scope.ts';
import type { Prepared } from './prepare.ts';
import type { Runtime } from './runtime.ts';

/**
 * Takes back what a launch left: these control groups, with what is in them, the unit around them, and its directory. The hooks come before
 * the directory goes, so that a crash in between has them run again rather than never.
 */
export async function discard(
  runtime: Runtime,
  prepared: Prepared,
  cgroups: readonly string[],
  unit?: string,
): Promise<void> {
  const { bundle, directory, id } = prepared;
  await removeCgroups(cgroups.map((path) => ({ path })));
  await dropScope(runtime, unit);
  await runPoststop(runtime, bundle.spec, { id, bundle: bundle.path });
  dropDirectory(directory);
}
