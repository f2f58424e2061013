import { cgroupDirectories } from '#runtime/cgroup/layout.ts';
import { isPaused } from '#runtime/cgroup/freezer.ts';
import { removeCgroups } from '#runtime/cgroup/remove.ts';
import type { Engine } from '#engine/engine.ts';

/** The group of a container, below the root of every hierarchy. */
export const cgroupsPath = (id: string): string => `/sampan/${id}`;

/** Directories of a container's control groups on this host, one for each hierarchy. */
export function containerCgroups(engine: Engine, id: string): string[] {
  return cgroupDirectories(engine.facts().cgroup, cgroupsPath(id)).map(({ path }) => path);
}

/** Kills what is left in the container's control groups and removes them; groups that are gone are fine. */
export async function removeContainerCgroups(engine: Engine, id: string): Promise<void> {
  await removeCgroups(containerCgroups(engine, id).map((path) => ({ path })));
}

/** Whether the processes of a container that runs are held by its freezer. */
export function isHeld(engine: Engine, id: string): boolean {
  return isPaused(containerCgroups(engine, id));
}
