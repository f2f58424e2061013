import { removeCgroups } from '#runtime/cgroup/remove.ts';
import { dropDirectory } from '#runtime/state/container-directory.ts';
import { runPoststop } from './poststop.ts';
import { removeRdt } from './remove-rdt.ts';
import { dropScope } from './scope.ts';
import type { Prepared } from './prepare.ts';
import type { HostRoot } from '#runtime/state/host-root.ts';
import { readState } from '#runtime/state/stored-state.ts';
import type { Runtime } from './runtime.ts';
import { unmountHostRoot } from './unmount-host-root.ts';

/**
 * Takes back what a launch left: these control groups, with what is in them, the unit around them, and its directory.
 * The hooks come before the directory goes, so that a crash in between has them run again rather than never.
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
  removeRdt(runtime, bundle.spec, id);
  await unmountHostRoot(runtime, hostRootOf(prepared));
  await runPoststop(runtime, bundle.spec, { id, bundle: bundle.path });
  dropDirectory(directory);
}

/** A launch that has cleaned up after itself has left no record. */
function hostRootOf({ directory, id }: Prepared): HostRoot | undefined {
  try {
    return readState(directory, id)?.hostRoot;
  } catch {
    return undefined;
  }
}
