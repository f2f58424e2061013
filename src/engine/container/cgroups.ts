import { cgroupDirectories } from '#runtime/cgroup/layout.ts';
import { isPaused } from '#runtime/cgroup/freezer.ts';
import { removeCgroups } from '#runtime/cgroup/remove.ts';
import type { Engine } from '#engine/engine.ts';

/** Whose groups they are, and where they lie. */
export interface CgroupOwner {
  id: string;
  options: { cgroupParent?: string };
}

/** The group of a container, below the root of every hierarchy. */
export const cgroupsPath = (id: string, { cgroupParent = '/sampan' }: CgroupOwner['options']): string =>
  `${cgroupParent}/${id}`;

/** Directories of a container's control groups on this host, one for each hierarchy. */
export function containerCgroups(engine: Engine, { id, options }: CgroupOwner): string[] {
  return cgroupDirectories(engine.facts().cgroup, cgroupsPath(id, options)).map(({ path }) => path);
}

/** Kills what is left in the container's control groups and removes them; groups that are gone are fine. */
export async function removeContainerCgroups(engine: Engine, owner: CgroupOwner): Promise<void> {
  await removeCgroups(containerCgroups(engine, owner).map((path) => ({ path })));
}

/** Whether the processes of a container that runs are held by its freezer. */
export function isHeld(engine: Engine, owner: CgroupOwner): boolean {
  return isPaused(containerCgroups(engine, owner));
}
