import { freeze, thaw } from '#runtime/cgroup/freezer.ts';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { containerCgroups } from './cgroups.ts';
import { asOwner } from './ownership.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { observe } from './state.ts';

/**
 * Runs `work` while nothing in the container moves. It is held as its owner, so that the next command lets it go again
 * when this process dies in the middle (reconcile.ts).
 */
export async function whileHeld<T>(
  engine: Engine,
  record: ContainerRecord,
  doing: string,
  work: () => Promise<T>,
): Promise<T> {
  return asOwner(engine, record.id, doing, async () => {
    if (observe(containerDirectory(engine.root, record.id)).status !== 'running') return work();
    const groups = containerCgroups(engine, record.id);
    await freeze(groups).catch((cause: unknown) => {
      throw new Fault('unavailable', `${doing}: it cannot be paused`, { cause, hint: 'Give --pause=false.' });
    });
    try {
      return await work();
    } finally {
      await thaw(groups);
    }
  });
}
