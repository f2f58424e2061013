import { Fault } from '#base/fault.ts';
import { containerDirectory, listIds } from '#runtime/state/container-directory.ts';
import { isPaused } from '#runtime/cgroup/freezer.ts';
import { observe, type Status } from '#runtime/state/status.ts';
import { readState } from '#runtime/state/stored-state.ts';
import type { Runtime } from './runtime.ts';

/** The state of the specification, with the additions that runc prints. `pid` is 0 for a container that has stopped. */
export interface ContainerState {
  ociVersion: string;
  id: string;
  pid: number;
  status: Status | 'paused';
  bundle: string;
  rootfs: string;
  created: string;
  annotations?: Record<string, string>;
  owner: string;
}

/** Throws `notFound`; a container that was killed while it was made shows as `stopped`. */
export function containerState(runtime: Pick<Runtime, 'stateRoot'>, id: string): ContainerState {
  const directory = containerDirectory(runtime.stateRoot, id);
  const stored = readState(directory, id);
  if (stored === undefined)
    throw new Fault('corrupt', `container ${id} was left half made`, { hint: `Delete it with --force.` });
  const { status, init } = observe(directory);
  return {
    ociVersion: stored.ociVersion,
    id,
    pid: init?.pid ?? 0,
    status: init !== undefined && isPaused(stored.cgroups) ? 'paused' : status,
    bundle: stored.bundle,
    rootfs: stored.rootfs,
    created: stored.created,
    ...(stored.annotations === undefined ? {} : { annotations: stored.annotations }),
    owner: stored.owner,
  };
}

/** All containers below the state root; what cannot be read is left out with a warning. */
export function listContainers(runtime: Runtime): ContainerState[] {
  const states: ContainerState[] = [];
  for (const id of listIds(runtime.stateRoot)) {
    try {
      states.push(containerState(runtime, id));
    } catch (error) {
      runtime.warn(error instanceof Error ? error.message : String(error));
    }
  }
  return states;
}
