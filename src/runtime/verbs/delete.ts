import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, isFault } from '#base/fault.ts';
import { startTime } from '#base/process-identity.ts';
import { isPaused, letDie } from '#runtime/cgroup/freezer.ts';
import { containerDirectory } from '#runtime/state/container-directory.ts';
import { observe, type Init } from '#runtime/state/status.ts';
import { readState, type StoredState } from '#runtime/state/stored-state.ts';
import { finishHalfMade, setAside } from './half-made.ts';
import type { Runtime } from './runtime.ts';
import { signalInit } from './signal-init.ts';
import { takeApart } from './take-apart.ts';

const WAIT_ROUNDS = 500;
const WAIT_MS = 10;

/**
 * Removes what a stopped container left. `force` kills a running one first, and makes a missing one no fault. A
 * container that waits to be started is killed too, as it runs nothing yet.
 */
export async function deleteContainer(runtime: Runtime, id: string, force: boolean): Promise<void> {
  const directory = containerDirectory(runtime.stateRoot, id);
  // One that was killed while it was at it.
  if (force) await finishHalfMade(runtime, id);
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
  if (status === 'creating') {
    setAside(runtime.stateRoot, directory, id);
    return finishHalfMade(runtime, id);
  }
  if (init !== undefined) await killInit(init, stored?.cgroups ?? []);
  await takeApart(runtime, directory, id, stored);
}

async function killInit(init: Init, cgroups: readonly string[]): Promise<void> {
  signalInit(init.pid, 'SIGKILL');
  letDie(cgroups);
  for (let round = 0; round < WAIT_ROUNDS; round++) {
    if (startTime(init.pid) !== init.startTime) return;
    await sleep(WAIT_MS);
  }
  throw new Fault('unavailable', `the container's init (pid ${init.pid}) does not end after SIGKILL`);
}
