import { closeSync, openSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { isAlive } from '#base/process-identity.ts';
import { holdMount } from '#kernel/held-mount.ts';
import { OPEN } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { RootMount } from '#kernel/root-mount.ts';
import { overlayMountSteps } from '#runtime/lower/root.ts';
import { rootPoint, type Engine } from '#engine/engine.ts';
import { asOwner } from '#engine/container/ownership.ts';
import { containerDirectory, type ContainerRecord } from '#engine/container/record.ts';
import { observe, readInit } from '#engine/container/state.ts';
import { hasMounts, restingMounts } from './resting-mounts.ts';

/**
 * Does `work` with a descriptor (O_PATH) of a container's root. Of a running one that is what its first process sees,
 * mounts and all; one that does not run is mounted for the while and kept from starting.
 */
export async function withContainerRoot<T>(
  engine: Engine,
  { id }: ContainerRecord,
  work: (root: number, running: boolean) => Promise<T>,
): Promise<T> {
  const live = liveRoot(engine, id);
  if (live !== undefined) return closing(live, (root) => work(root, true));
  return asOwner(engine, id, 'copy', async (record) => {
    const root = liveRoot(engine, id);
    if (root !== undefined) return closing(root, (fd) => work(fd, true));
    const resting = await restingRoot(engine, record);
    try {
      return await closing(resting.fd, (fd) => work(fd, false));
    } finally {
      await resting.release();
    }
  });
}

async function closing<T>(fd: number, work: (fd: number) => Promise<T>): Promise<T> {
  try {
    return await work(fd);
  } finally {
    closeSync(fd);
  }
}

function liveRoot(engine: Engine, id: string): number | undefined {
  const directory = containerDirectory(engine.root, id);
  const init = readInit(directory);
  if (observe(directory).status !== 'running' || init === undefined) return undefined;
  let fd: number;
  try {
    fd = openSync(`/proc/${init.pid}/root`, OPEN.path | OPEN.directory);
  } catch {
    return undefined;
  }
  // The number was still its own when its root was opened.
  if (isAlive(`${init.pid}:${init.startTime}`)) return fd;
  closeSync(fd);
  return undefined;
}

interface RestingRoot {
  fd: number;
  release(): Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

/** With its binds and volumes, as a start would mount them; those stay only as long as it is held. */
async function restingRoot(engine: Engine, record: ContainerRecord): Promise<RestingRoot> {
  if (record.phase !== 'ready') throw new Fault('conflict', `copy: container ${record.name} is being made or removed`);
  const mount = engine.store.snapshotter(record.snapshotter).mounts(record.id);
  const mounts = hasMounts(record.options);
  if (mount.kind === 'directory' && !mounts) {
    return { fd: openSync(mount.path, OPEN.path | OPEN.directory), release: nothing };
  }
  const point = rootPoint(engine);
  const steps = [...rootSteps(mount, point), ...(mounts ? restingMounts(engine, record) : [])];
  const held = await holdMount(engine.launcher.binary, engine.runDirectory, steps, point);
  let keep = false;
  try {
    const fd = openSync(held.path, OPEN.path | OPEN.directory);
    keep = mounts;
    return { fd, release: mounts ? held.release : nothing };
  } finally {
    // A descriptor keeps the root alone mounted.
    if (!keep) await held.release();
  }
}

function rootSteps(mount: RootMount, point: string): Step[] {
  if (mount.kind === 'overlay') return overlayMountSteps(mount, point);
  return [
    { op: 'tree', path: mount.path, out: 'tree' },
    { op: 'attachAt', mount: 'tree', path: point },
    { op: 'open', path: point, flags: OPEN.path | OPEN.directory, out: 'root' },
  ];
}
