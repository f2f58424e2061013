import { existsSync, renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import { killAll } from '#runtime/cgroup/kill.ts';
import { asideDirectory, type ContainerDirectory } from '#runtime/state/container-directory.ts';
import { observe, waitsAtFifo } from '#runtime/state/status.ts';
import { readState, type StoredState } from '#runtime/state/stored-state.ts';
import type { Runtime } from './runtime.ts';
import { signalInit } from './signal-init.ts';
import { takeApart } from './take-apart.ts';

const PATIENCE_MS = 10_000;
const PAUSE_MS = 5;
const UNSEEN_MS = 300;

/**
 * Takes a container without an init away from its name. A launcher that has lost its runtime may still be making it:
 * one that has not begun finds no place for its fifo now and has made nothing; any other has the fifo open, finds no
 * place for the pid, and ends.
 */
export function setAside(root: string, directory: ContainerDirectory, id: string): void {
  try {
    renameSync(directory.path, asideDirectory(root, id).path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // It failed, and whoever was making it has taken it back.
  }
}

/** Removes what was set aside, once nobody is making it any more. */
export async function finishHalfMade(runtime: Runtime, id: string): Promise<void> {
  const aside = asideDirectory(runtime.stateRoot, id);
  if (!existsSync(aside.path)) return;
  const stored = readable(aside, id);
  const groups = stored?.cgroups ?? [];
  for (const end = Date.now() + PATIENCE_MS; waitsAtFifo(aside.go);) {
    // Without its init the launcher gives up.
    await killAll(groups);
    if (Date.now() > end) {
      throw new Fault('unavailable', `container ${id} is still being made`, {
        hint: 'Wait for its hooks to end, and delete it again.',
        facts: { id },
      });
    }
    await sleep(PAUSE_MS);
  }
  // An attached run has no fifo: its launcher, if one is left, comes to the pid within this time, and gives up there.
  if (!existsSync(aside.go)) await sleep(UNSEEN_MS);
  await takeApart(runtime, aside, id, stored);
}

/** Ends the init of a launcher that was killed: it ends by itself, unless it waits for the start already. */
export async function endInit(directory: ContainerDirectory): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; waitsAtFifo(directory.go) && Date.now() < end;) {
    const { init } = observe(directory);
    if (init !== undefined) signalInit(init.pid, 'SIGKILL');
    await sleep(PAUSE_MS);
  }
}

function readable(directory: ContainerDirectory, id: string): StoredState | undefined {
  try {
    return readState(directory, id);
  } catch {
    return undefined;
  }
}
