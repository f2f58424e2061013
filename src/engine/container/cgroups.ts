import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupDirectories } from '#runtime/cgroup/layout.ts';
import { isPaused } from '#runtime/cgroup/freezer.ts';
import { delegatedPlace, type CgroupPlace } from '#runtime/cgroup/place.ts';
import { removeCgroups } from '#runtime/cgroup/remove.ts';
import type { Engine } from '#engine/engine.ts';
import { containerDirectory } from './record.ts';

/** Whose groups they are, and where they lie. */
export interface CgroupOwner {
  id: string;
  options: { cgroupParent?: string };
}

/** The group of a container of root's, below the root of every hierarchy. */
export const cgroupsPath = (id: string, { cgroupParent = '/sampan' }: CgroupOwner['options']): string =>
  `${cgroupParent}/${id}`;

/** File in a container's directory with the groups that an ordinary user's container has: a line for each. */
const NOTED = 'cgroups';

/**
 * Where the groups of an ordinary user's container are to be when it starts now: in each hierarchy where the group of this
 * process is the user's to divide. Undefined for root, whose groups have one place.
 */
export function cgroupPlace(engine: Engine, { id, options }: CgroupOwner): CgroupPlace | undefined {
  const facts = engine.facts();
  return facts.inUserNamespace
    ? delegatedPlace(facts.cgroup, groupBelow(id, options), `sampan-${id}`, facts)
    : undefined;
}

/** A parent that was asked for must be possible. */
const groupBelow = (id: string, options: CgroupOwner['options']): string | undefined =>
  options.cgroupParent === undefined ? undefined : cgroupsPath(id, options);

/** The groups of a container that is about to start; an ordinary user's depend on who starts it, so they are noted. */
export function claimCgroups(engine: Engine, owner: CgroupOwner): string[] {
  const place = cgroupPlace(engine, owner);
  if (place === undefined) return containerCgroups(engine, owner);
  const paths = place.directories.map(({ path }) => path);
  writeFileSync(join(containerDirectory(engine.root, owner.id), NOTED), paths.join('\n'), { mode: 0o600 });
  return paths;
}

/** Directories of a container's control groups on this host, one for each hierarchy; an ordinary user's may have none. */
export function containerCgroups(engine: Engine, { id, options }: CgroupOwner): string[] {
  const { cgroup, inUserNamespace } = engine.facts();
  if (inUserNamespace) return noted(containerDirectory(engine.root, id));
  return cgroupDirectories(cgroup, cgroupsPath(id, options)).map(({ path }) => path);
}

function noted(directory: string): string[] {
  try {
    return readFileSync(join(directory, NOTED), 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** Kills what is left in the container's control groups and removes them; groups that are gone are fine. */
export async function removeContainerCgroups(engine: Engine, owner: CgroupOwner): Promise<void> {
  await removeCgroups(containerCgroups(engine, owner).map((path) => ({ path })));
}

/** Whether the processes of a container that runs are held by its freezer. */
export function isHeld(engine: Engine, owner: CgroupOwner): boolean {
  return isPaused(containerCgroups(engine, owner));
}
