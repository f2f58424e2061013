import { Fault } from '#base/fault.ts';
import { letDie } from '#runtime/cgroup/freezer.ts';
import { killAll } from '#runtime/cgroup/kill.ts';
import { containerDirectory } from '#runtime/state/container-directory.ts';
import { observe } from '#runtime/state/status.ts';
import { readState, readStoredSpec } from '#runtime/state/stored-state.ts';
import type { Runtime } from './runtime.ts';
import { signalInit } from './signal-init.ts';

const SIGKILL = 9;

/**
 * Sends a signal to init, whose pid was just checked against its start time. A kill of a container that shares its pid
 * namespace reaches everything in its control group, as no kernel does that for us there.
 */
export async function killContainer(
  runtime: Pick<Runtime, 'stateRoot'>,
  id: string,
  signal: number,
  all = false,
): Promise<void> {
  const directory = containerDirectory(runtime.stateRoot, id);
  const stored = readState(directory, id);
  const { init } = observe(directory);
  if (init === undefined) {
    if (all && stored !== undefined) return killAll(stored.cgroups, signal);
    throw notRunning(id);
  }
  const namespaces = readStoredSpec(directory, id).linux?.namespaces ?? [];
  const sharesPids = !namespaces.some((entry) => entry.type === 'pid' && !entry.path);
  if (all || (sharesPids && signal === SIGKILL)) await killAll(stored?.cgroups ?? [], signal);
  else if (!signalInit(init.pid, signal)) throw notRunning(id);
  if (signal === SIGKILL) letDie(stored?.cgroups ?? []);
}

/** containerd looks for these words, to take the container for ended. */
const notRunning = (id: string): Fault => new Fault('conflict', 'container not running', { facts: { id } });
