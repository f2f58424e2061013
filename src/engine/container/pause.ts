import { Fault } from '#base/fault.ts';
import { freeze, thaw } from '#runtime/cgroup/freezer.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { containerCgroups, isHeld } from './cgroups.ts';
import { asOwner } from './ownership.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { observe } from './state.ts';

/** Holds every process of a running container. What is held stays so when this process dies: the cgroup remembers. */
export async function pauseContainer(engine: Engine, { id }: ContainerRecord): Promise<void> {
  await asOwner(engine, id, 'pause container', async (record) => {
    needRunning(engine, record, 'pause');
    if (containerCgroups(engine, record).length === 0) {
      throw new Fault('unsupported', `pause container ${record.name}: it has no control group to be held by`, {
        hint: 'None was delegated to this user when it started: docs/rootless.md says how that is done.',
      });
    }
    if (isHeld(engine, record)) {
      throw new Fault('conflict', `pause container ${record.name}: it is already paused`);
    }
    engine.containers.setPauseAsked(id, true);
    await freeze(containerCgroups(engine, record));
    noteContainer(engine, record, 'pause');
  });
}

export async function unpauseContainer(engine: Engine, { id }: ContainerRecord): Promise<void> {
  await asOwner(engine, id, 'unpause container', async (record) => {
    needRunning(engine, record, 'unpause');
    if (!isHeld(engine, record)) throw new Fault('conflict', `unpause container ${record.name}: it is not paused`);
    engine.containers.setPauseAsked(id, false);
    await thaw(containerCgroups(engine, record));
    noteContainer(engine, record, 'unpause');
  });
}

/** Throws `conflict` for a container that does not run; `doing` is a verb such as `pause`. */
export function needRunning(engine: Engine, record: ContainerRecord, doing: string): void {
  const { status } = observe(containerDirectory(engine.root, record.id));
  if (status === 'running') return;
  if (status === 'restarting') {
    throw new Fault('conflict', `${doing} container ${record.name}: it is restarting, wait until it is running`);
  }
  throw new Fault('conflict', `${doing} container ${record.name}: container ${record.id.slice(0, 12)} is not running`, {
    hint: `sampan start ${record.name} starts it.`,
  });
}

/** The same, and it must not be paused either: what is held answers nothing. */
export function needAwake(engine: Engine, record: ContainerRecord, doing: string): void {
  needRunning(engine, record, doing);
  if (!isHeld(engine, record)) return;
  throw new Fault('conflict', `${doing} container ${record.name}: it is paused`, {
    hint: `sampan unpause ${record.name} lets it go on.`,
  });
}
