import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, isFault } from '#base/fault.ts';
import { startTime } from '#base/process-identity.ts';
import { isPaused, letDie } from '#runtime/cgroup/freezer.ts';
import { removeCgroups } from '#runtime/cgroup/remove.ts';
import { containerDirectory, dropDirectory, type ContainerDirectory } from '#runtime/state/container-directory.ts';
import { observe, type Init } from '#runtime/state/status.ts';
import { readState, readStoredSpec, type StoredState } from '#runtime/state/stored-state.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { runPoststop } from './poststop.ts';
import { dropScope } from './scope.ts';
import type { Runtime } from './runtime.ts';

const WAIT_ROUNDS = 500;
const WAIT_MS = 10;

/**
 * Removes what a stopped container left. `force` kills a running one first, and makes a missing one no fault. A
 * container that waits to be started is killed too, as it runs nothing yet.
 */
export async function deleteContainer(runtime: Runtime, id: string, force: boolean): Promise<void> {
  const directory = containerDirectory(runtime.stateRoot, id);
  let stored: StoredState | undefined;
  try {
    stored = readState(directory, id);
  } catch (error) {
    if (force && isFault(error, 'notFound')) return;
    if (!force || !isFault(error, 'corrupt')) throw error;
  }
  const { status: observed, init } = observe(directory);
  const status = init !== undefined && isPaused(stored?.cgroups ?? []) ? 'paused' : observed;
  // Somebody may be making it at this moment.
  if ((status === 'running' || status === 'paused' || status === 'creating') && !force) {
    throw new Fault('conflict', `cannot delete container ${id} that is not stopped: ${status}`, {
      hint: 'Kill it first, or use --force.',
      facts: { id, status },
    });
  }
  if (init !== undefined) await killInit(init, stored?.cgroups ?? []);
  await removeCgroups((stored?.cgroups ?? []).map((path) => ({ path })));
  await dropScope(runtime, stored?.unit);
  // Before the directory goes, so that a crash in between has them run again rather than never.
  if (stored !== undefined) await runPoststop(runtime, readSpec(directory, id), { id, bundle: stored.bundle });
  dropDirectory(directory);
}

/** A container that was killed while it was being made may have no configuration, and no hooks to run. */
function readSpec(directory: ContainerDirectory, id: string): Pick<Spec, 'ociVersion' | 'hooks' | 'annotations'> {
  try {
    return readStoredSpec(directory, id);
  } catch {
    return { ociVersion: '' };
  }
}

async function killInit(init: Init, cgroups: readonly string[]): Promise<void> {
  process.kill(init.pid, 'SIGKILL');
  letDie(cgroups);
  for (let round = 0; round < WAIT_ROUNDS; round++) {
    if (startTime(init.pid) !== init.startTime) return;
    await sleep(WAIT_MS);
  }
  throw new Fault('unavailable', `the container's init (pid ${init.pid}) does not end after SIGKILL`);
}
