import { Fault } from '#base/fault.ts';
import { isPaused } from '#runtime/cgroup/freezer.ts';
import { containerDirectory, type ContainerDirectory } from '#runtime/state/container-directory.ts';
import { observe, type Init } from '#runtime/state/status.ts';
import { readState, type StoredState } from '#runtime/state/stored-state.ts';
import type { Runtime } from './runtime.ts';

export interface Running {
  directory: ContainerDirectory;
  stored: StoredState;
  init: Init;
  paused: boolean;
}

/** A container whose init lives, started or not; throws `conflict` otherwise. */
export function runningContainer(runtime: Pick<Runtime, 'stateRoot'>, id: string): Running {
  const directory = containerDirectory(runtime.stateRoot, id);
  const stored = readState(directory, id);
  const { init } = observe(directory);
  if (stored === undefined || init === undefined) {
    throw new Fault('conflict', 'container not running', { facts: { id } });
  }
  return { directory, stored, init, paused: isPaused(stored.cgroups) };
}
