import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freeze, thaw } from '#runtime/cgroup/freezer.ts';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { containerCgroups, isHeld } from './cgroups.ts';
import { asOwner } from './ownership.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { observe } from './state.ts';

/**
 * Runs `work` while nothing in the container moves. One that somebody has paused stays so. It is held as its owner, and
 * a file says so, so that the next command lets it go again when this process dies in the middle (`letGo`).
 */
export async function whileHeld<T>(
  engine: Engine,
  record: ContainerRecord,
  doing: string,
  work: () => Promise<T>,
): Promise<T> {
  return asOwner(engine, record.id, doing, async () => {
    const isMoving = observe(containerDirectory(engine.root, record.id)).status === 'running';
    if (!isMoving || isHeld(engine, record)) return work();
    writeFileSync(markOf(engine, record.id), '');
    try {
      await freeze(containerCgroups(engine, record)).catch((cause: unknown) => {
        throw new Fault('unavailable', `${doing}: it cannot be paused`, { cause, hint: 'Give --pause=false.' });
      });
      return await work();
    } finally {
      await letGo(engine, record);
    }
  });
}

/** Ends a hold, of this process or of one that died; what was paused by `pause` is left alone. */
export async function letGo(engine: Engine, record: ContainerRecord): Promise<void> {
  const mark = markOf(engine, record.id);
  if (!existsSync(mark)) return;
  await thaw(containerCgroups(engine, record));
  rmSync(mark, { force: true });
}

const markOf = (engine: Engine, id: string): string => join(containerDirectory(engine.root, id), 'held');
