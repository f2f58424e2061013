import { removeCgroups } from '#runtime/cgroup/remove.ts';
import { dropDirectory, type ContainerDirectory } from '#runtime/state/container-directory.ts';
import { specOf, type StoredState } from '#runtime/state/stored-state.ts';
import { runPoststop } from './poststop.ts';
import { removeRdt } from './remove-rdt.ts';
import type { Runtime } from './runtime.ts';
import { unmountHostRoot } from './unmount-host-root.ts';

/**
 * Removes all that a container without processes has: groups, what it mounted on the host, its directory. The hooks run
 * before the directory goes, so that a crash in between has them run again rather than never.
 */
export async function takeApart(
  runtime: Runtime,
  directory: ContainerDirectory,
  id: string,
  stored: StoredState | undefined,
): Promise<void> {
  await removeCgroups((stored?.cgroups ?? []).map((path) => ({ path })));
  const spec = specOf(directory, id);
  removeRdt(runtime, spec, id);
  await unmountHostRoot(runtime, stored?.hostRoot);
  if (stored !== undefined) await runPoststop(runtime, spec, { id, bundle: stored.bundle });
  dropDirectory(directory);
}
