import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, isFault } from '#base/fault.ts';
import { startTime } from '#base/process-identity.ts';
import { removeCgroups } from '#runtime/cgroup/remove.ts';
import { containerDirectory, dropDirectory } from '#runtime/state/container-directory.ts';
import { observe, type Init } from '#runtime/state/status.ts';
import { readState, type StoredState } from '#runtime/state/stored-state.ts';
import type { Runtime } from './runtime.ts';

const WAIT_ROUNDS = 500;
const WAIT_MS = 10;

/**
 * Removes what a stopped container left. `force` kills a running one first, and makes a missing one no fault. A
 * container that waits to be started is killed too, as it runs nothing yet.
 */
export async function deleteContainer(runtime: Pick<Runtime, 'stateRoot'>, id: string, force: boolean): Promise<void> {
  const directory = containerDirectory(runtime.stateRoot, id);
  let stored: StoredState | undefined;
  try {
    stored = readState(directory, id);
  } catch (error) {
    if (force && isFault(error, 'notFound')) return;
    if (!force || !isFault(error, 'corrupt')) throw error;
  }
  const { status, init } = observe(directory);
  // Somebody may be making it at this moment.
  if ((status === 'running' || status === 'creating') && !force) {
    throw new Fault('conflict', `cannot delete container ${id} that is not stopped: ${status}`, {
      hint: 'Kill it first, or use --force.',
      facts: { id, status },
    });
  }
  if (init !== undefined) await killInit(init);
  await removeCgroups((stored?.cgroups ?? []).map((path) => ({ path })));
  dropDirectory(directory);
}

async function killInit(init: Init): Promise<void> {
  process.kill(init.pid, 'SIGKILL');
  for (let round = 0; round < WAIT_ROUNDS; round++) {
    if (startTime(init.pid) !== init.startTime) return;
    await sleep(WAIT_MS);
  }
  throw new Fault('unavailable', `the container's init (pid ${init.pid}) does not end after SIGKILL`);
}
